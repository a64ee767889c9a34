"""Statements that PostgreSQL plans once per connection: what decision services ask all the time, and entries.

Seven joined tables take several times longer to plan than to read, and planning was a fifth of the price of
an entry. Django hands each query over as a text of its own, which nothing can be remembered for; a cursor
that sends the parameters apart has its statement prepared from the sixth time on (``prepare_threshold`` in
the settings).
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor

Parameters = Sequence[Any] | Mapping[str, Any]


def first_row(statement: str, parameters: Parameters) -> tuple[Any, ...] | None:
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


def _first_row(statement: str, parameters: Parameters) -> tuple[Any, ...] | None:
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        plain = Cursor(connection.connection)
        if not connection.queries_logged and not connection.execute_wrappers:
            # Django's wrapper would cost a fifth of such a query, and has nothing to do here.
            return plain.execute(statement, parameters).fetchone()
    wrapped = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    # Django's stubs know its own wrapper alone; what it wraps is any cursor of the driver.
    with wrapped(cast("CursorWrapper", plain)) as cursor:
        cursor.execute(statement, parameters)
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found
