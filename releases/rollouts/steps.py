"""Steps on deployments, for the verbs of this slice, inside their transaction.

Locks are always taken in this order: channels by id, then releases by id. Verbs of the slices below take
a release's lock without a channel's, so nobody waits for one another in a circle.
"""

from collections.abc import Iterable
from uuid import UUID

from governance.actors import Actor, moment
from governance.ledger.verbs import record
from governance.registry.models import Channel
from releases.approvals.models import Approval
from releases.bundles.assignments import assign
from releases.bundles.models import Revision
from releases.bundles.steps import lock_release
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import GENERAL, check_transition


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
    deployment.save(update_fields=["state", "state_changed_at"])
    return {"before": before, "after": to.value}


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


def serve(deployment: Deployment, reason: str) -> None:
    """Let the deployment's revision answer on its channel from now on."""
    assign(
        deployment.channel, stable=deployment.revision, deployment=deployment, reason=reason, stage=GENERAL
    )
