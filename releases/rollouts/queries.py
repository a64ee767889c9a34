"""Reads across slices: what a channel goes back to, and what was taken back on it."""

from dataclasses import dataclass
from uuid import UUID

from governance.registry.models import Channel
from releases.bundles.models import RevisionState
from releases.rollouts.models import Deployment, DeploymentState, Rollback


def live_deployment(channel: Channel) -> Deployment | None:
    """The deployment that is live on the channel."""
    return (
        Deployment.objects.filter(channel=channel, state=DeploymentState.LIVE)
        .select_related("revision__release", "release", "channel", "approval")
        .first()
    )


def latest_rollback(channel: Channel) -> Rollback | None:
    """The last time that a deployment was taken back on the channel."""
    found = Rollback.objects.filter(deployment__channel=channel).select_related(
        "deployment", "target__release"
    )
    return found.order_by("-rolled_back_at", "-id").first()


def repeated_rollback(channel: Channel, live: Deployment | None) -> Rollback | None:
    """The channel's last rollback, if nothing went forward there since."""
    last = latest_rollback(channel)
    if last is None or live is None:
        return None
    is_target = live.revision_id == last.target_id and live.state_changed_at == last.rolled_back_at
    return last if is_target else None


@dataclass(frozen=True)
class Target:
    """What a rollback returns to. ``warnings`` are recorded with it and shown, and stop nothing."""

    deployment: Deployment
    warnings: tuple[str, ...] = ()


def earlier_deployments(deployment: Deployment) -> list[Deployment]:
    """What served the channel before ``deployment`` and could again, the last one first."""
    return list(
        Deployment.objects.filter(channel_id=deployment.channel_id, state=DeploymentState.SUPERSEDED)
        .exclude(id=deployment.id)
        .exclude(revision__state=RevisionState.WITHDRAWN)
        .select_related("revision__release", "release", "channel")
        .order_by("-state_changed_at", "-started_at")
    )


def rollback_target(deployment: Deployment) -> Target | None:
    """What ``deployment`` would be rolled back to: the release that its plan names, if that can serve, else
    the last approved or adopted one that served the channel before it. None when there is none.
    """
    earlier = earlier_deployments(deployment)
    if not earlier:
        return None
    planned = deployment.revision.rollback_plan.get("target")
    named = [found for found in earlier if str(found.release_id) == str(planned)]
    if named or not planned:
        return _with_warnings((named or earlier)[0], ())
    unavailable = f"The plan names release {planned}, which has nothing to return to on this channel."
    return _with_warnings(earlier[0], (unavailable,))


def _with_warnings(target: Deployment, warnings: tuple[str, ...]) -> Target:
    revoked = target.revision.slots.filter(component__status="revoked").select_related("component")
    held = sorted(str(slot.component) for slot in revoked)
    found = (f"The target holds revoked components: {', '.join(held)}.",) if held else ()
    return Target(target, (*warnings, *found))


def deployments_of(revision_id: UUID) -> list[Deployment]:
    """Where a revision is or was deployed, newest first."""
    rows = Deployment.objects.filter(revision_id=revision_id).select_related("channel", "approval")
    return list(rows.order_by("-started_at", "-id"))
