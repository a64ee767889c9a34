"""Verbs on deployments: start a rollout, take a release back. Adoption: :mod:`releases.rollouts.adoption`."""

from typing import Any

from governance.access.queries import has_permission, require
from governance.access.roles import SCOPE_OF, Permission
from governance.actors import Actor, ActorKind, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import Unchanged, record, touching, verb
from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from releases.rollouts.queries import (
    Target,
    earlier_deployments,
    live_deployment,
    repeated_rollback,
    rollback_target,
)
from releases.rollouts.starting import check_start, covering_approval
from releases.rollouts.steps import (
    lock_channels,
    lock_releases,
    move_deployment,
    new_deployment,
    serve,
    supersede,
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
    """Bring an approved revision live on a channel, for all its traffic, in one step.

    What was live there is superseded and becomes the target of a rollback.

    Raises:
        ReleaseNotApproved, ApprovalExpired, RolledBackIsFinal: no approval that counts covers the channel.
        RevisionOutdated, ComponentIsRevoked: the release changed, or holds what must not be used.
        AlreadyStarted, StarterCastLastVote: see the messages.
    """
    require(actor, Permission.START_ROLLOUT, channel)
    touching(revision.stream())
    channel = lock_channels([channel.id])[0]
    former = live_deployment(channel)
    lock_releases([revision.release_id, *([former.release_id] if former else [])])
    revision = Revision.objects.select_related("release__system").get(id=revision.id)
    approval = covering_approval(revision, channel)
    check_start(actor, approval, channel, former)
    deployment = new_deployment(actor, revision, channel, approval)
    states = [deployment.state, move_deployment(deployment, DeploymentState.ROLLING_OUT)["after"]]
    record(
        deployment.stream(),
        before={"live": _served(former)},
        after={
            **_document(deployment),
            "states": [*states, DeploymentState.LIVE],
            "approval": approval.id,
            "rollback_target": _served(former),
        },
        refs={"manifest": revision.manifest_digest, "review": approval.review_digest},
    )
    if former is not None:
        supersede(former, deployment, deployment.stream())
    move_deployment(deployment, DeploymentState.LIVE)
    serve(deployment, "Rollout started")
    return deployment


def _served(deployment: Deployment | None) -> dict[str, Any] | None:
    if deployment is None:
        return None
    return {
        "release": deployment.release_id,
        "revision": deployment.revision_id,
        "deployment": deployment.id,
    }


def _document(deployment: Deployment) -> dict[str, Any]:
    return {
        "deployment": deployment.id,
        "channel": deployment.channel_id,
        "revision": deployment.revision_id,
        "revision_number": deployment.revision.number,
        "stage": deployment.stage,
    }


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
    actor: Actor, *, channel: Channel, reason: str, deployment: Deployment | None = None
) -> Rollback | Unchanged[Rollback]:
    """Take back what is live on the channel, at once: no gate, no second person, no broker.

    It goes back to the release that the rollback plan names, else to the last approved or adopted one of
    the channel. ``deployment`` says which one is meant. Asking again changes nothing and answers the same
    rollback: for a deployment that was taken back, and, where none is named, for a channel on which
    nothing went forward since it was taken back. Naming the target itself goes back one further.

    Raises:
        NothingToRollBack: nothing is live there, or the named deployment is not.
        NoRollbackTarget: nothing served the channel before it.
        InvalidInput: no reason.
    """
    _require_roll_back(actor, channel, deployment or live_deployment(channel))
    if deployment is not None and deployment.channel_id != channel.id:
        raise invalid("deployment", f"it is on {deployment.channel}, not on {channel}.")
    if not reason.strip():
        raise invalid("reason", "say why the release is taken back.")
    channel = lock_channels([channel.id])[0]
    live = live_deployment(channel)
    done = _taken_back_before(channel, live, deployment)
    if done is not None:
        return Unchanged(done)
    doomed = _doomed(channel, live, deployment)
    _require_roll_back(actor, channel, doomed)
    lock_releases([doomed.release_id, *(found.release_id for found in earlier_deployments(doomed))])
    target = rollback_target(doomed)
    if target is None:
        raise NoRollbackTarget(f"No release was approved or adopted on {channel} before {doomed.revision}.")
    return _take_back(actor, doomed, target, reason)


def _taken_back_before(
    channel: Channel, live: Deployment | None, named: Deployment | None
) -> Rollback | None:
    """The rollback that this call repeats, if it does."""
    if named is not None:
        return Rollback.objects.filter(deployment_id=named.id).first()
    return repeated_rollback(channel, live)


def _doomed(channel: Channel, live: Deployment | None, named: Deployment | None) -> Deployment:
    if live is None:
        raise NothingToRollBack(
            f"No release is live on {channel}.", next_step="Check the channel; see what is live where."
        )
    if named is not None and named.id != live.id:
        raise NothingToRollBack(
            f"{named.revision} is not live on {channel}; {live.revision} is.",
            next_step="Name the deployment that is live, or none.",
        )
    return live


def _take_back(actor: Actor, doomed: Deployment, target: Target, reason: str) -> Rollback:
    back = target.deployment
    rollback = Rollback.objects.create(
        release=doomed.release,
        deployment=doomed,
        target=back.revision,
        reason=reason,
        rolled_back_at=moment(),
        rolled_back_by_username=actor.username,
    )
    taken = move_deployment(doomed, DeploymentState.ROLLED_BACK)
    restored = move_deployment(back, DeploymentState.LIVE, as_target=True)
    after = {
        **_document(doomed),
        "rollback": rollback.id,
        "state": taken["after"],
        "target": _served(back),
        "warnings": list(target.warnings),
    }
    record(doomed.stream(), before={"state": taken["before"]}, after=after, reason=reason)
    if back.stream() != doomed.stream():
        record(
            back.stream(),
            event="rollout.restored",
            before={"deployment": back.id, "state": restored["before"]},
            after={**_document(back), "state": restored["after"], "rollback": rollback.id},
            reason=reason,
        )
    serve(back, reason)
    return rollback
