"""Releases on channels, started and taken back through the real services."""

from governance.access.models import Account
from releases.bundles.models import Revision
from releases.rollouts.models import Deployment, Rollback
from releases.rollouts.services import roll_back, start_rollout
from tests.factories.approvals import World, candidate, requested, voted
from tests.factories.cast import actor

WHY = "Masks pass."


def started(here: World, revision: Revision, channel: str = "android") -> Deployment:
    """The revision live on the channel, started by the release manager."""
    return start_rollout(
        actor(here.cast.release_manager), revision=revision, channel=here.cast.channel(channel)
    )


def live(here: World, revision: Revision, *channels: str) -> list[Deployment]:
    """The revision approved for the channels by one approver, and live on each of them."""
    voted(here.cast.approver, requested(here, revision, *channels))
    return [started(here, revision, channel) for channel in channels]


def next_live(here: World, tag: str, *channels: str) -> Revision:
    """A further release ``v<tag>``, live on the channels."""
    revision = candidate(here, tag)
    live(here, revision, *channels)
    return revision


def taken_back(
    here: World, channel: str = "android", *, by: Account | None = None, deployment: Deployment | None = None
) -> Rollback:
    """What is live on the channel taken back, by default by the release manager."""
    return roll_back(
        actor(by or here.cast.release_manager),
        channel=here.cast.channel(channel),
        reason=WHY,
        deployment=deployment,
    )
