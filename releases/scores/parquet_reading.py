"""Read a Parquet upload into the same columns of text that a CSV upload gives, so that all rules are shared.

What the file declares is checked against the limits here (parquet_layout), before a process of its own
unpacks it (parquet_apart): a crafted page can still make the reader ask for more memory than there is, which
ends the process that asks.
"""

from collections.abc import Callable, Sequence
from io import SEEK_END
from typing import BinaryIO

import polars as pl

from releases.scores.limits import Limits
from releases.scores.parquet_apart import read_apart
from releases.scores.parquet_layout import Layout, page_sizes, read_layout
from releases.scores.parquet_unpacking import FIRST_ROW, Wanted
from releases.scores.refusals import ColumnTypeNotRead, FileBroken, FileTooLarge
from releases.scores.tables_as_text import ROW, TextTable, check_header, indices_of

Reader = Callable[[BinaryIO, Wanted], pl.DataFrame]


def read_parquet_table(
    upload: BinaryIO, columns: Sequence[str], limits: Limits, *, read: Reader = read_apart
) -> TextTable:
    """The columns of an upload that begins as Parquet files do.

    Raises FileBroken, FileTooLarge, ColumnMissing or ColumnTypeNotRead; never anything of polars.
    """
    layout = read_layout(upload, upload.seek(0, SEEK_END))
    header = tuple(column.name for column in layout.columns)
    check_header(header, limits)
    indices = indices_of(header, columns)
    nested = [header[index] for index in indices if layout.columns[index].nested]
    if nested:
        raise ColumnTypeNotRead(f"Column {nested[0][:80]!r} holds lists or records, not one value per row.")
    _check_sizes(upload, layout, [header[index] for index in indices], limits)
    frame = read(upload, Wanted(header, tuple(indices), layout.rows, limits))
    positions = {header[index]: f"c{index}" for index in indices}
    return TextTable(frame.with_row_index(ROW, offset=FIRST_ROW), positions, header, "parquet")


def _check_sizes(upload: BinaryIO, layout: Layout, columns: Sequence[str], limits: Limits) -> None:
    if not layout.rows:
        raise FileBroken("The file has columns but no rows.", next_step="Upload a table with a row at least.")
    if layout.rows > limits.rows:
        raise FileTooLarge(f"The file has {layout.rows:,} rows; at most {limits.rows:,} are read.")
    if layout.rows * len(columns) > limits.cells:
        raise FileTooLarge(f"The mapped columns hold more than {limits.cells:,} cells.")
    packed = unpacked = 0
    for chunk in layout.chunks:
        if chunk.column not in columns:
            continue
        for compressed, uncompressed in page_sizes(upload, chunk):
            packed, unpacked = packed + compressed, unpacked + uncompressed
            if unpacked > limits.bytes:
                raise FileTooLarge(f"The mapped columns unpack to more than {limits.bytes:,} bytes.")
            if unpacked > limits.expansion_from and unpacked > limits.expansion * packed:
                raise FileTooLarge(
                    f"The Parquet file unpacks to more than {limits.expansion} times its size, as only "
                    "decompression bombs do.",
                    next_step="Write the table without compression if it is genuine.",
                )
