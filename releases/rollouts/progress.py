"""Verbs on a rollout under way: advance, hold, pause, resume.

Until stages are measured an advance takes time and a person: the minimum duration of the stage, and
somebody who answers for it. Metric criteria of a stage read "not evaluated" and stop nothing.
"""

from datetime import datetime
from typing import Any

from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, ActorKind, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import Unchanged, record, touching, verb
from releases.approvals.requesting import check_components
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.queries import live_deployment, started_beside
from releases.rollouts.recipients import tell_of_rollout
from releases.rollouts.stages import (
    ON_ITS_WAY,
    DeploymentInWrongState,
    Step,
    advance_at,
    current_step,
    next_step,
    overdue_at,
)
from releases.rollouts.starting import check_calendar
from releases.rollouts.steps import (
    document,
    enter,
    expose,
    lock_channels,
    lock_releases,
    move_deployment,
    pause,
    served,
    take_over,
)


class StageTooYoung(GovernanceError):
    """The stage has not lasted as long as its plan asks for."""

    code = "stage_too_young"
    title = "The stage has not lasted long enough"


class StageMoved(GovernanceError):
    """The rollout is not in the stage that the caller saw."""

    code = "stage_moved"
    title = "The rollout has moved on"
    next_step = "Read the rollout again and repeat the request if it still applies."


class StableIsGone(GovernanceError):
    """What the candidate was compared with was taken back, so nothing that was measured stands any more."""

    code = "stable_is_gone"
    title = "It was started beside another release"
    next_step = "Roll it back, have it evaluated against what is live now, and request approval again."


class PersonNeeded(GovernanceError):
    """Nothing measures the stage yet, so a person answers for the advance; a service cannot."""

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
        InvalidInput: no reason.
    """
    require(actor, Permission.ADVANCE_ROLLOUT, deployment.channel)
    _check_reason(reason, "advanced")
    came_at = timezone.now()
    deployment, former = _locked(deployment)
    following = _check_advance(actor, deployment, to_stage, came_at)
    left = current_step(deployment)
    before = enter(deployment, following)
    record(
        deployment.stream(),
        before=before,
        after={
            **document(deployment),
            "states": [deployment.state, *([DeploymentState.LIVE] if following.is_last else [])],
            "not_evaluated": _not_evaluated(left),
            "rollback_target": served(former),
        },
        reason=reason,
        refs={"manifest": deployment.revision.manifest_digest},
    )
    said = f"Advanced to {following.title}: {reason}"
    if following.is_last:
        take_over(deployment, former, said)
    else:
        expose(deployment, _stable(former).revision, said)
    tell_of_rollout("rollout.advanced", deployment, reason=reason)
    return deployment


def _not_evaluated(left: Step) -> dict[str, Any]:
    """What the plan asks of the stage that is left, and nothing measured: a person answers for it."""
    return {
        "stage_number": left.number,
        "min_subjects": left.stage.min_subjects,
        "criteria": [criterion.key for criterion in left.stage.criteria],
    }


def _instead(deployment: Deployment) -> str:
    """What can be done with it instead; empty for the general advice."""
    return "It answers everybody: roll it back." if deployment.state == DeploymentState.LIVE else ""


def _locked(deployment: Deployment) -> tuple[Deployment, Deployment | None]:
    """The deployment as it is now, with channel and releases locked, and what is live beside it."""
    touching(deployment.stream())
    channel = lock_channels([deployment.channel_id])[0]
    former = live_deployment(channel)
    lock_releases([deployment.release_id, *([former.release_id] if former else [])])
    rows = Deployment.objects.select_related("revision__release__system", "release", "channel", "approval")
    return rows.get(id=deployment.id), former


def _stable(former: Deployment | None) -> Deployment:
    if former is None:
        raise DeploymentInWrongState(
            "Nothing is live beside the candidate, so nobody else would be answered."
        )
    return former


def _check_advance(actor: Actor, deployment: Deployment, to_stage: int | None, came_at: datetime) -> Step:
    if actor.kind is not ActorKind.USER:
        raise PersonNeeded(f"{actor.username} is no person, and the stage is not measured.")
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
    check_calendar(deployment.revision)
    earliest = advance_at(deployment)
    if moment() < earliest:
        raise StageTooYoung(
            f"The stage {current_step(deployment).title} lasts until {earliest:%F %T} UTC at least.",
            next_step=f"Advance it from {earliest:%F %R} UTC on; roll back at any time.",
        )
    check_components(deployment.revision)
    return following


@verb("rollout.held")
def hold_rollout(actor: Actor, *, deployment: Deployment, reason: str) -> Deployment:
    """Stop a rollout where it is: the shares stay as they are, and it does not advance until it is resumed.

    Raises:
        DeploymentInWrongState: it is held already, live or ended.
        InvalidInput: no reason.
    """
    require(actor, Permission.HOLD_ROLLOUT, deployment.channel)
    _check_reason(reason, "held")
    deployment, _ = _locked(deployment)
    if deployment.state != DeploymentState.ROLLING_OUT:
        raise DeploymentInWrongState(
            f"The rollout is {_standing(deployment)}, so it cannot be held.", next_step=_instead(deployment)
        )
    return _hold(deployment, reason)


@verb("rollout.held")
def hold_overdue_rollout(actor: Actor, *, deployment: Deployment) -> Deployment | Unchanged[Deployment]:
    """Hold a rollout whose stage has lasted longer than its plan allows; nothing changes if it has not."""
    require(actor, Permission.HOLD_ROLLOUT, deployment.channel)
    deployment, _ = _locked(deployment)
    overdue = overdue_at(deployment)
    if overdue is None or moment() < overdue:
        return Unchanged(deployment)
    title = current_step(deployment).title
    return _hold(deployment, f"Nobody advanced it before the longest duration of the stage {title} was over.")


def _hold(deployment: Deployment, reason: str) -> Deployment:
    deployment.held_reason = reason
    change = move_deployment(deployment, DeploymentState.HELD)
    _record("rollout.held", deployment, change, reason)
    return deployment


def _standing(deployment: Deployment) -> str:
    return "paused" if deployment.paused else deployment.get_state_display().lower()


@verb("rollout.paused")
def pause_rollout(actor: Actor, *, deployment: Deployment, reason: str) -> Deployment:
    """Hold a rollout and show the candidate to nobody: everybody gets what is live. The rollout stays.

    Raises:
        DeploymentInWrongState: it is paused already, live or ended.
        InvalidInput: no reason.
    """
    require(actor, Permission.PAUSE_ROLLOUT, deployment.channel)
    _check_reason(reason, "paused")
    deployment, former = _locked(deployment)
    if deployment.state not in ON_ITS_WAY or deployment.paused:
        raise DeploymentInWrongState(
            f"The rollout is {_standing(deployment)}, so it cannot be paused.", next_step=_instead(deployment)
        )
    change = pause(deployment, reason)
    _record("rollout.paused", deployment, change, reason)
    expose(deployment, _stable(former).revision, f"Paused: {reason}")
    return deployment


@verb("rollout.resumed")
def resume_rollout(actor: Actor, *, deployment: Deployment, reason: str) -> Deployment:
    """Let a held or paused rollout go on in its stage, with the shares of the plan.

    After a pause the candidate is shown again, so the minimum duration of the stage begins anew and the
    calendar counts. The longest duration begins anew in either case.

    Raises:
        DeploymentInWrongState: it is not held.
        StableIsGone, CalendarFrozen, ComponentIsRevoked: see the messages.
        InvalidInput: no reason.
    """
    require(actor, Permission.RESUME_ROLLOUT, deployment.channel)
    _check_reason(reason, "resumed")
    deployment, former = _locked(deployment)
    if deployment.state != DeploymentState.HELD:
        raise DeploymentInWrongState(f"The rollout is {_standing(deployment)}, so it cannot be resumed.")
    stable = _stable(former)
    _check_beside(deployment, stable)
    check_components(deployment.revision)
    was_paused = deployment.paused
    if was_paused:
        check_calendar(deployment.revision)
        deployment.stage_entered_at = moment()
    deployment.paused = False
    deployment.held_reason = ""
    change = move_deployment(deployment, DeploymentState.ROLLING_OUT)
    _record("rollout.resumed", deployment, change, reason)
    if was_paused:
        expose(deployment, stable.revision, f"Resumed: {reason}")
    return deployment


def _check_beside(deployment: Deployment, stable: Deployment) -> None:
    """What the gate compared the candidate with, and what its control arm was answered by, is still live."""
    beside = started_beside(deployment)
    if beside is not None and beside.id != stable.revision_id:
        raise StableIsGone(
            f"{deployment.revision} was started beside {beside}, which was taken back since; "
            f"{stable.revision} is live on {deployment.channel} now."
        )


def _check_reason(reason: str, done: str) -> None:
    if not reason.strip():
        raise invalid("reason", f"say why the rollout is {done}.")


def _record(event: str, deployment: Deployment, change: dict[str, str], reason: str) -> None:
    after = {**document(deployment), "state": change["after"], "paused": deployment.paused}
    record(deployment.stream(), before={"state": change["before"]}, after=after, reason=reason)
    tell_of_rollout(event, deployment, reason=reason)
