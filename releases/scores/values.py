"""Numbers per capture instead of counts: latencies for quantiles, scores for AUROC, DET and calibration.

They are read from the canonical tables when they are asked for, a piece at a time; only the numbers of the
population are kept. A capture counts on its own here, also as an attempt of a transaction. Facts are those
that the stack's own table states.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from releases.scores.choosing import Flags
from releases.scores.counting import Cluster
from releases.scores.encoding import Encoder
from releases.scores.matching import Findings, joined_tables
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.scan import FACTS, ArmName, Scan, ScoredTable
from releases.scores.strata import (
    BothClasses,
    Population,
    Strata,
    Stratum,
    is_pinned,
    population_rows,
    stratum_rows,
)
from releases.scores.streams import SortedTable, aligned

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.signedinteger]


@dataclass(frozen=True, slots=True, eq=False)
class ValuesStratum:
    """One entry per capture with a value in ``values``, ``clusters`` (−1 without an id) and ``labels`` (true
    for attacks), in the order of the sample ids. ``rows`` = entries + ``not_answered`` + ``without_value``.
    """

    stratum: Stratum
    cluster: Cluster
    values: Numbers
    clusters: Codes
    labels: Flags
    rows: int
    not_answered: int
    without_value: int


@dataclass(frozen=True, slots=True, eq=False)
class ValuesFound:
    """All strata in their order; ``outside`` captures of the population lie in none of them."""

    strata: tuple[ValuesStratum, ...]
    outside: int


def latency_values(
    scan: Scan, population: Population | BothClasses, strata: Strata, arm: ArmName = "candidate"
) -> ValuesFound:
    """Milliseconds that the answered captures of one stack took."""
    return _values(scan, population, strata, arm, "latency_ms")


def score_values(
    scan: Scan, population: Population | BothClasses, strata: Strata, arm: ArmName = "candidate"
) -> ValuesFound:
    """Scores of the answered captures of one stack, in the direction that ``scan.polarity(arm)`` says."""
    return _values(scan, population, strata, arm, "score")


@dataclass(frozen=True)
class _Captures:
    facts: pl.DataFrame
    subject: Codes
    instrument: Codes
    answered: Flags
    values: Numbers


def _values(
    scan: Scan, population: Population | BothClasses, strata: Strata, arm: ArmName, column: str
) -> ValuesFound:
    scan.arm(arm)
    if arm not in scan.tables:
        raise ValueError("a restricted scan has no tables: ask the scan that it was made from")
    with polars_errors_refused("read"):
        captures = _read(scan.tables[arm], column)
    inside = population_rows(captures.facts, population)
    rest, found = inside.copy(), []
    for stratum, rows in stratum_rows(captures.facts, inside, strata):
        rest &= ~rows
        found.append(_stratum(captures, stratum, rows, attacks=_are_attacks(population)))
    there = tuple(one for one in found if one.rows or is_pinned(strata))
    return ValuesFound(there, outside=int(np.count_nonzero(rest)))


def _are_attacks(population: Population | BothClasses) -> bool:
    return isinstance(population, Population) and population.label == "attack"


def _stratum(captures: _Captures, stratum: Stratum, rows: Flags, *, attacks: bool) -> ValuesStratum:
    missing = np.isnan(captures.values)
    used = rows & captures.answered & ~missing
    cluster, codes = _cluster(captures, used, attacks=attacks)
    return ValuesStratum(
        stratum=stratum,
        cluster=cluster,
        values=captures.values[used],
        clusters=codes[used],
        labels=(captures.facts["label"] == "attack").to_numpy()[used],
        rows=int(np.count_nonzero(rows)),
        not_answered=int(np.count_nonzero(rows & ~captures.answered)),
        without_value=int(np.count_nonzero(rows & captures.answered & missing)),
    )


def _cluster(captures: _Captures, used: Flags, *, attacks: bool) -> tuple[Cluster, Codes]:
    """As for counts: of attacks the coarser of instrument and subject; of both classes the subject."""
    subjects, instruments = (_distinct(codes[used]) for codes in (captures.subject, captures.instrument))
    if attacks and instruments and (not subjects or instruments < subjects):
        return Cluster.INSTRUMENT, captures.instrument
    return (Cluster.SUBJECT if subjects else Cluster.NONE), captures.subject


def _distinct(codes: Codes) -> int:
    return int(np.count_nonzero(np.bincount(codes[codes >= 0].astype(np.int64))))


def _read(tables: tuple[ScoredTable, ...], column: str) -> _Captures:
    names = sorted({name for table in tables for name in table.rows.collect_schema().names()})
    facts = [*FACTS, *(name for name in names if name.startswith(ATTRIBUTE_PREFIX))]
    encoders = {name: Encoder() for name in ("subject", "instrument", *facts)}
    answered: list[Flags] = []
    values: list[Numbers] = []
    for rows in _pieces(tables, [*encoders, "answered", column]):
        for name, encoder in encoders.items():
            encoder.add(rows[name])
        answered.append(rows["answered"].to_numpy().copy())
        values.append(rows[column].fill_null(float("nan")).to_numpy().copy())
    coded = {name: encoder.whole() for name, encoder in encoders.items()}
    return _Captures(
        facts=pl.DataFrame([coded[name].as_enum(name) for name in facts]),
        subject=coded["subject"].codes,
        instrument=coded["instrument"].codes,
        answered=np.concatenate(answered or [np.zeros(0, dtype=np.bool_)]),
        values=np.concatenate(values or [np.zeros(0, dtype=np.float64)]),
    )


def _pieces(tables: tuple[ScoredTable, ...], columns: list[str]) -> Iterator[pl.DataFrame]:
    def select(rows: pl.LazyFrame) -> pl.LazyFrame:
        there = rows.collect_schema().names()
        absent = [pl.lit(None, dtype=pl.String).alias(name) for name in columns if name not in there]
        return rows.select("sample", *(pl.col(name) for name in columns if name in there), *absent)

    findings = Findings()
    names = [table.name for table in tables]
    for (pieces,) in aligned([[SortedTable(table.rows, select) for table in tables]]):
        yield joined_tables(pieces, names, findings).select(columns)
    findings.raise_any()
