"""``manage.py migrate``: Django's, fenced: it runs as the owner and only with three fit database roles."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connection

from governance.access.projection import project_all_grants
from governance.checks.database_roles import refuse_unfit_roles
from governance.checks.database_urls import DatabaseRefused


class Command(migrate.Command):
    """Refuses unfit roles, migrates, brings what roles may do up to date, and leaves the list of migrations
    to the owner alone.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate as the owner; CommandError names the role that is missing or unfit."""
        connection.ensure_connection()  # without a database this says how to name one
        assert settings.DATABASE_URLS is not None
        try:
            refuse_unfit_roles(settings.DATABASE_URLS)
        except DatabaseRefused as error:
            raise CommandError(str(error)) from error
        super().handle(*args, **options)
        if not (options["app_label"] or options["plan"] or options["check_unapplied"]):
            project_all_grants()
        with connection.cursor() as cursor:
            app = connection.ops.quote_name(settings.DATABASE_ROLE_NAMES["app"])
            cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {app}")
