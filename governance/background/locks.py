"""Advisory locks of PostgreSQL sessions, and how long a session waits for other locks.

A lock belongs to the database session: when its process is killed the session ends and the lock is free
at once, with no lease to tune and no clock to trust.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connection

LOCK_NOT_AVAILABLE = "55P03"

_WAIT_AT_MOST = """
    WITH before AS MATERIALIZED (SELECT current_setting('lock_timeout') AS lasting)
    SELECT lasting, set_config('lock_timeout', %s, false) FROM before
"""


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


def has_waited(error: BaseException | None) -> bool:
    """Whether the error comes of having waited too long for somebody else's lock."""
    while error is not None:
        if getattr(error, "sqlstate", "") == LOCK_NOT_AVAILABLE:
            return True
        error = error.__cause__
    return False


def renew(seconds: float) -> None:
    """Open the session anew if its connection broke. Whoever opened it anew, none of its statements waits
    longer for somebody else's lock than ``seconds``. While the database is away nothing is done."""
    if not connection.is_usable():
        connection.close()
    with suppress(Error), connection.cursor() as cursor:
        cursor.execute(_WAIT_AT_MOST, [_milliseconds(seconds)])


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Within the block no statement of this session waits longer for somebody else's lock: it fails then.

    Afterwards it waits as long as before the block, which may stand in another one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WAIT_AT_MOST, [_milliseconds(seconds)])
        before = str(cursor.fetchone()[0])
    try:
        yield
    finally:
        _last("SELECT set_config('lock_timeout', %s, false)", before)
