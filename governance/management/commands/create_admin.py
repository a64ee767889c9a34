"""``manage.py create_admin``: make the installation's first administrator."""

import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.access.services import create_first_administrator
from governance.management.shell import operator, refusals_as_errors


class Command(BaseCommand):
    """Asks for the password twice, or reads it from standard input; it is never an argument."""

    help = "Make the installation's first administrator; further ones are granted by administrators."

    def add_arguments(self, parser: CommandParser) -> None:
        """``username`` and ``--password-stdin``."""
        parser.add_argument("username", help="name to sign in with")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from the first line of stdin"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Create the account and its grant."""
        password = _from_stdin() if options["password_stdin"] else _asked()
        with refusals_as_errors():
            account = create_first_administrator(operator(), username=options["username"], password=password)
        self.stdout.write(f"{account.username} administers this installation. Sign in at /admin/.")


def _from_stdin() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise CommandError("Standard input held no password. Send it as the first line.")
    return password


def _asked() -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for the password. Use --password-stdin.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Password again: "):
        raise CommandError("The two passwords differ. Nothing was created; run the command again.")
    return password
