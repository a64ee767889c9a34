"""Ticks at once, beside people, and with a database that goes away: nothing twice, nothing half."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from governance.ledger.models import Entry
from releases.monitoring.vocabulary.series import WindowCounts
from releases.monitoring.watching import looking, ticking
from releases.monitoring.watching.looking import look_at
from releases.monitoring.watching.ticking import tick
from releases.monitoring.windows.queries import counts_of
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from releases.rollouts.readings import Reading
from tests.database import in_threads
from tests.factories.gates import engine
from tests.factories.looked import ALWAYS, MEASURED, measured, now, see, ticked
from tests.factories.rollouts import taken_back
from tests.factories.watched import RETRY as SPIKE
from tests.factories.worlds import Prepared


def count(deployment: Deployment, event: str) -> int:
    return Entry.objects.filter(stream=deployment.stream(), document__type=event).count()


def test_two_ticks_and_a_person_at_once_take_it_back_once_and_advance_once_and_look_once(
    committed: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, looked = committed.here, list[Deployment]()

    def look(deployment: Deployment, *found: Any) -> Reading:
        looked.append(deployment)
        return look_at(deployment, *found)

    monkeypatch.setattr(ticking, "look_at", look)
    guarded = {**MEASURED, "triggers": ["retry_spike"]}
    bad = measured(here, guarded, triggers=[{**SPIKE, "severity": "critical"}])
    good = measured(here, channel="ios", tag="3", advance_hours=ALWAYS)
    at = see(bad, ours=0.3)
    see(good)

    with time_machine.travel(at, tick=False):
        in_threads(
            lambda: tick(engine(), unless_within=timedelta(seconds=1)),
            lambda: tick(engine(), unless_within=timedelta(seconds=1)),
            lambda: taken_back(here, "android", deployment=bad),
        )
        tick(engine())

    assert Rollback.objects.filter(deployment=bad).count() == 1
    assert count(bad, "rollout.rolled_back") == 1
    assert (count(good, "rollout.advanced"), now(good).state) == (1, DeploymentState.LIVE)
    assert looked.count(good) == 1


def test_a_database_that_goes_away_in_the_middle_of_a_look_leaves_nothing_half_and_the_next_tick_goes_on(
    committed: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = committed.here
    first = measured(here, advance_hours=ALWAYS)
    second = measured(here, channel="ios", tag="3", advance_hours=ALWAYS)
    at = see(first)
    see(second)

    def cut(deployment: Deployment, **span: Any) -> list[WindowCounts]:
        monkeypatch.undo()
        connection.connection.close()
        return counts_of(deployment, **span)

    monkeypatch.setattr(looking, "counts_of", cut)
    ticked(at)
    between = {now(first).state, now(second).state}
    ticked(at)

    assert between <= {DeploymentState.ROLLING_OUT, DeploymentState.LIVE}
    assert {now(first).state, now(second).state} == {DeploymentState.LIVE}
    assert [count(one, "rollout.advanced") for one in (first, second)] == [1, 1]
