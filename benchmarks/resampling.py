"""The measured process of the cluster bootstrap, on the same counts as its peer."""

import sys

import numpy as np

from benchmarks.child import timed
from releases.statistics.bootstrap import bootstrap_ratios


def resample(path: str, replicates: int, threads: int) -> list[list[float]]:
    """Bounds of each ratio of events to rows; columns as in the peer's file."""
    counts = np.load(path)
    metrics = counts.shape[1] // 2
    rows, events = (np.zeros((counts.shape[1], metrics), dtype=np.int8) for _ in range(2))
    rows[2 * np.arange(metrics), np.arange(metrics)] = 1
    events[2 * np.arange(metrics) + 1, np.arange(metrics)] = 1
    found = bootstrap_ratios(counts, events, rows, replicates=replicates, seed=1, threads=threads)
    return [[float(low), float(high)] for low, high in zip(found.lower, found.upper, strict=True)]


if __name__ == "__main__":
    timed(lambda: resample(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
