"""The row of ingest: its goal, and that rows which are missing are a failure. Nothing is measured here."""

from pathlib import Path

import pytest

from benchmarks.measuring import CONTROL, Sample
from benchmarks.row import Setting
from benchmarks.rows import ROWS, ingest

SETTING = Setting(True, Path("unused"))
ALL = ingest.reports_of(SETTING) * ingest.LINES


def judged(ours: float, stored: int = ALL) -> tuple[bool, bool, str]:
    def taken(seconds: float, answer: int = ALL) -> list[Sample]:
        return [Sample(seconds, seconds, 100.0, answer)] * 3

    samples = {
        ingest.PRODUCT: taken(ours, stored),
        ingest.PEER: taken(1.0),
        ingest.PEER + CONTROL: taken(1.0),
    }
    found = ingest.ROW.judge(SETTING, samples)
    return found.met, found.right, found.sentence


@pytest.mark.parametrize(("ours", "met"), [(1.9, True), (2.0, True), (2.1, False)])
def test_half_the_speed_of_copy_is_enough(ours: float, met: bool) -> None:
    assert judged(ours)[:2] == (met, True)


def test_a_row_that_is_missing_is_no_success() -> None:
    met, right, sentence = judged(1.0, stored=ALL - 1)

    assert (met, right) == (True, False)
    assert "NOT every row is there" in sentence


def test_the_row_is_one_of_the_benchmark() -> None:
    assert ingest.ROW in ROWS
