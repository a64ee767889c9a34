"""Refused attempts are recorded too: one stream per actor, at most 60 a minute, then a counted summary."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from governance.actors import Actor, acting_as
from governance.errors import GovernanceError
from governance.ledger.entries import append_entry
from governance.ledger.idempotency import actor_key
from governance.ledger.models import Entry, RefusalTally

WRITTEN_PER_MINUTE = 60
MESSAGE_LENGTH = 2000
TARGETS = 50


def refusal_stream(actor: Actor) -> str:
    """The stream that holds this actor's refused attempts."""
    return f"refusals:{actor_key(actor)}"


def _lock(stream: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [stream])


def _summarise(stream: str) -> None:
    this_minute = timezone.now().replace(second=0, microsecond=0)
    for tally in RefusalTally.objects.filter(stream=stream, minute__lt=this_minute).order_by("minute"):
        append_entry("refusals.summarised", stream, after={"minute": tally.minute, "count": tally.count})
        tally.delete()


def record_refusal(
    actor: Actor, event: str, refusal: GovernanceError, targets: list[str], arguments: dict[str, Any]
) -> None:
    """Write that ``actor`` was refused ``event``; the verb's own transaction is already rolled back."""
    stream = refusal_stream(actor)
    with acting_as(actor), transaction.atomic():
        _lock(stream)
        _summarise(stream)
        now = timezone.now()
        if _is_flooding(stream, now):
            _count(stream, now)
            return
        append_entry(
            "verb.refused",
            stream,
            after={
                "verb": event,
                "code": refusal.code,
                "message": _storable(refusal.message[:MESSAGE_LENGTH]),
                "targets": targets[:TARGETS],
                "arguments": {key: value for key, value in arguments.items() if isinstance(value, UUID)},
            },
        )


def _storable(message: str) -> str:
    """The message may quote what was refused: halves of surrogate pairs and NUL are written as escapes."""
    return message.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def _is_flooding(stream: str, now: datetime) -> bool:
    """Whether the minute before ``now`` holds as many entries of the stream as are written out."""
    newest = Entry.objects.filter(stream=stream).order_by("-stream_seq").values_list("at", flat=True)
    oldest_of_them = newest[WRITTEN_PER_MINUTE - 1 : WRITTEN_PER_MINUTE].first()
    return oldest_of_them is not None and oldest_of_them > now - timedelta(minutes=1)


def _count(stream: str, now: datetime) -> None:
    minute = now.replace(second=0, microsecond=0)
    RefusalTally.objects.get_or_create(stream=stream, minute=minute)
    RefusalTally.objects.filter(stream=stream, minute=minute).update(count=F("count") + 1)


def summarise_refusals(actor: Actor) -> int:
    """Write out the tallies of minutes that have passed; answers for how many streams."""
    streams = list(RefusalTally.objects.values_list("stream", flat=True).distinct())
    for stream in streams:
        with acting_as(actor), transaction.atomic():
            _lock(stream)
            _summarise(stream)
    return len(streams)
