"""The triggers of a rollback plan: what is watched, how it is tested, and what is done when it fires.

A trigger with a ``kind`` is measured. One without is words for people, and every page says so. Limits are
about things that are worse when they are more, and a trigger fires above its limit only, so an improvement
never trips one.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    TypeAdapter,
    model_validator,
)

from releases.bundles.document_parts import Document, Prose

WINDOW_SECONDS = 300
"""Windows of triggers are multiples of those in which observations are counted."""

LONGEST_SECONDS = 90 * 24 * 3600
ERRORS_BEFORE_HOLD = 4
"""After so many evaluations in a row that came to an error, the rollout is held."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Seconds = Annotated[int, Field(ge=0, le=LONGEST_SECONDS)]
WindowSeconds = Annotated[int, Field(ge=WINDOW_SECONDS, le=LONGEST_SECONDS, multiple_of=WINDOW_SECONDS)]
Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Alpha = Annotated[float, Field(gt=0, le=0.2, allow_inf_nan=False)]

ShareMetric = Literal["retry", "refused", "not_accepted", "error", "disagreement", "replay_mismatch"]
"""Metrics that are a share of events, as in :mod:`releases.monitoring.vocabulary.series`."""


def _of_type(value: object) -> str:
    return "<word>" if isinstance(value, str) else "<value>"


Segments = Annotated[
    Annotated[Literal["everybody", "protected"], Tag("<word>")]
    | Annotated[list[Name], Field(min_length=1, max_length=40), Tag("<value>")],
    Discriminator(_of_type),
]
Limit = Annotated[
    Annotated[Literal["gate"], Tag("<word>")] | Annotated[Share, Tag("<value>")], Discriminator(_of_type)
]
Acts = Literal["rollback", "hold", "notify"]


def _named(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class WordsTrigger(Document):
    """When the release is to be taken back, in words, and what is done then. Nothing measures it."""

    description: Prose
    key: Annotated[str, StringConstraints(max_length=100)] = ""
    action: Acts = "rollback"


class MeasuredTrigger(Document):
    """What every measured trigger says.

    ``for_seconds``: it fires once the breach has lasted so long (Prometheus' ``for``);
    ``keep_firing_for_seconds``: and goes on so long after the last one. Both count the time that data
    cover: absent data neither trips nor clears. ``min_subjects`` are needed in each arm before anything is
    judged. ``on_no_data`` is done when nothing new came for ``no_data_grace_seconds``. A latched one fires
    until somebody acknowledges it; what rolls back is latched unless it says otherwise.
    ``label_lag_seconds`` leaves out what is too young to be known. Messages of triggers with one
    ``dedup_key`` are one.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    description: Prose
    key: Key
    version: Annotated[int, Field(ge=1, le=10_000)] = 1
    owner: Annotated[str, StringConstraints(max_length=150)] = ""
    severity: Literal["critical", "major", "minor"] = "major"
    action: Acts = "rollback"
    mode: Literal["enforce", "observe"] = "enforce"
    for_seconds: Seconds = Field(default=0, validation_alias=_named("for_seconds", "for"))
    keep_firing_for_seconds: Seconds = Field(
        default=0, validation_alias=_named("keep_firing_for_seconds", "keep_firing_for")
    )
    on_no_data: Literal["hold", "rollback", "warn"] = "hold"
    no_data_grace_seconds: Seconds = 900
    on_error: Literal["hold"] = "hold"
    latch: bool | None = None
    cooldown_seconds: Seconds = Field(default=0, validation_alias=_named("cooldown_seconds", "cooldown"))
    dedup_key: Annotated[str, StringConstraints(max_length=100)] = ""

    @property
    def is_latched(self) -> bool:
        """Whether it fires until somebody acknowledges it."""
        return self.action == "rollback" if self.latch is None else self.latch

    @model_validator(mode="after")
    def only_messages_cool_down(self) -> Self:
        """What protects users is never silenced; only a message may be."""
        if self.cooldown_seconds and self.action != "notify":
            raise ValueError(
                f"cooldown_seconds {self.cooldown_seconds} would silence a trigger whose action is "
                f"{self.action!r}; only one with the action 'notify' may cool down"
            )
        return self


class CountedTrigger(MeasuredTrigger):
    """One that is judged on counted windows of its metric. ``alpha``: see decision record 0015."""

    kind: str
    metric: str
    segments: Segments = "everybody"
    window_seconds: WindowSeconds = Field(
        default=WINDOW_SECONDS, validation_alias=_named("window_seconds", "window")
    )
    allowed_lateness_seconds: Seconds = Field(
        default=120, validation_alias=_named("allowed_lateness_seconds", "allowed_lateness")
    )
    label_lag_seconds: Seconds = Field(default=0, validation_alias=_named("label_lag_seconds", "label_lag"))
    min_subjects: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0
    alpha: Alpha = 0.05
    breaches: Annotated[int, Field(ge=1, le=100)] = 1
    of_windows: Annotated[int, Field(ge=1, le=100)] = 1

    @model_validator(mode="after")
    def windows_fit(self) -> Self:
        """``breaches`` of ``of_windows``: m of n."""
        if self.breaches > self.of_windows:
            raise ValueError(f"{self.breaches} breaches cannot be seen in {self.of_windows} windows")
        return self


class EventTrigger(MeasuredTrigger):
    """Incidents: ``confirmed`` of them do the ``action``, a suspected one does the ``suspected_action``."""

    kind: Literal["event"]
    incident: Literal["spoof_acceptance"] = "spoof_acceptance"
    confirmed: Annotated[int, Field(ge=1, le=1000)] = 1
    suspected_action: Literal["hold", "notify", "none"] = "hold"


class ThresholdTrigger(CountedTrigger):
    """A share of the candidate's decisions against a limit, ``gate``: the upper bound measured there.

    ``immediate`` takes the share of a window as it is, ``bound`` its lower bound (both in ``breaches`` of
    ``of_windows`` windows), ``e_process`` all data so far. Under ``clear_limit`` it has recovered.
    """

    kind: Literal["threshold"]
    metric: ShareMetric
    test: Literal["immediate", "bound", "e_process"] = "bound"
    limit: Limit
    clear_limit: Share | None = None

    @model_validator(mode="after")
    def clears_below(self) -> Self:
        """The limit under which it clears lies not above the one at which it trips."""
        _check_clear(self.limit, self.clear_limit)
        if self.limit == "gate" and self.metric != "disagreement":
            raise ValueError(
                f"limit 'gate' with the metric {self.metric!r}: only 'disagreement' is measured there on "
                "everybody; state a number"
            )
        return self


class VsControlTrigger(CountedTrigger):
    """A share in the candidate's arm against the control's: worse by more than ``effect_floor``.

    Where no control is left, against the interval measured on the last control arm.
    """

    kind: Literal["vs_control"]
    metric: ShareMetric
    test: Literal["bound", "e_process"] = "e_process"
    effect_floor: Annotated[float, Field(ge=0, le=0.5, allow_inf_nan=False)] = 0.02


class QuantileTrigger(CountedTrigger):
    """A quantile of a window's values against a budget, in ``breaches`` of ``of_windows`` windows."""

    kind: Literal["quantile"]
    metric: Literal["latency_ms"] = "latency_ms"
    probability: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95
    test: Literal["immediate", "bound"] = "bound"
    limit: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
    clear_limit: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = None
    breaches: Annotated[int, Field(ge=1, le=100)] = 2
    of_windows: Annotated[int, Field(ge=1, le=100)] = 2

    @model_validator(mode="after")
    def clears_below(self) -> Self:
        """The limit under which it clears lies not above the one at which it trips."""
        _check_clear(self.limit, self.clear_limit)
        return self


class DriftTrigger(MeasuredTrigger):
    """How far the deciding score has moved. That is no proof of harm, so it only notifies."""

    kind: Literal["drift"]
    of: Literal["score"] = "score"
    floor: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 0.1
    window_seconds: WindowSeconds = Field(
        default=24 * 3600, validation_alias=_named("window_seconds", "window")
    )
    action: Literal["notify"] = "notify"
    on_no_data: Literal["hold", "rollback", "warn"] = "warn"


class HeartbeatTrigger(MeasuredTrigger):
    """The decision service reports the digest it runs: silence or a wrong digest trips.

    It is silent after ``silence_seconds`` without a beat, and has ``settle_seconds`` to follow a change of
    what is live.
    """

    kind: Literal["heartbeat"]
    silence_seconds: Annotated[int, Field(ge=60, le=24 * 3600)] = 180
    settle_seconds: Annotated[int, Field(ge=0, le=24 * 3600)] = 120
    action: Acts = "hold"


def _check_clear(limit: float | str, clear_limit: float | None) -> None:
    if clear_limit is not None and isinstance(limit, float | int) and clear_limit > limit:
        raise ValueError(
            f"clear_limit {clear_limit} lies above limit {limit}; it clears where things are better"
        )


KINDS: dict[str, type[MeasuredTrigger]] = {
    "event": EventTrigger,
    "threshold": ThresholdTrigger,
    "vs_control": VsControlTrigger,
    "quantile": QuantileTrigger,
    "drift": DriftTrigger,
    "heartbeat": HeartbeatTrigger,
}
WORDS = "<words>"


def _described(value: object) -> object:
    return {"description": value} if isinstance(value, str) else value


def _tag(value: Any) -> str | None:
    """The tag of the union; a trigger without ``kind`` is words, and what is no object is refused as such."""
    if isinstance(value, dict):
        kind = value.get("kind", WORDS)
        return (
            f"<{kind}>"
            if isinstance(kind, str) and kind in KINDS
            else (WORDS if "kind" not in value else None)
        )
    return f"<{value.kind}>" if isinstance(value, tuple(KINDS.values())) else WORDS


Trigger = Annotated[
    Annotated[WordsTrigger, Tag(WORDS)]
    | Annotated[EventTrigger, Tag("<event>")]
    | Annotated[ThresholdTrigger, Tag("<threshold>")]
    | Annotated[VsControlTrigger, Tag("<vs_control>")]
    | Annotated[QuantileTrigger, Tag("<quantile>")]
    | Annotated[DriftTrigger, Tag("<drift>")]
    | Annotated[HeartbeatTrigger, Tag("<heartbeat>")],
    Discriminator(
        _tag,
        custom_error_type="trigger_kind",
        custom_error_message=(
            f"kind is one of {', '.join(KINDS)}; leave it out where the trigger is words for people"
        ),
    ),
    BeforeValidator(_described),
]
"""One trigger of a plan; a text alone is its description."""

Spec = EventTrigger | ThresholdTrigger | VsControlTrigger | QuantileTrigger | DriftTrigger | HeartbeatTrigger
"""A trigger that is measured."""

TRIGGER: TypeAdapter[WordsTrigger | Spec] = TypeAdapter(Trigger)


def triggers_of(rollback_plan: dict[str, Any]) -> list[WordsTrigger | Spec]:
    """The triggers of a stored plan."""
    return [TRIGGER.validate_python(one) for one in rollback_plan.get("triggers", [])]


def measured_triggers(rollback_plan: dict[str, Any]) -> list[Spec]:
    """Those of a stored plan that are measured."""
    return [one for one in triggers_of(rollback_plan) if not isinstance(one, WordsTrigger)]
