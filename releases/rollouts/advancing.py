"""The verbs that let a rollout enter its next stage: a person's, and the engine's where the plan lets it.

A stage is left once all that its plan asks monitoring to find out is there, and not before, whoever asks:
measured criteria, a number of people, triggers that are quiet. One that asks for nothing of this takes time
and a person who answers for it; what is not measured there stops nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, ActorKind, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import Unchanged, record, verb
from releases.approvals.requesting import check_components
from releases.bundles.documents import hours_of
from releases.bundles.sealed import check_nothing_waits
from releases.rollouts.leaving import check_found
from releases.rollouts.locking import lock_rollout, stable_beside
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.readings import CheckState, Reading, document_of, last_reading
from releases.rollouts.recipients import tell_of_rollout
from releases.rollouts.stage_seats import StageSeat, stage_seats
from releases.rollouts.stages import (
    DeploymentInWrongState,
    Step,
    advance_at,
    current_step,
    next_step,
)
from releases.rollouts.starting import check_calendar
from releases.rollouts.steps import document, enter, expose, served, take_over


class StageTooYoung(GovernanceError):
    """The stage has not lasted as long as its plan asks for."""

    code = "stage_too_young"
    title = "The stage has not lasted long enough"


class StageMoved(GovernanceError):
    """The rollout is not in the stage that the caller saw."""

    code = "stage_moved"
    title = "The rollout has moved on"
    next_step = "Read the rollout again and repeat the request if it still applies."


class PersonNeeded(GovernanceError):
    """A person answers for the advance; a service cannot."""

    code = "person_needed"
    status = 403
    title = "A person must do this"
    next_step = "Ask a release manager to advance it."


@verb("rollout.advanced")
def advance_rollout(
    actor: Actor, *, deployment: Deployment, reason: str, to_stage: int | None = None
) -> Deployment:
    """Let the rollout enter its next stage; in the last one it is live and what was live is superseded.

    ``to_stage`` is the number of the stage that the caller means to enter. If that is not the next one any
    more, because somebody was quicker or the button was pressed twice, nothing is done. Without it the call
    is refused if the stage was entered while it waited: whoever sent it cannot have seen that stage.

    Raises:
        DeploymentInWrongState: it is held, live or ended.
        StageMoved, StageTooYoung, PersonNeeded, CalendarFrozen, ComponentIsRevoked: see the messages.
        NotLookedAt, StageNotShown, StageNotApproved: of a stage whose plan asks for what monitoring finds,
            or for approval.
        InvalidInput: no reason.
    """
    require(actor, Permission.ADVANCE_ROLLOUT, deployment.channel)
    if not reason.strip():
        raise invalid("reason", "say why the rollout is advanced.")
    came_at = timezone.now()
    deployment, former = lock_rollout(deployment)
    following = _check_person(actor, deployment, to_stage, came_at)
    _check_stage(deployment, is_staged=actor.simulated)
    return _enter_next(deployment, former, following, reason)


@verb("rollout.advanced")
def advance_by_itself(
    actor: Actor, *, deployment: Deployment, to_stage: int
) -> Deployment | Unchanged[Deployment]:
    """Let a rollout enter its next stage without a person, where its plan gives hours for that and all that
    it asks for is shown. Everything is asked again under the lock; what stands in the way changes nothing.
    """
    require(actor, Permission.WATCH_ROLLOUT, deployment.channel)
    deployment, former = lock_rollout(deployment)
    following = next_step(deployment)
    if following is None or following.number != to_stage or not goes_by_itself(deployment, moment()):
        return Unchanged(deployment)
    try:
        _check_stage(deployment)
    except GovernanceError:
        return Unchanged(deployment)
    return _enter_next(deployment, former, following, "Everything that its plan asks of the stage is shown.")


def goes_by_itself(deployment: Deployment, at: datetime) -> bool:
    """Whether the plan lets it advance without a person now: all is measured, and people are there."""
    hours = hours_of(deployment.revision.rollout_plan)
    is_on = deployment.state == DeploymentState.ROLLING_OUT
    wholly = current_step(deployment).is_measured_wholly
    return is_on and wholly and hours is not None and hours.hold_at(at)


def _enter_next(
    deployment: Deployment, former: Deployment | None, following: Step, reason: str
) -> Deployment:
    left, reading = current_step(deployment), _recent(deployment)
    seats = stage_seats(deployment, reading.digest if reading else "")
    before = enter(deployment, following)
    record(
        deployment.stream(),
        before=before,
        after={
            **document(deployment),
            "states": [deployment.state, *([DeploymentState.LIVE] if following.is_last else [])],
            "not_evaluated": _not_evaluated(left, reading),
            "rollback_target": served(former),
            **_evidence(left, reading, seats),
        },
        reason=reason,
        refs={"manifest": deployment.revision.manifest_digest},
    )
    said = f"Advanced to {following.title}: {reason}"
    if following.is_last:
        take_over(deployment, former, said)
    else:
        expose(deployment, stable_beside(former).revision, said)
    tell_of_rollout("rollout.advanced", deployment, reason=reason)
    return deployment


def _recent(deployment: Deployment) -> Reading | None:
    """What monitoring found, unless that is too old to rest anything on."""
    reading = last_reading(deployment)
    return reading if reading is not None and reading.is_recent(moment()) else None


def _not_evaluated(left: Step, reading: Reading | None) -> dict[str, Any]:
    """What the plan asks of the stage that is left, and nothing measured: a person answers for it."""
    people = reading.check("min_subjects") if reading else ()
    are_counted = bool(people) and all(one.state is CheckState.DONE for one in people)
    return {
        "stage_number": left.number,
        "min_subjects": 0 if are_counted else left.stage.min_subjects,
        "criteria": [criterion.key for criterion in left.stage.criteria if criterion.measure is None],
    }


def _evidence(left: Step, reading: Reading | None, seats: Sequence[StageSeat]) -> dict[str, Any]:
    """What was found of the stage that is left, open or not, and who approved it."""
    found: dict[str, Any] = {}
    if reading is not None:
        found["reading"] = document_of(reading)
    if left.stage.requires_approval:
        found["stage_approvals"] = [seat.approval.id for seat in seats if seat.approval is not None]
    return found


def _check_person(actor: Actor, deployment: Deployment, to_stage: int | None, came_at: datetime) -> Step:
    """Refuse what is no person, or means another stage; answers the next one."""
    if actor.kind is not ActorKind.USER:
        raise PersonNeeded(f"{actor.username} is no person, and a person answers for it.")
    following = next_step(deployment)
    if to_stage is not None and (following is None or following.number != to_stage):
        raise StageMoved(
            f"The rollout is in stage {deployment.stage_number}, {current_step(deployment).title}, and "
            f"{deployment.get_state_display().lower()}; stage {to_stage} is not the next one."
        )
    entered = deployment.stage_entered_at
    if to_stage is None and following is not None and entered is not None and entered > came_at:
        raise StageMoved(
            f"The rollout entered stage {deployment.stage_number}, {current_step(deployment).title}, while "
            "this call waited, and it does not say which stage it means.",
            next_step=f"Name to_stage: {following.number} if you mean the stage after it.",
        )
    if deployment.state != DeploymentState.ROLLING_OUT or following is None:
        raise DeploymentInWrongState(
            f"The rollout is {deployment.get_state_display().lower()}, so it cannot advance.",
            next_step="Resume it first." if deployment.state == DeploymentState.HELD else "",
        )
    return following


def _check_stage(deployment: Deployment, *, is_staged: bool = False) -> None:
    """Refuse to leave the stage before all that its plan asks for is there; approval comes last.

    In a past that is staged nobody looked: only what is measured by criteria is asked for there. What waited
    for the ledger was not shown meanwhile, so the stage lasts as much longer.
    """
    check_calendar(deployment.revision)
    earliest = advance_at(deployment) + check_nothing_waits(deployment.channel_id)
    if moment() < earliest:
        raise StageTooYoung(
            f"The stage {current_step(deployment).title} lasts until {earliest:%F %T} UTC at least.",
            next_step=f"Advance it from {earliest:%F %R} UTC on; roll back at any time.",
        )
    check_components(deployment.revision)
    stage = current_step(deployment).stage
    if not is_staged or stage.measures or stage.requires_approval:
        check_found(deployment, moment())
