"""Verbs on a rollout under way: hold, pause, resume. Letting it go on: :mod:`releases.rollouts.advancing`.

A hold keeps the shares and stops the advance; a pause shows the candidate to nobody and keeps the rollout.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import Unchanged, record, verb
from releases.approvals.requesting import check_components
from releases.rollouts.locking import lock_rollout, stable_beside
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.queries import started_beside
from releases.rollouts.readings import CheckState, last_reading
from releases.rollouts.recipients import tell_of_rollout
from releases.rollouts.stages import ON_ITS_WAY, DeploymentInWrongState, current_step, overdue_at
from releases.rollouts.starting import check_calendar
from releases.rollouts.steps import document, expose, move_deployment, pause


class StableIsGone(GovernanceError):
    """What the candidate was compared with was taken back, so nothing that was measured stands any more."""

    code = "stable_is_gone"
    title = "It was started beside another release"
    next_step = "Roll it back, have it evaluated against what is live now, and request approval again."


class StillFiring(GovernanceError):
    """Why it was held stands: the next look would hold it again."""

    code = "still_firing"
    title = "The reason of the hold stands"


def _instead(deployment: Deployment) -> str:
    """What can be done with it instead; empty for the general advice."""
    return "It answers everybody: roll it back." if deployment.state == DeploymentState.LIVE else ""


@verb("rollout.held")
def hold_rollout(actor: Actor, *, deployment: Deployment, reason: str) -> Deployment:
    """Stop a rollout where it is: the shares stay as they are, and it does not advance until it is resumed.

    Raises:
        DeploymentInWrongState: it is held already, live or ended.
        InvalidInput: no reason.
    """
    require(actor, Permission.HOLD_ROLLOUT, deployment.channel)
    _check_reason(reason, "held")
    deployment, _ = lock_rollout(deployment)
    if deployment.state != DeploymentState.ROLLING_OUT:
        raise DeploymentInWrongState(
            f"The rollout is {_standing(deployment)}, so it cannot be held.", next_step=_instead(deployment)
        )
    return _hold(deployment, reason)


@verb("rollout.held")
def hold_overdue_rollout(actor: Actor, *, deployment: Deployment) -> Deployment | Unchanged[Deployment]:
    """Hold a rollout whose stage has lasted longer than its plan allows; nothing changes if it has not."""
    require(actor, Permission.HOLD_ROLLOUT, deployment.channel)
    deployment, _ = lock_rollout(deployment)
    overdue = overdue_at(deployment)
    if overdue is None or moment() < overdue:
        return Unchanged(deployment)
    title = current_step(deployment).title
    return _hold(deployment, f"Nobody advanced it before the longest duration of the stage {title} was over.")


@verb("rollout.held")
def hold_watched_rollout(
    actor: Actor,
    *,
    deployment: Deployment,
    stage_number: int,
    reason: str,
    evidence: Sequence[dict[str, Any]] = (),
) -> Deployment | Unchanged[Deployment]:
    """Hold a rollout because of what watching found in a stage; nothing changes if it is not on its way in
    that stage any more: somebody was quicker."""
    require(actor, Permission.WATCH_ROLLOUT, deployment.channel)
    deployment, _ = lock_rollout(deployment)
    is_there = deployment.state == DeploymentState.ROLLING_OUT and deployment.stage_number == stage_number
    return _hold(deployment, reason, evidence) if is_there else Unchanged(deployment)


def _hold(deployment: Deployment, reason: str, evidence: Sequence[dict[str, Any]] = ()) -> Deployment:
    deployment.held_reason = reason
    change = move_deployment(deployment, DeploymentState.HELD)
    _record("rollout.held", deployment, change, reason, evidence)
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
    deployment, former = lock_rollout(deployment)
    if deployment.state not in ON_ITS_WAY or deployment.paused:
        raise DeploymentInWrongState(
            f"The rollout is {_standing(deployment)}, so it cannot be paused.", next_step=_instead(deployment)
        )
    change = pause(deployment, reason)
    _record("rollout.paused", deployment, change, reason)
    expose(deployment, stable_beside(former).revision, f"Paused: {reason}", at_once=True)
    return deployment


@verb("rollout.resumed")
def resume_rollout(actor: Actor, *, deployment: Deployment, reason: str) -> Deployment:
    """Let a held or paused rollout go on in its stage, with the shares of the plan.

    After a pause the candidate is shown again, so the minimum duration of the stage begins anew and the
    calendar counts. The longest duration begins anew in either case.

    Raises:
        DeploymentInWrongState: it is not held.
        StableIsGone, StillFiring, CalendarFrozen, ComponentIsRevoked: see the messages.
        InvalidInput: no reason.
    """
    require(actor, Permission.RESUME_ROLLOUT, deployment.channel)
    _check_reason(reason, "resumed")
    deployment, former = lock_rollout(deployment)
    if deployment.state != DeploymentState.HELD:
        raise DeploymentInWrongState(f"The rollout is {_standing(deployment)}, so it cannot be resumed.")
    stable = stable_beside(former)
    _check_beside(deployment, stable)
    _check_reason_is_gone(deployment)
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


def holds_again(deployment: Deployment, at: datetime) -> str:
    """What would hold it again at the next look, in a sentence; empty for nothing. After a pause that is what
    was shown against the candidate before; its split and its stamps are counted anew."""
    reading = last_reading(deployment)
    if reading is None or not (deployment.paused or reading.is_recent(at)):
        return ""
    found = reading.check("criteria") if deployment.paused else reading.checks
    return next((one.sentence for one in found if one.state is CheckState.FAILED), "")


def _check_reason_is_gone(deployment: Deployment) -> None:
    """Refuse to resume what the next look would hold again."""
    stands = holds_again(deployment, moment())
    if stands and deployment.paused:
        raise StillFiring(
            f"What was shown against it before the pause stands: {stands}",
            next_step="Roll it back; a pause begins its split and its stamps anew, and not what was shown.",
        )
    if stands:
        raise StillFiring(
            f"What it was held for stands: {stands}",
            next_step="Roll it back. Or, where its split or its stamps were wrong and are right now, pause "
            "it and resume it: these begin anew, and what was found of the candidate does not. A "
            "trigger that fires is overridden or acknowledged first.",
        )


def _check_reason(reason: str, done: str) -> None:
    if not reason.strip():
        raise invalid("reason", f"say why the rollout is {done}.")


def _record(
    event: str,
    deployment: Deployment,
    change: dict[str, str],
    reason: str,
    evidence: Sequence[dict[str, Any]] = (),
) -> None:
    after = {
        **document(deployment),
        "state": change["after"],
        "paused": deployment.paused,
        "held_reason": deployment.held_reason,
        "stage_entered_at": deployment.stage_entered_at,
    }
    if evidence:
        after["evidence"] = list(evidence)
    record(deployment.stream(), before={"state": change["before"]}, after=after, reason=reason)
    tell_of_rollout(event, deployment, reason=reason)
