"""Roll-up: decisions that were reported since the last time are counted into windows, channel by channel.

Each channel is a transaction of its own, so that one that fails never stops another, and one that is broken
off is done again from where the last one ended. Rounds may run side by side: each channel is counted by one
of them, and what is least behind comes first, so that a flood on one channel keeps the others waiting no
longer than it must. Where nothing is new it costs one look at the stream.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import CharField, DateTimeField, F, Func, Max, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.background.locks import advisory_lock, renew, waiting_at_most
from governance.background.transient import Transient
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
WINDOWS_IN_A_ROUND = 1000
"""Batches of a channel counted in one transaction, and their windows, whatever the first one holds; what is
left waits for the next round."""

WINDOWS_AT_ONCE = 200
"""Windows counted in one statement."""

NAMED = 20
"""Windows that an entry names; it says how many there were."""

WAITS_AT_MOST_SECONDS = 3.0
"""For a lock that somebody else holds; then the channel is left for the next round."""

LONGEST_PROBLEM = 300

_WAIT = """
    UPDATE releases_rollup SET waiting_since = %s WHERE channel_id IN (
        SELECT channel_id FROM releases_rollup WHERE channel_id = ANY (%s) AND waiting_since IS NULL
        FOR UPDATE SKIP LOCKED
    )
"""


@dataclass(frozen=True)
class Pending:
    """What is new on a channel: windows with new decisions, those of them that were closed when these came,
    and how far the stream is read then.
    """

    stream_seq: int
    starts: frozenset[datetime] = frozenset()
    late: frozenset[datetime] = frozenset()
    batches: tuple[UUID, ...] = ()
    is_all: bool = True
    latest_at: datetime | None = None
    received_at: datetime | None = None


@dataclass(frozen=True)
class _News:
    """A channel with entries that were not read: how many, and whether it waits and fails since longer."""

    channel: Channel
    behind: int
    waits: bool
    fails: bool


def roll_up(actor: Actor) -> int:
    """Count what is new on every channel; answers how many channels had anything."""
    with waiting_at_most(WAITS_AT_MOST_SECONDS):
        news = _with_news()
        _wait([one.channel for one in news if not one.waits])
        return sum(_counted(actor, one.channel) for one in news)


def _counted(actor: Actor, channel: Channel) -> bool:
    """Whether anything of the channel was counted, unless another round is at it."""
    with advisory_lock(f"count:{channel.id}") as held:
        try:
            return held and count_decisions(actor, channel=channel).batches_counted > 0
        except Exception as error:
            if isinstance(error, Transient):
                logger.warning("windows of %s are left for the next round: %s", channel.id, error)
            else:
                logger.exception("windows of %s could not be counted; the others go on", channel.id)
            renew(WAITS_AT_MOST_SECONDS)
            _failed(channel, error.message if isinstance(error, GovernanceError) else type(error).__name__)
    return False


def _with_news() -> list[_News]:
    """Channels whose stream has entries behind those that were read: one query, whatever there is. Those that
    fail come last, and before them what has most to read."""
    rows = RollUp.objects.filter(channel=OuterRef("id"))
    stream = Concat(Value(f"{Channel.stream_prefix}:"), Cast(OuterRef("id"), CharField()))
    newest = Entry.objects.filter(stream=stream).order_by("-stream_seq").values("stream_seq")[:1]
    channels = Channel.objects.select_related("system").annotate(
        read=Coalesce(Subquery(rows.values("stream_seq")), 0),
        newest=Subquery(newest),
        waiting=Subquery(rows.values("waiting_since")),
        problem=Coalesce(Subquery(rows.values("problem")), Value("")),
    )
    found = [
        _News(channel, channel.newest - channel.read, channel.waiting is not None, bool(channel.problem))
        for channel in channels.filter(newest__gt=F("read")).order_by("id")
    ]
    return sorted(found, key=lambda one: (one.fails, one.behind))


def _wait(channels: Sequence[Channel]) -> None:
    """Remember since when the channels wait, before any of them is counted: whatever becomes of this round.

    What another round is at is left to it: it has remembered that itself.
    """
    if not channels:
        return
    # In one order, so that two rounds never wait for one another's new rows in a circle.
    rows = [RollUp(channel=one) for one in sorted(channels, key=lambda channel: channel.id)]
    RollUp.objects.bulk_create(rows, ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(_WAIT, [timezone.now(), [channel.id for channel in channels]])


def _failed(channel: Channel, problem: str) -> None:
    """Remember how it failed; it stays what it was where even that fails."""
    try:
        RollUp.objects.filter(channel=channel).update(problem=problem[:LONGEST_PROBLEM])
    except Exception:
        logger.exception("that windows of %s could not be counted cannot be kept", channel.id)


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
    starts = _some(batches)
    is_all = len(starts) == len(batches)
    if not is_all:
        del batches[len(starts) :]
        newest = batches[-1].seq
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
        is_all=is_all,
        latest_at=max((batch.last_at for batch in batches), default=None),
        received_at=max((batch.received_at for batch in batches), default=None),
    )


def _some(batches: Sequence[DecisionBatch]) -> dict[UUID, frozenset[datetime]]:
    """The windows of as many batches as one transaction takes."""
    starts: dict[UUID, frozenset[datetime]] = {}
    seen: frozenset[datetime] = frozenset()
    for batch in batches[:BATCHES_AT_ONCE]:
        found = _windows_of(batch)
        seen |= found
        if starts and len(seen) > WINDOWS_IN_A_ROUND:
            break
        starts[batch.id] = found
    return starts


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
    """Remember how far the stream is read; what is left of it waits from now on."""
    progress.stream_seq = pending.stream_seq
    progress.latest_at = max(filter(None, (progress.latest_at, pending.latest_at)), default=None)
    progress.rolled_up_at = moment()
    progress.waiting_since, progress.problem = None if pending.is_all else moment(), ""
    progress.save(force_update=True)
    progress.batches_counted = len(pending.batches)


def _work(channel: Channel, stretches: Sequence[Stretch], starts: Sequence[datetime]) -> Work:
    near = [one for one in stretches if any(one.overlaps(start, start + WINDOW) for start in starts)]
    # Who turns out to have been seen earlier may have counted in another stay of the stage.
    stages = {one.stage_began_at for one in near}
    touched = [run for one in stretches if one.stage_began_at in stages for run in one.runs]
    return Work(
        channel=channel.id,
        starts=frozenset(starts),
        stretches=touched,
        segments={one.number: predicates_of(channel, one) for one in touched},
    )
