"""How long a session waits for other locks, where one limit stands in another."""

from django.db import connection

from governance.background.locks import waiting_at_most


def lasting() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return str(cursor.fetchone()[0])


def test_after_an_inner_limit_the_outer_one_holds_again(db: None) -> None:
    before = lasting()

    with waiting_at_most(3):
        outer = lasting()
        with waiting_at_most(0.05):
            inner = lasting()
        again = lasting()

    assert (outer, inner, again, lasting()) == ("3s", "50ms", "3s", before)
