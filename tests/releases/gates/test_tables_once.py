"""However many criteria look at a report's tables, what they are is found out once."""

from typing import Any

import polars as pl
import pytest

from releases.gates.judging import context as judging_context
from releases.gates.judging import heterogeneity
from releases.gates.judging.context import Context
from releases.gates.vocabulary.outcomes import NotAnswerable
from releases.scores import streams
from releases.scores.counting import Metric
from releases.scores.strata import Pooled, Population
from tests.factories.gates import table_rows
from tests.releases.gates.contexts import LIVE, Rows, context, dataset, frame, table

ROWS = table_rows()
PARTS: dict[str, Rows] = {"attacks": ROWS[:80], "users": ROWS[80:], LIVE: ROWS}


def in_parts(*names: str, **changes: Any) -> Context:
    """A candidate whose report brought these tables, the newest first."""
    newest, *others = [table(name, stack_digest=table("candidate").stack_digest, **changes) for name in names]
    given = dataset(candidate=newest, candidate_parts=others, references={LIVE: table(LIVE)})
    return context(tables=PARTS, datasets=[given])


def test_tables_are_compared_once_for_all_criteria(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(rows: pl.LazyFrame, others: list[pl.LazyFrame]) -> tuple[int, int]:
        asked.append(len(others))
        return streams.counted_again(rows, others)

    monkeypatch.setattr(judging_context, "counted_again", counted)
    given = in_parts("attacks", "users")
    (one,) = given.inputs.datasets

    scans = [given.candidate_scan(one, None) for _ in range(3)]

    assert asked == [1]
    assert [scan.facts.height for scan in scans] == [160] * 3


def test_tables_that_were_compared_are_still_too_old_for_a_criterion_that_says_so() -> None:
    given = in_parts("attacks", "users", age_days=30.0)
    (one,) = given.inputs.datasets
    given.candidate_scan(one, None)

    with pytest.raises(NotAnswerable, match="older than 7 days"):
        given.candidate_scan(one, 7)


def test_tables_that_hold_nothing_between_them_are_no_data_each_time() -> None:
    given = Context(in_parts("attacks", "users").inputs, lambda table: frame(ROWS).head(0))
    (one,) = given.inputs.datasets

    with pytest.raises(NotAnswerable, match="hold no capture"):
        given.candidate_scan(one, None)
    with pytest.raises(NotAnswerable, match="hold no capture"):
        given.candidate_scan(one, None)


def test_differences_by_source_set_take_no_pass_where_no_capture_names_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heterogeneity, "stratum_rows", lambda *_: pytest.fail("the captures were looked at"))
    given = context()
    scan = given.paired_scan(given.inputs.datasets[0], given.inputs.references[0], None)

    assert heterogeneity.by_source_set(scan, Population("attack"), Pooled(), Metric.ERROR) == {}


def test_of_one_dataset_either_pairs_or_stacks_by_themselves_are_held() -> None:
    given = context()
    (one,), (live, *_) = given.inputs.datasets, given.inputs.references

    alone = given.candidate_scan(one, None)
    apart = given.reference_scan(one, live)
    kept = given.candidate_scan(one, None)
    pair = given.paired_scan(one, live, None)
    again = given.candidate_scan(one, None)

    assert kept is alone
    assert again is not alone
    assert [scan.facts.height for scan in (alone, apart, pair, again)] == [160] * 4
