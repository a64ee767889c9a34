from pathlib import Path

import polars as pl
import pytest

from releases.scores.canonical import attribute_names, canonical_bytes, scan_canonical
from releases.scores.refusals import FileBroken
from tests.releases.scores.tables import BONA_FIDE, HEADER, PRINT, frame_of

MAPPING = {"attributes": ["sex"]}
WIDE = (*HEADER, "sex")
ROWS = [(*BONA_FIDE, "female"), (*PRINT, "")]


def stored(tmp_path: Path, frame: pl.DataFrame) -> Path:
    path = tmp_path / "table"
    path.write_bytes(canonical_bytes(frame))
    return path


def test_the_order_of_rows_and_columns_in_the_upload_does_not_change_the_canonical_bytes() -> None:
    first = canonical_bytes(frame_of(ROWS, MAPPING, WIDE))

    turned = canonical_bytes(frame_of([row[::-1] for row in ROWS[::-1]], MAPPING, WIDE[::-1]))

    assert first == turned


def test_another_value_changes_the_canonical_bytes() -> None:
    first = canonical_bytes(frame_of(ROWS, MAPPING, WIDE))

    other = canonical_bytes(
        frame_of([ROWS[0], (*PRINT[:4], "0.90000000000000002220446", "male")], MAPPING, WIDE)
    )

    assert first != other


def test_a_stored_table_reads_back_equal(tmp_path: Path) -> None:
    frame = frame_of(ROWS, MAPPING, WIDE)

    rows = scan_canonical(stored(tmp_path, frame))

    assert rows.collect().equals(frame)
    assert attribute_names(rows) == ("sex",)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (pl.col("score").cast(pl.Float32), "score"),
        (pl.lit("x").alias("extra"), "extra"),
    ],
)
def test_a_table_of_another_form_is_refused(tmp_path: Path, change: pl.Expr, column: str) -> None:
    path = stored(tmp_path, frame_of(ROWS, MAPPING, WIDE).with_columns(change))

    with pytest.raises(FileBroken, match=f"column '{column}'"):
        scan_canonical(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"junk" * 100, b"PAR1" + b"\xff" * 200 + b"PAR1"])
def test_bytes_that_are_no_table_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table"
    path.write_bytes(content)

    with pytest.raises(FileBroken, match="could not be opened"):
        scan_canonical(path)
