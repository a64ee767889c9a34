"""What a rollout waits for before its next stage, and how far along its plan it is.

Nothing here is stored: both are read from the deployment, its plan and the time. What monitoring will
measure says "not evaluated" instead of passing in silence.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governance.registry.models import ComponentStatus
from releases.bundles.documents import Freeze, RolloutPlan, StageKind
from releases.bundles.models import Revision
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import ON_ITS_WAY, Step, advance_at, current_step, steps_of


class CheckState(StrEnum):
    """How a check stands; ``not_evaluated`` stops nothing and proves nothing."""

    DONE = "done"
    WAITING = "waiting"
    FAILED = "failed"
    NOT_EVALUATED = "not_evaluated"


@dataclass(frozen=True)
class Check:
    """One thing that an advance depends on; ``until`` is when waiting ends by itself."""

    check: str
    state: CheckState
    sentence: str
    until: datetime | None = None


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


def what_it_waits_for(deployment: Deployment, at: datetime) -> tuple[Check, ...]:
    """The checks before the next stage, in the order in which they are made; none for a deployment that is
    not on its way.

    Two stand here only where they say no: a span that the plan freezes, and a revoked component.
    """
    if deployment.state not in ON_ITS_WAY:
        return ()
    return (
        *_hold(deployment),
        Check("integrity", CheckState.NOT_EVALUATED, "Fresh data of the right release: not evaluated yet."),
        _triggers(current_step(deployment)),
        *_calendar(deployment.revision, at),
        *_components(deployment.revision),
        _min_duration(deployment, at),
        _min_subjects(current_step(deployment)),
        *_criteria(current_step(deployment)),
        _person(deployment),
    )


def _hold(deployment: Deployment) -> Iterator[Check]:
    if deployment.state == DeploymentState.HELD:
        said = "Paused" if deployment.paused else "Held"
        yield Check(
            "resume",
            CheckState.WAITING,
            f"{said}: {deployment.held_reason.rstrip('.')}. It does not advance until somebody resumes it.",
        )


def _triggers(step: Step) -> Check:
    keys = step.stage.triggers
    if not keys:
        return Check(
            "triggers",
            CheckState.NOT_EVALUATED,
            "The plan puts no trigger in force in this stage; nothing rolls back by itself.",
        )
    return Check(
        "triggers",
        CheckState.NOT_EVALUATED,
        f"Not evaluated yet: {', '.join(keys)}. Nothing rolls back by itself.",
    )


def freeze_at(revision: Revision, at: datetime) -> Freeze | None:
    """The span of the plan's calendar in which nothing starts or advances, if one is running."""
    freezes = RolloutPlan.model_validate(revision.rollout_plan).freezes
    return next((freeze for freeze in freezes if freeze.starts_at <= at < freeze.ends_at), None)


def _calendar(revision: Revision, at: datetime) -> Iterator[Check]:
    freeze = freeze_at(revision, at)
    if freeze is not None:
        yield Check(
            "calendar",
            CheckState.WAITING,
            f"The calendar is frozen: {freeze.reason.rstrip('.')}.",
            until=freeze.ends_at,
        )


def _components(revision: Revision) -> Iterator[Check]:
    revoked = sorted(
        str(slot.component)
        for slot in revision.slots.all()
        if slot.component.status == ComponentStatus.REVOKED
    )
    if revoked:
        yield Check(
            "components",
            CheckState.FAILED,
            f"Revoked: {', '.join(revoked)}. It cannot advance; roll it back and make a revision without.",
        )


def _min_duration(deployment: Deployment, at: datetime) -> Check:
    shortest = current_step(deployment).stage.min_duration_seconds
    if not shortest:
        return Check("min_duration", CheckState.DONE, "The plan asks for no minimum duration.")
    earliest = advance_at(deployment)
    if deployment.paused:
        return Check(
            "min_duration",
            CheckState.WAITING,
            f"The stage lasts at least {lasting(shortest)}, counted anew from when it is resumed.",
        )
    if at < earliest:
        left = lasting((earliest - at).total_seconds())
        return Check(
            "min_duration",
            CheckState.WAITING,
            f"The stage lasts at least {lasting(shortest)}; {left} left.",
            until=earliest,
        )
    entered = deployment.stage_entered_at or deployment.started_at
    lasted = lasting((at - entered).total_seconds())
    return Check(
        "min_duration",
        CheckState.DONE,
        f"The minimum of {lasting(shortest)} is over; the stage has lasted {lasted}.",
    )


def _min_subjects(step: Step) -> Check:
    if not step.stage.min_subjects:
        return Check("min_subjects", CheckState.DONE, "The plan asks for no minimum number of subjects.")
    return Check(
        "min_subjects",
        CheckState.NOT_EVALUATED,
        f"At least {step.stage.min_subjects} subjects: not evaluated yet.",
    )


def _criteria(step: Step) -> Iterator[Check]:
    if not step.stage.criteria:
        yield Check("criteria", CheckState.DONE, "The plan asks for no measured criterion.")
    for criterion in step.stage.criteria:
        said = criterion.description.strip().rstrip(".") or criterion.key
        yield Check("criteria", CheckState.NOT_EVALUATED, f"{said}: not evaluated yet.")


def _person(deployment: Deployment) -> Check:
    return Check(
        "person",
        CheckState.WAITING,
        "A release manager advances it and answers for it: nothing measures the stage yet.",
    )


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
    """The stages of the plan and how each stands; none for an adopted release, which went through none."""
    if deployment.approval_id is None:
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
