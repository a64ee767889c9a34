"""Read an upload into columns of text, or refuse it whole with the rows that are wrong.

The rows of CSV are split by Python's csv module in strict mode, not by polars' own CSV reader: that one pads
short rows with nulls and renames a repeated header without a word, and names no row when it gives up. They go
to polars in chunks and only for the columns that the mapping uses, so memory follows what is needed.
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO

import polars as pl

from releases.scores.limits import DEFAULT_LIMITS, Limits
from releases.scores.parquet_reading import read_parquet_table
from releases.scores.refusals import FileBroken, FileTooLarge
from releases.scores.sources import is_parquet, open_text_lines
from releases.scores.tables_as_text import ROW, TextTable, check_header, indices_of

CHUNK_ROWS = 50_000


def read_text_table(upload: BinaryIO, columns: Sequence[str], limits: Limits = DEFAULT_LIMITS) -> TextTable:
    """Read ``columns`` of an upload (a seekable binary file) as text.

    The format is told by the first bytes; CSV, CSV in gzip and Parquet are read. Raises FormatNotRead,
    FileBroken, FileTooLarge, ColumnMissing or ColumnTypeNotRead; never anything of csv, gzip or polars.
    """
    if is_parquet(upload):
        return read_parquet_table(upload, columns, limits)
    source_format, lines = open_text_lines(upload, limits)
    rows = _rows(_RowBudget(lines, limits), limits)
    header = _header(rows, limits)
    indices = indices_of(header, columns)
    frame = _frame(_checked(rows, header, limits), indices, limits)
    positions = {header[index]: f"c{index}" for index in indices}
    return TextTable(frame=frame, positions=positions, header=header, source_format=source_format)


class _RowBudget:
    """The lines, with a cap on one row: quoted line breaks could otherwise make a row as long as the file."""

    def __init__(self, lines: Iterator[str], limits: Limits) -> None:
        self.lines = lines
        self.allowed = limits.line_characters
        self.spent = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.spent += len(line)
        if self.spent > self.allowed:
            raise FileTooLarge(
                f"A row is longer than {self.allowed:,} characters.",
                next_step="Look for a quote that is opened and not closed, then upload the file again.",
            )
        return line


def _rows(lines: _RowBudget, limits: Limits) -> Iterator[list[str]]:
    reader = csv.reader(lines, strict=True)
    number = 0
    while True:
        number += 1
        lines.spent = 0
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileBroken(
                f"Row {number} cannot be read as CSV ({error}).",
                next_step="Quote cells that hold commas, quotes or line breaks; double the quotes inside.",
                rows=(number,),
            ) from error
        if lines.spent > limits.cell_characters:  # only then can one of its cells be too long
            _check_cells(row, number, limits)
        yield row


def _header(rows: Iterator[list[str]], limits: Limits) -> tuple[str, ...]:
    header = tuple(next(rows, []))
    if not any(name.strip() for name in header):
        raise FileBroken(
            "The first row holds no column names.", next_step="Add a header row and upload again."
        )
    check_header(header, limits)
    return header


def _checked(rows: Iterator[list[str]], header: tuple[str, ...], limits: Limits) -> Iterator[list[str]]:
    """Data rows of the header's width; blank lines are taken only at the very end of the file."""
    blank = 0
    for number, row in enumerate(rows, start=2):
        if not row:
            blank = blank or number
            continue
        if blank:
            raise FileBroken(f"Row {blank} is empty, but rows follow it.", rows=(blank,))
        if len(row) != len(header):
            raise FileBroken(
                f"Row {number} has {len(row):,} cells, the header has {len(header):,}: the file is ragged.",
                rows=(number,),
            )
        if number - 1 > limits.rows:
            raise FileTooLarge(f"The file has more than {limits.rows:,} rows.")
        yield row


def _check_cells(row: Sequence[str], number: int, limits: Limits) -> None:
    if max(map(len, row), default=0) > limits.cell_characters:
        raise FileTooLarge(
            f"Row {number} has a cell of more than {limits.cell_characters:,} characters.", rows=(number,)
        )


def _frame(rows: Iterator[list[str]], indices: list[int], limits: Limits) -> pl.DataFrame:
    schema = {f"c{index}": pl.String() for index in indices}
    chunks, total = [pl.DataFrame(schema=schema)], 0
    while chunk := list(islice(rows, CHUNK_ROWS)):
        total += len(chunk)
        if total * len(indices) > limits.cells:
            raise FileTooLarge(f"The mapped columns hold more than {limits.cells:,} cells.")
        chunks.append(
            pl.DataFrame({f"c{index}": [row[index] for row in chunk] for index in indices}, schema=schema)
        )
    if not total:
        raise FileBroken(
            "The file has a header but no rows.", next_step="Upload a table with at least one row."
        )
    return pl.concat(chunks, rechunk=True).with_row_index(ROW, offset=2)
