"""Roll-up: decisions that were reported since the last time are counted into windows, channel by channel.

Each channel is a transaction of its own, so that one that fails never stops another, and one that is broken
off is done again from where the last one ended. Where nothing is new it costs one look at the stream.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import CharField, DateTimeField, Exists, F, Func, Max, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError
from governance.ledger.canonical import format_time
from governance.ledger.models import Entry
from governance.ledger.verbs import Unchanged, record, verb
from governance.registry.models import Channel
from releases.monitoring.decisions.models import Decision, DecisionBatch
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS, WINDOW, window_start
from releases.monitoring.windows.counting import Work, count
from releases.monitoring.windows.models import RollUp
from releases.monitoring.windows.stretches import Stretch, predicates_of, stretches_of
from releases.rollouts.steps import lock_channels

logger = logging.getLogger(__name__)

BATCHES_AT_ONCE = 100
"""Batches of a channel counted in one transaction; what is left waits for the next round."""

WINDOWS_AT_ONCE = 200
NAMED = 20
"""Windows that an entry names; it says how many there were."""


@dataclass(frozen=True)
class Pending:
    """What is new on a channel: windows with new decisions, those of them that were closed when these came,
    and how far the stream is read then.
    """

    stream_seq: int
    starts: frozenset[datetime] = frozenset()
    late: frozenset[datetime] = frozenset()
    batches: tuple[UUID, ...] = ()
    latest_at: datetime | None = None
    received_at: datetime | None = None


def roll_up(actor: Actor) -> int:
    """Count what is new on every channel; answers how many channels had anything."""
    counted = 0
    for channel in _with_news():
        try:
            counted += count_decisions(actor, channel=channel).batches_counted > 0
        except GovernanceError as refusal:
            logger.warning("windows of %s are left for the next round: %s", channel.id, refusal.message)
        except Exception:
            logger.exception("windows of %s could not be counted; the others go on", channel.id)
    return counted


def _with_news() -> list[Channel]:
    """Channels whose stream has entries behind those that were read: one query, whatever there is."""
    read = RollUp.objects.filter(channel=OuterRef("id")).values("stream_seq")
    stream = Concat(Value(f"{Channel.stream_prefix}:"), Cast(OuterRef("id"), CharField()))
    behind = Entry.objects.filter(stream=stream, stream_seq__gt=OuterRef("read"))
    channels = Channel.objects.select_related("system").annotate(read=Coalesce(Subquery(read), 0))
    return list(channels.filter(Exists(behind)).order_by("id"))


@verb("windows.reopened")
def count_decisions(actor: Actor, *, channel: Channel) -> RollUp | Unchanged[RollUp]:
    """Count the channel's new decisions into windows. An entry is written where some of them came after their
    window was closed, and names these windows; counting what came in time decides nothing and needs none.
    """
    require(actor, Permission.COUNT_WINDOWS, channel)
    progress = _locked(channel)
    pending = _pending(channel, progress)
    _count(channel, pending)
    if pending.late:
        # Only now, when nothing slow is left: a rollback on the channel waits for whoever holds its lock.
        lock_channels([channel.id])
        record(
            channel.stream(),
            after={
                "windows": [format_time(start) for start in sorted(pending.late)[:NAMED]],
                "windows_total": len(pending.late),
                "batches": pending.batches,
            },
        )
    _remember(progress, pending)
    return progress if pending.late else Unchanged(progress)


def _locked(channel: Channel) -> RollUp:
    """The channel's progress; whoever counts it at the same time waits here."""
    RollUp.objects.get_or_create(channel=channel)
    return RollUp.objects.select_for_update().get(channel=channel)


def _pending(channel: Channel, progress: RollUp) -> Pending:
    """Batches whose entries stand after those that were counted. Entries of other acts are passed over."""
    entries = Entry.objects.filter(stream=channel.stream(), stream_seq__gt=progress.stream_seq)
    newest = entries.aggregate(newest=Max("stream_seq"))["newest"] or progress.stream_seq
    batches = list(
        DecisionBatch.objects.filter(
            channel=channel, entry__stream=channel.stream(), entry__stream_seq__gt=progress.stream_seq
        )
        .annotate(seq=F("entry__stream_seq"))
        .order_by("entry__stream_seq")[: BATCHES_AT_ONCE + 1]
    )
    if len(batches) > BATCHES_AT_ONCE:
        batches.pop()
        newest = batches[-1].seq
    starts = {batch.id: _windows_of(batch) for batch in batches}
    return Pending(
        stream_seq=newest,
        starts=frozenset().union(*starts.values()),
        late=frozenset(
            start
            for batch in batches
            for start in starts[batch.id]
            if batch.received_at > start + WINDOW + ALLOWED_LATENESS
        ),
        batches=tuple(batch.id for batch in batches),
        latest_at=max((batch.last_at for batch in batches), default=None),
        received_at=max((batch.received_at for batch in batches), default=None),
    )


def _windows_of(batch: DecisionBatch) -> frozenset[datetime]:
    rows = Decision.objects.filter(batch=batch, at__gte=batch.first_at, at__lte=batch.last_at)
    start = Func(
        Value(WINDOW),
        "at",
        Value(window_start(batch.first_at)),
        function="date_bin",
        output_field=DateTimeField(),
    )
    return frozenset(rows.order_by().values_list(start, flat=True).distinct())


def _count(channel: Channel, pending: Pending) -> None:
    """Count the windows, some at a time."""
    if not pending.starts:
        return
    stretches = stretches_of(channel)
    every = sorted(pending.starts)
    for first in range(0, len(every), WINDOWS_AT_ONCE):
        work = _work(channel, stretches, every[first : first + WINDOWS_AT_ONCE])
        count(work, pending.late, pending.received_at or moment())


def _remember(progress: RollUp, pending: Pending) -> None:
    """Remember how far the stream is read."""
    progress.stream_seq = pending.stream_seq
    progress.latest_at = max(filter(None, (progress.latest_at, pending.latest_at)), default=None)
    progress.rolled_up_at = moment()
    progress.save(force_update=True)
    progress.batches_counted = len(pending.batches)


def _work(channel: Channel, stretches: Sequence[Stretch], starts: Sequence[datetime]) -> Work:
    touched = [one for one in stretches if any(one.overlaps(start, start + WINDOW) for start in starts)]
    return Work(
        channel=channel.id,
        starts=frozenset(starts),
        stretches=touched,
        segments={one.number: predicates_of(channel, one) for one in touched},
    )
