"""The floor of a gate evaluation: one group-by scan by DuckDB over the same Parquet files.

Per subject, label and species: rows answered and rows over the threshold. That is a single one of the many
cuts that an evaluation counts, without pairing the stacks, without segments and without statistics.
"""

import json
import sys
import time

import duckdb

QUERY = """
SELECT subject, label, species, count(*) AS answered, count(*) FILTER (WHERE score > 0.5) AS over
FROM read_parquet($files) WHERE answered GROUP BY ALL
"""


def main() -> None:
    files, threads = sys.argv[2:], int(sys.argv[1])
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    started, used = time.perf_counter(), time.process_time()
    found = connection.execute(QUERY, {"files": files}).fetchnumpy()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    with open("/proc/self/status") as status:  # not ru_maxrss: that begins with what the parent held
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    answer = {"groups": len(found["answered"]), "answered": int(found["answered"].sum())}
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_kib": peak, "answer": answer}))


if __name__ == "__main__":
    main()
