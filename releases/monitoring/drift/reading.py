"""Counts of decisions for drift: quantiles, bins and categories of a period, all in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from releases.monitoring.decisions.models import Decision
from releases.monitoring.drift.comparing import Side
from releases.monitoring.replaying.replay import Fusion

LEVELS = 200
"""Quantiles read of a distribution; the distance between two is judged at these."""

LARGEST = 1e100
"""Scores beyond it are left out: sums of them would leave the range of numbers."""

LONGEST_CATEGORY = 100
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Period:
    """Decisions on channels in [``since``, ``until``), of one revision or of any."""

    channels: tuple[UUID, ...]
    revision: UUID | None
    since: datetime
    until: datetime

    def where(self) -> tuple[str, list[Any]]:
        """The condition and its parameters."""
        condition = "channel_id = ANY(%s) AND at >= %s AND at < %s"
        parameters: list[Any] = [list(self.channels), self.since, self.until]
        if self.revision is None:
            return condition, parameters
        return f"{condition} AND revision_id = %s", [*parameters, self.revision]


@dataclass(frozen=True)
class Value:
    """What is read of each decision, as SQL with parameters; null where a decision does not have it."""

    sql: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Quantiles:
    """``values`` are the quantiles at (k + 1) / LEVELS, none where there are no decisions."""

    decisions: int
    subjects: int
    values: tuple[float, ...]

    def edges(self, bins: int) -> tuple[float, ...]:
        """Inner edges of bins that hold equally many; fewer where values are equal."""
        if not self.values:
            return ()
        step = LEVELS // bins
        found = sorted({self.values[step * place - 1] for place in range(1, bins)})
        return tuple(edge for edge in found if edge < self.values[-1])


def score(fusion: Fusion) -> Value:
    """The score that the threshold policy judges, as ``replaying.replay.fused`` computes it."""
    weights = {name: fusion.weights.get(name, 1.0) for name in fusion.inputs}
    if fusion.strategy == "single_score":
        weights = dict.fromkeys(fusion.inputs, 1.0)
    usable = " AND ".join("abs((scores ->> %s)::float8) <= %s" for _ in weights)
    total = " + ".join("%s::float8 * (scores ->> %s)::float8" for _ in weights)
    sized = [part for name in weights for part in (name, LARGEST)]
    summed = [part for name, weight in weights.items() for part in (weight, name)]
    sql = f"CASE WHEN scores ?& %s::text[] AND {usable} THEN {total} END"
    return Value(sql, (list(weights), *sized, *summed))


def attribute_number(name: str) -> Value:
    """A number that captures carry."""
    sql = (
        "CASE WHEN jsonb_typeof(attributes -> %s) = 'number' AND abs((attributes ->> %s)::float8) <= %s"
        " THEN (attributes ->> %s)::float8 END"
    )
    return Value(sql, (name, name, LARGEST, name))


def attribute(name: str) -> Value:
    """A category that captures carry."""
    return Value("left(attributes ->> %s, %s)", (name, LONGEST_CATEGORY))


SDK = Value("nullif(sdk, '')")
CHANNEL = Value("channel_id::text")


def quantiles(period: Period, value: Value) -> Quantiles:
    """Quantiles of a number over the period's decisions that have it and did not end with an error."""
    levels = [place / LEVELS for place in range(1, LEVELS + 1)]
    sql = f"""
        WITH found AS ({_found(period)})
        SELECT count(v), count(DISTINCT subject) FILTER (WHERE v IS NOT NULL),
            percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY v) FROM found
    """  # noqa: S608 - parts of the module, never of a request
    ((decisions, subjects, values),) = _rows(sql, [*_parameters(period, value), levels], value)
    return Quantiles(decisions, subjects, tuple(values) if decisions else ())


def binned(period: Period, value: Value, edges: Sequence[float]) -> Side:
    """Decisions per bin: up to and with the first edge, then between edges, then above the last."""
    # width_bucket counts the bounds at or below its operand: of the negated ones, the edges at or above it.
    mirrored = [-edge for edge in reversed(edges)]
    sql = f"""
        WITH found AS ({_found(period)})
        SELECT %s - width_bucket(-v, %s::float8[]) AS bin, count(*), count(DISTINCT subject)
        FROM found WHERE v IS NOT NULL GROUP BY ROLLUP (1) ORDER BY 1 NULLS LAST
    """  # noqa: S608 - parts of the module, never of a request
    rows = _rows(sql, [*_parameters(period, value), len(edges), mirrored], value)
    counts = {bin_: count for bin_, count, _ in rows if bin_ is not None}
    subjects = next((people for bin_, _, people in rows if bin_ is None), 0)
    return Side(tuple(counts.get(place, 0) for place in range(len(edges) + 1)), subjects)


@dataclass(frozen=True)
class Shares:
    """Decisions by category, and the people they were about."""

    counts: dict[str, int]
    subjects: int


def shares(period: Period, value: Value) -> Shares:
    """Decisions of the period by category; those without one count as not stated."""
    sql = f"""
        WITH found AS ({_found(period)})
        SELECT coalesce(v, %s) AS name, count(*), count(DISTINCT subject)
        FROM found GROUP BY ROLLUP (1) ORDER BY 1 NULLS LAST
    """  # noqa: S608 - parts of the module, never of a request
    rows = _rows(sql, [*_parameters(period, value), NOT_STATED], value)
    counts = {name: count for name, count, _ in rows if name is not None}
    subjects = next((people for name, _, people in rows if name is None), 0)
    return Shares(counts, subjects)


def _found(period: Period) -> str:
    condition, _ = period.where()
    table = Decision._meta.db_table
    return f"SELECT subject, {{value}} AS v FROM {table} WHERE {condition} AND outcome <> 'error'"  # noqa: S608 - parts of the module, never of a request


def _parameters(period: Period, value: Value) -> list[Any]:
    return [*value.parameters, *period.where()[1]]


def _rows(sql: str, parameters: Iterable[Any], value: Value) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("{value}", value.sql), list(parameters))
        return list(cursor.fetchall())
