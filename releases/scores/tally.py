"""Units counted by stratum, cluster and kind: one pass per column, whatever is asked of it later.

A criterion on the values of a column, or on segments that each look at one attribute, is answered from the
counts per value, which are made once and kept for all criteria. Anything else (a population with a condition
of its own, a crossing, segments over several attributes) takes a pass over the units for each stratum.
"""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from governance.registry.predicates import attributes_of
from releases.scores.choosing import Flags, chosen
from releases.scores.kinds import Cut, Integers, Kinds, Part, Tally, Units, kinds_among, part_among, tally_of
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.strata import (
    BothClasses,
    ByColumn,
    BySegments,
    Crossing,
    Pooled,
    Population,
    Strata,
    Stratum,
    coded_column,
    column_strata,
    population_rows,
    stratum_rows,
)

Kept = TypeVar("Kept", Cut, "ByValue")

MOST_CACHED_BYTES = 96 * 2**20  # of cuts, and as much again of counts per value
MOST_CELLS = 16 * 2**20  # counted in one pass: 128 MiB


@dataclass(frozen=True)
class ByValue:
    """Counts per value of a column, cluster and kind, behind the last value those of units without one."""

    values: list[str]
    places: npt.NDArray[np.integer]
    subject: npt.NDArray[Any]
    instrument: npt.NDArray[Any] | None

    @property
    def nbytes(self) -> int:
        instrument = 0 if self.instrument is None else self.instrument.nbytes
        return self.subject.nbytes + self.places.nbytes + instrument

    def summed(self, stratum: Stratum, held: Flags) -> Tally:
        """The tally of the values that are held."""
        instrument = None if self.instrument is None else _summed(self.instrument, held)
        return tally_of(stratum, _summed(self.subject, held), instrument)


@dataclass
class Tallies:
    """What was counted so far; the oldest goes when too much is kept."""

    kinds: Kinds | None = None
    parts: dict[Population | BothClasses, Part] = field(default_factory=dict)
    values: dict[Hashable, ByValue] = field(default_factory=dict)
    cuts: dict[Hashable, Cut] = field(default_factory=dict)

    def kinds_of(self, units: Units) -> Kinds:
        """The kinds that occur among the units."""
        if self.kinds is None:
            self.kinds = kinds_among(units)
        return self.kinds

    def cut(self, units: Units, population: Population | BothClasses, strata: Strata) -> Cut:
        """The counts of the population's strata."""
        key = (population, strata)
        if key not in self.cuts:
            _keep(self.cuts, key, self._cut(units, population, strata))
        return self.cuts[key]

    def _cut(self, units: Units, population: Population | BothClasses, strata: Strata) -> Cut:
        part = self._part(units, replace(population, where=None))
        if population.where is None:
            quick = self._quick(units, population, part, strata)
            if quick is not None:
                return quick
        kinds, inside = self.kinds_of(units), population_rows(units.facts, population)
        rest, found = inside.copy(), []
        for stratum, rows in stratum_rows(units.facts, inside, strata):
            there = rows[part.rows]
            instrument = None if part.instrument is None else part.instrument.counted(there)
            found.append(tally_of(stratum, part.subject.counted(there), instrument))
            rest &= ~rows
        return Cut(tuple(found), outside=np.bincount(kinds.of_unit[rest], minlength=len(kinds)))

    def _part(self, units: Units, population: Population | BothClasses) -> Part:
        if population not in self.parts:
            rows = population_rows(units.facts, population)
            self.parts[population] = part_among(units, self.kinds_of(units), rows)
        return self.parts[population]

    def _quick(
        self, units: Units, population: Population | BothClasses, part: Part, strata: Strata
    ) -> Cut | None:
        """The cut by way of counts per value, or None where that is not possible."""
        if isinstance(strata, Crossing):
            return None
        columns = _columns(strata)
        known: dict[str, ByValue] = {}
        for name in columns:
            if name is None or (name and name not in units.facts.columns):
                return None
            counted = self._by_value(units, population, part, name)
            if counted is None:
                return None
            known[name] = counted
        if not known:
            return None
        if isinstance(strata, Pooled):
            pooled = known[""].summed(Stratum("pooled", "all"), np.ones(1, dtype=np.bool_))
            return Cut((pooled,), outside=np.zeros_like(pooled.total))
        if isinstance(strata, ByColumn):
            return _column_cut(known[strata.column], strata)
        return _segments_cut(units, known, strata, self.kinds_of(units).of_unit[part.rows])

    def _by_value(
        self, units: Units, population: Population | BothClasses, part: Part, column: str
    ) -> ByValue | None:
        key = (population, column)
        if key not in self.values:
            values, codes = coded_column(units.facts, column)
            number = len(values) + 1
            size = max(part.subject.size, 0 if part.instrument is None else part.instrument.size)
            if size * number > MOST_CELLS:
                return None
            places = codes[part.rows]
            instrument = None if part.instrument is None else part.instrument.counted_by(places, number)
            found = ByValue(values, places, part.subject.counted_by(places, number), instrument)
            _keep(self.values, key, found)
        return self.values[key]


def _columns(strata: Pooled | ByColumn | BySegments) -> list[str | None]:
    """The columns that the strata are values of; None for a segment over several attributes, "" for none."""
    if isinstance(strata, Pooled):
        return [""]
    if isinstance(strata, ByColumn):
        return [strata.column]
    named = [sorted(attributes_of(predicate)) for _, predicate in strata.segments]
    return [f"{ATTRIBUTE_PREFIX}{one[0]}" if len(one) == 1 else None for one in named]


def _column_cut(counted: ByValue, strata: ByColumn) -> Cut:
    found = [value for value, counts in zip(counted.values, counted.subject, strict=False) if counts.any()]
    keys = [*counted.values, None]
    wanted = column_strata(strata, found)
    tallies = tuple(counted.summed(one, _at(keys, {one.key})) for one in wanted)
    rest = ~_at(keys, {one.key for one in wanted})
    return Cut(tallies, outside=_summed(counted.subject, rest).sum(axis=0))


def _at(keys: Sequence[str | None], wanted: Collection[str]) -> Flags:
    return np.array([key in wanted for key in keys], dtype=np.bool_)


def _segments_cut(
    units: Units, known: dict[str, ByValue], strata: BySegments, kinds: npt.NDArray[np.unsignedinteger]
) -> Cut:
    covered, found = np.zeros(len(kinds), dtype=np.bool_), []
    for key, predicate in strata.segments:
        column = f"{ATTRIBUTE_PREFIX}{min(attributes_of(predicate))}"
        counted = known[column]
        each = pl.DataFrame({column: pl.Series([*counted.values, None], dtype=units.facts[column].dtype)})
        held = chosen(predicate, each)
        found.append(counted.summed(Stratum("segment", key), held))
        covered |= held[counted.places]
    total = next(iter(known.values())).subject.shape[-1]
    return Cut(tuple(found), outside=np.bincount(kinds[~covered], minlength=total))


def _summed(counts: npt.NDArray[Any], held: Flags) -> Integers:
    total: Integers = counts[held].sum(axis=0, dtype=np.int64)
    return total


def _keep(kept: dict[Hashable, Kept], key: Hashable, new: Kept) -> None:
    """Keep it, and let the oldest go while all together holds too much."""
    held = sum(one.nbytes for one in kept.values())
    while kept and held + new.nbytes > MOST_CACHED_BYTES:
        held -= kept.pop(next(iter(kept))).nbytes
    kept[key] = new
