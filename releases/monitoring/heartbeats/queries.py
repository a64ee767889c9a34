"""Reads of heartbeats: which instances run which release on a channel."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.registry.models import Channel
from releases.monitoring.heartbeats.models import Heartbeat


@dataclass(frozen=True, slots=True)
class Beat:
    """The last heartbeat of an instance with a stamp; an instance that changed its stamp has one of each.

    ``at`` is by the instance's clock and ``received_at`` by ours: judge silence by ours, and which of an
    instance's stamps is the present one by ``at``. ``revision_id`` is None for a stamp that is nobody's.
    """

    instance: str
    stamp: str
    revision_id: UUID | None
    at: datetime
    received_at: datetime


def beats_of(channel: Channel, *, since: datetime) -> list[Beat]:
    """The heartbeats of the channel that were received at or after ``since``: one per instance and stamp,
    by instance, the newest ``at`` of an instance first.
    """
    rows = Heartbeat.objects.filter(channel=channel, received_at__gte=since).order_by(
        "instance", "-at", "-id"
    )
    return [Beat(row.instance, row.stamp, row.revision_id, row.at, row.received_at) for row in rows]
