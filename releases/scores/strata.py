"""Which rows a criterion looks at, and how it cuts them: pooled, by a column's values, by segments, or by two
of these at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from governance.registry.predicates import Predicate
from releases.scores.choosing import Flags, chosen, codes_of, values_of
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.refusals import CountingRefused

Label = Literal["bona_fide", "attack"]
COLUMNS = ("species", "source_set", "channel", "use_case")
MOST_STRATA = 500
CROSS = " × "


class TooManyStrata(CountingRefused):
    """A column has more values than anybody could judge one by one."""

    code = "too_many_strata"
    next_step = "Name the values to look at, or define segments that join several of them."


@dataclass(frozen=True, slots=True)
class Population:
    """One class, and of it the rows that satisfy ``where`` if that is stated."""

    label: Label
    where: Predicate | None = None


@dataclass(frozen=True, slots=True)
class BothClasses:
    """Bona fide rows and attacks together; for what compares them, such as AUROC and calibration."""

    where: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Stratum:
    """``kind`` is species, segment, source_set, channel, use_case, pooled, or the name of an attribute; of a
    crossing both kinds and both keys, with the two in ``parts``.
    """

    kind: str
    key: str
    parts: tuple["Stratum", ...] = ()


@dataclass(frozen=True, slots=True)
class Pooled:
    """No cut: one stratum."""


@dataclass(frozen=True, slots=True)
class ByColumn:
    """One stratum per value of species, source_set, channel or use_case, or of ``attr.<name>``.

    ``only`` pins the strata, and one of them may then turn out empty; without it they are the values found in
    the population, sorted.
    """

    column: str
    only: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.column not in COLUMNS and not self.column.startswith(ATTRIBUTE_PREFIX):
            raise ValueError(f"column is {self.column!r}: state one of {', '.join(COLUMNS)} or attr.<name>")


@dataclass(frozen=True, slots=True)
class BySegments:
    """One stratum per named predicate; segments may overlap."""

    segments: tuple[tuple[str, Predicate], ...]


@dataclass(frozen=True, slots=True)
class Crossing:
    """One stratum per pair of strata of two cuts, such as segments × species.

    Where both cuts are pinned (segments, ``only``) every pair is there, empty or not; else the pairs found in
    the population.
    """

    first: ByColumn | BySegments
    second: ByColumn | BySegments

    def __post_init__(self) -> None:
        if self.first == self.second:
            raise ValueError("both cuts of the crossing are the same: cross two different ones")


Strata = Pooled | ByColumn | BySegments | Crossing


def is_pinned(strata: Strata) -> bool:
    """Whether the strata are known before the table is; the others are those found in it."""
    if isinstance(strata, Crossing):
        return is_pinned(strata.first) and is_pinned(strata.second)
    return not isinstance(strata, ByColumn) or strata.only is not None


def population_rows(facts: pl.DataFrame, population: Population | BothClasses) -> Flags:
    """Which units belong to the population; ``facts`` are those of a scan."""
    inside = np.ones(facts.height, dtype=np.bool_)
    if isinstance(population, Population):
        values, codes = coded_column(facts, "label")
        inside = codes == (values.index(population.label) if population.label in values else -1)
    return inside if population.where is None else inside & chosen(population.where, facts)


def stratum_rows(facts: pl.DataFrame, inside: Flags, strata: Strata) -> Iterator[tuple[Stratum, Flags]]:
    """Each stratum with its units, all within ``inside``."""
    if isinstance(strata, Pooled):
        yield Stratum("pooled", "all"), inside
    elif isinstance(strata, ByColumn):
        yield from _by_column(facts, inside, strata)
    elif isinstance(strata, BySegments):
        for key, predicate in strata.segments:
            yield Stratum("segment", key), inside & chosen(predicate, facts)
    else:
        yield from _crossing(facts, inside, strata)


def column_strata(strata: ByColumn, found: Sequence[str]) -> list[Stratum]:
    """The strata of a column: the pinned ones, or the values found in the population."""
    kind = strata.column.removeprefix(ATTRIBUTE_PREFIX)
    keys = found if strata.only is None else strata.only
    _check_number(kind, len(keys))
    return [Stratum(kind, key) for key in keys]


def _by_column(facts: pl.DataFrame, inside: Flags, strata: ByColumn) -> Iterator[tuple[Stratum, Flags]]:
    values, codes = coded_column(facts, strata.column)
    found = np.flatnonzero(np.bincount(codes[inside], minlength=1)[: len(values)]).tolist()
    for stratum in column_strata(strata, [values[place] for place in found]):
        yield stratum, inside & (codes == (values.index(stratum.key) if stratum.key in values else -1))


def _crossing(facts: pl.DataFrame, inside: Flags, strata: Crossing) -> Iterator[tuple[Stratum, Flags]]:
    """The first cut's rows are cut again by the second; a cell that nobody asked for by name and that holds
    no unit is no stratum.
    """
    pinned, cells = is_pinned(strata), 0
    for outer, rows in stratum_rows(facts, inside, strata.first):
        for inner, both in stratum_rows(facts, rows, strata.second):
            kind = f"{outer.kind}{CROSS}{inner.kind}"
            if not pinned and not both.any():
                continue
            cells += 1
            _check_number(kind, cells)
            yield Stratum(kind, f"{outer.key}{CROSS}{inner.key}", (outer, inner)), both


def coded_column(facts: pl.DataFrame, column: str) -> tuple[list[str], npt.NDArray[np.integer]]:
    """The values of a column and each unit's place among them, behind the last where it has none."""
    if column not in facts.columns:
        return [], np.zeros(facts.height, dtype=np.uint8)
    return values_of(facts[column]).to_list(), codes_of(facts[column])


def _check_number(kind: str, number: int) -> None:
    if number > MOST_STRATA:
        more = "more than " if CROSS in kind else ""
        shown = f"{more}{MOST_STRATA} cells" if more else f"{number:,} values"
        raise TooManyStrata(f"{kind} has {shown}; at most {MOST_STRATA} are counted one by one.")
