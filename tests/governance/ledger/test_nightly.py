"""The nightly check: when it is due, what it writes down, and what /readyz says of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from governance.actors import acting_as, task_actor
from governance.checks.record import record_part
from governance.ledger.entries import append_entry
from governance.ledger.heads import head_file
from governance.ledger.integrator import integrate_all
from governance.ledger.models import Entry
from governance.ledger.nightly import OVERDUE_AFTER, STREAM, check_if_due, is_due, last_check, overdue_since
from governance.ledger.sealing import seal_newest
from governance.registry.models import System
from tests.governance.ledger.reading import as_integrator, let_sign, tamper

ENGINE = task_actor("check-1")
NAMED = "UPDATE governance_system SET slug = 'behind-the-back'"
UNGUARDED = f"""
ALTER TABLE governance_system DISABLE TRIGGER ledger_guard; {NAMED};
ALTER TABLE governance_system ENABLE ALWAYS TRIGGER ledger_guard
"""


@pytest.fixture
def sealed(system: System, settings: Settings, tmp_path: Path) -> System:
    """A system whose entry is numbered and signed."""
    let_sign(settings, tmp_path)
    with as_integrator():
        integrate_all()
        seal_newest()
    return system


def test_nothing_is_due_while_nothing_is_on_record(committed_db: str) -> None:
    assert not is_due(timezone.now())
    assert record_part() == {"ok": True, "checked_at": None}


def test_the_record_is_checked_once_a_night_and_what_was_missed_is_caught_up(sealed: System) -> None:
    now = timezone.now()

    first, again = check_if_due(ENGINE), check_if_due(ENGINE)
    with time_machine.travel(now + timedelta(days=3), tick=False):
        late = check_if_due(ENGINE)

    assert (first is not None, again, late is not None) == (True, None, True)
    assert Entry.objects.filter(stream="ledger:checks").count() == 2


def test_it_is_due_from_half_past_two_in_the_night_on(sealed: System) -> None:
    night = datetime(2031, 5, 4, 2, 30, tzinfo=UTC)
    with time_machine.travel(night - timedelta(hours=1), tick=False):
        check_if_due(ENGINE)

    assert [is_due(night - timedelta(seconds=1)), is_due(night)] == [False, True]


def test_a_whole_record_is_written_down_as_whole(sealed: System) -> None:
    check_if_due(ENGINE)

    found = last_check()
    assert found is not None
    assert (found.is_whole, found.number, found.findings, found.unchecked) == (True, 0, (), ())
    assert (found.entries, found.rows) == (1, 1)
    assert record_part()["ok"] is True


def test_a_changed_row_is_written_down_by_its_place_and_without_what_stands_there(sealed: System) -> None:
    tamper(UNGUARDED)

    check_if_due(ENGINE)

    found, part = last_check(), record_part()
    body = bytes(Entry.objects.get(stream="ledger:checks").body).decode()
    assert found is not None
    assert (found.is_whole, found.findings) == (
        False,
        (f"governance_system {sealed.id} slug: not what its entries say.",),
    )
    assert "behind-the-back" not in body
    assert (part["ok"], part["findings"]) == (False, 1)
    assert "verify_ledger" in str(part["next_step"])


def test_a_head_that_lies_on_another_machine_is_no_finding_and_is_said(sealed: System) -> None:
    head_file().unlink()

    check_if_due(ENGINE)

    found = last_check()
    assert found is not None
    assert found.is_whole
    assert [one.partition(":")[0] for one in found.unchecked] == ["head"]


def test_a_head_that_was_there_once_and_is_gone_is_a_finding(sealed: System) -> None:
    check_if_due(ENGINE)
    head_file().unlink()

    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        check_if_due(ENGINE)

    found = last_check()
    assert found is not None
    assert (found.is_whole, found.unchecked) == (False, ())
    assert "is missing or empty" in found.findings[0]


def test_without_a_key_the_signatures_are_said_not_to_be_checked(
    sealed: System, settings: Settings, tmp_path: Path
) -> None:
    settings.SIGNING_KEY_FILE, settings.VAR_DIR = None, tmp_path / "elsewhere"

    check_if_due(ENGINE)

    found = last_check()
    assert found is not None
    assert [one.partition(":")[0] for one in found.unchecked] == ["signatures"]
    assert record_part()["unchecked"] == list(found.unchecked)


def test_a_check_that_was_never_made_is_missed_after_a_day_and_a_half(sealed: System) -> None:
    later = timezone.now() + OVERDUE_AFTER

    with time_machine.travel(later - timedelta(minutes=5), tick=False):
        before = record_part()
    with time_machine.travel(later + timedelta(minutes=5), tick=False):
        after = record_part()

    assert (before["ok"], after["ok"]) == (True, False)
    assert "evaluator" in str(after["next_step"])


def test_a_check_that_is_dated_ahead_puts_off_no_other(sealed: System) -> None:
    now = timezone.now()
    with time_machine.travel(now + timedelta(days=3650), tick=False):
        check_if_due(ENGINE)
    waiting = is_due(now)
    with as_integrator():
        integrate_all()

    found = last_check()

    assert waiting
    assert found is not None
    assert found.at < now + timedelta(minutes=5)
    assert is_due(now + timedelta(days=1))
    assert overdue_since(now + OVERDUE_AFTER + timedelta(hours=1)) is not None


def broken_check() -> None:
    """A comparison that cannot be done."""
    raise ZeroDivisionError


def test_a_check_that_comes_no_further_is_written_down_as_one_that_found_something(
    sealed: System, settings: Settings
) -> None:
    settings.RECORD_CHECKS = (f"{__name__}.broken_check",)

    check_if_due(ENGINE)

    found = last_check()
    assert found is not None
    assert (found.is_whole, found.number) == (False, 1)
    assert "ZeroDivisionError" in found.findings[0]
    assert "ZeroDivisionError" not in str(record_part())


def test_an_entry_of_a_check_that_says_something_else_is_no_whole_record(sealed: System) -> None:
    with acting_as(ENGINE), transaction.atomic():
        append_entry("ledger.checked", STREAM, after={"whole": True})

    found = last_check()

    assert found is not None
    assert (found.is_whole, found.findings) == (
        False,
        ("Entry 1 of ledger:checks does not say what a check says.",),
    )
