"""What a counted trigger is judged with, beside its windows: how many tests share alpha, what it is compared
with, and what it has counted before. Pure."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from releases.monitoring.triggers.series import EPOCH, Window
from releases.statistics.restarts import RestartingTwoArm
from releases.statistics.sequential import TwoArmBlock, alternatives_of, e_threshold

BET_EVERY = timedelta(hours=1)
"""A test against the control begins a bet of its own with every hour of the clock in which it sees anybody,
so that what gets worse late does not have to outweigh all that was good before."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Everything of a stage so far, up to the window that ends at ``to``. ``since`` is the beginning of the
    first window that later ones may have to be seen together with. ``log_values``, ``kept`` and ``begun`` are
    those of the test against the control, ``hour`` is the one in which its newest bet began."""

    to: datetime | None = None
    since: datetime | None = None
    events: float = 0.0
    subjects: int = 0
    control_events: float = 0.0
    control_subjects: int = 0
    log_values: tuple[float, ...] = ()
    kept: float = 1.0
    begun: int = 0
    hour: int | None = None

    def plus(self, window: Window) -> "Sums":
        """With one more window of subjects that were not counted before."""
        return replace(
            self,
            to=window.ends_at,
            events=self.events + window.ours.events,
            subjects=self.subjects + window.ours.subjects,
            control_events=self.control_events + window.control.events,
            control_subjects=self.control_subjects + window.control.subjects,
        )

    @property
    def share(self) -> float | None:
        """Of the candidate's subjects."""
        return self.events / self.subjects if self.subjects else None

    @property
    def control_share(self) -> float | None:
        """Of the control's."""
        return self.control_events / self.control_subjects if self.control_subjects else None

    def process(self, margin: float) -> RestartingTwoArm:
        """The evidence of both arms so far."""
        if len(self.log_values) != alternatives_of(margin):
            return RestartingTwoArm(margin)
        return RestartingTwoArm(margin, self.log_values, self.kept, self.begun)

    def with_process(self, process: RestartingTwoArm, hour: int | None) -> "Sums":
        """With the evidence of both arms so far."""
        return replace(self, log_values=process.log_values, kept=process.kept, begun=process.begun, hour=hour)

    def begins(self, windows: Sequence[Window]) -> tuple[list[bool], int | None]:
        """With which of the windows a bet begins, and the hour of the last."""
        hours = [(window.starts_at - EPOCH) // BET_EVERY for window in windows]
        former = [self.hour, *hours]
        return [one != before for before, one in zip(former, hours, strict=False)], former[-1]

    def document(self) -> dict[str, Any]:
        """To be remembered."""
        times = {name: written_time(getattr(self, name)) for name in ("to", "since")}
        return {**asdict(self), **times, "log_values": list(self.log_values)}

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """What was remembered."""
        times = {name: read_time(document.get(name)) for name in ("to", "since")}
        known = {name: value for name, value in document.items() if name in cls.__slots__}
        return cls(**{**known, **times, "log_values": tuple(document.get("log_values", ()))})


def written_time(at: datetime | None) -> str | None:
    """A time as it is remembered."""
    return at.isoformat() if at else None


def read_time(text: str | None) -> datetime | None:
    """A remembered time."""
    return datetime.fromisoformat(text) if text else None


NOTHING = Sums()


@dataclass(frozen=True, slots=True)
class Interval:
    """A share measured elsewhere, with its upper bound."""

    estimate: float
    upper: float
    subjects: float
    words: str


@dataclass(frozen=True, slots=True)
class Given:
    """``tests`` are those that may act in this rollout, which share alpha between them. ``compared`` is the
    interval that stands in for a control arm or a limit; ``sums`` what was counted before the windows."""

    tests: int = 1
    compared: Interval | None = None
    sums: Sums = field(default=NOTHING)

    def log_e_limit(self, alpha: float) -> float:
        """Natural logarithm of the e-value at which a test trips: tests/alpha."""
        return math.log(e_threshold(alpha, tests=self.tests))


def block_of(window: Window) -> TwoArmBlock:
    """Both arms of a window."""
    ours, control = window.ours, window.control
    return TwoArmBlock(
        treatment_events=min(ours.events, ours.subjects),
        treatment_subjects=ours.subjects,
        control_events=min(control.events, control.subjects),
        control_subjects=control.subjects,
    )
