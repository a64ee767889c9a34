"""Advisory locks of PostgreSQL sessions, and how long a session waits for other locks.

A lock belongs to the database session: when its process is killed the session ends and the lock is free
at once, with no lease to tune and no clock to trust.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection


def try_lock(name: str) -> bool:
    """Try to hold the lock ``name`` until :func:`unlock`; answers whether it is held. Never waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])


def unlock(name: str) -> None:
    """Let go of a lock that this session holds; one that it lost with its connection is free already."""
    _last("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", name)


def _last(statement: str, *parameters: str) -> None:
    """Say a session's last word on something; a session that ended has said it."""
    if connection.connection is None:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
    except Error:
        if connection.is_usable():
            raise


@contextmanager
def advisory_lock(name: str) -> Iterator[bool]:
    """Try to hold the lock ``name`` for the block; yields whether it is held. Never waits."""
    held = try_lock(name)
    try:
        yield held
    finally:
        if held:
            unlock(name)


@contextmanager
def one_of_locks(name: str, many: int) -> Iterator[bool]:
    """Try to hold one of ``many`` locks of the name for the block; yields whether one is held."""
    names = [name, *(f"{name}:{number}" for number in range(1, many))]
    held = next((one for one in names if try_lock(one)), None)
    try:
        yield held is not None
    finally:
        if held is not None:
            unlock(held)


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Within the block no statement of this session waits longer for somebody else's lock: it fails then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{round(seconds * 1000)}ms"])
    try:
        yield
    finally:
        _last("RESET lock_timeout")
