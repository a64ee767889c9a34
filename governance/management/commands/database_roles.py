"""``manage.py database_roles``: print the SQL that makes the three database roles."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from governance.checks.database_roles import create_roles_sql


class Command(BaseCommand):
    """Prints; connects to nothing, so that it can be used before there is a database."""

    help = "Print the SQL that creates the three database roles and the database."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """``--database``: the name of the database to create."""
        parser.add_argument("--database", default="countersign", help="name of the database to create")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the SQL with the user names of the URLs in force, or the usual names."""
        self.stdout.write(create_roles_sql(settings.DATABASE_ROLE_NAMES, options["database"]), ending="")
