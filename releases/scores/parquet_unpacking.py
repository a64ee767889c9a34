"""Parquet pages to columns of text, by polars.

Numbers become their shortest exact decimal text, which reads back to the same double; so a table gives the
same scores whichever format it came in. What strangers sent is unpacked in a process of its own
(parquet_apart).
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from releases.scores.limits import Limits
from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.refusals import ColumnTypeNotRead, FileBroken, FileTooLarge

PIECE_ROWS = 50_000
FIRST_ROW = 1

PLAIN = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null, pl.Decimal)


@dataclass(frozen=True)
class Wanted:
    """Which columns, by place in the header, and what the file's footer and the limits say."""

    header: tuple[str, ...]
    indices: tuple[int, ...]
    rows: int
    limits: Limits


def unpack(source: Path | bytes, wanted: Wanted) -> pl.DataFrame:
    """Columns ``c0``, ``c1`` … of text. Raises FileBroken, FileTooLarge or ColumnTypeNotRead."""
    with polars_errors_refused("read as Parquet"):
        return _unpacked(source, wanted)


def _unpacked(source: Path | bytes, wanted: Wanted) -> pl.DataFrame:
    limits = wanted.limits
    table = pl.scan_parquet(source, glob=False, hive_partitioning=False)
    schema = table.collect_schema()
    if schema.names() != list(wanted.header):
        raise FileBroken("The Parquet file is damaged: its columns are not those that its footer names.")
    kinds = schema.dtypes()
    texts = [_as_text(index, schema.names()[index], kinds[index]) for index in wanted.indices]
    pieces, read, held = [], 0, 0
    while read < wanted.rows:
        piece = table.slice(read, PIECE_ROWS).select(texts).collect()
        if piece.is_empty():
            raise FileBroken(f"The Parquet file ends after {read:,} of the {wanted.rows:,} rows it states.")
        held += _checked_bytes(piece, read + FIRST_ROW, limits)
        if held > limits.bytes:
            raise FileTooLarge(f"The mapped columns hold more than {limits.bytes:,} bytes of text.")
        pieces.append(piece)
        read += piece.height
    if read != wanted.rows:
        raise FileBroken(f"The Parquet file holds {read:,} rows, but states {wanted.rows:,}.")
    return pl.concat(pieces, rechunk=True)


def _as_text(index: int, name: str, kind: pl.DataType) -> pl.Expr:
    """A column by its place: a name could be read as a pattern."""
    column = pl.nth(index)
    if kind.is_float():
        column = column.cast(pl.Float64)  # the exact value of a single-precision number, not its short text
    elif not (kind.is_integer() or kind.base_type() in PLAIN):
        raise ColumnTypeNotRead(f"Column {name[:80]!r} is of type {kind}, not text or numbers.")
    return column.cast(pl.String).fill_null("").alias(f"c{index}")


def _checked_bytes(piece: pl.DataFrame, first_row: int, limits: Limits) -> int:
    """The bytes of all cells. Raises FileTooLarge for a cell over the limit, FileBroken for a NUL in one."""
    sizes = piece.select(pl.all().str.len_bytes())
    longest = sizes.max_horizontal()
    if (longest > limits.cell_characters).any():
        wide = piece.filter(longest > limits.cell_characters)
        long = wide.select(pl.max_horizontal(pl.all().str.len_chars().max())).item()
        if long > limits.cell_characters:
            row = first_row + int(longest.arg_max() or 0)
            raise FileTooLarge(
                f"Row {row} has a cell of more than {limits.cell_characters:,} characters "
                "(rows of a Parquet file are counted from 1).",
                rows=(row,),
            )
    nul = piece.select(pl.any_horizontal(pl.all().str.contains("\x00", literal=True))).to_series()
    if nul.any():
        row = first_row + int(nul.arg_max() or 0)
        raise FileBroken(
            f"Row {row} holds a NUL character (rows of a Parquet file are counted from 1).", rows=(row,)
        )
    return int(sizes.sum().sum_horizontal().item())
