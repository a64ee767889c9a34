"""Decisions that have served their time go, a day at a time; what was counted of them stays.

A system keeps its decisions for as many days as ``settings.DECISION_DAYS`` says. What an incident names, or a
replay that came out otherwise, is evidence and stays. Nothing goes before it was counted, and each channel's
stream says what went; the batches stay, with digests that can no longer be compared.

A day of which nothing stays goes whole, for all of its systems at once; of another one decisions go some at a
time, each time with an entry. All that takes long is done before a lock is taken: no rollback waits for it.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION
from governance.actors import Actor
from governance.background.locks import has_waited, waiting_at_most
from governance.background.transient import Transient
from governance.errors import GovernanceError
from governance.ledger.verbs import record, verb
from governance.registry.models import Channel, System
from releases.monitoring.decisions.models import Decision, DecisionBatch, DecisionKey
from releases.monitoring.incidents.models import Incident
from releases.monitoring.replaying.models import ReplayMismatch
from releases.monitoring.windows.models import RollUp
from releases.rollouts.steps import lock_channels

logger = logging.getLogger(__name__)

DAY = timedelta(days=1)
ROWS_AT_ONCE = 3_000
"""Decisions of a channel that go with one entry: so many are gone in a tenth of a second."""

WAITS_AT_MOST_SECONDS = 0.5
"""For a channel that somebody else has locked; then the day stays until the next round."""

WAITS_BESIDE_REPORTS_SECONDS = 0.05
"""The same while the table is closed for a day that goes whole, and no report comes in."""


class NotCounted(GovernanceError):
    """Decisions of the day have not been counted yet."""

    code = "not_counted"
    title = "Not counted yet"
    next_step = "Nothing: it is tried again when the worker has counted them."


class StaysForNow(GovernanceError, Transient):
    """The decisions are in use, or some of them have just become evidence."""

    code = "stays_for_now"
    title = "Stays for now"
    next_step = "Nothing: it is tried again in the next round."


def expire_decisions(actor: Actor) -> int:
    """Let go of every day that a system need not keep. Answers how many days of systems went."""
    days: dict[date, list[System]] = defaultdict(list)
    for system in System.objects.order_by("id"):
        for day in days_over(system, timezone.now()):
            days[day].append(system)
    return sum(_expired(actor, day, days[day]) for day in sorted(days))


def kept_days(system: System) -> int:
    """For how many days the system keeps its decisions."""
    days: dict[str, int] = settings.DECISION_DAYS
    return days.get(system.slug, days[""])


def days_over(system: System, now: datetime) -> list[date]:
    """Days with decisions of the system that need not be kept any more, the oldest first."""
    first = datetime.combine((now - kept_days(system) * DAY).astimezone(UTC).date(), time(), UTC)
    rows = _without_evidence(Decision.objects.filter(channel__system=system, at__lt=first))
    days = rows.order_by().values_list(TruncDate("at", tzinfo=UTC), flat=True).distinct()
    return sorted(days)


def _expired(actor: Actor, day: date, systems: Sequence[System]) -> int:
    """Let go of the day's decisions of these systems; answers for how many of them all went."""
    if _goes_whole(day, systems):
        return len(systems) if _done(drop_day, actor, day=day, systems=systems) else 0
    gone = 0
    for system in systems:
        channels = Channel.objects.filter(system=system).select_related("system").order_by("id")
        done = [_done(_thin, actor, channel=channel, day=day) for channel in channels]
        gone += all(done)
    return gone


def _done(act: Any, actor: Actor, **given: Any) -> bool:
    """Whether it could be done; what cannot go now stops nothing else, and is tried in the next round."""
    try:
        with waiting_at_most(WAITS_AT_MOST_SECONDS):
            act(actor, **given)
    except GovernanceError as refusal:
        logger.warning("decisions of %s stay for now: %s", given["day"], refusal.message)
    except Exception:
        logger.exception("decisions of %s could not be let go", given["day"])
    else:
        return True
    return False


def _goes_whole(day: date, systems: Sequence[System]) -> bool:
    """Whether nothing of the day stays: neither of another system, nor what is evidence, nor uncounted."""
    others = decisions_of(day).exclude(channel__system__in=systems)
    return not (others.exists() or _holds_evidence(day) or _uncounted(day).exists())


@verb("decisions.expired")
def drop_day(actor: Actor, *, day: date, systems: Sequence[System]) -> System:
    """Let go of a whole day, of which nothing stays.

    Reports of all systems wait from the moment the table is closed until the entries are written, some
    milliseconds for each channel: so none is waited for that somebody else has locked.

    Raises:
        StaysForNow: somebody reads or writes decisions all the time, or has locked a channel.
    """
    require(actor, Permission.EXPIRE_DECISIONS, INSTALLATION)
    by_id = {system.id: system for system in systems}
    going = dict(decisions_of(day).values_list("channel").annotate(Count("id")))
    if not _function("decision_days_close(%s::date)", day):
        raise StaysForNow("Others read or write decisions all the time.")
    for channel in _locked_at_once(going):
        _record(channel, day, going[channel.id], by_id[channel.system_id])
    _function("decision_days_drop(%s::date)", day)
    return systems[0]


def _locked_at_once(channels: Iterable[UUID]) -> list[Channel]:
    try:
        with waiting_at_most(WAITS_BESIDE_REPORTS_SECONDS):
            return lock_channels(channels)
    except OperationalError as error:
        if has_waited(error):
            raise StaysForNow("Somebody else is at work on a channel of that day.") from error
        raise


def _thin(actor: Actor, *, channel: Channel, day: date) -> None:
    """Let go of what need not stay of the channel's decisions of the day."""
    for ids in _pieces(channel, day):
        thin_day(actor, channel=channel, day=day, decisions=ids)


def _pieces(channel: Channel, day: date) -> Iterator[list[UUID]]:
    rows = _without_evidence(decisions_of(day).filter(channel=channel)).order_by()
    while ids := list(rows.values_list("id", flat=True)[:ROWS_AT_ONCE]):
        yield ids


@verb("decisions.expired")
def thin_day(actor: Actor, *, channel: Channel, day: date, decisions: Sequence[UUID]) -> Channel:
    """Let go of these decisions of a channel, none of which is evidence.

    Raises:
        NotCounted: some of the day are in no window yet.
        StaysForNow: one of them has become evidence meanwhile.
    """
    require(actor, Permission.EXPIRE_DECISIONS, channel.system)
    if _uncounted(day).filter(channel=channel).exists():
        raise NotCounted("Decisions of this day are in no window yet.")
    lock_channels([channel.id])
    _record(channel, day, len(decisions), channel.system)
    gone = _function(
        "decision_days_thin(%s::date, %s::uuid[], %s::uuid[])", day, [channel.id], list(decisions)
    )
    if gone != len(decisions):
        raise StaysForNow(f"{gone} of {len(decisions)} could go: something stands on the others now.")
    return channel


def _record(channel: Channel, day: date, decisions: int, system: System) -> None:
    after = {"day": day.isoformat(), "decisions": decisions, "kept_days": kept_days(system)}
    record(channel.stream(), after=after)


def decisions_of(day: date) -> QuerySet[Decision]:
    """All decisions of the day."""
    begins = datetime.combine(day, time(), UTC)
    return Decision.objects.filter(at__gte=begins, at__lt=begins + DAY).order_by()


def _uncounted(day: date) -> QuerySet[DecisionBatch]:
    """Batches that reach into the day and are in no window yet."""
    begins = datetime.combine(day, time(), UTC)
    counted = RollUp.objects.filter(
        channel=OuterRef("channel"), stream_seq__gte=OuterRef("entry__stream_seq")
    )
    return DecisionBatch.objects.filter(~Exists(counted), first_at__lt=begins + DAY, last_at__gte=begins)


def _holds_evidence(day: date) -> bool:
    """Whether something else stands on a decision of the day; asked of what is few."""
    begins = datetime.combine(day, time(), UTC)
    span = {"at__gte": begins, "at__lt": begins + DAY}
    named = Incident.objects.filter(decision__in=DecisionKey.objects.filter(**span).values("id"))
    return named.exists() or ReplayMismatch.objects.filter(**span).exists()


def _without_evidence(rows: QuerySet[Decision]) -> QuerySet[Decision]:
    return rows.filter(
        ~Exists(Incident.objects.filter(decision=OuterRef("id"))),
        ~Exists(ReplayMismatch.objects.filter(id=OuterRef("id"))),
    )


def _function(call: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {call}", values)
        return cursor.fetchone()[0]
