"""The peer of the cluster bootstrap: scipy.stats.bootstrap over per-subject counts, one ratio at a time."""

import json
import sys
import time

import numpy as np
from scipy.stats import bootstrap


def ratio(events: np.ndarray, rows: np.ndarray, axis: int = -1) -> np.ndarray:
    return events.sum(axis=axis) / rows.sum(axis=axis)


def main() -> None:
    counts = np.load(sys.argv[1])  # [subjects, 2 × metrics]: rows and events of each metric side by side
    replicates, batch = int(sys.argv[2]), int(sys.argv[3])
    bounds = []
    started, used = time.perf_counter(), time.process_time()
    for metric in range(counts.shape[1] // 2):
        rows, events = counts[:, 2 * metric].astype(float), counts[:, 2 * metric + 1].astype(float)
        found = bootstrap(
            (events, rows),
            ratio,
            n_resamples=replicates,
            batch=batch,
            paired=True,
            vectorized=True,
            confidence_level=0.90,
            method="percentile",
            rng=metric,
        )
        bounds.append([float(found.confidence_interval.low), float(found.confidence_interval.high)])
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    with open("/proc/self/status") as status:  # not ru_maxrss: that begins with what the parent held
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    figures = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_kib": peak, "answer": bounds}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
