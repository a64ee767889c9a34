"""An installation whose decisions lay in one table: after the upgrade they lie in days, none lost or changed.

The database of the test is put into the form of the migration before, and is migrated forward again.
"""

import hashlib
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from governance.registry.models import Channel
from releases.monitoring.decisions.expiring import EXPIRE_AS_BEFORE, EXPIRE_GENTLY, NEW_FUNCTIONS
from releases.monitoring.decisions.models import Decision, DecisionBatch, DecisionKey, digest_of_lines
from releases.monitoring.decisions.partitions import DROP_FUNCTIONS, FUNCTIONS, INTO_DAYS, INTO_ONE
from releases.monitoring.decisions.reporting import Report, report_lines
from releases.monitoring.vocabulary.series import WINDOW, epoch_start, window_start
from releases.monitoring.windows.models import Observation, StampCount, SubjectSeen, Window
from releases.monitoring.windows.observing import report_observation
from tests.factories.approvals import World
from tests.factories.cast import Cast, actor, cast
from tests.factories.looked import GENERAL
from tests.factories.rollouts import planned
from tests.factories.windows import assignment_of
from tests.factories.worlds import Prepared
from tests.releases.monitoring.lines import decision, ndjson
from tests.upgrading import as_owner

DAYS = ("releases", "0006_windows")
WEEKS = ("releases", "0010_days_and_weeks")
NAMES = ("releases", "0011_expiring_days")
WINDOW_OF = {
    "arm": "stable",
    "metric": "retry",
    "subjects": 1,
    "events": 0,
    "captures": 1,
    "capture_events": 0,
}
STAMPS_OF = {"decisions": 1, "unknown_stamps": 0, "wrong_arm": 0}
RUN_BY_MIGRATIONS = {
    "0006": (FUNCTIONS, DROP_FUNCTIONS, INTO_DAYS, INTO_ONE),
    "0010": (EXPIRE_GENTLY, EXPIRE_AS_BEFORE, *NEW_FUNCTIONS),
}


def undo(migration: tuple[str, str]) -> None:
    """Take one migration back, into the state of those that it depends on."""
    executor = MigrationExecutor(connection)
    found = executor.loader.graph.nodes[migration]
    state = executor.loader.project_state(found.dependencies)
    with connection.schema_editor() as editor:
        found.unapply(state, editor)


def do(migration: tuple[str, str]) -> None:
    """Apply it again."""
    executor = MigrationExecutor(connection)
    found = executor.loader.graph.nodes[migration]
    state = executor.loader.project_state(found.dependencies)
    with connection.schema_editor() as editor:
        found.apply(state, editor)


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


def observed(here: World, channel: Channel) -> None:
    """A window of the live release, reported ready-made once it is over."""
    live = assignment_of(channel)
    at = timezone.now() + timedelta(minutes=15)
    starts_at = window_start(at) - WINDOW
    document = {
        "channel": str(channel.id),
        "release": str(live.stable.release_id),
        "arm": "stable",
        "metric": "retry",
        "window": [starts_at.isoformat(), window_start(at).isoformat()],
        "n": 40,
        "events": 2.5,
    }
    with time_machine.travel(at, tick=False):
        report_observation(actor(here.cast.integration), document)


def reported(crew: Cast, lines: bytes) -> Report:
    return report_lines(actor(crew.integration), enumerate(lines.splitlines(), 1))


@pytest.fixture
def crew(committed_db: str) -> Cast:
    """The cast in a database of this test alone."""
    return cast()


def test_what_was_counted_of_a_release_that_answers_alone_is_cut_into_weeks(committed: Prepared) -> None:
    here = committed.here
    alone, shown = here.cast.channel("ios"), planned(here, {"kind": "guarded", "coverage": 0.25}, GENERAL)
    began, entered = assignment_of(alone).period.lower, shown.stage_entered_at
    assert entered is not None
    times = [epoch_start(began, began + timedelta(days=days)) + timedelta(hours=3) for days in (0, 8, 15)]
    places = [*((alone, began, at) for at in times), (shown.channel, entered, entered + timedelta(days=8))]
    SubjectSeen.objects.bulk_create(
        SubjectSeen(channel=channel, stage_began_at=since, subject=f"{at}", starts_at=at)
        for channel, since, at in places
    )
    counts = [{"channel": channel, "stage_began_at": since, "starts_at": at} for channel, since, at in places]
    Window.objects.bulk_create(
        Window(**one, **WINDOW_OF, revision=shown.revision, deployment=shown) for one in counts
    )
    StampCount.objects.bulk_create(StampCount(**one, **STAMPS_OF) for one in counts)
    observed(here, alone)

    with as_owner():
        Observation.objects.update(stage_began_at=began, starts_at=times[1])
        undo(NAMES)
        undo(WEEKS)
        do(WEEKS)
        do(NAMES)

    wanted = [entered, *(epoch_start(began, at) for at in times)]
    assert [weeks(table) for table in (SubjectSeen, Window, StampCount)] == [wanted] * 3
    assert weeks(Observation) == [wanted[2]]
    assert reported(here.cast, ndjson([decision(alone)])).accepted == 1


def weeks(table: type[SubjectSeen | Window | StampCount | Observation]) -> list[datetime]:
    """When the runs began in which the rows count, in the order of their time."""
    return list(table.objects.order_by("channel__name", "starts_at").values_list("stage_began_at", flat=True))


def test_decisions_of_one_table_lie_in_days_afterwards(crew: Cast) -> None:
    times = [timezone.now() - timedelta(hours=hours) for hours in (1, 2, 30, 60)]
    lines = ndjson([decision(crew.channel("ios"), at=at.isoformat()) for at in times])
    reported(crew, lines)
    before = list(Decision.objects.order_by("id").values())
    partitioned = shape()
    with as_owner():
        undo(NAMES)
        undo(DAYS)
        one_table = (kind_of_table(), shape())
        do(DAYS)
        do(NAMES)

    again = reported(crew, lines)

    assert one_table == ("r", partitioned)
    assert (kind_of_table(), shape()) == ("p", partitioned)
    assert list(Decision.objects.order_by("id").values()) == before
    assert DecisionBatch.objects.get().digest == digest_of_lines(
        [row.line() for row in Decision.objects.order_by("id")]
    )
    assert (again.accepted, again.duplicates, DecisionKey.objects.count()) == (0, 4, 4)


@pytest.mark.parametrize(
    ("migration", "digest"), [("0006", "a374cc291896b7b0"), ("0010", "2890a4708aa6f2ad")]
)
def test_what_a_landed_migration_runs_is_what_it_was(migration: str, digest: str) -> None:
    found = "".join(RUN_BY_MIGRATIONS[migration])

    assert hashlib.sha256(found.encode()).hexdigest()[:16] == digest
