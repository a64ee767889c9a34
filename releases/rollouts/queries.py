"""Reads across slices: what a channel goes back to, what was taken back on it, where a release stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from governance.registry.models import Channel
from releases.bundles.models import Assignment, Revision, RevisionState
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from releases.rollouts.stages import ON_ITS_WAY, shown_step

OPEN = (*ON_ITS_WAY, DeploymentState.LIVE)
STANDINGS = ("live", "rolling out", "held", "paused", "rolled back", "superseded")


@dataclass(frozen=True)
class Open:
    """What is on its way on a channel, and what is live there."""

    on_its_way: Deployment | None
    live: Deployment | None

    @property
    def both(self) -> list[Deployment]:
        """Those of the two that there are; what is on its way first, which is taken back first."""
        return [row for row in (self.on_its_way, self.live) if row is not None]


def open_on(channel: Channel) -> Open:
    """Both, in one query."""
    rows = _open(channel, OPEN)
    live = next((row for row in rows if row.state == DeploymentState.LIVE), None)
    return Open(next((row for row in rows if row.state in ON_ITS_WAY), None), live)


def live_deployment(channel: Channel) -> Deployment | None:
    """The deployment that is live on the channel."""
    return next(iter(_open(channel, [DeploymentState.LIVE])), None)


def on_its_way(channel: Channel) -> Deployment | None:
    """The deployment that is between its start and being live on the channel, held ones included."""
    return next(iter(_open(channel, ON_ITS_WAY)), None)


def _open(channel: Channel, states: Sequence[DeploymentState]) -> list[Deployment]:
    rows = Deployment.objects.filter(channel=channel, state__in=states)
    return list(rows.select_related("revision__release__system", "release__system", "channel", "approval"))


def taken_back_next(channel: Channel) -> Deployment | None:
    """What a rollback that names nothing takes back: what is on its way, else what is live."""
    return next(iter(open_on(channel).both), None)


def started_beside(deployment: Deployment) -> Revision | None:
    """The revision that was live when the deployment was started: what its control arm got."""
    rows = Assignment.objects.filter(deployment=deployment, candidate=deployment.revision_id)
    first = rows.order_by("period").select_related("stable__release").first()
    return first.stable if first else None


def latest_rollback(channel: Channel) -> Rollback | None:
    """The last time that a deployment was taken back on the channel."""
    found = Rollback.objects.filter(deployment__channel=channel).select_related(
        "deployment", "target__release"
    )
    return found.order_by("-rolled_back_at", "-id").first()


def repeated_rollback(channel: Channel, live: Deployment | None) -> Rollback | None:
    """The channel's last rollback, if nothing went forward there since."""
    last = latest_rollback(channel)
    if last is None or live is None or live.revision_id != last.target_id:
        return None
    later = Deployment.objects.filter(channel=channel).exclude(id=last.deployment_id)
    went_on = later.filter(Q(started_at__gte=last.rolled_back_at) | Q(state__in=ON_ITS_WAY))
    return None if went_on.exists() else last


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


def rollback_target(deployment: Deployment, beside: Deployment | None = None) -> Target | None:
    """What ``deployment`` would be rolled back to: the release that its plan names, if that can serve, else
    the last approved or adopted one that served the channel before it. None when there is none.

    One that is on its way goes back to what is live beside it, whatever its plan names: ``beside`` for
    whoever has read that.
    """
    if deployment.state in ON_ITS_WAY:
        stable = beside or live_deployment(deployment.channel)
        return _with_warnings(stable, ()) if stable else None
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
    revoked = target.revision.slots.filter(component__status="revoked").select_related("component").order_by()
    held = sorted(str(slot.component) for slot in revoked)
    found = (f"The target holds revoked components: {', '.join(held)}.",) if held else ()
    return Target(target, (*warnings, *found))


def standing_sentence(deployments: Iterable[Deployment]) -> str:
    """``live on android and ios; rolling out on mobile_web at guarded 25 %; rolled back on desktop_web``.

    ``deployments`` are those of one release, of any of its revisions, with channel and revision read. Where
    one serves or is on its way, what was there before is not told. Empty if it was never started.
    """
    shown = _shown(deployments)
    numbers = {deployment.revision.number for deployment in shown}
    channels: dict[tuple[int, str, str], list[str]] = {}
    for deployment in shown:
        verb, place = _words(deployment)
        if len(numbers) > 1:
            place = f"{place} (revision {deployment.revision.number})"
        channels.setdefault((STANDINGS.index(verb), verb, place), []).append(deployment.channel.name)
    return "; ".join(
        f"{verb} on {_listed(sorted(names))}{place}" for (_, verb, place), names in sorted(channels.items())
    )


def _shown(deployments: Iterable[Deployment]) -> list[Deployment]:
    """What is open on each channel; where nothing is, what ended there last."""
    by_channel: dict[object, list[Deployment]] = {}
    for deployment in sorted(deployments, key=lambda row: (row.started_at, row.id)):
        if deployment.state != DeploymentState.NEW:
            by_channel.setdefault(deployment.channel_id, []).append(deployment)
    shown = []
    for rows in by_channel.values():
        shown += [row for row in rows if row.state in OPEN] or rows[-1:]
    return shown


def _words(deployment: Deployment) -> tuple[str, str]:
    """The state as a verb, and the stage it has reached while it is on its way."""
    if deployment.state not in ON_ITS_WAY:
        return DeploymentState(deployment.state).label.lower(), ""
    verb = "paused" if deployment.paused else DeploymentState(deployment.state).label.lower()
    return verb, f" at {shown_step(deployment).title}"


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
