"""Verbs on deployments: start a rollout, take a release back.

Between the two: :mod:`releases.rollouts.progress`. Adoption: :mod:`releases.rollouts.adoption`.
"""

from collections.abc import Sequence
from typing import Any

from governance.access.queries import has_permission, require
from governance.access.roles import SCOPE_OF, Permission
from governance.actors import Actor, ActorKind, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import Unchanged, record, touching, verb
from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.rollouts.models import Deployment, DeploymentState, Landing, Rollback
from releases.rollouts.queries import (
    Open,
    Target,
    earlier_deployments,
    live_deployment,
    open_on,
    repeated_rollback,
    rollback_target,
    taken_back_next,
)
from releases.rollouts.recipients import ask_no_more, tell_of_rollback, tell_of_rollout
from releases.rollouts.stages import Step, first_step
from releases.rollouts.starting import check_start, covering_approval, passed_at_start
from releases.rollouts.steps import (
    document,
    enter,
    expose,
    lock_channels,
    lock_releases,
    move_deployment,
    new_deployment,
    pause,
    serve,
    served,
    take_over,
)


class NothingToRollBack(GovernanceError):
    """No release is live on the channel, or the one named no longer is."""

    code = "nothing_to_roll_back"
    title = "Nothing to roll back"


class NoRollbackTarget(GovernanceError):
    """No release served the channel before, so there is nothing to go back to."""

    code = "no_rollback_target"
    title = "Nothing to go back to"
    next_step = (
        "Bring another approved release live on this channel, or switch the channel off at the caller."
    )


@verb("rollout.started")
def start_rollout(actor: Actor, *, revision: Revision, channel: Channel) -> Deployment:
    """Start bringing an approved revision live on a channel, in the first stage of its plan.

    The gate's evaluation is the stage of offline validation, so that one is passed at once. Where nothing
    is live on the channel, or the plan has the last stage only, it is live at once, and what was live is
    superseded and becomes the target of a rollback.

    Raises:
        ReleaseNotApproved, ApprovalExpired, RolledBackIsFinal: no approval that counts covers the channel.
        RevisionOutdated, ComponentIsRevoked: the release changed, or holds what must not be used.
        RolloutUnderWay, GuardedStageMissing, BaselineMoved, CalendarFrozen, AlreadyStarted: see the messages.
        StarterCastLastVote, NotInPerson: another person, or a session, is needed.
    """
    require(actor, Permission.START_ROLLOUT, channel)
    touching(revision.stream())
    channel = lock_channels([channel.id])[0]
    former = live_deployment(channel)
    lock_releases([revision.release_id, *([former.release_id] if former else [])])
    revision = Revision.objects.select_related("release__system").get(id=revision.id)
    approval = covering_approval(revision, channel)
    check_start(actor, approval, channel, former)
    first = first_step(revision, has_stable=former is not None)
    deployment = new_deployment(actor, revision, channel, approval)
    enter(deployment, first)
    states = [DeploymentState.NEW, move_deployment(deployment, DeploymentState.ROLLING_OUT)["after"]]
    record(
        deployment.stream(),
        before={"live": served(former)},
        after={
            **document(deployment),
            "states": [*states, *([DeploymentState.LIVE] if first.is_last else [])],
            "passed": passed_at_start(revision, first, approval, has_stable=former is not None),
            "approval": approval.id,
            "salt": deployment.salt,
            "rollback_target": served(former),
        },
        refs={"manifest": revision.manifest_digest, "review": approval.review_digest},
    )
    _answer_first(deployment, former, first)
    return deployment


def _answer_first(deployment: Deployment, former: Deployment | None, first: Step) -> None:
    """Let the channel be answered as the first stage says, and tell people."""
    reason = f"Rollout started: {first.title}"
    if first.is_last or former is None:
        take_over(deployment, former, reason)
    else:
        expose(deployment, former.revision, reason)
    tell_of_rollout("rollout.started", deployment)


def may_roll_back(actor: Actor, deployment: Deployment) -> bool:
    """Whether the actor may take this deployment back: by role on the channel, or as the person whom its
    rollback plan names and who may read it."""
    if has_permission(actor, Permission.ROLL_BACK, deployment.channel):
        return True
    scopes = actor.auth.scopes
    return (
        actor.kind is ActorKind.USER
        and actor.username == deployment.revision.rollback_plan.get("owner")
        and has_permission(actor, Permission.VIEW, deployment.channel)
        and (scopes is None or SCOPE_OF[Permission.ROLL_BACK] in scopes)
    )


def _require_roll_back(actor: Actor, channel: Channel, deployment: Deployment | None) -> None:
    touching(channel.stream())
    if deployment is None or not may_roll_back(actor, deployment):
        require(actor, Permission.ROLL_BACK, channel)


@verb("rollout.rolled_back")
def roll_back(
    actor: Actor,
    *,
    channel: Channel,
    reason: str,
    deployment: Deployment | None = None,
    triggers: Sequence[dict[str, Any]] = (),
) -> Rollback | Unchanged[Rollback]:
    """Take back a release on the channel, at once: no gate, no second person, no broker.

    What is on its way there is taken back first, and what is live stays so. Otherwise what is live goes
    back to the release that its rollback plan names, else to the last approved or adopted one of the
    channel. ``deployment`` says which one is meant; where what is live is named while another is on its
    way, nobody gets that one any more until it is resumed. Asking again changes nothing and answers the
    same rollback: for a deployment that was taken back, and, where none is named, for a channel on which
    nothing went forward since. Naming the target itself goes back one further. ``triggers`` are what fired,
    where the engine takes it back: each a document with its ``key``.

    Raises:
        NothingToRollBack: nothing is live there or on its way, or the named deployment is neither.
        NoRollbackTarget: nothing served the channel before it.
        InvalidInput: no reason.
    """
    meant = deployment or taken_back_next(channel)
    _require_roll_back(actor, channel, meant)
    if deployment is not None and deployment.channel_id != channel.id:
        raise invalid("deployment", f"it is on {deployment.channel}, not on {channel}.")
    if not reason.strip():
        raise invalid("reason", "say why the release is taken back.")
    channel = lock_channels([channel.id])[0]
    there = open_on(channel)
    done = _taken_back_before(channel, there, deployment)
    if done is not None:
        return Unchanged(done)
    doomed = _doomed(channel, there.both, deployment)
    if meant is None or doomed.id != meant.id:
        _require_roll_back(actor, channel, doomed)
    target = _locked_target(doomed, there)
    other = there.on_its_way if doomed.state == DeploymentState.LIVE else None
    return _take_back(actor, doomed, target, other, reason=reason, triggers=triggers)


def _taken_back_before(channel: Channel, there: Open, named: Deployment | None) -> Rollback | None:
    """The rollback that this call repeats, if it does."""
    if named is not None:
        return Rollback.objects.filter(deployment_id=named.id).first()
    return repeated_rollback(channel, there.live)


def _doomed(channel: Channel, found: Sequence[Deployment], named: Deployment | None) -> Deployment:
    if not found:
        raise NothingToRollBack(
            f"No release is live on {channel}.", next_step="Check the channel; see what is live where."
        )
    if named is None:
        return found[0]
    for row in found:
        if row.id == named.id:
            return row
    raise NothingToRollBack(
        f"{named.revision} is not live on {channel}; {found[-1].revision} is.",
        next_step="Name the deployment that is live or on its way, or none.",
    )


def _locked_target(doomed: Deployment, there: Open) -> Target:
    """What it goes back to, once the releases that may be concerned are locked."""
    earlier = earlier_deployments(doomed) if doomed.state == DeploymentState.LIVE else []
    lock_releases(found.release_id for found in (*there.both, *earlier))
    target = rollback_target(doomed, there.live)
    if target is None:
        raise NoRollbackTarget(
            f"No release was approved or adopted on {doomed.channel} before {doomed.revision}."
        )
    return target


def _take_back(
    actor: Actor,
    doomed: Deployment,
    target: Target,
    other: Deployment | None,
    *,
    reason: str,
    triggers: Sequence[dict[str, Any]],
) -> Rollback:
    """``other`` is on its way beside what was live and is taken back."""
    back = target.deployment
    rollback = _stored(actor, doomed, back, reason, triggers)
    taken = move_deployment(doomed, DeploymentState.ROLLED_BACK)
    stays = back.state == DeploymentState.LIVE
    state = back.state if stays else move_deployment(back, DeploymentState.LIVE, as_target=True)["before"]
    after = {
        **document(doomed),
        "rollback": rollback.id,
        "landing": rollback.landing,
        "state": taken["after"],
        "target": served(back),
        "restored": not stays,
        "paused": served(other),
        "warnings": list(target.warnings),
        **({"triggers": list(triggers)} if triggers else {}),
    }
    record(doomed.stream(), before={"state": taken["before"]}, after=after, reason=reason)
    if not stays and back.stream() != doomed.stream():
        _record_restored(back, state, rollback)
    if other is None:
        serve(back, reason, at_once=True)
    else:
        _pause_beside(other, back, doomed, reason)
    ask_no_more(doomed, because="It was rolled back.")
    tell_of_rollback(rollback)
    return rollback


def _record_restored(back: Deployment, state: str, rollback: Rollback) -> None:
    """In the stream of the release that is live again, if that is another one."""
    record(
        back.stream(),
        event="rollout.restored",
        before={"deployment": back.id, "state": state},
        after={**document(back), "state": back.state, "rollback": rollback.id},
        reason=rollback.reason,
    )


def _stored(
    actor: Actor, doomed: Deployment, back: Deployment, reason: str, triggers: Sequence[dict[str, Any]]
) -> Rollback:
    """The rollback, to be watched until it has landed; in a past that is staged nobody watched."""
    return Rollback.objects.create(
        release=doomed.release,
        deployment=doomed,
        target=back.revision,
        reason=reason,
        rolled_back_at=moment(),
        rolled_back_by_username=actor.username,
        triggers=[str(one["key"]) for one in triggers],
        landing=Landing.UNWATCHED if actor.simulated else Landing.PENDING,
    )


def _pause_beside(other: Deployment, back: Deployment, doomed: Deployment, reason: str) -> None:
    """What is on its way was compared with a release that is taken back: nobody gets it until resumed."""
    was_paused = other.paused
    change = pause(other, f"{doomed.revision} was rolled back: {reason}")
    if other.stream() not in {doomed.stream(), back.stream()}:
        record(
            other.stream(),
            event="rollout.paused",
            before={"state": change["before"], "paused": was_paused},
            after={
                **document(other),
                "state": change["after"],
                "paused": True,
                "held_reason": other.held_reason,
            },
            reason=reason,
        )
    expose(other, back.revision, reason, at_once=True)
    tell_of_rollout("rollout.paused", other, reason=other.held_reason)
