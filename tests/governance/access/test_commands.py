"""``create_admin`` and ``create_token``: the two commands that make access at the shell."""

import getpass
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from governance.access.models import Account, ApiToken, Grant
from governance.access.roles import Role
from governance.access.services import deactivate_account, hash_token
from governance.ledger.queries import entry_of
from governance.management.commands.create_token import expiry
from governance.management.shell import person as proved
from governance.management.shell import refusals_as_errors
from tests.factories.cast import PASSWORD, Cast, actor, administrator

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def run(*arguments: str, **options: Any) -> tuple[str, str]:
    """What a command wrote to its two outputs."""
    out, err = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def typing(monkeypatch: pytest.MonkeyPatch, *passwords: str) -> None:
    """A terminal at which the passwords are typed one after the other."""
    typed = iter(passwords)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))


def test_create_admin_makes_an_administrator_of_the_installation(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))

    out, _ = run("create_admin", "root", password_stdin=True)

    grant = Grant.objects.get()
    assert (grant.account.username, grant.role, grant.system_id) == ("root", Role.ADMINISTRATOR, None)
    assert grant.account.check_password(PASSWORD)
    assert PASSWORD not in out
    entry = entry_of(grant.account.stream(), "account.created")
    assert entry is not None
    assert entry.document["actor"]["kind"] == "command"


def test_create_admin_asks_twice(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    typing(monkeypatch, PASSWORD, PASSWORD)

    run("create_admin", "root")

    assert Account.objects.get().check_password(PASSWORD)


def test_create_admin_refuses_two_different_passwords(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    typing(monkeypatch, PASSWORD, f"{PASSWORD}!")

    with pytest.raises(CommandError, match="differ"):
        run("create_admin", "root")

    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "no password"),
        ("\n", "no password"),
        ("short\n", "password: .*too short"),
        ("1234567890\n", "numeric"),
    ],
)
def test_create_admin_refuses_a_weak_password(
    db: None, monkeypatch: pytest.MonkeyPatch, given: str, says: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))

    with pytest.raises(CommandError, match=says):
        run("create_admin", "root", password_stdin=True)


def test_create_admin_does_not_wait_for_a_terminal_that_is_not_there(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(CommandError, match="--password-stdin"):
        run("create_admin", "root")


def test_what_needs_a_password_does_not_wait_for_a_terminal_that_is_not_there(
    team: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(CommandError, match="no terminal to ask for the password"):
        proved(team.admin.username)


def test_create_admin_makes_no_second_one(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    administrator()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))

    with pytest.raises(
        CommandError, match=r"has had an administrator before\. Ask an administrator"
    ) as refused:
        run("create_admin", "root", password_stdin=True)

    assert refused.value.returncode == 1


def test_create_token_prints_the_secret_alone(team: Cast) -> None:
    out, err = run("create_token", "integration", "--scope", "read", "registry:write", "--expires", "90d")

    token = ApiToken.objects.get()
    assert hash_token(out.strip()) == token.secret_hash
    assert token.account == team.integration
    assert token.scopes == ["read", "registry:write"]
    assert out.strip() not in err
    assert "integration" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody", "--scope", "read", "--expires", "1d"], "no account 'nobody'"),
        (["author", "--scope", "emperor", "--expires", "1d"], "scopes: .*emperor.* choose from read"),
        (["author", "--scope", "read", "--expires", "soon"], "--expires: found 'soon'"),
        (["author", "--scope", "read", "--expires", "2026-02-30"], "--expires: found '2026-02-30'"),
        (["author", "--scope", "read", "--expires", "0d"], "--expires: found '0d'"),
        (["author", "--scope", "read", "--expires", "400d"], "expires_at: .*within the next 366 days"),
        (["author", "--scope", "read", "--expires", "2020-01-01"], "expires_at: .*within"),
        (["author", "--expires", "1d"], "--scope"),
    ],
)
def test_create_token_says_what_does_not_fit(team: Cast, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says) as refused:
        run("create_token", *arguments)

    assert refused.value.returncode == 1
    assert not ApiToken.objects.exists()


def test_create_token_refuses_a_closed_account(team: Cast) -> None:
    deactivate_account(actor(team.admin), account=team.author, reason="Left")

    with pytest.raises(CommandError, match="author is deactivated"):
        run("create_token", "author", "--scope", "read", "--expires", "1d")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("12h", NOW + timedelta(hours=12)),
        ("90d", NOW + timedelta(days=90)),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T08:00:00", datetime(2027, 1, 31, 8, tzinfo=UTC)),
        ("2027-01-31T08:00:00+02:00", datetime(2027, 1, 31, 6, tzinfo=UTC)),
    ],
)
def test_an_expiry_is_a_span_a_date_or_a_time(text: str, at: datetime) -> None:
    with time_machine.travel(NOW, tick=False):
        found = expiry(text)

    assert found == at
    assert timezone.is_aware(found)


def test_a_command_typed_before_the_database_is_there_says_so_without_a_traceback() -> None:
    with pytest.raises(CommandError, match="Run `make up` first"), refusals_as_errors():
        raise OperationalError("No database: Run `make up` first.")
