"""The stages of a rollout plan in words: what each shows to whom, how long, and what it asks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from releases.bundles.documents import (
    WITH_ARMS,
    Stage,
    StageCriterion,
    StageKind,
    has_guarded_stage,
    stored_plan,
)
from releases.bundles.guarding import LEAST_GUARDED_SECONDS, guards
from releases.rollouts.progress_queries import lasting

TITLES = {
    StageKind.OFFLINE_VALIDATION: "Offline validation",
    StageKind.INTERNAL_TESTING: "Internal testing",
    StageKind.SHADOW: "Shadow",
    StageKind.GUARDED: "Guarded",
    StageKind.SEGMENT_MONITORING: "Segment monitoring",
    StageKind.GENERAL: "General",
}
DOES = {
    StageKind.OFFLINE_VALIDATION: "The gate's evaluation; nobody is served by it.",
    StageKind.SHADOW: "It is scored beside what is live; nobody gets its answer.",
    StageKind.GENERAL: "Everybody gets it.",
}


@dataclass(frozen=True)
class StageWords:
    """One stage as a page tells it."""

    number: int
    name: str
    text: str
    criteria: tuple[tuple[str, bool], ...]
    """What it should show before the next, and whether that is measured."""


@dataclass(frozen=True)
class PlanWords:
    """A whole plan, with what a reader should know before approving it."""

    stages: tuple[StageWords, ...]
    warnings: tuple[str, ...]
    freezes: tuple[tuple[datetime, datetime, str], ...]
    has_guarded: bool
    hours: str
    """When it goes on by itself; empty where a person lets it go on."""


def percent(share: float | None) -> str:
    """``25 %``."""
    return f"{(share or 0) * 100:.4g} %"


def stage_title(stage: Stage) -> str:
    """``Guarded 25 %``."""
    name = TITLES[stage.kind]
    return f"{name} {percent(stage.coverage)}" if stage.kind in WITH_ARMS else name


def stage_does(stage: Stage) -> str:
    """Who gets the candidate in the stage."""
    if stage.kind in WITH_ARMS:
        share = percent(stage.coverage)
        return f"{share} of the people get it, {share} are its control."
    if stage.control:
        return f"Everybody gets it but {percent(stage.control)}, who keep what was live before as a control."
    if stage.kind is StageKind.INTERNAL_TESTING:
        many = len(stage.keys)
        return f"Only {many} named test key{'' if many == 1 else 's'} get{'s' if many == 1 else ''} it."
    return DOES[stage.kind]


def stage_lasts(stage: Stage) -> str:
    """How long at least and at most."""
    parts = []
    if stage.min_duration_seconds:
        parts.append(f"at least {lasting(stage.min_duration_seconds)}")
    if stage.max_duration_seconds:
        parts.append(f"held after {lasting(stage.max_duration_seconds)}")
    if stage.min_subjects:
        parts.append(f"at least {stage.min_subjects} people")
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def stage_words(number: int, stage: Stage) -> StageWords:
    """The stage in its place."""
    parts = (stage_does(stage), stage_lasts(stage), _approved_by(stage))
    text = " ".join(part for part in parts if part)
    asked = tuple((_asks(item, stage.kind), item.measure is not None) for item in stage.criteria)
    return StageWords(number, stage_title(stage), text, asked)


def _approved_by(stage: Stage) -> str:
    roles = ", ".join(role.replace("_", " ") for role in stage.requires_approval)
    return f"What it shows is approved by: {roles}." if roles else ""


def _asks(criterion: StageCriterion, kind: StageKind) -> str:
    """The criterion in the words of whoever planned it, and what is measured for it."""
    said = criterion.description or criterion.key
    measure = criterion.measure
    if measure is None:
        return said
    if measure.margin is not None:
        beside = "the release beside it, pair by pair" if kind is StageKind.SHADOW else "the control"
        asked = f"at most {measure.margin * 100:.4g} points above {beside}"
    else:
        asked = f"below {percent(measure.limit)}"
    among = "" if measure.segments == "everybody" else ", segment by segment"
    return f"{said.rstrip('.')} ({measure.metric.replace('_', ' ')} {asked}{among})"


UNREADABLE = "This version cannot read the plan as it was stored: it does not advance; it can be rolled back."


def plan_words(rollout_plan: dict[str, Any]) -> PlanWords:
    """The plan of a revision; where this version cannot read what was stored, that alone."""
    try:
        plan = stored_plan(rollout_plan)
    except ValueError:
        return PlanWords((), (UNREADABLE,), (), has_guarded=has_guarded_stage(rollout_plan), hours="")
    return PlanWords(
        tuple(stage_words(number, stage) for number, stage in enumerate(plan.stages, start=1)),
        _warnings(plan.stages),
        tuple((one.starts_at, one.ends_at, one.reason) for one in plan.freezes),
        guards(rollout_plan),
        plan.advance_hours.sentence if plan.advance_hours else "",
    )


def _warnings(stages: Sequence[Stage]) -> tuple[str, ...]:
    return tuple(
        f"{stage_title(stage)} may be left {_how_soon(stage)}; a release that had less than an hour of it "
        "shows as a gap."
        for stage in stages
        if stage.kind is StageKind.GUARDED and stage.min_duration_seconds < LEAST_GUARDED_SECONDS
    )


def _how_soon(stage: Stage) -> str:
    shortest = stage.min_duration_seconds
    return f"after {lasting(shortest)}" if shortest else "as soon as it has begun"
