"""What is counted while a release is watched: metrics, and one metric of one arm in one window.

A window counts subjects, not captures: captures of one subject are not independent, and the tests that may be
looked at after every window need units that are. So a subject belongs to the first window of the stage in
which it was seen, with the share of its decisions there that are events, and to no later one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from releases.bundles.arms import Arm

WINDOW = timedelta(minutes=5)
"""Width of a window unless a trigger states a multiple; windows are aligned to midnight UTC."""

ALLOWED_LATENESS = timedelta(minutes=2)
"""How long after its end a window waits for what is late before it counts as closed."""


SETTLING = timedelta(minutes=2)
"""How long instances may take to follow a new assignment: what was due before is no mismatch until then."""


EPOCH_OF_LIVE = timedelta(days=7)
"""How long data of a release that is live add up, before its subjects and its tests begin anew."""


def window_start(at: datetime) -> datetime:
    """The beginning of the window that ``at`` lies in."""
    return at - (at - datetime(2000, 1, 1, tzinfo=UTC)) % WINDOW


def epoch_start(live_since: datetime, at: datetime) -> datetime:
    """The beginning of the epoch that ``at`` lies in, of what alone answers since ``live_since``. The first
    one begins then; each later one where a window does, so that no window is cut.
    """
    first = window_start(live_since)
    return max(live_since, first + (at - first) // EPOCH_OF_LIVE * EPOCH_OF_LIVE)


class Metric(StrEnum):
    """What a window measures of its decisions.

    ``retry``, ``refused``, ``not_accepted`` and ``error`` are shares of outcomes; ``disagreement`` is the
    share of decisions with a shadow answer whose outcome differs from it; ``latency_ms`` is a distribution.
    ``shadow_stricter`` is the share of the same decisions that the shadow would not have accepted although
    they were, ``shadow_looser`` of those that it would have although they were not: pairs that differ.
    ``replay_mismatch`` is the share of sampled decisions that come out otherwise when they are recomputed.
    """

    RETRY = "retry"
    REFUSED = "refused"
    NOT_ACCEPTED = "not_accepted"
    ERROR = "error"
    DISAGREEMENT = "disagreement"
    STRICTER = "shadow_stricter"
    LOOSER = "shadow_looser"
    LATENCY = "latency_ms"
    REPLAY_MISMATCH = "replay_mismatch"


SHARES = frozenset(Metric) - {Metric.LATENCY}
"""Metrics that are a share of events; the others are distributions."""

OF_SHADOWS = (Metric.DISAGREEMENT, Metric.STRICTER, Metric.LOOSER)
"""Metrics of decisions with a shadow answer alone."""

OF_REPLAYS = frozenset({Metric.REPLAY_MISMATCH})
"""Metrics that no roll-up of decisions gives: ``replaying.windows.replay_windows`` counts them."""

EVERYBODY = ""
"""The segment of all decisions."""


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """One metric of one arm and segment in [``starts_at``, ``ends_at``), as it is known now.

    ``subjects`` are those first seen in this window of the stage, ``events`` the sum of their per-subject
    shares in [0, 1]; ``captures`` and ``capture_events`` count every decision of the window. ``sketch`` is
    the serialised distribution of a metric that is one. ``version`` rises each time late data changed a
    window that was closed; ``closed`` says that the allowed lateness is over.
    """

    starts_at: datetime
    ends_at: datetime
    arm: Arm
    revision: UUID | None
    segment: str
    metric: Metric
    subjects: int
    events: float
    captures: int
    capture_events: int
    sketch: bytes | None
    version: int
    closed: bool
