"""Decisions go when their time is over, a day at a time; evidence, counts and batches stay."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from governance.access.roles import Role
from governance.ledger.models import Entry
from governance.project.environment import read_days
from governance.registry.models import Channel
from releases.monitoring.decisions.models import Decision, DecisionBatch, DecisionKey
from releases.monitoring.decisions.reporting import report_lines
from releases.monitoring.incidents.attribution import Named
from releases.monitoring.incidents.services import Told, report_incident
from releases.monitoring.windows import retention
from releases.monitoring.windows.forgetting import forget_keys
from releases.monitoring.windows.retention import expire_decisions, kept_days
from releases.monitoring.windows.services import roll_up
from releases.rollouts.steps import lock_channels
from tests.database import in_threads
from tests.factories.cast import Cast, actor, cast, grant, system_with_channels
from tests.factories.gates import engine
from tests.releases.monitoring.lines import decision, ndjson

AGE = timedelta(days=100)
UNTIL_SOMEBODY_WAITS = """
    DO $$ BEGIN
        FOR attempt IN 1..400 LOOP
            EXIT WHEN EXISTS (
                SELECT 1 FROM pg_locks WHERE relation = 'releases_decision'::regclass AND NOT granted
            );
            PERFORM pg_sleep(0.02);
        END LOOP;
    END $$
"""


@dataclass(frozen=True)
class Old:
    """Two decisions on android and one on ios of a hundred days ago, counted then."""

    crew: Cast
    then: datetime
    ids: list[str]


@pytest.fixture
def old(committed_db: str, settings: Any) -> Old:
    """In a database of this test alone, with 95 days as the policy."""
    settings.DECISION_DAYS = {"": 95}
    then = timezone.now().replace(hour=12) - AGE
    with time_machine.travel(then, tick=True):
        crew = cast()
        sent = [decision(crew.channel(name)) for name in ("android", "android", "ios")]
        report_lines(actor(crew.integration), enumerate(ndjson(sent).splitlines(), 1))
        roll_up(engine())
    return Old(crew, then, [one["id"] for one in sent])


def partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass",
            ["releases_decision"],
        )
        return {name for (name,) in cursor.fetchall()}


def expired() -> list[dict[str, Any]]:
    rows = Entry.objects.filter(document__type="decisions.expired").order_by("stream")
    return list(rows.values_list("document__after", flat=True))


def report_in_flight(begun: threading.Event) -> None:
    """A report that commits only once a day waits for it to go."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE releases_decision IN ROW EXCLUSIVE MODE")
        begun.set()
        cursor.execute(UNTIL_SOMEBODY_WAITS)


def test_a_day_goes_whole_after_a_report_in_flight_and_each_channels_stream_says_so(old: Old) -> None:
    partition = f"decision_days.decision_{old.then:%Y%m%d}"
    before, begun = partitions(), threading.Event()

    _, days = in_threads(
        lambda: report_in_flight(begun), lambda: begun.wait(20) and expire_decisions(engine())
    )
    again = decision(old.crew.channel("ios"), id=old.ids[0], at=timezone.now().isoformat())
    report = report_lines(actor(old.crew.integration), [(1, ndjson([again]))])
    forget_keys()

    assert [one.code for one in report.refused] == ["decision_id_reused"]
    assert (days, partition in before, partition in partitions()) == (1, True, False)
    assert sorted(one["decisions"] for one in expired()) == [1, 2]
    assert {(one["day"], one["kept_days"]) for one in expired()} == {(old.then.date().isoformat(), 95)}
    assert DecisionBatch.objects.count() == 2
    assert (Decision.objects.count(), DecisionKey.objects.count()) == (0, 0)


def test_what_something_stands_on_stays_and_the_rest_of_the_day_goes_piece_by_piece(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(old.then + timedelta(minutes=5), tick=True):
        sent = [decision(old.crew.channel("android")) for _ in range(3)]
        report_lines(actor(old.crew.integration), enumerate(ndjson(sent).splitlines(), 1))
    roll_up(engine())
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    named = Named(decision=UUID(old.ids[0]))
    told = Told("spoof_acceptance", "suspected", "The guard kept the mask.", named)
    report_incident(actor(old.crew.security_all), channel=old.crew.channel("android"), told=told)

    first = expire_decisions(engine())
    again = expire_decisions(engine())

    assert (first, again) == (1, 0)
    forget_keys()

    assert [str(one) for one in Decision.objects.values_list("id", flat=True)] == [old.ids[0]]
    assert sorted(one["decisions"] for one in expired()) == [1, 2, 2]
    assert DecisionKey.objects.count() == 1


def test_a_system_that_keeps_them_longer_keeps_them(old: Old, settings: Any) -> None:
    settings.DECISION_DAYS = {"": 95, old.crew.system.slug: 200}

    days = expire_decisions(engine())

    assert (days, kept_days(old.crew.system), Decision.objects.count()) == (0, 200, 3)


def test_a_system_lets_its_own_go_and_leaves_those_of_another(old: Old, settings: Any) -> None:
    settings.DECISION_DAYS = {"": 95, "kiosk": 200}
    with time_machine.travel(old.then + timedelta(minutes=5), tick=True):
        other = system_with_channels("kiosk", ("ios",))
        grant(old.crew.integration, Role.INTEGRATION, system=other)
        channel = Channel.objects.get(system=other)
        report_lines(actor(old.crew.integration), [(1, ndjson([decision(channel)]))])
    roll_up(engine())

    days = expire_decisions(engine())

    assert (days, Decision.objects.get().channel_id) == (1, channel.id)


def test_a_day_whose_channel_somebody_has_locked_stays_and_goes_later(
    old: Old, caplog: pytest.LogCaptureFixture
) -> None:
    locked, tried = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            lock_channels([old.crew.channel("ios").id])
            locked.set()
            tried.wait(20)

    def expire() -> tuple[int, int]:
        locked.wait(20)
        found = expire_decisions(engine()), Decision.objects.count()
        tried.set()
        return found

    _, meanwhile = in_threads(hold, expire)

    assert meanwhile == (0, 3)
    assert "Somebody else is at work on a channel of that day" in caplog.text
    assert (expire_decisions(engine()), Decision.objects.count()) == (1, 0)


def test_decisions_that_no_window_holds_yet_stay(old: Old) -> None:
    with time_machine.travel(old.then + timedelta(minutes=5), tick=True):
        sent = ndjson([decision(old.crew.channel("ios"))])
        report_lines(actor(old.crew.integration), enumerate(sent.splitlines(), 1))

    uncounted = expire_decisions(engine())
    roll_up(engine())
    counted = expire_decisions(engine())

    assert (uncounted, counted) == (0, 1)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (
            "SELECT decision_days_thin(current_date - 99, ARRAY[gen_random_uuid()], '{}')",
            "without an entry",
        ),
        ("SELECT decision_days_close(current_date - 90)", "younger than 91 days"),
        ("SELECT decision_days_thin(current_date - 90, '{}', '{}')", "younger than 91 days"),
        ("SELECT decision_days_expire(current_date - 99, '{}', '{}')", "does not exist"),
        ("SELECT decision_keys_forget(now() - interval '90 days')", "come twice"),
        ("DROP TABLE decision_days.decision_20260101", "permission denied"),
        ("CREATE TABLE decision_days.mine ()", "permission denied"),
    ],
)
def test_the_application_cannot_take_decisions_away_by_itself(db: None, statement: str, why: str) -> None:
    with pytest.raises(DatabaseError, match=why), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("text", ["91", "x", "400,slow=", "a=b=400x"])
def test_a_policy_that_cannot_be_kept_is_refused_at_the_start(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAYS", text)

    with pytest.raises(ImproperlyConfigured, match="wanted: days, at least 92"):
        read_days("DAYS", 400, 92)


def test_a_policy_names_all_systems_and_single_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYS", "500, kiosk = 180")

    assert read_days("DAYS", 400, 92) == {"": 500, "kiosk": 180}
