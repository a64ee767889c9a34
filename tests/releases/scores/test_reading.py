import dataclasses
import io

import pytest

from governance.errors import GovernanceError
from releases.scores.limits import DEFAULT_LIMITS
from releases.scores.refusals import ColumnMissing, FileBroken, FileTooLarge, FormatNotRead, ScoreTableRefused
from tests.releases.scores.tables import packed, read

PLAIN = b"id,value\na,1\nb,2\n"


def test_read_text_table_keeps_cells_as_text_and_counts_rows_like_a_spreadsheet() -> None:
    found = read(b'id,value\n007,=1+1\n"x, ""y""\nz",-1e3\n', ["value", "id"])

    assert found.frame.to_dict(as_series=False) == {
        "row": [2, 3],
        "c0": ["007", 'x, "y"\nz'],
        "c1": ["=1+1", "-1e3"],
    }
    assert found.positions == {"value": "c1", "id": "c0"}
    assert found.header == ("id", "value")


@pytest.mark.parametrize("formula", ["=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2+3"])
def test_formula_strings_stay_text(formula: str) -> None:
    found = read(f"id\n{formula}\n".encode())

    assert found.frame["c0"].to_list() == [formula]


def test_only_the_mapped_columns_are_held() -> None:
    found = read(b"a,b,c\n1,2,3\n", ["b"])

    assert found.frame.columns == ["row", "c1"]


@pytest.mark.parametrize(
    "content",
    [PLAIN, b"\xef\xbb\xbf" + PLAIN, PLAIN.replace(b"\n", b"\r\n"), PLAIN + b"\n\n", PLAIN.rstrip(b"\n")],
    ids=["plain", "byte order mark", "windows line ends", "blank lines at the end", "no last line end"],
)
def test_harmless_ways_of_writing_are_read_alike(content: bytes) -> None:
    found = read(content, ["id", "value"])

    assert found.frame.rows() == [(2, "a", "1"), (3, "b", "2")]
    assert found.source_format == "csv"


def test_gzip_is_known_by_its_bytes_and_may_have_several_members() -> None:
    found = read(packed(b"id,value\na,1\n") + packed(b"b,2\n"), ["id", "value"])

    assert found.frame.rows() == [(2, "a", "1"), (3, "b", "2")]
    assert found.source_format == "csv_gzip"


def test_a_byte_order_mark_inside_gzip_is_no_part_of_the_header() -> None:
    found = read(packed(b"\xef\xbb\xbf" + PLAIN), ["id"])

    assert found.header == ("id", "value")


def test_reading_starts_at_the_beginning_of_the_upload() -> None:
    upload = io.BytesIO(PLAIN)
    upload.seek(5)

    found = read(upload.getvalue())

    assert found.frame.height == 2


def test_more_rows_than_one_chunk_come_out_in_order() -> None:
    ids = [str(number) for number in range(120_001)]

    found = read(("id\n" + "\n".join(ids) + "\n").encode())

    assert found.frame["c0"].to_list() == ids
    assert found.frame["row"][-1] == 120_002


BROKEN = [
    (b"", FileBroken, "empty", ()),
    (b"id,value\n", FileBroken, "no rows", ()),
    (b"\n1,2\n", FileBroken, "no column names", ()),
    (b" , \n1,2\n", FileBroken, "no column names", ()),
    (b"id,,b\n1,2,3\n", FileBroken, "Column '2' has no name", (1,)),
    (b"id,value,id\n1,2,3\n", FileBroken, "'id' more than once", (1,)),
    (b"id,value\na,1\nb\n", FileBroken, "Row 3 has 1 cells, the header has 2", (3,)),
    (b"id,value\na,1\nb,2,3\n", FileBroken, "Row 3 has 3 cells", (3,)),
    (b"id,value\na,1\n\nb,2\n", FileBroken, "Row 3 is empty", (3,)),
    (b'id,value\na,1\nb,"2\n', FileBroken, "Row 3 cannot be read as CSV", (3,)),
    (b'id,value\na,"1"x\n', FileBroken, "Row 2 cannot be read as CSV", (2,)),
    (b"id,value\na,\x001\n", FileBroken, "Line 2 holds a NUL byte", (2,)),
    (b"other\n1\n", ColumnMissing, "names 'id', which the file does not have. Its columns are 'other'", ()),
    (b"id,value\na,\xff\n", FormatNotRead, "not UTF-8: byte 0xff in line 2", (2,)),
    ("id\nä\n".encode("latin-1"), FormatNotRead, "not UTF-8: byte 0xe4 in line 2", (2,)),
    ("id\na\n".encode("utf-16"), FormatNotRead, "UTF-16", ()),
    ("id\na\n".encode("utf-32"), FormatNotRead, "UTF-32", ()),
    (b"PAR1" + b"\x00" * 50 + b"PAR1", FileBroken, "Parquet file is damaged or was cut short", ()),
    (packed(b"PAR1" + b"\x00" * 50), FormatNotRead, "Parquet.*inside gzip", ()),
    (b"PK\x03\x04rest", FormatNotRead, "zip archive or a spreadsheet", ()),
    (b"ARROW1\x00\x00", FormatNotRead, "Arrow", ()),
    (b"\x80\x04\x95\x00", FormatNotRead, "pickles are never opened", ()),
    (b"BZh91AY", FormatNotRead, "bzip2", ()),
    (b"\x28\xb5\x2f\xfd", FormatNotRead, "zstd", ()),
    (packed(packed(PLAIN)), FormatNotRead, "gzip twice", ()),
    (packed(PLAIN)[:-6], FileBroken, "cut short", ()),
    (packed(PLAIN)[:-8] + b"\x00" * 8, FileBroken, "damaged", ()),
    (b"\x1f\x8b\x08\x00", FileBroken, "cut short", ()),
    (b"\x1f\x8b" + b"\xff" * 40, FileBroken, "damaged", ()),
    (packed(PLAIN) + b"trailing", FileBroken, "damaged", ()),
]


@pytest.mark.parametrize(("content", "kind", "words", "rows"), BROKEN)
def test_broken_files_are_refused_whole_with_their_rows(
    content: bytes, kind: type[ScoreTableRefused], words: str, rows: tuple[int, ...]
) -> None:
    with pytest.raises(ScoreTableRefused, match=words) as refused:
        read(content)

    assert type(refused.value) is kind
    assert refused.value.rows == rows
    assert refused.value.next_step


def test_a_missing_column_lists_those_present_but_not_thousands() -> None:
    header = ",".join(f"c{number}" for number in range(500))

    with pytest.raises(ColumnMissing, match=r"'c39' and 460 more") as refused:
        read(f"{header}\n".encode())

    assert "c40" not in refused.value.message


@pytest.mark.parametrize(
    ("limit", "content", "words"),
    [
        ({"bytes": 100}, b"id\n" + b"a\n" * 50, "more than 100 bytes"),
        ({"bytes": 100}, packed(b"id\n" + b"a\n" * 50), "unpacks to more than 100 bytes"),
        ({"rows": 2}, b"id\na\nb\nc\n", "more than 2 rows"),
        ({"columns": 3}, b"id,b,c,d\n1,2,3,4\n", "4 columns; at most 3"),
        ({"cells": 2}, b"id\na\nb\nc\n", "more than 2 cells"),
        ({"cell_characters": 4}, b"id\nabcd\nabcde\n", "Row 3 has a cell of more than 4"),
        ({"cell_characters": 4}, b"id,longer\n1,2\n", "Row 1 has a cell of more than 4"),
        ({"line_characters": 10}, b"id\nabcdefghijk\n", "Line 2 is longer than 10"),
        ({"line_characters": 10}, b'id\n"abcdef\nabcdef\nabc"\n', "A row is longer than 10"),
        ({"expansion": 20, "expansion_from": 1000}, packed(b"id\n" + b"a\n" * 10_000), "20 times its size"),
    ],
)
def test_limits_stop_the_reading(limit: dict[str, int], content: bytes, words: str) -> None:
    with pytest.raises(FileTooLarge, match=words):
        read(content, limits=dataclasses.replace(DEFAULT_LIMITS, **limit))


@pytest.mark.parametrize(
    "limit", [{"rows": 3}, {"cells": 3}, {"bytes": 9}, {"columns": 1}, {"cell_characters": 2}]
)
def test_a_table_exactly_at_a_limit_is_read(limit: dict[str, int]) -> None:
    found = read(b"id\na\nb\nc\n", limits=dataclasses.replace(DEFAULT_LIMITS, **limit))

    assert found.frame.height == 3


def test_refusals_are_part_of_the_one_error_family() -> None:
    with pytest.raises(GovernanceError) as refused:
        read(b"")

    assert refused.value.code == "score_file_broken"
    assert refused.value.status == 400


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_that_is_no_utf_8_is_named_with_its_line(end: str) -> None:
    lines = ["id,value", *(f"s{number},0.{number}" for number in range(1, 8)), "é,0.9", "s9,0.1"]

    with pytest.raises(FormatNotRead, match="byte 0xe9 in line 9") as refused:
        read(end.join(lines).encode("latin-1"))

    assert refused.value.rows == (9,)


def test_the_line_is_right_far_behind_the_first_piece_of_a_file() -> None:
    lines = ["id", *(f"s{number:07}" for number in range(50_000)), "é"]

    with pytest.raises(FormatNotRead, match="in line 50002"):
        read("\n".join(lines).encode("latin-1"))
