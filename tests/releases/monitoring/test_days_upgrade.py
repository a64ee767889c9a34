"""An installation whose decisions lay in one table: after the upgrade they lie in days, none lost or changed.

The database of the test is put into the form of the migration before, and is migrated forward again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from releases.monitoring.decisions.models import Decision, DecisionBatch, DecisionKey, digest_of_lines
from releases.monitoring.decisions.reporting import Report, report_lines
from tests.factories.cast import Cast, actor, cast
from tests.releases.monitoring.lines import decision, ndjson

DAYS = ("releases", "0006_windows")
BEFORE = ("releases", "0005_gates")


@contextmanager
def as_owner() -> Iterator[None]:
    """Connect as the role that migrates."""
    configuration = connections["default"].settings_dict
    before = configuration["USER"]
    connections.close_all()
    configuration["USER"] = settings.DATABASE_ROLE_NAMES["owner"]
    try:
        yield
    finally:
        connections.close_all()
        configuration["USER"] = before


def kind_of_table() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind FROM pg_class WHERE oid = 'releases_decision'::regclass")
        return str(cursor.fetchone()[0])


def shape() -> tuple[set[str], set[str]]:
    """The names of the table's indexes and foreign keys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'releases_decision'")
        indexes = {str(name) for (name,) in cursor.fetchall()}
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'releases_decision'::regclass "
            "AND contype IN ('f', 'c')"
        )
        return indexes, {str(name) for (name,) in cursor.fetchall()}


def reported(crew: Cast, lines: bytes) -> Report:
    return report_lines(actor(crew.integration), enumerate(lines.splitlines(), 1))


@pytest.fixture
def crew(committed_db: str) -> Cast:
    """The cast in a database of this test alone."""
    return cast()


def test_decisions_of_one_table_lie_in_days_afterwards(crew: Cast) -> None:
    times = [timezone.now() - timedelta(hours=hours) for hours in (1, 2, 30, 60)]
    lines = ndjson([decision(crew.channel("ios"), at=at.isoformat()) for at in times])
    reported(crew, lines)
    before = list(Decision.objects.order_by("id").values())
    partitioned = shape()
    with as_owner():
        executor = MigrationExecutor(connection)
        migration = executor.loader.graph.nodes[DAYS]
        state = executor.loader.project_state(BEFORE)
        with connection.schema_editor() as editor:
            migration.unapply(executor.loader.project_state(BEFORE), editor)
        one_table = (kind_of_table(), shape())
        with connection.schema_editor() as editor:
            migration.apply(state, editor)

    again = reported(crew, lines)

    assert one_table == ("r", partitioned)
    assert (kind_of_table(), shape()) == ("p", partitioned)
    assert list(Decision.objects.order_by("id").values()) == before
    assert DecisionBatch.objects.get().digest == digest_of_lines(
        [row.line() for row in Decision.objects.order_by("id")]
    )
    assert (again.accepted, again.duplicates, DecisionKey.objects.count()) == (0, 4, 4)
