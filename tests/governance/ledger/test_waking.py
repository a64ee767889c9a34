"""The integrator hears of entries once they are committed, never from within the writing transaction."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, transaction

from governance.ledger import waking
from governance.ledger.waking import CHANNEL, listen, wait_for_entries, wake_integrator
from governance.registry.models import System
from tests.governance.ledger.acts import TooLate, leave_alone, person, rename, rename_then_refuse
from tests.governance.ledger.reading import APP, SUPERUSER, connected_as

HEARD_SECONDS, SILENCE_SECONDS = 20.0, 0.2


@pytest.fixture
def listener(system: System, monkeypatch: pytest.MonkeyPatch) -> Iterator["psycopg.Connection[object]"]:
    """Somebody who hears what the integrator hears; this process has sent nothing for long."""
    monkeypatch.setattr(waking, "QUIET_SECONDS", 0.0)
    with connected_as(APP, str(connection.settings_dict["NAME"])) as other:
        other.execute(f"LISTEN {CHANNEL}".encode())
        other.commit()
        yield other


def heard(listener: "psycopg.Connection[object]", seconds: float) -> int:
    return len(list(listener.notifies(timeout=seconds, stop_after=1)))


def test_a_verb_that_is_committed_is_heard_of(listener: "psycopg.Connection[object]", system: System) -> None:
    rename(person(), system=system, name="Renamed")

    assert heard(listener, HEARD_SECONDS) == 1


def test_a_verb_without_an_entry_of_its_own_wakes_nobody(
    listener: "psycopg.Connection[object]", system: System
) -> None:
    leave_alone(person(), system=system)
    with pytest.raises(TooLate):
        rename_then_refuse(person(), system=system, name="In vain")

    assert heard(listener, SILENCE_SECONDS) == 0


def test_nobody_is_woken_from_within_a_transaction(listener: "psycopg.Connection[object]") -> None:
    with transaction.atomic():
        wake_integrator()

    assert heard(listener, SILENCE_SECONDS) == 0


def test_who_has_just_sent_a_notice_sends_no_other(
    listener: "psycopg.Connection[object]", monkeypatch: pytest.MonkeyPatch
) -> None:
    wake_integrator()
    first = heard(listener, HEARD_SECONDS)
    monkeypatch.setattr(waking, "QUIET_SECONDS", 3600.0)
    wake_integrator()

    assert (first, heard(listener, SILENCE_SECONDS)) == (1, 0)


def test_who_waits_hears_of_what_came_before_it_waited_and_waits_no_longer_than_told(system: System) -> None:
    listen()
    with connected_as(SUPERUSER, str(connection.settings_dict["NAME"])) as other:
        other.execute(f"NOTIFY {CHANNEL}".encode())

    told, silence = wait_for_entries(HEARD_SECONDS), wait_for_entries(0.05)

    assert (told, silence) == (True, False)
