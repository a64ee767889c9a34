"""Which rows a criterion looks at, and how it cuts them: pooled, by a column's values, or by segments."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from governance.registry.predicates import Predicate
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.refusals import CountingRefused
from releases.scores.selection import selection

Label = Literal["bona_fide", "attack"]
Flags = npt.NDArray[np.bool_]

COLUMNS = ("species", "source_set", "channel", "use_case")
MOST_STRATA = 500


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
class Stratum:
    """``kind`` is species, segment, source_set, channel, use_case, pooled, or the name of an attribute."""

    kind: str
    key: str


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


Strata = Pooled | ByColumn | BySegments


def population_rows(facts: pl.DataFrame, population: Population) -> Flags:
    """Which units belong to the population."""
    inside = pl.col("label") == population.label
    if population.where is not None:
        inside &= selection(population.where, facts.columns).fill_null(value=False)
    return facts.select(inside.fill_null(value=False).alias("inside"))["inside"].to_numpy()


def stratum_rows(facts: pl.DataFrame, inside: Flags, strata: Strata) -> Iterator[tuple[Stratum, Flags]]:
    """Each stratum with its units, all within ``inside``."""
    if isinstance(strata, Pooled):
        yield Stratum("pooled", "all"), inside
    elif isinstance(strata, ByColumn):
        yield from _by_column(facts, inside, strata)
    else:
        for key, predicate in strata.segments:
            found = facts.select(selection(predicate, facts.columns).fill_null(value=False).alias("inside"))
            # A predicate on attributes that the table lacks is a single literal; numpy spreads it.
            yield Stratum("segment", key), inside & found["inside"].to_numpy()


def _by_column(facts: pl.DataFrame, inside: Flags, strata: ByColumn) -> Iterator[tuple[Stratum, Flags]]:
    kind = strata.column.removeprefix(ATTRIBUTE_PREFIX)
    absent = pl.Series(strata.column, [None] * facts.height, dtype=pl.String)
    values = facts[strata.column] if strata.column in facts.columns else absent
    found = values.filter(pl.Series(inside)).drop_nulls().unique().sort()
    keys = list(found) if strata.only is None else list(strata.only)
    if len(keys) > MOST_STRATA:
        raise TooManyStrata(f"{kind} has {len(keys):,} values; at most {MOST_STRATA} are counted one by one.")
    for key in keys:
        yield Stratum(kind, key), inside & (values == key).fill_null(value=False).to_numpy()
