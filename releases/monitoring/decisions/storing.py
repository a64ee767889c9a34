"""Rows on their way into the table, by COPY; each id once over all days."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from releases.monitoring.decisions.models import Decision, DecisionKey
from releases.monitoring.decisions.rows import COLUMNS, NewDecision

PIECE = 500
"""Rows written to the connection at a time."""

DAYS_AHEAD = 3

_CLAIM = f"""
    INSERT INTO {DecisionKey._meta.db_table} (id, at)
    SELECT * FROM unnest(
        string_to_array(%s, ',')::uuid[], string_to_array(%s, ',')::timestamptz[]
    ) AS new (id, at) ORDER BY id
    ON CONFLICT DO NOTHING RETURNING id::text
"""  # noqa: S608 - the name of a table
_COPY = f"COPY {Decision._meta.db_table} ({', '.join(COLUMNS)}) FROM STDIN"


def make_days(days: Iterable[date]) -> None:
    """Make the partitions of these days unless they are there.

    To be called before the transaction that inserts: making one locks what rows of it refer to, for a moment.
    """
    wanted = sorted(set(days))
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT decision_days_make(%s::date[])", [wanted])


def make_days_ahead() -> None:
    """Make the partitions of today and the days that follow."""
    today = timezone.now().astimezone(UTC).date()
    make_days(today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1))


def days_of(decisions: Iterable[NewDecision]) -> set[date]:
    """The days that the decisions lie in."""
    return {date.fromisoformat(day) for day in {one.at[:10] for one in decisions}}


def claim(decisions: Sequence[NewDecision]) -> set[str]:
    """Take the ids of the decisions; answers those that were free. Waits for a report that is taking one.

    In the order of the ids, so that two reports of the same decisions never wait for one another in a circle.
    """
    with connection.cursor() as cursor:
        # One text each: lists would be written out and read one item at a time.
        cursor.execute(_CLAIM, [",".join(one.id for one in decisions), ",".join(one.at for one in decisions)])
        return {row[0] for row in cursor.fetchall()}


def store(
    decisions: Iterable[NewDecision],
    batches: Mapping[str, UUID],
    revisions: Mapping[tuple[str, str], UUID],
    received: str,
) -> None:
    """Write the rows. ``batches`` are by channel, ``revisions`` by channel and stamp."""
    ids = {channel: str(batch) for channel, batch in batches.items()}
    known = {stamped: str(revision) for stamped, revision in revisions.items()}
    rows = [one.row(ids[one.channel], received, known.get((one.channel, one.stamp))) for one in decisions]
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for start in range(0, len(rows), PIECE):
            copy.write("".join(rows[start : start + PIECE]))
