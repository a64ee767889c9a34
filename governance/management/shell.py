"""Who acts when a command is typed, and how its refusals are shown."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import check_password
from django.core.management.base import CommandError
from django.db import OperationalError
from django.utils import timezone

from governance.access.models import Account, AccountKind
from governance.actors import Actor, ActorKind, Authentication, AuthMethod, command_actor
from governance.errors import GovernanceError


def operator() -> Actor:
    """The operating system's user, as the operator at the shell; a user without a name by number."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # containers run under numbers that no file names
        name = f"uid-{os.getuid()}"
    return command_actor(name)


def person(username: str, *, from_stdin: bool = False) -> Actor:
    """The person with this account, who proves it by password at the shell.

    Raises:
        CommandError: no such active person, another password, or no terminal to ask for it.
    """
    account = Account.objects.filter(username=username, kind=AccountKind.PERSON, is_active=True).first()
    password = sys.stdin.readline().rstrip("\r\n") if from_stdin else _asked(f"Password of {username}: ")
    if account is None or not check_password(password, account.password):
        raise CommandError(f"No active person {username!r} with this password.")
    proof = Authentication(AuthMethod.SHELL, proved_at=timezone.now())
    return Actor(ActorKind.USER, account.username, proof, id=account.id)


def _asked(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for the password. Use --password-stdin.")
    return getpass.getpass(prompt)


@contextmanager
def refusals_as_errors() -> Iterator[None]:
    """A refusal ends the command with exit status 1, its sentence and its next step; so does a database
    that is not there, since whoever types the command too early needs no traceback."""
    try:
        yield
    except OperationalError as trouble:
        raise CommandError(str(trouble).strip()) from trouble
    except GovernanceError as refusal:
        raise CommandError(f"{refusal.message} {refusal.next_step}".strip()) from refusal
