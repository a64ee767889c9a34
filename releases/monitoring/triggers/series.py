"""Counted windows as a trigger sees them: one metric and segment, the candidate's arm beside the control's,
in windows of the trigger's own width, closed and old enough."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from releases.bundles.arms import Arm
from releases.monitoring.triggers.judgements import CannotJudge
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS, WindowCounts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Counts:
    """One arm of one window: subjects first seen in it with the sum of their shares, and all captures.

    ``point`` is a quantile that was reported as a number, without a distribution.
    """

    subjects: int = 0
    events: float = 0.0
    captures: int = 0
    capture_events: int = 0
    sketches: tuple[bytes, ...] = ()
    point: float | None = None

    def plus(self, row: WindowCounts) -> "Counts":
        """With one more row of counts."""
        return Counts(
            self.subjects + row.subjects,
            self.events + row.events,
            self.captures + row.captures,
            self.capture_events + row.capture_events,
            (*self.sketches, row.sketch) if row.sketch else self.sketches,
        )

    @property
    def share(self) -> float | None:
        """The mean share of the subjects first seen; None without one."""
        return self.events / self.subjects if self.subjects else None


NOBODY = Counts()


@dataclass(frozen=True, slots=True)
class Window:
    """What both arms did in one window; ``mark`` changes whenever late data changed a part of it."""

    starts_at: datetime
    ends_at: datetime
    ours: Counts = field(default=NOBODY)
    control: Counts = field(default=NOBODY)
    mark: str = ""


class Side(Protocol):
    """Tells which rows are the candidate's."""

    def __call__(self, row: WindowCounts, /) -> bool: ...


@dataclass(frozen=True)
class Cut:
    """Which windows a trigger judges: its metric, segment, width, and how old they must be."""

    metric: str
    segment: str
    width: timedelta
    lateness: timedelta
    label_lag: timedelta
    ours: Side

    def settled(self, ends_at: datetime, at: datetime) -> bool:
        """Whether a window that ends then is closed and its labels are known at ``at``."""
        return ends_at + self._waits <= at

    def settled_to(self, at: datetime) -> datetime:
        """The end of the newest window that can be settled at ``at``."""
        return begins_at(at - self._waits, self.width)

    @property
    def _waits(self) -> timedelta:
        return max(self.lateness, self.label_lag, ALLOWED_LATENESS)


def windows_of(rows: Iterable[WindowCounts], cut: Cut, at: datetime) -> list[Window]:
    """The windows that are settled at ``at``, by time. One with a part that is still open is left out.

    Raises:
        CannotJudge: counts that cannot be: not finite, or more events than subjects.
    """
    parts: dict[datetime, list[WindowCounts]] = {}
    for row in rows:
        if row.metric == cut.metric and row.segment == cut.segment:
            parts.setdefault(begins_at(row.starts_at, cut.width), []).append(row)
    return list(_settled(parts, cut, at))


def _settled(parts: dict[datetime, list[WindowCounts]], cut: Cut, at: datetime) -> Iterator[Window]:
    for starts_at in sorted(parts):
        ends_at = starts_at + cut.width
        found = parts[starts_at]
        if cut.settled(ends_at, at) and all(row.closed for row in found):
            yield _window(starts_at, ends_at, found, cut)


def begins_at(at: datetime, width: timedelta) -> datetime:
    """The beginning of the window of a width that ``at`` lies in."""
    return EPOCH + (at - EPOCH) // width * width


def _window(starts_at: datetime, ends_at: datetime, rows: list[WindowCounts], cut: Cut) -> Window:
    ours = control = NOBODY
    for row in rows:
        _check(row)
        if cut.ours(row):
            ours = ours.plus(row)
        elif row.arm is Arm.CONTROL:
            control = control.plus(row)
    return Window(starts_at, ends_at, ours, control, mark_of(rows))


def mark_of(rows: Iterable[WindowCounts]) -> str:
    """Changes whenever counts of the window do."""
    parts = sorted(f"{row.starts_at:%s}{row.arm}{row.version}/{row.captures}/{row.events!r}" for row in rows)
    return "|".join(parts)


def _check(row: WindowCounts) -> None:
    sound = math.isfinite(row.events) and 0 <= row.events <= row.subjects + 1e-9
    if not sound or row.captures < 0 or not 0 <= row.capture_events <= row.captures:
        raise CannotJudge(
            f"The window from {row.starts_at:%F %R} UTC holds {row.events!r} events of {row.subjects} "
            f"subjects and {row.capture_events} of {row.captures} captures, which cannot be."
        )
