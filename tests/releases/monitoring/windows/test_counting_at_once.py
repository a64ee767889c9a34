"""Counting by two workers at once, on a channel that fails, and when a worker dies in the middle."""

import logging
import threading
from datetime import datetime, timedelta

import psycopg
import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from governance.ledger.models import Entry
from governance.registry.models import Channel
from releases.bundles.arms import Arm
from releases.monitoring.vocabulary.series import WINDOW, Metric
from releases.monitoring.windows import counting, services
from releases.monitoring.windows.counting import Work
from releases.monitoring.windows.models import RollUp, Window
from releases.monitoring.windows.queries import counts_of, latest_decision_at
from releases.monitoring.windows.services import roll_up
from releases.rollouts.models import Deployment
from tests.database import in_threads, servers
from tests.factories.gates import engine
from tests.factories.rollouts import add_channel, planned, taken_back
from tests.factories.windows import counted, decided, reported, subjects_in
from tests.factories.worlds import Prepared
from tests.releases.monitoring.lines import decision

HALF = ({"kind": "guarded", "coverage": 0.5}, {"kind": "general"})


def subjects_counted(deployment: Deployment) -> int:
    now = timezone.now()
    rows = counts_of(deployment, since=now - timedelta(days=1), until=now, at=now)
    return sum(row.subjects for row in rows if row.metric is Metric.RETRY)


def test_two_workers_count_each_decision_once(committed: Prepared) -> None:
    deployment = planned(committed.here, *HALF)
    channel = deployment.channel
    subjects = subjects_in(channel, Arm.CANDIDATE, 20)
    reported(committed.here, [decided(channel, one, timezone.now()) for one in subjects])

    found = in_threads(lambda: roll_up(engine()), lambda: roll_up(engine()))

    assert sorted(found) == [0, 1], found
    assert subjects_counted(deployment) == 20
    assert set(Window.objects.values_list("version", flat=True)) == {1}
    assert not Entry.objects.filter(document__type="windows.reopened").exists()


def test_a_rollback_does_not_wait_until_late_decisions_are_counted(
    committed: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = planned(committed.here, *HALF)
    channel = deployment.channel
    reported(committed.here, [decided(channel, "somebody", timezone.now())])
    monkeypatch.setattr(services, "ALLOWED_LATENESS", -timedelta(hours=1))
    counting_on, taken = threading.Event(), threading.Event()

    def count(work: Work, late: frozenset[datetime], received_at: datetime) -> object:
        counting_on.set()
        return counting.count(work, late, received_at) if taken.wait(30) else 1 / 0

    def take_back() -> Deployment:
        counting_on.wait(30)
        taken_back(committed.here, "android", deployment=deployment)
        taken.set()
        return Deployment.objects.get(pk=deployment.pk)

    monkeypatch.setattr(services, "count", count)

    counted_channels, after = in_threads(lambda: roll_up(engine()), take_back)

    assert (counted_channels, after.state) == (1, "rolled_back")
    assert Entry.objects.filter(document__type="windows.reopened", stream=channel.stream()).count() == 1


def test_a_channel_at_which_the_connection_breaks_stops_no_other_and_is_said_to_fail(
    committed: Prepared, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here = committed.here
    broken, fine = here.cast.channel("android"), here.cast.channel("ios")
    now = timezone.now()
    reported(here, [decided(broken, "somebody", now)])
    _ = [reported(here, [decided(fine, "somebody", now)]) for _ in range(2)]  # so it comes second
    waits: list[str] = []

    def count(work: Work, late: frozenset[datetime], received_at: datetime) -> object:
        broke = work.channel == broken.id
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid()) WHERE %s", [broke])
            cursor.execute("SHOW lock_timeout")
            waits.append(cursor.fetchone()[0])
        return counting.count(work, late, received_at)

    monkeypatch.setattr(services, "count", count)

    with caplog.at_level(logging.ERROR):
        worked = roll_up(engine())

    assert (worked, latest_decision_at(fine), latest_decision_at(broken)) == (1, now, None)
    assert (waits, RollUp.objects.get(channel=broken).problem) == (["3s"], "OperationalError")
    assert "could not be counted; the others go on" in caplog.text


def test_what_was_broken_off_is_counted_in_the_next_round(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = prepared.here.cast.channel("android")
    live = Deployment.objects.get(channel=channel, state="live")
    now = timezone.now()
    monkeypatch.setattr(RollUp, "save", lambda *_args, **_kwargs: 1 / 0)
    counted(prepared.here, [decided(channel, "somebody", now)])
    monkeypatch.undo()
    left = subjects_counted(live)

    again = roll_up(engine())

    assert (left, again, subjects_counted(live)) == (0, 1, 1)


@pytest.mark.parametrize("bound", ["BATCHES_AT_ONCE", "WINDOWS_IN_A_ROUND"])
def test_a_flood_is_counted_some_batches_and_windows_at_a_time(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    channel = prepared.here.cast.channel("android")
    live = Deployment.objects.get(channel=channel, state="live")
    monkeypatch.setattr(services, bound, 2)
    times = [timezone.now() + one * WINDOW for one in range(5)]
    with time_machine.travel(times[-1], tick=False):
        sent = [reported(prepared.here, [decided(channel, f"person-{at}", at)]) for at in times]

    rounds = [roll_up(engine()), roll_up(engine()), roll_up(engine()), roll_up(engine())]

    assert len(sent) == 5
    assert rounds == [1, 1, 1, 0]
    with time_machine.travel(times[-1] + WINDOW, tick=False):
        assert subjects_counted(live) == 5


def test_what_is_least_behind_is_counted_first_what_fails_last_and_what_another_counts_not_at_all(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = prepared.here
    broken, flooded, busy = (here.cast.channel(name) for name in ("android", "ios", "mobile_web"))
    other = add_channel(here, "kiosk", kind="android")
    reports = {broken: 1, flooded: 3, busy: 2, other: 1}
    _ = [reported(here, [decision(channel)]) for channel, many in reports.items() for _ in range(many)]
    RollUp.objects.create(channel=broken, problem="DataError")
    counted: list[Channel] = []

    def fail(_actor: object, *, channel: Channel) -> RollUp:
        counted.append(channel)
        raise ZeroDivisionError

    monkeypatch.setattr(services, "count_decisions", fail)
    url = servers().postgres.urls(str(connection.settings_dict["NAME"])).app

    with psycopg.connect(url) as session:
        session.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"count:{other.id}"])
        roll_up(engine())

    assert counted == [busy, flooded, broken]
    assert set(RollUp.objects.values_list("problem", flat=True)) == {"ZeroDivisionError", ""}
    assert not RollUp.objects.filter(waiting_since=None).exists()
