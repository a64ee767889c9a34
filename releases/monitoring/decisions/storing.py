"""Rows on their way into the table, by COPY; each id once over all days."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, timedelta
from time import sleep
from uuid import UUID

from django.db import OperationalError, connection
from django.utils import timezone

from governance.background.locks import has_waited
from governance.background.transient import Transient
from governance.errors import GovernanceError
from releases.monitoring.decisions.models import Decision, DecisionKey
from releases.monitoring.decisions.rows import COLUMNS, NewDecision

PIECE = 500
"""Rows written to the connection at a time."""

DAYS_AHEAD = 3
MOST_TRIES = 10
WAITS_SECONDS = 0.3

_CLAIM = f"""
    INSERT INTO {DecisionKey._meta.db_table} (id, at)
    SELECT * FROM unnest(
        string_to_array(%s, ',')::uuid[], string_to_array(%s, ',')::timestamptz[]
    ) AS new (id, at) ORDER BY id
    ON CONFLICT DO NOTHING RETURNING id::text
"""  # noqa: S608 - the name of a table
_COPY = f"COPY {Decision._meta.db_table} ({', '.join(COLUMNS)}) FROM STDIN"


class DayNotMade(GovernanceError, Transient):
    """The place for decisions of a day could not be made, because others use what it must lock."""

    code = "day_not_made"
    status = 503
    title = "No room for this day yet"
    next_step = "Send the report again in a few seconds; nothing of it was stored."


def make_days(days: Iterable[date]) -> None:
    """Make the partitions of these days unless they are there, each in a transaction of its own.

    To be called before the transaction that inserts: making one locks what rows of it refer to, for a moment.
    Whoever waits for that holds up all others, so none waits long: it lets them pass, and tries again. All
    days share the tries: a report of many waits no longer than one of a single day, and those that were made
    stay.

    Raises:
        DayNotMade: also after some tries.
    """
    left = MOST_TRIES
    for day in sorted(set(days)):
        while not _made(day):
            left -= 1
            if not left:
                raise DayNotMade(f"The place for decisions of {day} could not be made; others were busy.")
            sleep(WAITS_SECONDS)


def _made(day: date) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT decision_days_make(%s::date[])", [[day]])
    except OperationalError as error:
        if has_waited(error):
            return False
        raise
    return True


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
