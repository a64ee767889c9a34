"""The card and the plans of a release as typed documents.

A draft may leave anything out; what a frozen revision must hold is asked by
:mod:`releases.bundles.completeness`. Documents are stored as they were given: nothing is filled in, and
only a list of texts where a text is meant, or a trigger given as a text, is brought to its one form.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from governance.documents import checked

MOST_STAGES = 12
MOST_KEYS = 1000
LARGEST_SHARE = 0.5
"""While there is a control arm of the same size, no more than half can get the candidate."""

YEAR_SECONDS = 366 * 24 * 3600


class StageKind(StrEnum):
    """The kinds of stage, in the order in which a plan may hold them."""

    OFFLINE_VALIDATION = "offline_validation"
    INTERNAL_TESTING = "internal_testing"
    SHADOW = "shadow"
    GUARDED = "guarded"
    SEGMENT_MONITORING = "segment_monitoring"
    GENERAL = "general"


GENERAL = StageKind.GENERAL.value
WITH_ARMS = frozenset({StageKind.GUARDED, StageKind.SEGMENT_MONITORING})
"""Stages with a candidate arm and a control arm of the same size."""


def _lines(value: object) -> object:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return value


def _keyed(value: object) -> object:
    return {"key": value} if isinstance(value, str) else value


def _described(value: object) -> object:
    return {"description": value} if isinstance(value, str) else value


Prose = Annotated[str, StringConstraints(max_length=10_000), BeforeValidator(_lines)]
"""Text for people; a list of texts is taken as its lines."""

Link = Annotated[str, StringConstraints(max_length=1000, pattern=r"^https?://\S+$")]
Identifier = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]


class Document(BaseModel):
    """Base: unknown keys are refused, so that a misspelt one is an error and not a silent gap."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ModelCard(Document):
    """The release note: what a reader needs on the day of the release and in the night of an incident."""

    what_changed: Prose = ""
    why: Prose = ""
    data: Prose = ""
    channels_tested: Prose = ""
    expected_benefits: Prose = ""
    known_risks: Prose = ""
    rollback_trigger: Prose = ""
    references: list[Link] = Field(default_factory=list, max_length=50)


class StageCriterion(Document):
    """What the stage should show before the next begins. Nothing measures it yet: pages say so."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    description: Prose = ""


Seconds = Annotated[int, Field(ge=0, le=YEAR_SECONDS)]


class Stage(Document):
    """One stage of a rollout.

    ``coverage`` is the share of subjects that get the candidate, and the size of the control arm beside it.
    ``keys`` are the targeting keys that get the candidate in ``internal_testing``. ``triggers`` are keys of
    the rollback plan's triggers that are in force. A rollout whose stage lasts longer than
    ``max_duration_seconds`` is held. Durations may be given without ``_seconds`` in their names.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    kind: StageKind = Field(strict=False)
    coverage: Annotated[float, Field(ge=0, le=1)] | None = None
    keys: list[Annotated[str, StringConstraints(min_length=1, max_length=200)]] = Field(
        default_factory=list, max_length=MOST_KEYS
    )
    min_duration_seconds: Seconds = Field(
        default=0, validation_alias=AliasChoices("min_duration_seconds", "min_duration")
    )
    max_duration_seconds: Annotated[int, Field(ge=1, le=YEAR_SECONDS)] | None = Field(
        default=None, validation_alias=AliasChoices("max_duration_seconds", "max_duration")
    )
    max_duration_action: Literal["hold"] = "hold"
    label_lag_seconds: Seconds = 0
    min_subjects: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0
    criteria: list[Annotated[StageCriterion, BeforeValidator(_keyed)]] = Field(
        default_factory=list, max_length=50
    )
    triggers: list[Annotated[str, StringConstraints(min_length=1, max_length=100)]] = Field(
        default_factory=list, max_length=50
    )

    @model_validator(mode="after")
    def fits_its_kind(self) -> Self:
        """Coverage belongs to stages with arms, keys to internal testing, and both are needed there."""
        if self.kind in WITH_ARMS:
            if self.coverage is None or not 0 < self.coverage <= LARGEST_SHARE:
                found = "none is given" if self.coverage is None else f"{self.coverage} is given"
                raise ValueError(
                    f"coverage of a stage {self.kind.value!r} lies above 0 and at most at {LARGEST_SHARE}, "
                    f"because a control arm of the same size stands beside it; {found}"
                )
        elif self.coverage not in _COVERAGE[self.kind]:
            raise ValueError(
                f"a stage {self.kind.value!r} has no coverage of {self.coverage}; leave coverage out"
            )
        if (self.kind is StageKind.INTERNAL_TESTING) != bool(self.keys):
            raise ValueError(
                "keys belong to internal_testing, which needs at least one: the targeting keys that get the "
                "candidate"
            )
        self._check_durations()
        return self

    def _check_durations(self) -> None:
        longest = self.max_duration_seconds
        if longest is not None and self.kind in _NOT_WAITED_IN:
            raise ValueError(
                f"max_duration_seconds of a stage {self.kind.value!r} would hold nothing: a rollout does not "
                "wait there; leave it out"
            )
        if longest is not None and longest <= self.min_duration_seconds:
            raise ValueError(
                f"max_duration_seconds {longest} must exceed min_duration_seconds {self.min_duration_seconds}"
            )
        if self.kind is StageKind.SEGMENT_MONITORING and self.min_duration_seconds < self.label_lag_seconds:
            raise ValueError(
                f"min_duration_seconds {self.min_duration_seconds} is shorter than label_lag_seconds "
                f"{self.label_lag_seconds}; segment monitoring lasts one label lag at least"
            )


_NOT_WAITED_IN = frozenset({StageKind.OFFLINE_VALIDATION, StageKind.GENERAL})
_NONE = frozenset({None, 0})
_COVERAGE = {
    StageKind.OFFLINE_VALIDATION: _NONE,
    StageKind.INTERNAL_TESTING: _NONE,
    StageKind.SHADOW: _NONE,
    StageKind.GENERAL: frozenset({None, 1}),
}


def _written(value: object) -> object:
    if isinstance(value, str | datetime):
        return value
    raise ValueError(f"write the time as text with its zone, as in 2026-12-24T00:00:00Z, not as {value!r}")


Time = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written)]


class Freeze(Document):
    """A span in which no rollout of the release starts or advances, such as a holiday."""

    starts_at: Time
    ends_at: Time
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def ends_after_it_starts(self) -> Self:
        """An empty span would freeze nothing."""
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must lie after starts_at")
        return self


class RolloutPlan(Document):
    """The stages a release goes through on each of its channels, and when nothing moves."""

    stages: list[Stage] = Field(default_factory=list, max_length=MOST_STAGES)
    freezes: list[Freeze] = Field(default_factory=list, max_length=50)

    @field_validator("stages")
    @classmethod
    def stages_are_in_order(cls, stages: list[Stage]) -> list[Stage]:
        """Kinds in their order, each once but guarded; coverage only rises."""
        order = list(StageKind)
        places = [order.index(stage.kind) for stage in stages]
        if places != sorted(places):
            raise ValueError(f"stages stand in the order {', '.join(kind.value for kind in order)}")
        kinds = [stage.kind for stage in stages]
        for kind in order:
            if kind is not StageKind.GUARDED and kinds.count(kind) > 1:
                raise ValueError(f"the stage {kind.value!r} stands twice; only guarded may be repeated")
        shares = [stage.coverage or 0 for stage in stages if stage.kind in WITH_ARMS]
        if shares != sorted(shares):
            raise ValueError("coverage must not fall from one stage to the next")
        return stages


class Trigger(Document):
    """When the release is to be taken back, in words, and what is done then."""

    description: Prose
    key: Annotated[str, StringConstraints(max_length=100)] = ""
    action: Literal["rollback", "hold", "notify"] = "rollback"


class RollbackPlan(Document):
    """Who takes the release back, how, when, and to what: the last approved release unless one is named.

    ``owner`` is the username of an account, ``target`` the id of a release of the same system.
    """

    owner: Annotated[str, StringConstraints(max_length=150)] = ""
    target: Identifier | None = None
    steps: Prose = ""
    triggers: list[Annotated[Trigger, BeforeValidator(_described)]] = Field(
        default_factory=list, max_length=50
    )


CARD_TEXTS = tuple(name for name in ModelCard.model_fields if name != "references")
"""The card's fields that a frozen revision must fill."""

_TITLES: dict[str, tuple[type[Document], str]] = {
    "card": (ModelCard, "The model card"),
    "rollout_plan": (RolloutPlan, "The rollout plan"),
    "rollback_plan": (RollbackPlan, "The rollback plan"),
}
DOCUMENTS = tuple(_TITLES)


def checked_document(name: str, value: object) -> dict[str, Any]:
    """The card or a plan (``name`` is its field) in the form in which it is stored and hashed.

    Raises:
        InvalidInput: naming each field that does not fit.
    """
    model, title = _TITLES[name]
    return checked(model, value, field=name, title=title).model_dump(mode="json", exclude_unset=True)


def stages_of(rollout_plan: dict[str, Any]) -> list[Stage]:
    """The stages of a stored plan."""
    return RolloutPlan.model_validate(rollout_plan).stages


def has_guarded_stage(rollout_plan: dict[str, Any]) -> bool:
    """Whether the plan exposes a part of the subjects before all of them."""
    return any(stage.get("kind") == StageKind.GUARDED for stage in rollout_plan.get("stages", []))
