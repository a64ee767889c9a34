"""Predicates over coded facts: each condition is settled once per value, then looked up for every unit."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from governance.registry.predicates import Condition, Negation, Predicate
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.selection import selection

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Truth:
    """Where a predicate holds and where it does not; elsewhere it is unknown."""

    holds: Flags
    fails: Flags


def chosen(predicate: Predicate, facts: pl.DataFrame) -> Flags:
    """The units for which the predicate holds; unknown is not chosen."""
    return _truth(predicate, facts).holds


def values_of(column: pl.Series) -> pl.Series:
    """The categories of an Enum column, in their order."""
    if not isinstance(column.dtype, pl.Enum):
        raise TypeError(f"{column.name} is {column.dtype}: facts of a scan are Enum columns")
    return column.dtype.categories


def codes_of(column: pl.Series) -> npt.NDArray[np.integer]:
    """Places in the categories of an Enum column; a unit without a value has the place behind the last."""
    places = column.to_physical()
    if places.null_count():
        count = len(values_of(column))
        places = places.cast(pl.UInt16 if count < 2**16 else pl.UInt32).fill_null(count)
    return places.to_numpy()


def _truth(predicate: Predicate, facts: pl.DataFrame) -> _Truth:
    if isinstance(predicate, Condition):
        return _condition(predicate, facts)
    if isinstance(predicate, Negation):
        inner = _truth(predicate.part, facts)
        return _Truth(inner.fails, inner.holds)
    parts = [_truth(part, facts) for part in predicate.parts]
    holds, fails = [part.holds for part in parts], [part.fails for part in parts]
    if predicate.kind == "all":
        return _Truth(np.logical_and.reduce(holds), np.logical_or.reduce(fails))
    return _Truth(np.logical_or.reduce(holds), np.logical_and.reduce(fails))


def _condition(condition: Condition, facts: pl.DataFrame) -> _Truth:
    name = f"{ATTRIBUTE_PREFIX}{condition.attribute}"
    there = name in facts.columns
    values = values_of(facts[name]) if there else pl.Series(dtype=pl.String)
    table = pl.DataFrame({name: pl.concat([values.alias(name), pl.Series(name, [None], dtype=pl.String)])})
    settled = table.select(selection(condition, [name]).alias("holds"))["holds"]
    holds = settled.fill_null(value=False).to_numpy()
    fails = (~settled).fill_null(value=False).to_numpy()
    if not there:
        return _Truth(np.full(facts.height, holds[-1]), np.full(facts.height, fails[-1]))
    places = codes_of(facts[name])
    return _Truth(holds[places], fails[places])
