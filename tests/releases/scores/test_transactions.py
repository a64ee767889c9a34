"""Attempts and transactions: what an import takes, and what counts as accepted, retried and answered."""

from typing import Any

import pytest

from releases.scores.bands import Band, Bands
from releases.scores.counting import CountingUnit, Metric, count_rates, has_retry, is_by_transaction
from releases.scores.refusals import RowsContradict, TablesDisagree, TablesOverlap
from releases.scores.scan import Scan, ScoredTable, scan_tables
from releases.scores.strata import Pooled, Population
from releases.statistics.rates import RateCounts
from releases.statistics.thresholds import AtThreshold, Polarity
from tests.releases.scores.tables import HEADER, csv_bytes, frame_of, meta, normalised, scored

TRIES = {"transaction": "t", "attempt": "n"}
TRIES_HEADER = (*HEADER, "t", "n")
ACCEPT, RETRY, REJECT = "0.1", "0.5", "0.9"


def bands(attempts: int) -> Bands:
    """Accepted up to 0.3, asked again up to 0.6."""
    return Bands(Polarity.HIGHER_IS_ATTACK, AtThreshold.BONA_FIDE, (Band(accept=0.3, retry=0.6),), attempts)


def tries(*scores: str, kind: str = "real", name: str = "t1", person: str = "p1") -> list[tuple[str, ...]]:
    """One transaction with an attempt per score."""
    species = "" if kind == "real" else "print"
    return [
        (f"{name}-{number}", person, kind, species, score, name, str(number))
        for number, score in enumerate(scores, start=1)
    ]


def scanned(rows: list[tuple[str, ...]], attempts: int) -> Scan:
    return scan_tables(scored(frame_of(rows, TRIES, TRIES_HEADER), bands(attempts)))


def events(scan: Scan, metric: Metric, label: Any = "bona_fide") -> tuple[int, int]:
    found = count_rates(scan, Population(label), Pooled(), metric).strata[0].counts
    return found.events, found.presentations


@pytest.mark.parametrize(
    ("scores", "attempts", "refused", "retried", "answered"),
    [
        ((RETRY, ACCEPT), 2, 0, 1, 1),
        ((RETRY, ACCEPT), 1, 1, 1, 1),
        ((RETRY, RETRY, ACCEPT), 3, 0, 1, 1),
        ((RETRY, RETRY, ACCEPT), 2, 1, 1, 1),
        ((REJECT, ACCEPT), 2, 0, 0, 1),
        ((ACCEPT, REJECT), 2, 0, 0, 1),
        ((REJECT, REJECT), 2, 1, 0, 1),
        (("", ACCEPT), 2, 0, 0, 1),
        (("", ACCEPT), 1, 0, 0, 0),
        (("", ""), 2, 0, 0, 0),
    ],
)
def test_the_path_of_a_transaction_decides_what_it_counts_as(
    scores: tuple[str, ...], attempts: int, refused: int, retried: int, answered: int
) -> None:
    scan = scanned(tries(*scores), attempts)

    assert events(scan, Metric.ERROR) == (refused, answered)
    assert events(scan, Metric.RETRY) == (retried, answered)
    assert events(scan, Metric.NON_RESPONSE) == (1 - answered, 1)


@pytest.mark.parametrize(
    ("scores", "attempts", "accepted", "ceiling"),
    [
        ((RETRY, ACCEPT), 2, 1, 1),
        ((RETRY, REJECT), 2, 0, 1),
        ((REJECT, REJECT), 2, 0, 0),
        ((RETRY, ACCEPT), 1, 0, 1),
    ],
)
def test_an_attack_that_was_asked_again_counts_towards_the_ceiling(
    scores: tuple[str, ...], attempts: int, accepted: int, ceiling: int
) -> None:
    scan = scanned(tries(*scores, kind="fake"), attempts)

    assert events(scan, Metric.ERROR, "attack") == (accepted, 1)
    assert events(scan, Metric.ERROR_IF_RETRY_ACCEPTED, "attack") == (ceiling, 1)


def test_without_transactions_each_row_is_one_attempt_and_the_ceiling_adds_retries() -> None:
    rows = [
        (f"a{number}", "p", "fake", "print", score) for number, score in enumerate([ACCEPT, RETRY, REJECT])
    ]

    scan = scan_tables(scored(frame_of(rows), bands(3)))

    assert events(scan, Metric.ERROR, "attack") == (1, 3)
    assert events(scan, Metric.ERROR_IF_RETRY_ACCEPTED, "attack") == (2, 3)
    assert (has_retry(scan), is_by_transaction(scan)) == (True, False)


@pytest.mark.parametrize(
    ("rows", "unit", "transactions"),
    [
        (tries(ACCEPT, ACCEPT), CountingUnit.TRANSACTION, 1),
        ([("s", "p", "real", "", ACCEPT, "", "")], CountingUnit.PRESENTATION, 0),
        ([*tries(ACCEPT), ("s", "p", "real", "", ACCEPT, "", "")], CountingUnit.MIXED, 1),
    ],
)
def test_a_stratum_says_what_it_counts(
    rows: list[tuple[str, ...]], unit: CountingUnit, transactions: int
) -> None:
    found = count_rates(scanned(rows, 2), Population("bona_fide"), Pooled(), Metric.ERROR).strata[0]

    assert (found.unit, found.transactions) == (unit, transactions)


def test_transactions_cluster_by_subject() -> None:
    rows = [*tries(REJECT), *tries(ACCEPT, name="t2"), *tries(REJECT, name="t3", person="p2")]

    found = count_rates(scanned(rows, 1), Population("bona_fide"), Pooled(), Metric.ERROR).strata[0]

    assert found.counts == RateCounts(subject_events=(1, 1), subject_rows=(2, 1))


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (("s2", "p1", "real", "", "0.1", "t1", "1"), r"1 transactions repeat an attempt number: 't1'"),
        (("s2", "p2", "real", "", "0.1", "t1", "2"), "mix subjects"),
        (("s2", "p1", "fake", "print", "0.1", "t1", "2"), "mix labels, species"),
    ],
)
def test_contradicting_transactions_refuse_the_file(second: tuple[str, ...], words: str) -> None:
    first = ("s1", "p1", "real", "", "0.1", "t1", "1")

    with pytest.raises(RowsContradict, match=words) as refused:
        normalised(csv_bytes([first, second], TRIES_HEADER), meta(TRIES))

    assert refused.value.rows == (2,)
    assert "first in row 2" in refused.value.message


@pytest.mark.parametrize(
    ("column", "words"),
    [(7, "instruments"), (8, "channels"), (9, "use cases")],
    ids=["tool", "where", "what"],
)
def test_attempts_of_a_transaction_share_instrument_channel_and_use_case(column: int, words: str) -> None:
    first = ["a1", "p1", "fake", "print", "0.1", "t1", "1", "x", "x", "x"]
    second = ["a2", "p1", "fake", "print", "0.1", "t1", "2", "x", "x", "x"]
    second[column] = "y"
    mapping = {**TRIES, "instrument": "tool", "channel": "where", "use_case": "what"}

    with pytest.raises(RowsContradict, match=f"mix {words}"):
        normalised(csv_bytes([first, second], (*TRIES_HEADER, "tool", "where", "what")), meta(mapping))


def test_equal_transaction_names_of_two_source_sets_stay_two_transactions() -> None:
    rows = [
        ("s1", "p1", "real", "", REJECT, "t1", "1", "lab"),
        ("s2", "p1", "real", "", ACCEPT, "t1", "2", "field"),
    ]

    frame = frame_of(rows, {**TRIES, "source_set": "set"}, (*TRIES_HEADER, "set"))

    assert frame["transaction"].to_list() == ["lab/t1", "field/t1"]


def test_a_refused_attempt_takes_its_whole_transaction_with_it() -> None:
    rows = [*tries(REJECT, "nonsense", ACCEPT, kind="fake"), *tries(ACCEPT, name="t2")]

    table = normalised(csv_bytes(rows, TRIES_HEADER), meta(TRIES))

    assert table.frame["sample"].to_list() == ["t2-1"]
    assert [(one.reason, one.count, one.first_rows) for one in table.refusals] == [
        ("score_not_a_number", 1, (3,)),
        ("transaction_incomplete", 2, (2, 4)),
    ]


def test_attempts_of_one_transaction_in_two_tables_are_brought_together() -> None:
    first, second = tries(REJECT, ACCEPT)

    scan = scan_tables([table([first]), table([second])])

    assert events(scan, Metric.ERROR) == (0, 1)


def table(rows: list[tuple[str, ...]]) -> ScoredTable:
    return scored(frame_of(rows, TRIES, TRIES_HEADER), bands(2))


def test_one_attempt_number_in_two_tables_is_refused() -> None:
    again = ("other", *tries(ACCEPT)[0][1:])

    with pytest.raises(TablesOverlap, match=r"1 transactions have one attempt number in two tables .* 't1'"):
        scan_tables([table(tries(REJECT)), table([again])])


def test_tables_that_disagree_within_a_transaction_are_refused() -> None:
    second = ("other", "p9", "real", "", ACCEPT, "t1", "2")

    with pytest.raises(TablesDisagree, match="state different subject within 1 transactions: 't1'"):
        scan_tables([table(tries(REJECT)), table([second])])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (tries(REJECT, ACCEPT), ""),
        (
            [tries(REJECT, ACCEPT)[1], *tries(ACCEPT, name="t2")],
            "1 transaction lacks an attempt before one that is there (first in rows 2): unless another table "
            "of the report brings it, it counts as an attempt without an answer.",
        ),
        (tries(REJECT, RETRY, ACCEPT)[::2] + tries(ACCEPT, ACCEPT, name="t2")[1:], "2 transactions lack"),
    ],
    ids=["whole", "from the second on", "two"],
)
def test_an_attempt_that_is_missing_before_another_is_not_passed_over_in_silence(
    rows: list[tuple[str, ...]], said: str
) -> None:
    table = normalised(csv_bytes(rows, TRIES_HEADER), meta(TRIES))

    assert table.attempts_note.startswith(said)
    assert bool(table.attempts_note) == bool(said)
    assert table.refusals == ()
