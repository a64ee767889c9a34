"""Statements that PostgreSQL plans once per connection, for what decision services ask all the time.

Seven joined tables take several times longer to plan than to read. Django hands each query over as a text of
its own, which nothing can be remembered for; a cursor that sends the parameters apart has its statement
prepared from the sixth time on (``prepare_threshold`` in the settings).
"""

from collections.abc import Sequence
from typing import Any, cast

from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor


def first_row(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    """The first row of what a statement reads, or None.

    The connection is not tried out before, which would be another way to the server and back: where it was
    lost, it is opened anew and asked again.
    """
    try:
        return _first_row(statement, parameters)
    except OperationalError:
        if connection.in_atomic_block:
            raise
        connection.close()
        return _first_row(statement, parameters)


def _first_row(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    connection.ensure_connection()
    with connection.wrap_database_errors:
        # Django's stubs know its own wrapper alone; what it wraps is any cursor of the driver.
        plain = cast("CursorWrapper", Cursor(connection.connection))
    wrapped = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrapped(plain) as cursor:
        cursor.execute(statement, parameters)
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found
