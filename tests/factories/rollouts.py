"""Releases on channels, started, moved on and taken back through the real services."""

from collections.abc import Sequence
from typing import Any

from governance.access.models import Account
from governance.registry.models import Channel
from governance.registry.services import register_channel
from releases.bundles.models import Revision
from releases.rollouts.advancing import advance_rollout
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from releases.rollouts.progress import hold_rollout, pause_rollout, resume_rollout
from releases.rollouts.services import roll_back, start_rollout
from tests.factories.approvals import World, candidate, requested, voted
from tests.factories.cast import actor
from tests.factories.snapshot import remembered

WHY = "Masks pass."
SEEN = "Nothing unusual in a week of tickets."


@remembered
def add_channel(here: World, name: str, kind: str = "") -> Channel:
    """A channel of the system on which nothing is live yet."""
    return register_channel(actor(here.cast.admin), system=here.cast.system, name=name, kind=kind or name)


@remembered
def started(here: World, revision: Revision, channel: str = "android") -> Deployment:
    """The revision started on the channel by the release manager: in its first stage where something is
    live, else live."""
    return start_rollout(
        actor(here.cast.release_manager), revision=revision, channel=here.cast.channel(channel)
    )


@remembered
def advanced(here: World, deployment: Deployment) -> Deployment:
    """The rollout in its next stage, named as the page would name it."""
    stage = Deployment.objects.values_list("stage_number", flat=True).get(id=deployment.id)
    return advance_rollout(
        actor(here.cast.release_manager), deployment=deployment, reason=SEEN, to_stage=stage + 1
    )


@remembered
def held(here: World, deployment: Deployment, *, by: Account | None = None) -> Deployment:
    """The rollout held where it is, by default by the release manager."""
    return hold_rollout(actor(by or here.cast.release_manager), deployment=deployment, reason=WHY)


@remembered
def paused(here: World, deployment: Deployment) -> Deployment:
    """The rollout paused: nobody gets the candidate."""
    return pause_rollout(actor(here.cast.release_manager), deployment=deployment, reason=WHY)


@remembered
def resumed(here: World, deployment: Deployment) -> Deployment:
    """The rollout on its way again."""
    return resume_rollout(actor(here.cast.release_manager), deployment=deployment, reason=SEEN)


def through(here: World, deployment: Deployment) -> Deployment:
    """The rollout advanced through the stages that are left, until it is live."""
    if deployment.state == DeploymentState.LIVE:
        return deployment
    return through(here, advanced(here, deployment))


@remembered
def on_its_way(here: World, revision: Revision, *channels: str) -> list[Deployment]:
    """The revision approved for the channels by one approver, and in its first stage on each of them."""
    voted(here.cast.approver, requested(here, revision, *channels))
    return [started(here, revision, channel) for channel in channels]


ALL_STAGES: tuple[dict[str, Any], ...] = (
    {"kind": "offline_validation"},
    {"kind": "internal_testing", "keys": ["tester-1", "tester-2"]},
    {"kind": "shadow"},
    {"kind": "guarded", "coverage": 0.1},
    {"kind": "guarded", "coverage": 0.25},
    {"kind": "segment_monitoring", "coverage": 0.5},
    {"kind": "general"},
)


@remembered
def planned(
    here: World, *stages: dict[str, Any], freezes: Sequence[dict[str, Any]] = (), channel: str = "android"
) -> Deployment:
    """A release ``v2`` with this plan, by default one of all kinds, in its first stage on the channel."""
    plan = {"stages": list(stages or ALL_STAGES), "freezes": list(freezes)}
    (deployment,) = on_its_way(here, candidate(here, "2", rollout_plan=plan), channel)
    return deployment


@remembered
def live(here: World, revision: Revision, *channels: str) -> list[Deployment]:
    """The revision approved for the channels by one approver, and live on each of them."""
    return [through(here, deployment) for deployment in on_its_way(here, revision, *channels)]


@remembered
def next_live(here: World, tag: str, *channels: str) -> Revision:
    """A further release ``v<tag>``, live on the channels."""
    revision = candidate(here, tag)
    live(here, revision, *channels)
    return revision


@remembered
def taken_back(
    here: World, channel: str = "android", *, by: Account | None = None, deployment: Deployment | None = None
) -> Rollback:
    """What is on its way on the channel taken back, else what is live, by default by the release manager."""
    return roll_back(
        actor(by or here.cast.release_manager),
        channel=here.cast.channel(channel),
        reason=WHY,
        deployment=deployment,
    )
