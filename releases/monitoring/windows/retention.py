"""Decisions that have served their time go, a day at a time; what was counted of them stays.

A system keeps its decisions for as many days as ``settings.DECISION_DAYS`` says. What an incident names, or a
replay that came out otherwise, is evidence and stays. Nothing goes before it was counted, and each channel's
stream says what went; the batches stay, with digests that can no longer be compared.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor
from governance.errors import GovernanceError
from governance.ledger.verbs import Unchanged, record, verb
from governance.registry.models import Channel, System
from releases.monitoring.decisions.limits import OLDEST
from releases.monitoring.decisions.models import Decision
from releases.monitoring.incidents.models import Incident
from releases.monitoring.replaying.models import ReplayMismatch
from releases.monitoring.windows.models import RollUp
from releases.rollouts.steps import lock_channels

logger = logging.getLogger(__name__)

DAY = timedelta(days=1)
ROWS_OF_KEYS = 50_000
"""Keys that are forgotten in one statement, as ``decision_keys_forget`` does it."""


class NotCounted(GovernanceError):
    """Decisions of the day have not been counted yet."""

    code = "not_counted"
    title = "Not counted yet"
    next_step = "Nothing: it is tried again when the worker has counted them."


def expire_decisions(actor: Actor) -> int:
    """Let go of every day that a system need not keep, and of keys that no report can repeat any more.

    Answers how many days of systems went.
    """
    gone = 0
    for system in System.objects.order_by("id"):
        for day in days_over(system, timezone.now()):
            try:
                expire_day(actor, system=system, day=day)
                gone += 1
            except GovernanceError as refusal:
                logger.warning("decisions of %s on %s stay for now: %s", system, day, refusal.message)
    _forget_keys(timezone.now() - OLDEST - 2 * DAY)
    return gone


def kept_days(system: System) -> int:
    """For how many days the system keeps its decisions."""
    days: dict[str, int] = settings.DECISION_DAYS
    return days.get(system.slug, days[""])


def days_over(system: System, now: datetime) -> list[date]:
    """Days with decisions of the system that need not be kept any more, the oldest first."""
    first = datetime.combine((now - kept_days(system) * DAY).astimezone(UTC).date(), time(), UTC)
    rows = Decision.objects.filter(channel__system=system, at__lt=first).exclude(id__in=_evidence(first))
    days = rows.order_by().values_list(TruncDate("at", tzinfo=UTC), flat=True).distinct()
    return sorted(days)


@verb("decisions.expired")
def expire_day(actor: Actor, *, system: System, day: date) -> System | Unchanged[System]:
    """Let go of the system's decisions of one day, but of none that is evidence.

    Raises:
        NotCounted: some of them are in no window yet.
    """
    require(actor, Permission.EXPIRE_DECISIONS, system)
    channels = lock_channels(Channel.objects.filter(system=system).values_list("id", flat=True))
    begins = datetime.combine(day, time(), UTC)
    rows = Decision.objects.filter(channel__in=channels, at__gte=begins, at__lt=begins + DAY)
    _refuse_uncounted(rows)
    kept = _kept(rows, begins + DAY)
    going = Counter(rows.exclude(id__in=kept).values_list("channel_id", flat=True))
    for channel in channels:
        if going[channel.id]:
            record(
                channel.stream(),
                after={
                    "day": day.isoformat(),
                    "decisions": going[channel.id],
                    "kept_days": kept_days(system),
                },
            )
    gone = _expire(day, going, kept)
    if gone != going.total():
        raise RuntimeError(f"{gone} decisions went on {day}, where {going.total()} were announced")
    return system if gone else Unchanged(system)


def _refuse_uncounted(rows: QuerySet[Decision]) -> None:
    read = dict(RollUp.objects.values_list("channel_id", "stream_seq"))
    newest = rows.order_by("channel_id", "-batch__entry__stream_seq").distinct("channel_id")
    for channel, seq in newest.values_list("channel_id", "batch__entry__stream_seq"):
        if seq > read.get(channel, 0):
            raise NotCounted("Decisions of this day are in no window yet.")


def _evidence(until: datetime) -> list[UUID]:
    """Decisions before ``until`` that something else stands on."""
    named = Incident.objects.filter(decision__isnull=False).values_list("decision", flat=True)
    otherwise = ReplayMismatch.objects.filter(at__lt=until).values_list("id", flat=True)
    return [one for one in (*named, *otherwise) if one is not None]


def _kept(rows: QuerySet[Decision], until: datetime) -> list[UUID]:
    return list(rows.filter(id__in=_evidence(until)).values_list("id", flat=True))


def _expire(day: date, channels: Iterable[UUID], kept: list[UUID]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT decision_days_expire(%s::date, %s::uuid[], %s::uuid[])", [day, list(channels), kept]
        )
        return int(cursor.fetchone()[0])


def _forget_keys(before: datetime) -> None:
    """Forget the keys of decisions that are gone and too old to be reported again."""
    with connection.cursor() as cursor:
        forgotten = ROWS_OF_KEYS
        while forgotten == ROWS_OF_KEYS:
            cursor.execute("SELECT decision_keys_forget(%s)", [before])
            forgotten = int(cursor.fetchone()[0])
