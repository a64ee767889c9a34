"""Waking the integrator once entries are committed, so that they are sealed at once and not at its next look.

Never inside the transaction that writes the entry: PostgreSQL serialises the commits of transactions that
notify (one lock for the whole server, held while the commit is flushed), which is the price of a hash chain
that the outbox was chosen to avoid. So the notice follows the commit, in a transaction of its own that writes
nothing; one that is lost costs a fraction of a second, since the integrator looks by itself as well.
"""

import time
from contextlib import suppress
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, connection

CHANNEL = "countersign_entries"
QUIET_SECONDS = 0.02
"""A process that has just sent a notice sends no other: the integrator is awake and looks again."""


@dataclass
class _Notices:
    """When this process sent its last one."""

    sent_at: float = 0.0


_notices = _Notices()


def wake_integrator() -> None:
    """Tell the integrator that something was committed. A database that is away is not the caller's worry."""
    now = time.monotonic()
    if now - _notices.sent_at < QUIET_SECONDS or connection.in_atomic_block:
        return
    _notices.sent_at = now
    with suppress(DatabaseError, InterfaceError), connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")


def listen() -> None:
    """From now on this connection hears of entries."""
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")


def wait_for_entries(seconds: float) -> bool:
    """Wait until somebody tells of entries, at most so long; whether somebody did."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        told = list(connection.connection.notifies(timeout=seconds, stop_after=1))
    return bool(told)
