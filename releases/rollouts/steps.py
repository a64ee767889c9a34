"""Steps on deployments, for the verbs of this slice, inside their transaction.

Locks are always taken in this order: channels by id, then releases by id. Verbs of the slices below take
a release's lock without a channel's, so nobody waits for one another in a circle.
"""

import secrets
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from governance.actors import Actor, moment
from governance.ledger.verbs import record
from governance.registry.models import Channel
from releases.approvals.models import Approval
from releases.bundles.assignments import Kept, assign
from releases.bundles.models import Revision
from releases.bundles.steps import lock_release
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import Step, check_transition, current_step, exposure_of, legible_step


def lock_channels(channel_ids: Iterable[UUID]) -> list[Channel]:
    """Lock the channels, by id: all that starts, adopts or takes back there waits."""
    rows = Channel.objects.select_for_update(no_key=True).filter(id__in=set(channel_ids)).order_by("id")
    return list(rows)


def lock_releases(release_ids: Iterable[UUID]) -> None:
    """Lock the releases, by id."""
    for release_id in sorted(set(release_ids)):
        lock_release(release_id)


def new_deployment(
    actor: Actor, revision: Revision, channel: Channel, approval: Approval | None = None
) -> Deployment:
    """Store a deployment that has not begun; without an approval it is of an adopted release."""
    return Deployment.objects.create(
        release=revision.release,
        revision=revision,
        approval=approval,
        channel=channel,
        salt=secrets.token_hex(16) if approval else "",
        started_at=moment(),
        started_by_username=actor.username,
        state_changed_at=moment(),
    )


def move_deployment(
    deployment: Deployment, to: DeploymentState, *, as_target: bool = False
) -> dict[str, str]:
    """Bring a deployment into another state; answers the change for the entry of the calling verb.

    Raises:
        DeploymentInWrongState: the table of transitions does not allow it.
    """
    before = deployment.state
    check_transition(before, to, adopted=deployment.approval_id is None, as_target=as_target)
    deployment.state = to
    deployment.state_changed_at = moment()
    deployment.save()
    return {"before": before, "after": to.value}


def enter(deployment: Deployment, step: Step) -> dict[str, Any]:
    """Let the deployment enter a stage now; answers the change for the entry of the calling verb."""
    before = {"stage": deployment.stage, "stage_number": deployment.stage_number}
    deployment.stage = step.stage.kind.value
    deployment.stage_number = step.number
    deployment.stage_entered_at = moment()
    deployment.save()
    return before


def pause(deployment: Deployment, reason: str) -> dict[str, str]:
    """Hold the deployment, and show it to nobody until it is resumed; the caller records and exposes.

    Answers the change of the state, which may be none.
    """
    deployment.paused = True
    deployment.held_reason = reason
    if deployment.state == DeploymentState.HELD:
        deployment.save()
        return {"before": deployment.state, "after": deployment.state}
    return move_deployment(deployment, DeploymentState.HELD)


def supersede(deployment: Deployment, by: Deployment, cause_stream: str) -> None:
    """End what was live before ``by``; recorded in the stream of its own release, unless that is
    ``cause_stream``, whose entry of the verb says so already."""
    change = move_deployment(deployment, DeploymentState.SUPERSEDED)
    if deployment.stream() == cause_stream:
        return
    record(
        deployment.stream(),
        event="rollout.superseded",
        before={"deployment": deployment.id, "state": change["before"]},
        after={
            "deployment": deployment.id,
            "state": change["after"],
            "channel": deployment.channel_id,
            "by": {"release": by.release_id, "revision": by.revision_id, "deployment": by.id},
        },
    )


def serve(
    deployment: Deployment, reason: str, former: Deployment | None = None, *, at_once: bool = False
) -> None:
    """Let the deployment's revision answer everybody on its channel from now on; but a small share keeps
    ``former``, where the plan's last stage leaves one. ``at_once``: even where the ledger comes first."""
    share = current_step(deployment).stage.control if former is not None else 0
    kept = Kept(former.revision, share, deployment.salt) if former is not None and share else None
    assign(
        deployment.channel,
        stable=deployment.revision,
        deployment=deployment,
        reason=reason,
        stage=deployment.stage,
        stage_number=deployment.stage_number,
        kept=kept,
        at_once=at_once,
    )


def expose(deployment: Deployment, stable: Revision, reason: str, *, at_once: bool = False) -> None:
    """Let the deployment's revision answer whom its stage shows it to, and ``stable`` everybody else.
    ``at_once``: even where the ledger comes first."""
    assign(
        deployment.channel,
        stable=stable,
        deployment=deployment,
        reason=reason,
        exposure=exposure_of(deployment),
        at_once=at_once,
    )


def take_over(deployment: Deployment, former: Deployment | None, reason: str) -> None:
    """The deployment has entered its last stage: it is live, and what was live before is superseded.

    The calling verb has recorded its entry.
    """
    if former is not None:
        supersede(former, deployment, deployment.stream())
    move_deployment(deployment, DeploymentState.LIVE)
    serve(deployment, reason, former)


def served(deployment: Deployment | None) -> dict[str, Any] | None:
    """What a deployment serves, for entries."""
    if deployment is None:
        return None
    return {
        "release": deployment.release_id,
        "revision": deployment.revision_id,
        "deployment": deployment.id,
    }


def document(deployment: Deployment) -> dict[str, Any]:
    """A deployment in its stage, for entries; without its share where the plan cannot be read, since taking
    it back must not fail there."""
    step = legible_step(deployment)
    return {
        "deployment": deployment.id,
        "channel": deployment.channel_id,
        "revision": deployment.revision_id,
        "revision_number": deployment.revision.number,
        "stage": deployment.stage,
        "stage_number": deployment.stage_number,
        **({"share": step.share} if step else {}),
    }
