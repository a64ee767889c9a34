"""``make bench``: measure all rows, or those named in ROWS, write the report, and fail on a missed goal.

Environment: QUICK=1 measures small data in under five minutes, and judges by no goal that is stated for the
full scale; ROWS="key key" only some rows; ROUNDS=n takes more or fewer rounds; ALLOW_MISSES=1 ends well in
spite of missed goals, which are named all the same; DOCS=1 also writes the rows into docs/benchmarks.md, and
leaves those that were not measured as they are.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import MeasurementFailed, Samples, measure
from benchmarks.report import Result, goal_of, write
from benchmarks.row import Row, Setting, Standing
from benchmarks.rows import ROWS

SAID = {Standing.MET: "met", Standing.MISSED: "MISSED", Standing.NOT_JUDGED: "not judged"}
ROOT = Path(__file__).resolve().parents[1]
MISSED, FAILED = 1, 2


def main(environment: dict[str, str]) -> int:
    """0 if every goal of this scale is met, 1 if one is missed, 2 if something could not be measured."""
    rounds = int(environment["ROUNDS"]) if _is_set(environment, "ROUNDS") else None
    setting = Setting(_is_set(environment, "QUICK"), ROOT / "var" / "bench", rounds)
    wanted = environment.get("ROWS", "").split()
    unknown = sorted(set(wanted) - {row.key for row in ROWS})
    if unknown:
        _say(f"ROWS names {unknown[0]!r}; there are: {', '.join(row.key for row in ROWS)}.")
        return FAILED
    try:
        results = measured([row for row in ROWS if not wanted or row.key in wanted], setting)
    except MeasurementFailed as error:
        _say(f"Not measured: {error}")
        return FAILED
    documentation = ROOT / "docs" / "benchmarks.md" if _is_set(environment, "DOCS") else None
    place = write(results, setting, documentation)
    for one in results:
        _say(f"{SAID[one.standing]:10} {one.row.title}: {one.judgement.sentence} {goal_of(one)}")
    _say(f"The report stands in {place.relative_to(ROOT)}.")
    missed = any(one.standing is Standing.MISSED for one in results)
    return MISSED if missed and not _is_set(environment, "ALLOW_MISSES") else 0


def measured(rows: Sequence[Row], setting: Setting) -> list[Result]:
    """The rows in their order; those of one group share their samples."""
    groups: dict[str, Samples] = {}
    results = []
    for row in rows:
        if row.group not in groups:
            _say(f"{row.title}: preparing")
            contenders = row.prepare(setting)
            groups[row.group] = measure(contenders, row.rounds or setting.rounds, say=_say)
        samples = groups[row.group]
        judgement = row.judge(setting, samples)
        results.append(Result(row, judgement, samples, row.standing(setting, judgement)))
    return results


def _is_set(environment: dict[str, str], name: str) -> bool:
    return environment.get(name, "") not in {"", "0"}


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(dict(os.environ)))
