"""Counting the decisions of windows, and writing down what came of it.

What is counted is always the whole window, so that counting again changes nothing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from governance.registry.predicates import attributes_of
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS, OF_SHADOWS, WINDOW, Metric
from releases.monitoring.windows import statements
from releases.monitoring.windows.adding import METRICS, Key, Places, Segments, Totals, sketches_of, totals_of
from releases.monitoring.windows.stretches import Stretch

EXAMPLES = 5


@dataclass(frozen=True)
class Work:
    """Windows of one channel to count: by their starts, under the stretches that overlap them, in each run of
    these, with the segments that count in each.
    """

    channel: UUID
    starts: frozenset[datetime]
    stretches: Sequence[Stretch]
    segments: Mapping[int, Segments]

    @property
    def attributes(self) -> list[str]:
        """The attributes that the segments read, in the order of the combinations."""
        named = {
            name
            for segments in self.segments.values()
            for _, predicate in segments
            for name in attributes_of(predicate)
        }
        return sorted(named)

    @property
    def once(self) -> "Work":
        """The same with each stretch once, for what is not about people."""
        return replace(self, stretches=[one for one in self.stretches if not one.is_again])

    def parameters(self, starts: Iterable[datetime]) -> dict[str, Any]:
        """What every statement takes."""
        return {
            "channel": self.channel,
            "starts": sorted(starts),
            "stretches": json.dumps([one.document() for one in self.stretches]),
            "attributes": self.attributes,
        }


@dataclass
class _Columns:
    """Rows of windows, by column."""

    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {
            name: []
            for name in (
                "deployments",
                "begans",
                "windows",
                "arms",
                "revisions",
                "keys",
                "metrics",
                "subjects",
                "events",
                "captures",
                "capture_events",
                "sketches",
            )
        }
    )

    def add(self, *values: Any) -> None:
        """One row, in the order of the columns."""
        for column, value in zip(self.columns.values(), values, strict=True):
            column.append(value)


def count(work: Work, late: frozenset[datetime], received_at: datetime) -> frozenset[datetime]:
    """Count the windows and write what came of it; answers those that were counted.

    More than asked for where a subject turns out to have been seen earlier: the window that it counted in so
    far is counted again without it. A window that was closed when the decisions were received gets a new
    version: those in ``late``, and those from which a subject is taken.
    """
    asked = work.parameters(work.starts)
    moved = frozenset(row[0] for row in _rows(statements.MOVED, asked))
    _execute(statements.MARK, asked)
    every = work.parameters(work.starts | moved)
    places = Places(work.stretches, work.attributes, work.segments)
    sketches = sketches_of(_rows(statements.LATENCIES, every), places)
    columns = _Columns()
    for key, totals in totals_of(_rows(statements.COUNTS, every), places).items():
        _add(columns, key, totals, sketches[key])
    closed = {start for start in moved if received_at > start + WINDOW + ALLOWED_LATENESS}
    versions = {"channel": work.channel, "reopened": sorted(late | closed)}
    _execute(statements.WRITE_WINDOWS, {**columns.columns, **versions})
    once = work.once.parameters(work.starts | moved)
    _write_stamps(work.channel, _rows(statements.STAMPS, {**once, "examples": EXAMPLES}))
    return work.starts | moved


def _add(columns: _Columns, key: Key, totals: Totals, sketch: bytes) -> None:
    """The rows of one arm and segment in a window."""
    start, began, arm, revision, segment = key
    place = (totals.deployment, began, start, arm, revision, segment)
    captures, subjects = totals.captures, totals.subjects
    counts = zip(METRICS, totals.events, totals.capture_events, strict=False)
    for metric, events, capture_events in counts:
        columns.add(*place, metric.value, subjects, _steady(events), captures, capture_events, None)
    if totals.shadows:
        _add_shadows(columns, place, totals)
    columns.add(*place, Metric.LATENCY.value, subjects, 0.0, captures, 0, sketch)


def _add_shadows(columns: _Columns, place: tuple[Any, ...], totals: Totals) -> None:
    """The rows of what shadows answered otherwise."""
    own = len(METRICS)
    counts = zip(OF_SHADOWS, totals.events[own:], totals.capture_events[own:], strict=True)
    for metric, events, capture_events in counts:
        columns.add(
            *place, metric.value, totals.shadowed, _steady(events), totals.shadows, capture_events, None
        )


def _steady(events: float) -> float:
    """A sum of shares without what the order of adding leaves in its last digits."""
    return round(events, 9)


def _write_stamps(channel: UUID, rows: Iterable[tuple[Any, ...]]) -> None:
    names = ("windows", "begans", "deployments", "decisions", "unknown", "wrong", "examples")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for *values, examples in rows:
        written = json.dumps([str(one) for one in examples or ()])
        for name, value in zip(names, (*values, written), strict=True):
            columns[name].append(value)
    _execute(statements.WRITE_STAMPS, {**columns, "channel": channel})


def _rows(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statements.combining(statement, len(parameters.get("attributes", ()))), parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _execute(statement: str, parameters: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements.combining(statement, len(parameters.get("attributes", ()))), parameters)
