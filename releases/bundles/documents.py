"""The card and the plans of a release as typed documents.

A draft may leave anything out; what a frozen revision must hold is asked by
:mod:`releases.bundles.completeness`. Documents are stored as they were given: nothing is filled in, and
only a list of texts where a text is meant, or a trigger given as a text, is brought to its one form.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from governance.documents import checked
from releases.bundles.document_parts import Document, Identifier, Link, Prose
from releases.bundles.stage_terms import (
    LARGEST_CONTROL,
    STORED,
    WITH_ARMS,
    AdvanceHours,
    ApprovingRole,
    StageCriterion,
    StageKind,
    check_measures,
    is_stored,
)
from releases.bundles.triggers import Trigger

__all__ = [  # beside what is defined here
    "WITH_ARMS",
    "StageCriterion",
    "StageKind",
]

MOST_STAGES = 12
MOST_KEYS = 1000
LARGEST_SHARE = 0.5
"""While there is a control arm of the same size, no more than half can get the candidate."""

YEAR_SECONDS = 366 * 24 * 3600
GENERAL = StageKind.GENERAL.value


def _keyed(value: object) -> object:
    return {"key": value} if isinstance(value, str) else value


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


Seconds = Annotated[int, Field(ge=0, le=YEAR_SECONDS)]


class Stage(Document):
    """One stage of a rollout.

    ``coverage`` is the share of subjects that get the candidate, and the size of the control arm beside it.
    ``keys`` are the targeting keys that get the candidate in ``internal_testing``. ``triggers`` are keys of
    the rollback plan's triggers that are in force. A rollout whose stage lasts longer than
    ``max_duration_seconds`` is held. Durations may be given without ``_seconds`` in their names.
    ``requires_approval`` names the roles of those who approve what the stage has shown, one person each.
    ``control`` is the share that keeps what was live before in the last stage, so that something is left to
    compare with.
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
    requires_approval: list[ApprovingRole] = Field(default_factory=list, max_length=5)
    control: Annotated[float, Field(ge=0, le=LARGEST_CONTROL, allow_inf_nan=False)] = 0

    @model_validator(mode="after")
    def fits_its_kind(self, info: ValidationInfo) -> Self:
        """Coverage belongs to stages with arms, keys to internal testing, and both are needed there."""
        if is_stored(info):
            return self
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
        self._check_terms()
        return self

    @property
    def measures(self) -> tuple[StageCriterion, ...]:
        """The criteria that are measured."""
        return tuple(criterion for criterion in self.criteria if criterion.measure is not None)

    def _check_terms(self) -> None:
        if self.requires_approval and self.kind in _NOT_WAITED_IN:
            raise ValueError(
                f"requires_approval of a stage {self.kind.value!r} would wait for nothing: no other stage is "
                "entered by what it shows; put it into an earlier stage"
            )
        if self.control and self.kind is not StageKind.GENERAL:
            raise ValueError(
                f"control belongs to the last stage; in a stage {self.kind.value!r} the control arm is as "
                "large as coverage"
            )
        check_measures(self.kind, self.criteria)

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
    def ends_after_it_starts(self, info: ValidationInfo) -> Self:
        """An empty span would freeze nothing."""
        if self.ends_at <= self.starts_at and not is_stored(info):
            raise ValueError("ends_at must lie after starts_at")
        return self


class RolloutPlan(Document):
    """The stages a release goes through on each of its channels, and when nothing moves.

    With ``advance_hours`` a stage whose criteria are all measured is left by itself in those hours, once
    everything is shown.
    """

    stages: list[Stage] = Field(default_factory=list, max_length=MOST_STAGES)
    freezes: list[Freeze] = Field(default_factory=list, max_length=50)
    advance_hours: AdvanceHours | None = None

    @field_validator("stages")
    @classmethod
    def stages_are_in_order(cls, stages: list[Stage], info: ValidationInfo) -> list[Stage]:
        """Kinds in their order, each once but guarded; coverage only rises."""
        if is_stored(info):
            return stages
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


class RollbackPlan(Document):
    """Who takes the release back, how, when, and to what: the last approved release unless one is named.

    ``owner`` is the username of an account, ``target`` the id of a release of the same system.
    ``not_switchable`` names slots that a rollback does not change at once, beside the SDK, which never is
    switched from here: it is in users' hands, and decisions say which one they ran.
    """

    owner: Annotated[str, StringConstraints(max_length=150)] = ""
    target: Identifier | None = None
    steps: Prose = ""
    not_switchable: list[Literal["model", "fusion", "threshold_policy"]] = Field(
        default_factory=list, max_length=3
    )
    triggers: list[Trigger] = Field(default_factory=list, max_length=50)


IN_USERS_HANDS = "sdk"


def stays_behind(rollback_plan: dict[str, Any]) -> tuple[str, ...]:
    """Slots that a rollback does not change at once, by a stored plan."""
    return (IN_USERS_HANDS, *rollback_plan.get("not_switchable", []))


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


def stored_plan(rollout_plan: dict[str, Any]) -> RolloutPlan:
    """A rollout plan as it was stored, also where what was fine then would be refused now."""
    return RolloutPlan.model_validate(rollout_plan, context={STORED: True})


def stages_of(rollout_plan: dict[str, Any]) -> list[Stage]:
    """The stages of a stored plan."""
    return stored_plan(rollout_plan).stages


def hours_of(rollout_plan: dict[str, Any]) -> AdvanceHours | None:
    """The hours of a stored plan in which a rollout advances by itself; none whose time zone is gone."""
    hours = stored_plan(rollout_plan).advance_hours
    return hours if hours and hours.zone else None


def has_guarded_stage(rollout_plan: dict[str, Any]) -> bool:
    """Whether the plan exposes a part of the subjects before all of them."""
    return any(stage.get("kind") == StageKind.GUARDED for stage in rollout_plan.get("stages", []))
