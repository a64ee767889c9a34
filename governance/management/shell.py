"""Who acts when a command is typed, and how its refusals are shown."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import OperationalError

from governance.actors import Actor, command_actor
from governance.errors import GovernanceError


def operator() -> Actor:
    """The operating system's user, as the operator at the shell; a user without a name by number."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # containers run under numbers that no file names
        name = f"uid-{os.getuid()}"
    return command_actor(name)


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
