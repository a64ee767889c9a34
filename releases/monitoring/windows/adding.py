"""Counts by combination of attributes added up to segments: whatever a combination fits counts in each.

Pure: rows in, figures out. Which segments a combination fits is asked once for each that occurs, of
:func:`governance.registry.predicates.matches`, so that there is one meaning of a predicate.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.registry.predicates import Predicate, matches
from releases.bundles.arms import Arm
from releases.monitoring.replaying.replay import texts_of
from releases.monitoring.vocabulary.series import EVERYBODY, OF_SHADOWS, Metric
from releases.monitoring.vocabulary.sketches import sketch_of_bins
from releases.monitoring.windows.stretches import Stretch

Segments = Sequence[tuple[str, Predicate]]
Key = tuple[datetime, datetime, str, UUID, str]
"""Window, beginning of the run, arm, revision and segment."""

METRICS = (Metric.RETRY, Metric.REFUSED, Metric.NOT_ACCEPTED, Metric.ERROR)
COUNTED = len(METRICS) + len(OF_SHADOWS)


@dataclass
class Totals:
    """What is known of one arm and segment in a window. ``captures`` and ``capture_events`` count decisions,
    ``events`` add up the shares of the subjects that count here; the last three of both are of shadows.
    """

    deployment: UUID | None
    subjects: int = 0
    shadowed: int = 0
    captures: int = 0
    shadows: int = 0
    capture_events: list[int] = field(default_factory=lambda: [0] * COUNTED)
    events: list[float] = field(default_factory=lambda: [0.0] * COUNTED)

    def add_captures(self, n: int, shadows: int, capture_events: Sequence[int]) -> None:
        """Decisions, with their events by metric."""
        self.captures += n
        self.shadows += shadows
        self.capture_events = [a + b for a, b in zip(self.capture_events, capture_events, strict=True)]

    def add_subjects(self, subjects: int, shadowed: int, events: Iterable[float]) -> None:
        """Subjects that count here, with the sums of their shares."""
        self.subjects += subjects
        self.shadowed += shadowed
        self.events = [a + b for a, b in zip(self.events, events, strict=True)]


class Places:
    """The stretches with their segments, and which of these a combination of attributes belongs to."""

    def __init__(
        self, stretches: Iterable[Stretch], attributes: Sequence[str], segments: Mapping[int, Segments]
    ) -> None:
        self._stretches = {one.number: one for one in stretches}
        self._attributes = attributes
        self._segments = segments
        self._known: dict[tuple[int, str], tuple[str, ...]] = {}

    def deployment(self, stretch: int) -> UUID | None:
        """Whose windows they are."""
        return self._stretches[stretch].deployment

    def keys(self, start: datetime, stretch: int, arm: str, combination: str) -> list[Key]:
        """The arm in each segment that holds the combination; everybody's is one of them."""
        one = self._stretches[stretch]
        due = one.due(Arm(arm))
        return [(start, one.began_at, arm, due, segment) for segment in self._inside(stretch, combination)]

    def _inside(self, stretch: int, combination: str) -> tuple[str, ...]:
        place = (stretch, combination)
        if place not in self._known:
            values = dict(zip(self._attributes, json.loads(combination), strict=True))
            texts = texts_of(values)
            inside = (key for key, one in self._segments[stretch] if matches(one, texts) is True)
            self._known[place] = (EVERYBODY, *inside)
        return self._known[place]


def totals_of(rows: Iterable[tuple[Any, ...]], places: Places) -> dict[Key, Totals]:
    """The figures of each arm and segment, from the rows of ``statements.COUNTS``."""
    found: dict[Key, Totals] = {}
    of_subject: dict[tuple[Key, str], Totals] = {}
    for start, number, arm, combination, subject, first, *counts in rows:
        subjects, shadowed, n = counts[:3]
        shadows, capture_events = counts[7], (*counts[3:7], *counts[8:11])
        deployment = places.deployment(number)
        for key in places.keys(start, number, arm, combination):
            totals = found.setdefault(key, Totals(deployment))
            totals.add_captures(n, shadows, capture_events)
            if subject is None:
                totals.add_subjects(subjects, shadowed, counts[11:])
            elif first:
                one = of_subject.setdefault((key, subject), Totals(deployment))
                one.add_captures(n, shadows, capture_events)
    for (key, _), one in of_subject.items():
        shares = [events / one.captures for events in one.capture_events[: len(METRICS)]]
        differs = [events / (one.shadows or 1) for events in one.capture_events[len(METRICS) :]]
        found[key].add_subjects(1, int(one.shadows > 0), (*shares, *differs))
    return found


def sketches_of(rows: Iterable[tuple[Any, ...]], places: Places) -> dict[Key, bytes]:
    """The latencies of each arm and segment, from the rows of ``statements.LATENCIES``."""
    bins: dict[Key, dict[int | None, int]] = {}
    for start, number, arm, combination, bin_, n in rows:
        for key in places.keys(start, number, arm, combination):
            counts = bins.setdefault(key, {})
            counts[bin_] = counts.get(bin_, 0) + n
    return {
        key: sketch_of_bins({bin_: n for bin_, n in counts.items() if bin_ is not None}, counts.get(None, 0))
        for key, counts in bins.items()
    }
