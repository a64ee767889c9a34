"""Several canonical tables read side by side in the order of their sample ids, a bounded piece at a time.

Canonical tables are sorted by sample. Rows with one id therefore meet in one piece, whichever tables they
stand in, and what is held in memory does not grow with the tables.
"""

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.refusals import FileBroken

PIECE_ROWS = 200_000


class SortedTable:
    """One table, read forward. ``select`` turns stored rows into the columns wanted, also ``sample``."""

    def __init__(
        self,
        rows: pl.LazyFrame,
        select: Callable[[pl.LazyFrame], pl.LazyFrame],
        piece_rows: int | None = None,
    ) -> None:
        self.rows = rows
        self.select = select
        self.piece_rows = piece_rows or PIECE_ROWS
        self.position = 0
        self.highest: str | None = None
        self.ended = False
        self.head = self._next()

    def last(self) -> str | None:
        """The largest id that was read and not yet taken; None at the end of the table."""
        if self.head.is_empty() and not self.ended:
            self.head = self._next()
        return None if self.head.is_empty() else str(self.head["sample"][-1])

    def take(self, bound: str) -> pl.DataFrame:
        """The rows up to and with ``bound``."""
        if self.head.is_empty():
            return self.head
        count = int(self.head["sample"].search_sorted(bound, side="right"))
        taken, self.head = self.head.head(count), self.head.slice(count)
        return taken

    def _next(self) -> pl.DataFrame:
        piece = self.select(self.rows.slice(self.position, self.piece_rows)).collect()
        self.position += piece.height
        self.ended = piece.height < self.piece_rows
        samples = piece["sample"]
        if len(samples):
            in_order = bool((samples.slice(1) > samples.head(len(samples) - 1)).all())
            if not in_order or (self.highest is not None and str(samples[0]) <= self.highest):
                raise FileBroken(
                    "The stored table is not in the canonical form: its rows do not stand in the order of "
                    "their sample ids, each once.",
                    next_step="Import the original upload again.",
                )
            self.highest = str(samples[-1])
        return piece


def aligned(groups: Sequence[Sequence[SortedTable]]) -> Iterator[list[list[pl.DataFrame]]]:
    """Pieces of all tables that end at the same id, in the shape of ``groups``; some of them may be empty."""
    while True:
        ends = [end for group in groups for table in group if (end := table.last()) is not None]
        if not ends:
            return
        bound = min(ends)
        yield [[table.take(bound) for table in group] for group in groups]


def counted_again(rows: pl.LazyFrame, others: Sequence[pl.LazyFrame]) -> tuple[int, int]:
    """How many samples a table has, and how many of them stand in each of the others, added up.

    Raises FileBroken for a table that cannot be read.
    """
    with polars_errors_refused("read"):
        near = [one for one in others if _may_share(rows, one)]
        if not near:
            return int(rows.select(pl.len()).collect().item()), 0
        tables = [SortedTable(one, lambda rows: rows.select("sample")) for one in (rows, *near)]
        held = again = 0
        for (piece,), pieces in aligned([tables[:1], tables[1:]]):
            held += piece.height
            again += sum(piece.join(one, on="sample", how="semi").height for one in pieces)
        return held, again


def _may_share(one: pl.LazyFrame, other: pl.LazyFrame) -> bool:
    """Whether the ranges of two tables meet; an upload that was split into parts has parts that do not."""
    ours, theirs = _ends(one), _ends(other)
    if ours is None or theirs is None:
        return False
    return ours[0] <= theirs[1] and theirs[0] <= ours[1]


def _ends(rows: pl.LazyFrame) -> tuple[str, str] | None:
    samples = rows.select("sample")
    first, last = samples.head(1).collect(), samples.tail(1).collect()
    return None if first.is_empty() else (str(first.item()), str(last.item()))
