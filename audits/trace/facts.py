"""What a trace holds: one decision back to release, stack, evaluation, votes and arm. Plain data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audits.trace.bands import BandRow
from governance.ledger.models import Entry
from governance.registry.models import Channel, ComponentVersion
from releases.bundles.arms import Arm
from releases.bundles.models import Assignment, Revision, Slot
from releases.gates.models import GateEvaluation, Override
from releases.gates.overrides.standing import Standing, overridden
from releases.monitoring.decisions.models import Decision
from releases.monitoring.replaying.replay import Replay
from releases.rollouts.models import Deployment


def index_of(entry: Entry | None) -> int | None:
    """The entry's place in the ledger; None while it has none yet."""
    leaf = getattr(entry, "leaf", None) if entry is not None else None
    return leaf.index if leaf is not None else None


@dataclass(frozen=True)
class Moment:
    """What is asked about: who was to be decided on which channel, when, and by which revision.

    Of a reported decision ``revision`` is the one whose stamp it carries; of one that was never reported, the
    one that was to answer this subject.
    """

    channel: Channel
    at: datetime
    subject: str
    revision: Revision | None

    @property
    def channel_id(self) -> UUID:
        """The id of the channel."""
        return self.channel.pk

    @property
    def revision_id(self) -> UUID | None:
        """The id of the revision."""
        return self.revision.pk if self.revision else None


@dataclass(frozen=True)
class Sealed:
    """One step of the story and its entry in the ledger."""

    key: str
    title: str
    entry: Entry


@dataclass(frozen=True)
class Sdk:
    """The SDK of the release for the channel, and the one that the decision ran; ``not_of_release`` is None
    where the decision names none.
    """

    of_release: ComponentVersion | None
    reported: str
    not_of_release: bool | None


@dataclass(frozen=True)
class Gate:
    """The evaluation behind the release: its verdict, its worst line, and how many lines passed."""

    evaluation: GateEvaluation
    worst: dict[str, Any] | None
    passed: int
    total: int
    entry: Entry | None
    override: Override | None = None
    """What let the release past it when it was approved."""

    @property
    def past(self) -> str:
        """The verdict with the override, as it stood when the release was approved."""
        return overridden(self.override, Standing.IN_FORCE) if self.override else ""


@dataclass(frozen=True)
class VoteCast:
    """A vote with the seat that it filled; ``seat`` is empty for one that filled none."""

    seat: str
    role: str
    username: str
    decision: str
    at: datetime
    strength: str
    reason: str
    entry: Entry | None


@dataclass(frozen=True)
class Placed:
    """Stage and arm at the moment of the decision, recomputed from what was assigned then.

    ``expected`` is the revision that this arm should have got, ``as_expected`` whether the stamp is its.
    """

    assignment: Assignment
    stage: str
    arm: Arm
    u: float | None
    expected: Revision
    as_expected: bool

    @property
    def has_arms(self) -> bool:
        """Whether subjects were split by their hash."""
        return self.assignment.treatment_share > 0 or self.assignment.control_share > 0


@dataclass(frozen=True)
class Untimely:
    """Why the release was not to decide at that time: by code, as a word for a chip, as a sentence."""

    codes: tuple[str, ...]
    title: str
    sentence: str


@dataclass(frozen=True)
class Trace:
    """Everything on record behind one moment, as it stood then.

    ``decision`` is the one that was reported; None where none was, and then nothing is replayed. ``bands``
    are all that may decide on the channel. ``untimely`` is set where the release was not to answer then.
    ``notes`` say what is missing, in sentences, that one first.
    """

    moment: Moment
    decision: Decision | None
    revision: Revision | None
    slots: tuple[Slot, ...]
    sdk: Sdk
    replay: Replay
    policy: ComponentVersion | None
    bands: tuple[BandRow, ...]
    gate: Gate | None
    deployment: Deployment | None
    votes: tuple[VoteCast, ...]
    placed: Placed | None
    sealed: tuple[Sealed, ...]
    untimely: Untimely | None
    notes: tuple[str, ...]
