"""Heartbeats as instances of the decision service send them, every minute or so.

An instance is that of the account which reports it: nobody else can say that it has followed a rollback,
until it has been silent for some minutes and the account may have been replaced.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError
from governance.ledger.canonical import is_digest
from governance.ledger.verbs import Unchanged, record, verb
from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.monitoring.decisions.values import check_time
from releases.monitoring.heartbeats.models import Heartbeat
from releases.rollouts.landing import GONE_AFTER
from releases.rollouts.steps import lock_channels

MOST_NEW = 1000
"""Instances and stamps that a channel may hear of for the first time in an hour: each takes an entry."""


class TooManyInstances(GovernanceError):
    """More instances appeared than a service has."""

    code = "too_many_instances"
    status = 429
    title = "Too many new instances"
    next_step = "Give each instance a name that it keeps when it restarts, or wait an hour."


class InstanceOfAnother(GovernanceError):
    """Another account reports the instance of this name."""

    code = "instance_of_another"
    title = "Another account reports this instance"
    next_step = (
        "Give each instance a name of its own. Where the account was replaced, the name is free once the "
        "former one has been silent for three minutes."
    )


@dataclass(frozen=True)
class Beat:
    """What an instance says of itself."""

    instance: str
    stamp: str
    at: datetime


def report_heartbeat(actor: Actor, *, channel: Channel, beat: Beat) -> Heartbeat:
    """Note that the instance runs the stamp; an entry is written the first time only.

    Raises:
        PermissionDenied: the actor reports nothing on this channel.
        InvalidInput: the instance's clock is wrong by more than five minutes.
        InstanceOfAnother, TooManyInstances: see there.
    """
    require(actor, Permission.REPORT_DECISIONS, channel)
    now = actor.at or timezone.now()
    check_time(beat.at, now, "at")
    _refuse_anothers(actor, channel, beat, now)
    known = _known(channel, beat)
    known.update(at=Greatest(F("at"), Value(beat.at)), received_at=now, reported_by_username=actor.username)
    return known.first() or first_heartbeat(actor, channel=channel, beat=beat)


@verb("heartbeat.first_reported")
def first_heartbeat(actor: Actor, *, channel: Channel, beat: Beat) -> Heartbeat | Unchanged[Heartbeat]:
    """Note for the first time that the instance runs the stamp."""
    require(actor, Permission.REPORT_DECISIONS, channel)
    lock_channels({channel.id})
    _refuse_anothers(actor, channel, beat, moment())
    if there := _known(channel, beat).first():
        return Unchanged(there)
    recent = Heartbeat.objects.filter(channel=channel, first_received_at__gt=moment() - timedelta(hours=1))
    if recent.count() >= MOST_NEW:
        raise TooManyInstances(
            f"{MOST_NEW} instances or stamps were first heard of on this channel within an hour."
        )
    revision = _revision_of(channel, beat.stamp)
    entry = record(
        channel.stream(),
        after={"instance": beat.instance, "stamp": beat.stamp, "revision": revision, "at": beat.at},
        refs={"manifest": beat.stamp} if revision else None,
    )
    return Heartbeat.objects.create(
        channel=channel,
        instance=beat.instance,
        stamp=beat.stamp,
        revision_id=revision,
        first_received_at=moment(),
        at=beat.at,
        received_at=moment(),
        reported_by_username=actor.username,
        entry=entry,
    )


def _refuse_anothers(actor: Actor, channel: Channel, beat: Beat, now: datetime) -> None:
    rows = Heartbeat.objects.filter(channel=channel, instance=beat.instance, received_at__gt=now - GONE_AFTER)
    if rows.exclude(reported_by_username=actor.username).exists():
        raise InstanceOfAnother(f"{beat.instance} was reported by another account a moment ago.")


def _known(channel: Channel, beat: Beat) -> QuerySet[Heartbeat]:
    return Heartbeat.objects.filter(channel=channel, instance=beat.instance, stamp=beat.stamp)


def _revision_of(channel: Channel, stamp: str) -> UUID | None:
    if not is_digest(stamp):
        return None
    rows = Revision.objects.filter(release__system=channel.system_id, manifest_digest=stamp)
    return rows.order_by("-number").values_list("id", flat=True).first()
