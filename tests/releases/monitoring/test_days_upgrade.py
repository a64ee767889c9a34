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
from releases.monitoring.vocabulary.series import epoch_start
from releases.monitoring.windows.models import SubjectSeen
from tests.factories.cast import Cast, actor, cast
from tests.factories.windows import assignment_of
from tests.factories.worlds import Prepared
from tests.releases.monitoring.lines import decision, ndjson

DAYS = ("releases", "0006_windows")
WEEKS = ("releases", "0010_days_and_weeks")
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


def test_what_was_counted_of_a_release_that_answers_alone_is_cut_into_weeks(committed: Prepared) -> None:
    channel = committed.here.cast.channel("android")
    assignment = assignment_of(channel)
    began = assignment.period.lower
    times = [epoch_start(began, began + timedelta(days=days)) + timedelta(hours=3) for days in (0, 8, 15)]
    SubjectSeen.objects.bulk_create(
        SubjectSeen(channel=channel, stage_began_at=began, subject=f"{at}", starts_at=at) for at in times
    )

    with as_owner():
        executor = MigrationExecutor(connection)
        migration = executor.loader.graph.nodes[WEEKS]
        before = executor.loader.project_state(migration.dependencies)
        with connection.schema_editor() as editor:
            migration.unapply(before, editor)
        with connection.schema_editor() as editor:
            migration.apply(before, editor)

    rows = SubjectSeen.objects.order_by("starts_at").values_list("stage_began_at", flat=True)
    assert list(rows) == [epoch_start(began, at) for at in times]
    assert reported(committed.here.cast, ndjson([decision(channel)])).accepted == 1


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
