"""Factories that remember: what is put back equals what was written, and what may differ runs for real."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from governance.access.models import Account, Grant, SystemObjectPermission
from governance.access.roles import Role
from governance.access.services import create_account
from governance.ledger.models import Entry, Pending
from tests.factories import snapshot
from tests.factories.cast import actor, administrator, grant, person, system_with_channels
from tests.factories.snapshot import remembered

Step = Callable[..., Account]
NOON = datetime(2100, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What ran for real in this test, which begins without memories."""
    monkeypatch.setattr(snapshot, "_kept", {})
    monkeypatch.setattr(snapshot, "_place", None)
    monkeypatch.setattr(snapshot, "_is_trusted", True)
    return []


@pytest.fixture
def author(runs: list[str]) -> Step:
    """A remembered step: somebody who writes releases of a new system."""

    @remembered
    def author(name: str) -> Account:
        runs.append(name)
        account = person(name)
        grant(account, Role.AUTHOR, system=system_with_channels(f"of-{name}", ("android",)))
        return account

    return author


@contextmanager
def undone() -> Iterator[None]:
    """A transaction, or a savepoint in one, that is rolled back."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]  # as django.test.TestCase does: verbs are durable
    with around:
        yield
        transaction.set_rollback(True)


@pytest.fixture
def beginning(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Transactions of the test's own, in the database of the run."""
    with django_db_blocker.unblock():
        yield


def rows() -> list[object]:
    """Everything that the step leaves, with its keys and times."""
    return [
        *Account.objects.order_by("id").values(),
        *Grant.objects.order_by("id").values(),
        *SystemObjectPermission.objects.order_by("id").values(),
        *Entry.objects.order_by("id").values("id", "stream", "stream_seq", "body", "at", "document"),
        *Pending.objects.order_by("position").values("entry"),
    ]


def test_the_same_step_from_the_same_beginning_is_put_back_row_for_row(
    beginning: None, author: Step, runs: list[str]
) -> None:
    with undone():
        first = author("ada")
        written = rows()
    with undone():
        second = author("ada")
        found = rows()

    assert runs == ["ada"]
    assert second == first
    assert found == written


def test_what_is_put_back_satisfies_every_constraint_and_the_guard(
    beginning: None, author: Step, runs: list[str]
) -> None:
    with undone():
        author("ada")
    with undone():
        author("ada")
        connection.check_constraints()

    assert runs == ["ada"]


def test_other_arguments_run_for_real(beginning: None, author: Step, runs: list[str]) -> None:
    with undone():
        author("ada")
    with undone():
        author("grace")

    assert runs == ["ada", "grace"]


def test_another_step_before_makes_another_state(beginning: None, author: Step, runs: list[str]) -> None:
    with undone():
        author("ada")
    with undone():
        author("grace")
        author("ada")

    assert runs == ["ada", "grace", "ada"]


def test_after_any_other_write_a_step_runs_for_real(beginning: None, author: Step, runs: list[str]) -> None:
    with undone():
        author("ada")
        author("grace")
    with undone():
        author("ada")
        create_account(actor(administrator()), username="somebody", password="plum-orchard-at-dusk")
        author("grace")

    assert runs == ["ada", "grace", "grace"]


def test_after_a_step_that_was_taken_back_another_runs_for_real(
    beginning: None, author: Step, runs: list[str]
) -> None:
    with undone():
        author("ada")
        author("grace")
    with undone():
        with undone():
            author("ada")
        author("grace")

    assert runs == ["ada", "grace", "grace"]


def test_with_other_settings_a_step_runs_for_real(beginning: None, author: Step, runs: list[str]) -> None:
    with undone():
        author("ada")
    with undone(), override_settings(SCORE_STORE=settings.SCORE_STORE / "other"):
        author("ada")

    assert runs == ["ada", "ada"]


def test_where_the_clock_is_stopped_a_step_is_put_back_at_that_moment_alone(
    beginning: None, author: Step, runs: list[str]
) -> None:
    with time_machine.travel(NOON, tick=False), undone():
        author("ada")
        written = rows()
    with time_machine.travel(NOON, tick=False), undone():
        author("ada")
        again = rows()
    with time_machine.travel(NOON + timedelta(seconds=1), tick=False), undone():
        author("ada")
    with undone():
        author("ada")

    assert again == written
    assert runs == ["ada"] * 3


def test_where_a_set_clock_goes_on_nothing_is_remembered(
    beginning: None, author: Step, runs: list[str]
) -> None:
    with time_machine.travel(NOON, tick=True), undone():
        author("ada")
    with time_machine.travel(NOON, tick=True), undone():
        author("ada")

    assert runs == ["ada", "ada"]


def test_what_was_reached_in_one_database_is_not_put_back_in_another(
    beginning: None, author: Step, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with undone():
        author("anna")

    monkeypatch.setitem(connection.settings_dict, "NAME", "world_of_bundles")
    with undone():
        author("anna")

    assert runs == ["anna", "anna"]


def test_where_the_product_is_patched_nothing_is_remembered(
    beginning: None, author: Step, runs: list[str]
) -> None:
    with undone():
        author("ada")
    snapshot.trust(False)
    with undone():
        author("ada")

    assert runs == ["ada", "ada"]


def test_what_commits_runs_for_real(committed_db: str, author: Step, runs: list[str]) -> None:
    author("ada")

    assert runs == ["ada"]
    assert not snapshot._kept


def test_a_refusal_keeps_what_it_wrote(beginning: None, runs: list[str]) -> None:
    @remembered
    def refused() -> None:
        person("ada")
        raise ValueError("no")

    with undone():
        with pytest.raises(ValueError, match="no"):
            refused()
        names = set(Account.objects.values_list("username", flat=True))

    assert names == {"admin", "ada"}
