"""``manage.py create_token``: issue a bearer token for an account and print its secret once."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from governance.access.models import Account
from governance.access.roles import Scope
from governance.access.services import issue_token
from governance.management.shell import operator, refusals_as_errors

SPAN = re.compile(r"([1-9][0-9]{0,4})([hd])")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}


class Command(BaseCommand):
    """Prints the secret alone on standard output, so that it can be piped; all else goes to stderr."""

    help = "Issue a bearer token for an account; its secret is printed once and stored nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """``user``, ``--scope``, ``--expires``, ``--name``."""
        parser.add_argument("user", help="username of a person or a service")
        parser.add_argument(
            "--scope",
            dest="scopes",
            nargs="+",
            action="extend",
            required=True,
            metavar="SCOPE",
            help=f"what the token may be used for: {', '.join(Scope)}; every call needs '{Scope.READ}'",
        )
        parser.add_argument(
            "--expires", required=True, help="when: a span like 12h or 90d, a date, or a time in ISO 8601"
        )
        parser.add_argument("--name", default="Issued at the shell", help="what the token is for")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Issue the token in the name of the operator."""
        account = Account.objects.filter(username=options["user"]).first()
        if account is None:
            raise CommandError(f"There is no account {options['user']!r}. Check the username.")
        with refusals_as_errors():
            token = issue_token(
                operator(),
                account=account,
                name=options["name"],
                scopes=options["scopes"],
                expires_at=expiry(options["expires"]),
            )
        self.stderr.write(
            f"Token for {account.username}, {', '.join(token.scopes)}, until {token.expires_at:%F %R} UTC. "
            "It is shown only now."
        )
        self.stdout.write(token.secret)


def expiry(text: str) -> datetime:
    """The time that ``--expires`` names; a date means its first moment in UTC.

    Raises:
        CommandError: it names none.
    """
    span = SPAN.fullmatch(text)
    if span:
        return timezone.now() + int(span[1]) * UNITS[span[2]]
    try:
        day = parse_date(text)
        at = datetime(day.year, day.month, day.day) if day else parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise CommandError(
            f"--expires: found {text!r}; give a span like 12h or 90d, a date like 2027-01-31, or a time."
        )
    return at if at.tzinfo else timezone.make_aware(at, timezone.get_default_timezone())
