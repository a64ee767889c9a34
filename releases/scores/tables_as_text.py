"""An upload as columns of text, whatever format it came in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from releases.scores.limits import Limits
from releases.scores.refusals import ColumnMissing, FileBroken, FileTooLarge
from releases.scores.sources import SourceFormat

ROW = "row"
NAMES_SHOWN = 40


@dataclass(frozen=True)
class TextTable:
    """``frame`` has the columns asked for, by position ``c0``, ``c1`` …, and ``row``.

    Position names keep a hostile header out of every later expression. ``positions`` maps header names to
    them. ``row`` counts as a spreadsheet does, the header being row 1; a Parquet file has no header row, and
    its first row is row 1.
    """

    frame: pl.DataFrame
    positions: dict[str, str]
    header: tuple[str, ...]
    source_format: SourceFormat

    @property
    def counting(self) -> str:
        """What a sentence that names rows must add, with a space before it."""
        return " Rows of a Parquet file are counted from 1." if self.source_format == "parquet" else ""


def check_header(header: Sequence[str], limits: Limits) -> None:
    """Every column has a name of its own, and there are not too many."""
    rows = (1,)
    if len(header) > limits.columns:
        raise FileTooLarge(f"The file has {len(header):,} columns; at most {limits.columns:,} are read.")
    empty = [str(index + 1) for index, name in enumerate(header) if not name.strip()]
    if empty:
        raise FileBroken(f"Column {listed(empty)} has no name in the header.", rows=rows)
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise FileBroken(f"The header names {listed(twice)} more than once.", rows=rows)


def indices_of(header: Sequence[str], columns: Sequence[str]) -> list[int]:
    """Where the mapped columns stand. Raises ColumnMissing."""
    missing = [name for name in dict.fromkeys(columns) if name not in header]
    if missing:
        raise ColumnMissing(
            f"The mapping names {listed(missing)}, which the file does not have. "
            f"Its columns are {listed(header)}."
        )
    return [header.index(name) for name in dict.fromkeys(columns)]


def listed(names: Sequence[str]) -> str:
    """Names for a sentence, not too many of them."""
    shown = ", ".join(repr(name[:80]) for name in names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN} more"
