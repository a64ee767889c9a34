"""Parquet uploads: read as CSV would be, and refused whole where they are broken or hostile."""

import contextlib
import dataclasses
import datetime
import io
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from releases.scores.blobs import BlobStore
from releases.scores.importing import import_table
from releases.scores.limits import DEFAULT_LIMITS
from releases.scores.parquet_layout import page_sizes, read_layout
from releases.scores.refusals import (
    ColumnMissing,
    ColumnTypeNotRead,
    FileBroken,
    FileTooLarge,
    RowsContradict,
    ScoreTableRefused,
)
from tests.releases.scores.parquet_files import ROWS, normalised_here, parquet, read_here, with_footer
from tests.releases.scores.tables import HEADER, csv_bytes, meta, normalised, packed, read

CSV = csv_bytes(
    [("s1", "p1", "real", "", "0.1"), ("s2", "p2", "fake", "print", "0.9"), ("s3", "p1", "real", "", "0.2")]
)


def test_a_parquet_table_gives_the_same_canonical_frame_as_csv() -> None:
    assert normalised_here(parquet()).frame.equals(normalised(CSV, meta()).frame)


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "lz4", "brotli", "uncompressed"])
def test_every_usual_compression_is_read(compression: str) -> None:
    table = read_here(parquet(compression=compression, row_group_size=1))

    assert table.source_format == "parquet"
    assert table.frame["row"].to_list() == [1, 2, 3]


def test_numbers_arrive_as_the_doubles_they_are() -> None:
    scores = [0.1 + 0.2, 1e-300, 5e-324, 1.7976931348623157e308, -0.0, 123456789.123456789]
    whole = {
        "id": [f"s{number}" for number in range(6)],
        "person": range(6),
        "kind": ["real"] * 6,
        "species": [None] * 6,
        "value": scores,
    }

    frame = normalised_here(parquet(whole)).frame

    assert frame["score"].to_list() == scores
    assert frame["subject"].to_list() == ["0", "1", "2", "3", "4", "5"]


def test_a_single_precision_score_keeps_its_exact_value() -> None:
    table = pl.DataFrame(ROWS).with_columns(pl.col("value").cast(pl.Float32))

    frame = normalised_here(parquet(table)).frame

    assert frame["score"].to_list() == [0.10000000149011612, 0.8999999761581421, 0.20000000298023224]


@pytest.mark.parametrize(
    ("values", "causes"),
    [
        ([None, 0.9, 0.2], {"empty": 1}),
        ([float("nan"), 0.9, 0.2], {"not_finite": 1}),
        ([float("inf"), 0.9, float("-inf")], {"not_finite": 2}),
    ],
)
def test_scores_that_are_no_numbers_are_missing(values: list[float | None], causes: dict[str, int]) -> None:
    assert normalised_here(parquet({**ROWS, "value": values})).missing_scores == causes


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([Decimal("0.10"), Decimal("0.90"), Decimal("0.20")]),
        pl.Series(["0.1", "0.9", "0.2"], dtype=pl.Categorical),
        pl.Series([0, 1, 0], dtype=pl.UInt8),
        pl.Series([False, True, False]),
    ],
    ids=["decimals", "categories", "integers", "truth values"],
)
def test_plain_types_are_read_as_their_text(column: pl.Series) -> None:
    table = read_here(parquet(pl.DataFrame(ROWS).with_columns(value=column)))

    assert table.frame[table.positions["value"]].to_list() == column.cast(pl.String).to_list()


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ([datetime.datetime(2026, 1, 1)] * 3, "is of type Datetime"),
        ([datetime.date(2026, 1, 1)] * 3, "is of type Date"),
        ([datetime.timedelta(1)] * 3, "is of type Duration"),
        ([b"x"] * 3, "is of type Binary"),
        ([[0.1], [0.2], [0.3]], "holds lists or records"),
        ([{"a": 1}] * 3, "holds lists or records"),
    ],
)
def test_other_types_of_a_mapped_column_are_refused(column: list[Any], words: str) -> None:
    with pytest.raises(ColumnTypeNotRead, match=f"'value' {words}"):
        read_here(parquet({**ROWS, "value": column}))


def test_a_nested_column_that_nobody_maps_is_left_alone() -> None:
    table = read_here(parquet({"extra": [[{"deep": [1]}], [], None], **ROWS}))

    assert table.frame.height == 3


def test_a_column_named_like_a_pattern_is_taken_by_its_place() -> None:
    table = read_here(parquet({"^.*$": ["a"], "*": ["b"], "id": ["c"]}), ("*", "^.*$"))

    assert table.frame.row(0) == (1, "b", "a")


def test_refused_rows_are_counted_from_one_and_the_sentence_says_so() -> None:
    table = normalised_here(parquet({**ROWS, "id": ["s1", None, "s3"]}))

    refusal = table.refusals[0]
    assert (refusal.reason, refusal.first_rows) == ("missing_sample", (2,))
    assert refusal.sentence == "The sample id is empty. Rows of a Parquet file are counted from 1."


def test_repeated_samples_are_named_with_rows_counted_from_one() -> None:
    with pytest.raises(RowsContradict, match=r"rows 1 and 3\).* counted from 1") as refused:
        normalised_here(parquet({**ROWS, "id": ["s1", "s2", "s1"]}))

    assert refused.value.rows == (1, 3)


def test_a_missing_column_is_named_with_those_there_are() -> None:
    with pytest.raises(ColumnMissing, match=r"names 'species'.*Its columns are 'id', 'person'"):
        read_here(parquet({"id": ["a"], "person": ["b"], "kind": ["c"], "value": [1]}))


WHOLE = parquet()
FOOTER = int.from_bytes(WHOLE[-8:-4], "little")
BROKEN = {
    "cut in the data": WHOLE[: len(WHOLE) // 3],
    "cut in the footer": WHOLE[: -8 - FOOTER // 2],
    "last byte lost": WHOLE[:-1],
    "first byte lost": WHOLE[1:],
    "wrong magic at its start": b"XXXX" + WHOLE[4:],
    "footer longer than the file": WHOLE[:-8] + (10**9).to_bytes(4, "little") + b"PAR1",
    "footer of no length": WHOLE[:-8] + bytes(4) + b"PAR1",
    "nothing but magic": b"PAR1PAR1",
    "zeros for data": b"PAR1" + bytes(len(WHOLE) - 12 - FOOTER) + WHOLE[-8 - FOOTER :],
    "zeros for a footer": WHOLE[: -8 - FOOTER] + bytes(FOOTER) + WHOLE[-8:],
    "endless lists in the footer": WHOLE[: -8 - FOOTER] + b"\x19" * FOOTER + WHOLE[-8:],
    "encrypted footer": b"PAR1" + WHOLE[4:-4] + b"PARE",
    "text between": b"PAR1" + b"id,person\n" * 50 + b"PAR1",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_are_refused_whole(content: bytes) -> None:
    with pytest.raises(ScoreTableRefused) as refused:
        read(content, HEADER)

    assert refused.value.status in {400, 413, 415}
    assert refused.value.next_step


def damaged(seed: int) -> bytes:
    """The file with three bytes changed, anywhere or in the footer."""
    dice, content = random.Random(seed), bytearray(WHOLE)
    first = (0, len(content) - FOOTER - 8)[seed % 2]
    [content.__setitem__(dice.randrange(first, len(content)), dice.randrange(256)) for _ in range(3)]
    return bytes(content)


@pytest.mark.parametrize("seed", range(200))
def test_the_layout_of_a_damaged_file_is_read_or_refused(seed: int) -> None:
    content = damaged(seed)

    with contextlib.suppress(ScoreTableRefused):
        layout = read_layout(io.BytesIO(content), len(content))
        assert sum(len(list(page_sizes(io.BytesIO(content), chunk))) for chunk in layout.chunks)


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_file_gives_a_table_or_a_refusal(seed: int) -> None:
    with contextlib.suppress(ScoreTableRefused):
        assert normalised(damaged(seed), meta()).rows_read == 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_any_damaged_file_gives_a_table_or_a_refusal(seed: int) -> None:
    with contextlib.suppress(ScoreTableRefused):
        assert normalised(damaged(seed), meta()).rows_read == 3


def test_a_page_that_ends_its_reader_ends_only_the_child() -> None:
    content = parquet({"id": [f"s{number}" for number in range(500)]}, compression="uncompressed")
    first = content.index(b"\x02\x00\x00\x00s0")  # the length of the first text of a page
    crafted = content[:first] + b"\xff\xff\xff\x7f" + content[first + 4 :]

    with pytest.raises(FileBroken, match="Parquet"):
        read(crafted)


def test_a_footer_that_lies_about_its_rows_is_refused() -> None:
    with pytest.raises(FileBroken, match="states 4 rows, its row groups 3"):
        read_here(with_footer(WHOLE, (b"\x16\x06\x19", b"\x16\x08\x19")))


def test_a_bomb_is_refused_by_the_sizes_of_its_pages() -> None:
    table = pl.DataFrame({"id": [f"{'a' * 3_000}{number // 100}" for number in range(8_000)]})
    content = parquet(table, compression="zstd", compression_level=19)

    with pytest.raises(FileTooLarge, match="200 times"):
        read_here(content, ("id",), dataclasses.replace(DEFAULT_LIMITS, expansion_from=10_000))


def test_few_values_in_many_long_cells_are_counted_by_their_text() -> None:
    content = parquet({"id": ["x" * 4_000] * 1_000})

    with pytest.raises(FileTooLarge, match="more than 2,000,000 bytes of text"):
        read_here(content, ("id",), dataclasses.replace(DEFAULT_LIMITS, bytes=2_000_000))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rows": 2}, "3 rows; at most 2"),
        ({"columns": 4}, "5 columns; at most 4"),
        ({"cells": 14}, "more than 14 cells"),
        ({"bytes": 40}, "more than 40 bytes"),
        ({"cell_characters": 4}, r"Row 2 has a cell of more than 4 characters \(rows of a Parquet file"),
    ],
)
def test_limits_hold_before_anything_is_unpacked(changes: dict[str, int], words: str) -> None:
    with pytest.raises(FileTooLarge, match=words):
        read_here(WHOLE, HEADER, dataclasses.replace(DEFAULT_LIMITS, **changes))


def test_a_nul_inside_a_cell_is_refused_with_its_row() -> None:
    with pytest.raises(FileBroken, match="Row 3 holds a NUL"):
        read_here(parquet({**ROWS, "person": ["p", "p", "p\x00"]}))


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(FileBroken, match="no rows"):
        read_here(parquet(pl.DataFrame(ROWS).clear()))


def test_two_columns_of_one_name_are_refused() -> None:
    content = parquet({"id1": ["a"], "id2": ["b"]})

    with pytest.raises(FileBroken, match="names 'id1' more than once"):
        read_here(with_footer(content, (b"id2", b"id1")), ("id1",))


def test_parquet_inside_gzip_is_named() -> None:
    with pytest.raises(ScoreTableRefused, match=r"Parquet \(found inside gzip"):
        read(packed(WHOLE))


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("scores.csv", WHOLE, "The file is named 'scores.csv', but holds Parquet; it was read as Parquet."),
        ("scores.parquet", CSV, "The file is named 'scores.parquet', but holds CSV; it was read as CSV."),
        ("scores.parquet", WHOLE, ""),
        ("scores.csv.gz", packed(CSV), ""),
        ("", WHOLE, ""),
        ("scores", CSV, ""),
    ],
)
def test_the_format_is_told_by_the_bytes_and_a_name_that_differs_is_said(
    tmp_path: Path, name: str, content: bytes, note: str
) -> None:
    imported = import_table(io.BytesIO(content), meta(), BlobStore(tmp_path), name=name)

    assert imported.source_note == note
    assert imported.rows == 3


def test_an_import_of_parquet_keeps_the_upload_and_the_canonical_form(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)

    imported = import_table(io.BytesIO(WHOLE), meta(), store)

    assert imported.source_format == "parquet"
    assert store.verified_path(imported.digest).read_bytes() == WHOLE
    assert store.holds(imported.canonical_digest)
