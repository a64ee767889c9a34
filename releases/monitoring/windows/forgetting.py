"""What is remembered so that nothing counts twice, and is forgotten once nothing can come again."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from governance.registry.models import Channel
from releases.monitoring.decisions.limits import OLDEST
from releases.monitoring.windows.stretches import stretches_of

ROWS_AT_ONCE = 50_000
"""Rows that are forgotten in one statement, as ``decision_keys_forget`` does it."""

_FORGET_SUBJECTS = """
DELETE FROM releases_subjectseen WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM releases_subjectseen WHERE channel_id = %s AND stage_began_at < %s LIMIT %s
))
"""


def forget_subjects() -> None:
    """Forget who was seen in runs that ended before any decision that would still be taken."""
    oldest = _oldest_taken()
    for channel in Channel.objects.order_by("id"):
        began_at = _oldest_run(channel, oldest)
        if began_at is not None:
            _forget_subjects(channel.id, began_at)


def forget_keys() -> None:
    """Forget keys of decisions that are gone and too old to be reported again."""
    with connection.cursor() as cursor:
        forgotten = ROWS_AT_ONCE
        while forgotten == ROWS_AT_ONCE:
            cursor.execute("SELECT decision_keys_forget(%s)", [_oldest_taken()])
            forgotten = int(cursor.fetchone()[0])


def _oldest_taken() -> datetime:
    return timezone.now() - OLDEST - timedelta(days=2)


def _oldest_run(channel: Channel, oldest: datetime) -> datetime | None:
    """When the oldest run began to which a decision can still come; None where there is none."""
    runs = (one.stage_began_at for one in stretches_of(channel) if one.upper is None or one.upper >= oldest)
    return min(runs, default=None)


def _forget_subjects(channel: UUID, before: datetime) -> None:
    with connection.cursor() as cursor:
        forgotten = ROWS_AT_ONCE
        while forgotten == ROWS_AT_ONCE:
            cursor.execute(_FORGET_SUBJECTS, [channel, before, ROWS_AT_ONCE])
            forgotten = cursor.rowcount
