"""A statement asked through a cursor of its own: prepared from the sixth time on, and on a new connection
where the old one was lost.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from governance.prepared import first_row

Run = Callable[[Callable[[], Any]], Any]
PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1::int + 1'"


@pytest.fixture
def aside(db: None) -> Iterator[Run]:
    """What runs a call on a connection of its own, outside the transaction of the test."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield lambda call: pool.submit(call).result()
        pool.submit(connections.close_all).result()  # the thread's


def test_a_statement_is_prepared_once_it_was_asked_five_times(aside: Run) -> None:
    def asked() -> list[object]:
        return [first_row("SELECT %s::int + 1", [number]) for number in range(7)]

    before = aside(lambda: first_row(PREPARED, []))
    answers = aside(asked)
    after = aside(lambda: first_row(PREPARED, []))

    assert answers == [(number + 1,) for number in range(7)]
    assert (before, after) == ((0,), (1,))


def test_a_connection_that_was_lost_is_opened_anew(aside: Run) -> None:
    lost = aside(lambda: first_row("SELECT pg_backend_pid()", []))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", lost)

    found = aside(lambda: first_row("SELECT pg_backend_pid()", []))

    assert found is not None
    assert found != lost


def test_within_a_transaction_a_lost_connection_is_an_error(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1")

    with pytest.raises(OperationalError, match="canceling statement"):
        first_row("SELECT pg_sleep(5)", [])
