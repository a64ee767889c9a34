"""Specifications of triggers, counted windows, and judgements, for tests that need no database."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from releases.bundles.arms import Arm
from releases.bundles.triggers import TRIGGER, Spec, WordsTrigger
from releases.monitoring.triggers.judgements import Judged, Judgement
from releases.monitoring.triggers.series import Counts, Window
from releases.monitoring.triggers.states import Course, Rule, folded
from releases.monitoring.triggers.vocabulary import Action
from releases.monitoring.vocabulary.series import WINDOW, Metric, WindowCounts

T0 = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def spec(kind: str, **fields: Any) -> Any:
    """A measured trigger by its kind."""
    found: WordsTrigger | Spec = TRIGGER.validate_python(
        {"kind": kind, "key": kind, "description": "It got worse.", **fields}
    )
    return found


def at(windows: int) -> datetime:
    """The end of a window, counted from 0."""
    return T0 + WINDOW * (windows + 1)


def window(
    place: int,
    ours: tuple[int, float] = (0, 0),
    control: tuple[int, float] = (0, 0),
    *,
    sketch: bytes | None = None,
    point: float | None = None,
) -> Window:
    """A window by its place, with (subjects, events) of each arm."""
    counts = [Counts(n, float(k), captures=n, capture_events=int(k)) for n, k in (ours, control)]
    mine = Counts(
        counts[0].subjects,
        counts[0].events,
        counts[0].captures,
        counts[0].capture_events,
        (sketch,) if sketch else (),
        point,
    )
    return Window(at(place) - WINDOW, at(place), mine, counts[1])


def windows(arms: Iterable[tuple[tuple[int, float], tuple[int, float]]]) -> list[Window]:
    """Windows in a row, each with (subjects, events) of both arms."""
    return [window(place, ours, control) for place, (ours, control) in enumerate(arms)]


def points(values: Sequence[float]) -> list[Window]:
    """Windows in a row whose quantile was reported as a number."""
    return [window(place, point=value) for place, value in enumerate(values)]


def judged(place: int, judgement: str, action: Action | None = None) -> Judged:
    """A judgement at the end of a window."""
    return Judged(at(place), Judgement(judgement), action=action)


def course_of(rule: Rule, found: str) -> list[Course]:
    """The courses after each window: ``b`` breach, ``c`` clear, ``-`` between, ``w`` waiting, a blank for
    none at all."""
    words = {"b": "breach", "c": "clear", "-": "between", "w": "waiting"}
    courses, course = [], Course()
    for place, letter in enumerate(found):
        course = folded(course, rule, [judged(place, words[letter])] if letter in words else [])
        courses.append(course)
    return courses


def phases(rule: Rule, found: str) -> list[str]:
    """The phases after each window."""
    return [course.phase.value for course in course_of(rule, found)]


def row(
    place: int,
    arm: Arm = Arm.CANDIDATE,
    *,
    subjects: int = 10,
    events: float = 1.0,
    metric: Metric = Metric.RETRY,
    segment: str = "",
    closed: bool = True,
    version: int = 1,
    captures: int = 10,
    capture_events: int = 1,
    revision: UUID | None = None,
) -> WindowCounts:
    """A row of counts as the roll-up answers it."""
    return WindowCounts(
        starts_at=at(place) - WINDOW,
        ends_at=at(place),
        arm=arm,
        revision=revision,
        segment=segment,
        metric=metric,
        subjects=subjects,
        events=events,
        captures=captures,
        capture_events=capture_events,
        sketch=None,
        version=version,
        closed=closed,
    )
