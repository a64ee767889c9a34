"""What was counted in the present stage, arm by arm. Pure.

Only windows whose time for late data is over count: what may still change shows nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from releases.bundles.arms import Arm
from releases.bundles.documents import StageKind
from releases.monitoring.vocabulary.series import (
    ALLOWED_LATENESS,
    EVERYBODY,
    OF_REPLAYS,
    OF_SHADOWS,
    WINDOW,
    Metric,
    WindowCounts,
    window_start,
)
from releases.rollouts.stages import Step
from releases.statistics.sequential import TwoArmBlock

BLOCKS_OF_A_STAGE = 48
"""The evidence of a stage's shortest duration is taken in at most so many blocks."""

LONGEST_BLOCK = timedelta(hours=6)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
OUTCOMES = frozenset(Metric) - OF_REPLAYS - {*OF_SHADOWS, Metric.LATENCY}
"""Metrics that every decision has, so that each counts all subjects of its window."""


def closed_until(at: datetime) -> datetime:
    """Windows that begin before this are closed at ``at``."""
    return window_start(at - ALLOWED_LATENESS)


def block_width(step: Step) -> timedelta:
    """How much time is one block of evidence: a multiple of a window, fixed by the plan.

    Blocks must not depend on what is seen; with longer ones there is less to compute and the same to see.
    """
    wanted = timedelta(seconds=step.stage.min_duration_seconds) / BLOCKS_OF_A_STAGE
    windows = -(-min(wanted, LONGEST_BLOCK) // WINDOW)
    return max(1, windows) * WINDOW


@dataclass(frozen=True)
class Counted:
    """The closed windows of a stage, up to ``at``. ``settled_at`` is when every instance had time to follow
    the assignment with which the stage began. ``tries`` counts the stays in it that pauses made of it."""

    step: Step
    rows: tuple[WindowCounts, ...]
    at: datetime
    settled_at: datetime = EPOCH
    tries: int = 1

    @classmethod
    def of(
        cls,
        step: Step,
        rows: Iterable[WindowCounts],
        at: datetime,
        settled_at: datetime = EPOCH,
        tries: int = 1,
    ) -> "Counted":
        """Of all that was counted, what is closed."""
        return cls(step, tuple(row for row in rows if row.closed), at, settled_at, tries)

    @property
    def settled(self) -> "Counted":
        """The windows that begin after every instance had time to follow.

        In the first one an arm that gets a new release lacks whoever still got the one before.
        """
        rows = tuple(row for row in self.rows if row.starts_at >= self.settled_at)
        return Counted(self.step, rows, self.at, self.settled_at, self.tries)

    @property
    def watched(self) -> Arm:
        """The arm that the candidate is judged by: in shadow everybody, because both answers are known."""
        return Arm.STABLE if self.step.stage.kind is StageKind.SHADOW else Arm.CANDIDATE

    def subjects(self, arm: Arm) -> int:
        """People of the arm, each counted once; in shadow those with both answers."""
        wanted = {Metric.DISAGREEMENT} if self.step.stage.kind is StageKind.SHADOW else OUTCOMES
        windows: dict[datetime, int] = {}
        for row in self.rows:
            if row.arm is arm and row.segment == EVERYBODY and row.metric in wanted:
                windows[row.starts_at] = max(row.subjects, windows.get(row.starts_at, 0))
        return sum(windows.values())

    def total(self, metric: Metric, segment: str, arm: Arm) -> tuple[float, int]:
        """Events and people of the arm, over all windows."""
        found = [row for row in self.rows if (row.metric, row.segment, row.arm) == (metric, segment, arm)]
        return sum(row.events for row in found), sum(row.subjects for row in found)

    def blocks(self, metric: Metric, segment: str) -> list[TwoArmBlock]:
        """Candidate and control by blocks of time that are over, the first one first."""
        width, until = block_width(self.step), closed_until(self.at)
        sums: dict[int, list[float]] = {}
        for row in self.rows:
            place = (row.starts_at - EPOCH) // width
            is_over = EPOCH + (place + 1) * width <= until
            if (row.metric, row.segment) != (metric, segment) or not is_over:
                continue
            if row.arm in {Arm.CANDIDATE, Arm.CONTROL}:
                first = 0 if row.arm is Arm.CANDIDATE else 2
                into = sums.setdefault(place, [0.0, 0.0, 0.0, 0.0])
                into[first] += row.events
                into[first + 1] += row.subjects
        return [_block(sums[place]) for place in sorted(sums)]


def _block(sums: Sequence[float]) -> TwoArmBlock:
    return TwoArmBlock(min(sums[0], sums[1]), sums[1], min(sums[2], sums[3]), sums[3])
