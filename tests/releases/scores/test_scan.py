import dataclasses
from pathlib import Path

import polars as pl
import pytest

from releases.scores.counting import Metric, count_pairs, count_rates
from releases.scores.refusals import FileBroken, PolaritiesDiffer, TablesDisagree
from releases.scores.scan import ScoredTable, scan_tables
from releases.scores.strata import ByColumn, Pooled, Population
from releases.statistics.paired import PairedCounts
from releases.statistics.rates import RateCounts
from releases.statistics.thresholds import Polarity
from tests.releases.scores.tables import HEADER, PRINT, frame_of, scored, threshold

TRIES = {"transaction": "t", "attempt": "n"}
TRIES_HEADER = (*HEADER, "t", "n")


def allowing(attempts: int) -> ScoredTable:
    rows = [
        ("s1", "p1", "real", "", "0.9", "t1", "1"),
        ("s2", "p1", "real", "", "0.1", "t1", "2"),
        ("s3", "p1", "real", "", "0.9", "t2", "1"),
        ("s4", "p1", "real", "", "0.9", "t2", "2"),
        ("s5", "p1", "real", "", "0.1", "t2", "3"),
        ("s6", "p1", "real", "", "", "t3", "1"),
        ("s7", "p1", "real", "", "0.1", "t4", "3"),
        ("s8", "p2", "real", "", "0.9", "", ""),
    ]
    bands = dataclasses.replace(threshold(), attempts_allowed=attempts)
    return scored(frame_of(rows, TRIES, TRIES_HEADER), bands)


@pytest.mark.parametrize(
    ("attempts", "events", "rows", "silent"),
    [(1, (2, 1), (2, 1), 2), (2, (1, 1), (2, 1), 2), (3, (0, 1), (3, 1), 1)],
)
def test_a_transaction_is_accepted_if_one_of_its_allowed_attempts_is(
    attempts: int, events: tuple[int, ...], rows: tuple[int, ...], silent: int
) -> None:
    scan = scan_tables(allowing(attempts))

    found = count_rates(scan, Population("bona_fide"), Pooled(), Metric.ERROR).strata[0]

    assert found.counts == RateCounts(subject_events=events, subject_rows=rows)
    assert (found.rows, found.not_answered) == (5, silent)


def test_transactions_are_paired_by_their_name_and_captures_by_their_id() -> None:
    other = [("x1", "p1", "real", "", "0.1", "t1", "1"), ("s8", "p2", "real", "", "0.1", "", "")]

    scan = scan_tables(allowing(1), scored(frame_of(other, TRIES, TRIES_HEADER)))
    found = count_pairs(scan, Population("bona_fide"), Pooled(), Metric.ERROR).strata[0]

    assert found.counts == PairedCounts(
        subject_rows=(1, 1), subject_both=(0, 0), subject_candidate_only=(1, 1), subject_baseline_only=(0, 0)
    )
    assert found.baseline_absent == 3


def test_the_threshold_policy_must_read_scores_the_way_the_table_does() -> None:
    table = ScoredTable(frame_of([PRINT]).lazy(), Polarity.HIGHER_IS_BONA_FIDE, threshold())

    with pytest.raises(PolaritiesDiffer, match=r"declares higher_is_bona_fide.*higher_is_attack"):
        scan_tables(table)


@pytest.mark.parametrize(
    ("other", "fact"),
    [
        (("s2", "p9", "fake", "print", "0.9", "f"), "subject"),
        (("s2", "p2", "real", "", "0.9", "f"), "label"),
        (("s2", "p2", "fake", "mask", "0.9", "f"), "species"),
        (("s2", "p2", "fake", "print", "0.9", "m"), "sex"),
    ],
)
def test_tables_that_state_different_facts_about_a_sample_are_not_paired(
    other: tuple[str, ...], fact: str
) -> None:
    header, mapping = (*HEADER, "sex"), {"attributes": ["sex"]}
    first = frame_of([(*PRINT, "f")], mapping, header)
    second = frame_of([other], mapping, header)

    with pytest.raises(TablesDisagree, match=f"state different {fact} for 1 samples: 's2'"):
        scan_tables(scored(first), scored(second))


def test_a_fact_that_only_one_table_states_is_taken_from_it() -> None:
    first = frame_of([("s2", "", "fake", "print", "0.9")])
    second = frame_of([(*PRINT, "f")], {"attributes": ["sex"]}, (*HEADER, "sex"))

    scan = scan_tables(scored(first), scored(second))
    found = count_pairs(scan, Population("attack"), ByColumn("attr.sex"), Metric.ERROR).strata[0]

    assert found.stratum.key == "f"
    assert found.counts.subject_rows == (1,)


def test_a_row_of_one_table_only_keeps_its_facts() -> None:
    baseline = frame_of([("s1", "p1", "fake", "mask", "0.1"), PRINT])

    scan = scan_tables(scored(frame_of([PRINT])), scored(baseline))
    found = count_pairs(scan, Population("attack"), ByColumn("species"), Metric.NON_RESPONSE)

    assert [(one.stratum.key, one.counts.candidate_only) for one in found.strata] == [
        ("mask", 1),
        ("print", 0),
    ]
    assert [one.candidate_absent for one in found.strata] == [1, 0]


def test_a_table_damaged_after_it_was_opened_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table"
    frame_of([PRINT]).write_parquet(path)
    rows = pl.scan_parquet(path)
    path.write_bytes(b"PAR1" + b"\x00" * 100)

    with pytest.raises(FileBroken, match="could not be scanned"):
        scan_tables(ScoredTable(rows, Polarity.HIGHER_IS_ATTACK, threshold()))


def test_the_order_of_rows_does_not_change_the_counts() -> None:
    rows = [(f"s{number}", f"p{number % 3}", "real", "", f"0.{number}") for number in range(1, 9)]

    counted = [
        count_rates(scan_tables(scored(frame_of(order))), Population("bona_fide"), Pooled(), Metric.ERROR)
        for order in (rows, rows[::-1])
    ]

    assert counted[0] == counted[1]
