from typing import Any

import polars as pl
import pytest

from releases.scores.normalise import CORE_COLUMNS
from releases.scores.refusals import NoRowsLeft, RowsContradict, ScoreTableRefused
from tests.releases.scores.tables import (
    BONA_FIDE,
    HEADER,
    PRINT,
    csv_bytes,
    frame_of,
    meta,
    normalised,
)


def test_normalise_gives_typed_rows_sorted_by_sample() -> None:
    found = frame_of([PRINT, ("s10", "p1", "real", "print", "2"), BONA_FIDE])

    assert found.select("sample", "subject", "label", "species", "score", "answered").rows() == [
        ("s1", "p1", "bona_fide", None, 0.1, True),
        ("s10", "p1", "bona_fide", None, 2.0, True),
        ("s2", "p2", "attack", "print", 0.9, True),
    ]
    assert tuple(found.columns) == CORE_COLUMNS
    assert found.schema["score"] == pl.Float64


def test_every_value_that_is_not_bona_fide_is_an_attack_unless_attacks_are_listed() -> None:
    rows = [BONA_FIDE, PRINT, ("s3", "p3", "replayed", "replay", "0.8")]
    listed = {"label": {"column": "kind", "bona_fide": ["real"], "attack": ["fake"]}}

    open_list = normalised(csv_bytes(rows), meta())
    closed_list = normalised(csv_bytes(rows), meta(listed))

    assert open_list.frame["label"].to_list() == ["bona_fide", "attack", "attack"]
    assert [(one.reason, one.count, one.first_rows) for one in closed_list.refusals] == [
        ("unknown_label", 1, (4,))
    ]


REFUSED_ROWS: list[tuple[tuple[str, ...], dict[str, Any], dict[str, Any], str]] = [
    (("", "p", "real", "", "0.1"), {}, {}, "missing_sample"),
    (("  ", "p", "real", "", "0.1"), {}, {}, "missing_sample"),
    (("x", "p", "", "", "0.1"), {}, {}, "missing_label"),
    (("x", "p", "REAL ", "", "0.1"), {}, {}, "unknown_label"),
    (("x", "p", "fake", "", "0.1"), {}, {}, "attack_without_species"),
    (("x", "p", "real", "", "abc"), {}, {}, "score_not_a_number"),
    (("x", "p", "real", "", "0,5"), {}, {}, "score_not_a_number"),
    (("x", "p", "real", "", "1_0"), {}, {}, "score_not_a_number"),
    (("x", "p", "real", "", "0x1"), {}, {}, "score_not_a_number"),
    (("x", "p", "real", "", "1e400"), {}, {}, "score_not_a_number"),
    (("x", "p", "real", "", "=1+1"), {}, {}, "score_not_a_number"),
    (("x", "p", "real", "", "٣"), {}, {}, "score_not_a_number"),
    (("x", "p", "real", "", "1.01"), {}, {"score_range": [0, 1]}, "score_out_of_range"),
    (("x", "p", "real", "", "-0.01"), {}, {"score_range": [0, 1]}, "score_out_of_range"),
    (("x", "", "real", "", "0.1"), {"source_set": "person", "subject": None}, {}, "missing_source_set"),
    (("x", "maybe", "real", "", "0.1"), {"response": "person", "subject": None}, {}, "unknown_response"),
    (("x", "abc", "real", "", "0.1"), {"sub_scores": {"depth": "person"}}, {}, "sub_score_not_a_number"),
    (("x", "abc", "real", "", "0.1"), {"latency_ms": "person"}, {}, "latency_not_a_number"),
    (("x", "-1", "real", "", "0.1"), {"latency_ms": "person"}, {}, "latency_not_a_number"),
    (("x", "inf", "real", "", "0.1"), {"latency_ms": "person"}, {}, "latency_not_a_number"),
    (
        ("x", "t", "real", "", "0.1"),
        {"transaction": "person", "attempt": "species"},
        {},
        "transaction_without_attempt",
    ),
]


@pytest.mark.parametrize(("row", "mapping", "changes", "reason"), REFUSED_ROWS)
def test_rows_with_unusable_content_are_left_out_and_reported_by_reason(
    row: tuple[str, ...], mapping: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    good = ("good", "1", "real", "1", "0.2")

    found = normalised(csv_bytes([good, row]), meta(mapping, **changes))

    assert [(one.reason, one.count, one.first_rows) for one in found.refusals] == [(reason, 1, (3,))]
    assert found.refusals[0].sentence.endswith(".")
    assert found.frame["sample"].to_list() == ["good"]


def test_refusals_count_each_row_once_and_name_the_first_five() -> None:
    bad = [(f"b{number}", "", "", "", "abc") for number in range(8)]

    found = normalised(csv_bytes([BONA_FIDE, *bad, ("", "", "", "", "")]), meta())

    assert [(one.reason, one.count, one.first_rows) for one in found.refusals] == [
        ("missing_sample", 1, (11,)),
        ("missing_label", 8, (3, 4, 5, 6, 7)),
    ]
    assert (found.rows_read, found.frame.height) == (10, 1)


MISSING = [
    ("", "empty"),
    ("   ", "empty"),
    ("nan", "not_finite"),
    ("NaN", "not_finite"),
    ("inf", "not_finite"),
    ("-Infinity", "not_finite"),
    ("+inf", "not_finite"),
    ("-1", "sentinel"),
    ("-1.00", "sentinel"),
    (" n/a ", "sentinel"),
]


@pytest.mark.parametrize(("cell", "cause"), MISSING)
def test_missing_scores_are_non_responses_and_stay(cell: str, cause: str) -> None:
    description = meta(missing_scores=[-1, "n/a"], score_range=[0, 1])

    found = normalised(csv_bytes([BONA_FIDE, ("s9", "p9", "real", "", cell)]), description)

    assert found.refusals == ()
    assert found.missing_scores == {cause: 1}
    assert found.frame.filter(pl.col("sample") == "s9").select("score", "answered").row(0) == (None, False)


NUMBERS = [
    ("0.5", 0.5),
    (" 0.5 ", 0.5),
    ("-1e-3", -0.001),
    ("+2", 2.0),
    (".5", 0.5),
    ("5.", 5.0),
    ("1E2", 100.0),
]


@pytest.mark.parametrize(("cell", "value"), NUMBERS)
def test_ways_to_write_a_number(cell: str, value: float) -> None:
    assert frame_of([("s1", "p1", "real", "", cell)])["score"].to_list() == [value]


@pytest.mark.parametrize("score", [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 0.30642497539520264, -0.0])
def test_a_double_written_by_python_reads_back_as_the_same_double(score: float) -> None:
    found = frame_of([("s1", "p1", "real", "", repr(score))])["score"].to_list()

    assert [value.hex() for value in found] == [score.hex()]


@pytest.mark.parametrize(
    ("response", "cell", "answered"),
    [
        ("species", "yes", True),
        ("species", "FALSE", False),
        ("species", "0", False),
        ("species", "", False),
        ({"column": "species", "answered": ["ok"]}, "ok", True),
        ({"column": "species", "answered": ["ok"]}, "timeout", False),
        ({"column": "species", "answered": ["ok"]}, "", False),
    ],
)
def test_a_response_column_decides_whether_the_stack_answered(
    response: Any, cell: str, *, answered: bool
) -> None:
    found = frame_of([("s1", "p1", "real", cell, "0.1")], {"response": response, "species": None})

    assert found["answered"].to_list() == [answered]
    assert found["score"].is_null().to_list() == [not answered]


def test_duplicate_sample_ids_refuse_the_file_and_name_five_of_them() -> None:
    rows = [(f"d{number % 7}", "p", "real", "", "0.1") for number in range(14)]

    with pytest.raises(RowsContradict, match="7 sample ids stand more than once") as refused:
        normalised(csv_bytes(rows), meta())

    assert "'d0' 2 times (first in rows 2 and 9)" in refused.value.message
    assert "'d4'" in refused.value.message
    assert "'d5'" not in refused.value.message
    assert "and 2 more" in refused.value.message
    assert refused.value.rows == (2, 3, 4, 5, 6, 9, 10, 11, 12, 13)


def test_a_duplicate_counts_even_if_one_of_the_rows_is_refused() -> None:
    with pytest.raises(RowsContradict, match="'s1' 2 times"):
        normalised(csv_bytes([BONA_FIDE, ("s1", "p1", "real", "", "abc")]), meta())


def test_duplicates_are_judged_after_the_filter() -> None:
    header = (*HEADER, "subset")
    rows = [(*BONA_FIDE, "dev"), (*BONA_FIDE, "test"), (*PRINT, "test")]

    found = normalised(csv_bytes(rows, header), meta(filter={"subset": "test"}))

    assert found.frame["sample"].to_list() == ["s1", "s2"]
    assert (found.rows_read, found.rows_filtered_out) == (3, 1)


def test_row_numbers_are_those_of_the_file_also_behind_a_filter() -> None:
    rows = [PRINT, BONA_FIDE, ("s3", "p", "real", "", "abc")]

    found = normalised(csv_bytes(rows), meta(filter={"kind": ["real"]}))

    assert found.refusals[0].first_rows == (4,)


def test_a_filter_that_leaves_nothing_says_what_is_there() -> None:
    with pytest.raises(NoRowsLeft, match="'kind' has 'fake', 'real'"):
        normalised(csv_bytes([PRINT, BONA_FIDE]), meta(filter={"kind": "Real"}))


def test_a_table_of_refused_rows_only_is_refused() -> None:
    with pytest.raises(NoRowsLeft) as refused:
        normalised(csv_bytes([("a", "", "", "", "1"), ("b", "", "real", "", "x")]), meta())

    assert refused.value.message == (
        "No row of the table can be used. The label is empty. (1 row, the first 2) The score is no decimal "
        "number and no declared missing value. (1 row, the first 3)"
    )
    assert refused.value.rows == (2, 3)


def test_a_table_of_which_every_attack_is_refused_is_refused() -> None:
    attacks = [(f"a{number}", "p", "fake", "print", "7") for number in range(3)]

    with pytest.raises(
        NoRowsLeft, match=r"Every attack lies outside .* declared range\. \(3 rows, the first 3,"
    ):
        normalised(csv_bytes([BONA_FIDE, *attacks]), meta(score_range=[0, 1]))


def test_attacks_without_a_mapped_species_refuse_the_file() -> None:
    with pytest.raises(ScoreTableRefused, match="the mapping names no species"):
        normalised(csv_bytes([BONA_FIDE, PRINT]), meta({"species": None}))


def test_a_table_of_bona_fide_rows_needs_no_species() -> None:
    found = frame_of([BONA_FIDE], {"species": None})

    assert found["species"].to_list() == [None]


def test_subjects_and_instruments_carry_their_source_set() -> None:
    header = (*HEADER, "set", "tool")
    rows = [(*PRINT, "a/b", "t"), ("s3", "c", "fake", "print", "1", "a", "t"), (*BONA_FIDE, "a%2Fb", "")]

    found = frame_of(rows, {"source_set": "set", "instrument": "tool"}, header)

    assert found.select("sample", "subject", "instrument").rows() == [
        ("s1", "a%252Fb/p1", None),
        ("s2", "a%2Fb/p2", "a%2Fb/t"),
        ("s3", "a/c", "a/t"),
    ]


def test_ids_without_a_source_set_stay_as_they_are() -> None:
    assert frame_of([BONA_FIDE])["subject"].to_list() == ["p1"]


def test_an_empty_subject_is_a_row_without_cluster_and_no_refusal() -> None:
    found = normalised(csv_bytes([("s1", " ", "real", "", "0.1")]), meta())

    assert found.refusals == ()
    assert found.frame["subject"].to_list() == [None]


def test_constants_attributes_sub_scores_and_latency_become_columns() -> None:
    header = (*HEADER, "sex", "depth", "ms")
    mapping = {
        "attributes": ["sex", {"name": "lab", "constant": "A"}],
        "sub_scores": {"z": "depth"},
        "latency_ms": "ms",
        "channel": {"constant": "android"},
        "use_case": {"constant": "onboarding"},
    }

    found = frame_of([(*BONA_FIDE, "", "nan", "12.5"), (*PRINT, "female", "0.7", "")], mapping, header)

    assert found.columns[len(CORE_COLUMNS) :] == ["sub.z", "attr.lab", "attr.sex"]
    assert found.select("latency_ms", "channel", "use_case", "sub.z", "attr.lab", "attr.sex").rows() == [
        (12.5, "android", "onboarding", None, "A", None),
        (None, "android", "onboarding", 0.7, "A", "female"),
    ]


def test_a_declared_missing_value_is_missing_in_sub_scores_too() -> None:
    found = frame_of([("s1", "-1", "real", "", "0.1")], {"sub_scores": {"z": "person"}}, missing_scores=[-1])

    assert found["sub.z"].to_list() == [None]


TRANSACTION = {"transaction": "t", "attempt": "n"}


@pytest.mark.parametrize(
    "second",
    [
        ("s2", "p1", "real", "", "0.2", "t1", "1"),
        ("s2", "p2", "real", "", "0.2", "t1", "2"),
        ("s2", "p1", "fake", "print", "0.2", "t1", "2"),
    ],
    ids=["same attempt", "other subject", "other label"],
)
def test_transactions_that_contradict_themselves_refuse_the_file(second: tuple[str, ...]) -> None:
    with pytest.raises(RowsContradict, match=r"1 transactions .* 't1'"):
        frame_of([(*BONA_FIDE, "t1", "1"), second], TRANSACTION, (*HEADER, "t", "n"))


def test_transactions_with_numbered_attempts_are_taken() -> None:
    rows = [
        (*BONA_FIDE, "t1", "1"),
        ("s2", "p1", "real", "", "0.2", "t1", "2"),
        (*PRINT[:1], "p3", *PRINT[2:], "", ""),
    ]

    found = frame_of([rows[0], rows[1], ("s3", *rows[2][1:])], TRANSACTION, (*HEADER, "t", "n"))

    assert found.select("transaction", "attempt").rows() == [("t1", 1), ("t1", 2), (None, None)]
