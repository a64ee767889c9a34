"""Several tables of one stack, read as one."""

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from releases.scores import streams
from releases.scores.counting import Metric, count_pairs, count_rates
from releases.scores.refusals import FileBroken, PolaritiesDiffer, TablesDisagree, TablesOverlap
from releases.scores.scan import ScoredTable, scan_tables
from releases.scores.strata import ByColumn, Pooled, Population
from releases.scores.streams import SortedTable, aligned, counted_again
from releases.statistics.thresholds import AtThreshold, Polarity
from tests.releases.scores.tables import HEADER, frame_of, scored, threshold

PEOPLE = [(f"s{number:02}", f"p{number % 4}", "real", "", f"0.{number % 10}") for number in range(24)]


def named(rows: Sequence[tuple[str, ...]], name: str) -> ScoredTable:
    return ScoredTable(frame_of(rows).lazy(), Polarity.HIGHER_IS_ATTACK, threshold(), name)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 2), min_size=24, max_size=24), st.integers(1, 7))
def test_a_table_in_parts_counts_as_the_whole(parts: list[int], piece: int) -> None:
    held = [[row for row, part in zip(PEOPLE, parts, strict=True) if part == one] for one in range(3)]
    tables = [named(rows, f"table {one}") for one, rows in enumerate(held) if rows]
    whole = named(PEOPLE, "whole")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "PIECE_ROWS", piece)
        found = scan_tables(tables, tables[::-1])
    expected = scan_tables(whole, whole)

    assert [
        count_pairs(scan, Population("bona_fide"), Pooled(), Metric.ERROR) for scan in (found, expected)
    ] == [count_pairs(expected, Population("bona_fide"), Pooled(), Metric.ERROR)] * 2


def test_a_sample_in_two_tables_is_refused_with_the_names_of_both() -> None:
    tables = [named(PEOPLE[:3], "import of May"), named(PEOPLE[2:4], "import of June")]

    with pytest.raises(TablesOverlap, match=r"1 sample ids .*: 's02' in import of May and import of June"):
        scan_tables(tables)


def test_repeated_samples_of_the_baseline_are_refused_too() -> None:
    tables = [named(PEOPLE[:9], "one"), named(PEOPLE[1:9], "two")]

    with pytest.raises(TablesOverlap, match=r"8 sample ids .* and 3 more\."):
        scan_tables(named(PEOPLE, "candidate"), tables)


def test_tables_of_different_polarity_are_not_joined() -> None:
    other = ScoredTable(frame_of(PEOPLE).lazy(), Polarity.HIGHER_IS_BONA_FIDE, threshold(), "import of June")

    with pytest.raises(PolaritiesDiffer, match="import of June declares higher_is_bona_fide"):
        scan_tables([named(PEOPLE[:2], "import of May"), other])


def test_tables_under_different_bands_are_an_error_of_the_caller() -> None:
    other = scored(frame_of(PEOPLE[2:4]), threshold(0.7))

    with pytest.raises(ValueError, match="their bands differ"):
        scan_tables([scored(frame_of(PEOPLE[:2])), other])


def test_a_stack_without_a_table_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least one ScoredTable"):
        scan_tables([])


def test_an_attribute_that_one_table_lacks_is_unknown_in_its_rows() -> None:
    wide = frame_of([(*PEOPLE[0], "f")], {"attributes": ["sex"]}, (*HEADER, "sex"))

    scan = scan_tables([scored(wide), scored(frame_of(PEOPLE[1:3]))])
    found = count_rates(scan, Population("bona_fide"), ByColumn("attr.sex"), Metric.ERROR)

    assert [(one.stratum.key, one.rows) for one in found.strata] == [("f", 1)]
    assert found.outside == 2


def test_rows_of_two_tables_of_each_stack_are_paired_by_sample() -> None:
    ours = [named(PEOPLE[:12], "a"), named(PEOPLE[12:], "b")]
    theirs = [named(PEOPLE[::2], "c"), named(PEOPLE[1::2], "d")]

    found = count_pairs(scan_tables(ours, theirs), Population("bona_fide"), Pooled(), Metric.ERROR).strata[0]

    assert (found.rows, found.candidate_absent, found.baseline_absent) == (24, 0, 0)
    assert found.counts.both == 8


def test_a_disagreement_far_into_the_tables_is_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PIECE_ROWS", 5)
    other = [(sample, "somebody", *rest) for sample, _, *rest in PEOPLE]

    with pytest.raises(TablesDisagree, match=r"different subject for 24 samples: 's00'.* and 19 more\."):
        scan_tables(named(PEOPLE, "one"), named(other, "two"))


def test_a_table_out_of_order_is_refused() -> None:
    frame = frame_of(PEOPLE)

    with pytest.raises(FileBroken, match="not in the canonical form"):
        scan_tables(scored(frame.reverse()))


def test_tables_are_drawn_in_pieces_that_end_at_one_sample() -> None:
    first = pl.LazyFrame({"sample": ["a", "c", "d", "z"]})
    second = pl.LazyFrame({"sample": ["b", "d", "e"]})
    tables = [SortedTable(rows, lambda rows: rows, piece_rows=2) for rows in (first, second)]

    pieces = [[one["sample"].to_list() for one in group] for (group,) in aligned([tables])]

    assert pieces == [[["a", "c"], ["b"]], [["d"], ["d"]], [[], ["e"]], [["z"], []]]


def samples(names: str) -> pl.LazyFrame:
    return pl.LazyFrame({"sample": list(names)}, schema={"sample": pl.String})


@pytest.mark.parametrize("piece", [1, 200])
@pytest.mark.parametrize(
    ("table", "others", "found"),
    [
        ("abcd", ["aceg"], (4, 2)),
        ("abd", ["ac", "bd"], (3, 3)),
        ("ad", ["bc"], (2, 0)),
        ("", ["ab"], (0, 0)),
        ("ab", [""], (2, 0)),
        ("cd", ["ab", "de"], (2, 1)),
    ],
)
def test_samples_that_came_again_are_counted_a_piece_at_a_time(
    monkeypatch: pytest.MonkeyPatch, piece: int, table: str, others: list[str], found: tuple[int, int]
) -> None:
    monkeypatch.setattr(streams, "PIECE_ROWS", piece)

    assert counted_again(samples(table), [samples(one) for one in others]) == found


def test_tables_whose_ranges_do_not_meet_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "aligned", lambda groups: pytest.fail("the tables were read"))

    assert counted_again(samples("abc"), [samples("def")]) == (3, 0)


def test_a_table_that_cannot_be_read_is_refused_where_it_is_compared() -> None:
    broken = samples("ab").with_columns(sample=pl.col("sample").str.to_integer())

    with pytest.raises(FileBroken, match="could not be read"):
        counted_again(samples("ab"), [broken])


def test_the_direction_of_ties_belongs_to_the_bands() -> None:
    strict = threshold(0.5, at_threshold=AtThreshold.ATTACK)

    scan = scan_tables(scored(frame_of([PEOPLE[5]]), strict))

    assert count_rates(scan, Population("bona_fide"), Pooled(), Metric.ERROR).strata[0].counts.events == 1
