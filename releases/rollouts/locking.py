"""The one lock of a rollout: its channel and the releases on it, always in this order."""

from governance.ledger.verbs import touching
from releases.rollouts.models import Deployment
from releases.rollouts.queries import live_deployment
from releases.rollouts.stages import DeploymentInWrongState
from releases.rollouts.steps import lock_channels, lock_releases


def lock_rollout(deployment: Deployment) -> tuple[Deployment, Deployment | None]:
    """The deployment as it is now, with channel and releases locked, and what is live beside it."""
    touching(deployment.stream())
    channel = lock_channels([deployment.channel_id])[0]
    former = live_deployment(channel)
    lock_releases([deployment.release_id, *([former.release_id] if former else [])])
    rows = Deployment.objects.select_related(
        "revision__release__system", "release", "channel", "approval", "reading"
    )
    return rows.get(id=deployment.id), former


def stable_beside(former: Deployment | None) -> Deployment:
    """What answers everybody whom the candidate does not.

    Raises:
        DeploymentInWrongState: nothing does.
    """
    if former is None:
        raise DeploymentInWrongState(
            "Nothing is live beside the candidate, so nobody else would be answered."
        )
    return former
