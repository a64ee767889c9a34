"""How far along its plan a rollout is, and durations in words. Nothing here is stored."""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from releases.bundles.documents import Freeze, StageKind
from releases.bundles.models import Revision
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import Step, legible_step, plan_of, steps_of


class StageState(StrEnum):
    """How a stage of the plan stands. ``skipped``: nothing was live, so there was nothing to be careful
    beside. ``failed``: it was taken back there."""

    DONE = "done"
    SKIPPED = "skipped"
    HERE = "here"
    HELD = "held"
    FAILED = "failed"
    TO_DO = "to_do"


@dataclass(frozen=True)
class RailStage:
    """A stage of the plan in its place, and how it stands."""

    step: Step
    state: StageState


def freeze_at(revision: Revision, at: datetime) -> Freeze | None:
    """The span of the plan's calendar in which nothing starts or advances, if one is running."""
    freezes = plan_of(revision).freezes
    return next((freeze for freeze in freezes if freeze.starts_at <= at < freeze.ends_at), None)


UNITS = (
    (86_400, "day", "days"),
    (3_600, "hour", "hours"),
    (60, "minute", "minutes"),
    (1, "second", "seconds"),
)


def lasting(seconds: float) -> str:
    """A duration in words, in its two largest units, rounded up: ``2 days 3 hours``."""
    left = max(1, math.ceil(seconds))
    parts = []
    for size, one, many in UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
    return " ".join(parts[:2])


def stage_rail(deployment: Deployment) -> tuple[RailStage, ...]:
    """The stages of the plan and how each stands; none for an adopted release, which went through none, nor
    where the plan cannot be read."""
    if deployment.approval_id is None or legible_step(deployment) is None:
        return ()
    return tuple(RailStage(step, _stage_state(deployment, step)) for step in steps_of(deployment.revision))


def _stage_state(deployment: Deployment, step: Step) -> StageState:
    if step.number > deployment.stage_number:
        return StageState.TO_DO
    if step.number == deployment.stage_number:
        return _HERE.get(DeploymentState(deployment.state), StageState.HERE)
    began_here = deployment.stage_entered_at == deployment.started_at
    if began_here and step.stage.kind is not StageKind.OFFLINE_VALIDATION:
        return StageState.SKIPPED
    return StageState.DONE


_HERE = {
    DeploymentState.HELD: StageState.HELD,
    DeploymentState.SUPERSEDED: StageState.DONE,
    DeploymentState.ROLLED_BACK: StageState.FAILED,
}
