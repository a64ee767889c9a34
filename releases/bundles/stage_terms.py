"""What a stage of a rollout plan asks before the next: what must be shown, who approves, at which hours."""

from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from governance.access.roles import Permission, roles_with
from releases.bundles.document_parts import Document, Prose
from releases.bundles.triggers import Alpha, Segments, ShareMetric

LARGEST_CONTROL = 0.05
"""Of the last stage: a control for good is a measuring instrument, not half of the people."""

STORED = "stored"


def is_stored(info: ValidationInfo) -> bool:
    """Whether the plan was written before. It was right by the rules of then and must stay readable, whatever
    rule became stricter or time zone was renamed since: what is on its way must still be taken back."""
    return bool((info.context or {}).get(STORED))


class StageKind(StrEnum):
    """The kinds of stage, in the order in which a plan may hold them."""

    OFFLINE_VALIDATION = "offline_validation"
    INTERNAL_TESTING = "internal_testing"
    SHADOW = "shadow"
    GUARDED = "guarded"
    SEGMENT_MONITORING = "segment_monitoring"
    GENERAL = "general"


WITH_ARMS = frozenset({StageKind.GUARDED, StageKind.SEGMENT_MONITORING})
"""Stages with a candidate arm and a control arm of the same size."""


class StageMeasure(Document):
    """How a criterion is measured: a share of events in the candidate's arm.

    With a ``margin`` it must be shown that the share exceeds the control arm's by less than that; with a
    ``limit``, that it lies below it. Shown means at the risk ``alpha`` that it is not so, however often one
    looks. In shadow both releases decide the same captures: there ``not_accepted`` with a ``margin`` is held
    against the release beside it, pair by pair. It is shown for everybody and, one by one, for the
    ``segments`` named beside: all of them must be.
    """

    metric: ShareMetric
    margin: Annotated[float, Field(gt=0, le=0.5, allow_inf_nan=False)] | None = None
    limit: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] | None = None
    alpha: Alpha = 0.05
    segments: Segments = "everybody"

    @model_validator(mode="after")
    def compares_with_one_thing(self, info: ValidationInfo) -> Self:
        """A margin to the control or a limit, and the margin only of what both arms have."""
        if is_stored(info):
            return self
        if (self.margin is None) == (self.limit is None):
            raise ValueError(
                "state either margin (how much worse than the control at most) or limit (how much at most)"
            )
        if self.margin is not None and self.metric in _WITHOUT_CONTROL:
            raise ValueError(f"{self.metric} has no counterpart in the control arm; state a limit for it")
        return self


_WITHOUT_CONTROL = frozenset({"disagreement", "replay_mismatch"})


class StageCriterion(Document):
    """What the stage should show before the next begins.

    With a ``measure`` it is measured, and nothing advances before it is shown. Without one it is words for
    people: somebody answers for the advance, and pages say that nothing measures it.
    """

    key: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    description: Prose = ""
    measure: StageMeasure | None = None


def check_measures(kind: StageKind, criteria: list[StageCriterion]) -> None:
    """Refuse measures that the stage cannot give.

    Raises:
        ValueError: naming the criterion and the next step.
    """
    keys = [criterion.key for criterion in criteria if criterion.measure is not None]
    for criterion in criteria:
        if criterion.measure is None:
            continue
        if keys.count(criterion.key) > 1:
            raise ValueError(f"the criterion {criterion.key!r} stands twice; give each a key of its own")
        _check_measure(kind, criterion.key, criterion.measure)


def _check_measure(kind: StageKind, key: str, measure: StageMeasure) -> None:
    if kind in {StageKind.OFFLINE_VALIDATION, StageKind.GENERAL}:
        raise ValueError(
            f"the criterion {key!r} measures a stage {kind.value!r}, after which nothing waits for it; put "
            "it into an earlier stage, or watch it by a trigger"
        )
    if kind is StageKind.SHADOW and measure.margin is not None and measure.metric == "not_accepted":
        return
    if measure.margin is not None and kind not in WITH_ARMS:
        raise ValueError(
            f"the criterion {key!r} compares with a control arm, which a stage {kind.value!r} does not have; "
            f"{_INSTEAD.get(kind, 'state a limit')}"
        )
    if kind is StageKind.SHADOW and measure.metric != "disagreement":
        raise ValueError(
            f"the criterion {key!r} measures {measure.metric}, but in shadow the candidate decides nothing; "
            f"only disagreement can be measured there: {_INSTEAD[kind]}"
        )


_INSTEAD = {
    StageKind.SHADOW: "state a limit of disagreement, or a margin of not_accepted, which compares both "
    "answers to the same captures"
}


def _may_approve(role: str, info: ValidationInfo) -> str:
    known = sorted(one.value for one in roles_with(Permission.APPROVE_STAGE))
    if role not in known and not is_stored(info):
        raise ValueError(f"{role!r} approves no stage; it is one of {', '.join(known)}")
    return role


ApprovingRole = Annotated[str, AfterValidator(_may_approve)]
"""A role that carries the permission to approve a stage."""


@cache
def _zones() -> frozenset[str]:
    """Read once: they lie in hundreds of files."""
    return frozenset(available_timezones())


def _known_zone(name: str, info: ValidationInfo) -> str:
    if name not in _zones() and not is_stored(info):
        raise ValueError(f"{name!r} is no time zone; write it like Europe/Berlin")
    return name


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKING_DAYS: list[Day] = ["mon", "tue", "wed", "thu", "fri"]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class AdvanceHours(Document):
    """When a rollout enters its next stage by itself, once all is shown: when people are there to see it.

    A plan without them waits for a person. ``starts`` and ``ends`` are by the clock of ``time_zone``.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    time_zone: Annotated[str, AfterValidator(_known_zone)]
    days: Annotated[list[Day], Field(min_length=1, max_length=7)] = WORKING_DAYS
    starts: Clock = "09:00"
    ends: Clock = "17:00"

    @model_validator(mode="after")
    def ends_after_it_starts(self, info: ValidationInfo) -> Self:
        """Hours that wrap around midnight would be those at which nobody is there."""
        if self.ends <= self.starts and not is_stored(info):
            raise ValueError(f"ends {self.ends} must lie after starts {self.starts}")
        return self

    def hold_at(self, at: datetime) -> bool:
        """Whether ``at`` lies within them."""
        there = at.astimezone(self.zone)
        clock = there.time().strftime("%H:%M")
        return DAYS[there.weekday()] in self.days and self.starts <= clock < self.ends

    @property
    def sentence(self) -> str:
        """The hours in words."""
        gone = "" if self.zone else ", which is no time zone any more: it waits for a person"
        return f"{', '.join(self.days)} {self.starts} to {self.ends}, {self.time_zone}{gone}"

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone; None where nobody knows it any more."""
        try:
            return ZoneInfo(self.time_zone)
        except ZoneInfoNotFoundError:
            return None
