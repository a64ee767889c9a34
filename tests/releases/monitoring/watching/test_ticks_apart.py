"""One rollout that waits, or that cannot be read or evaluated, keeps no other from being watched."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connection
from django.test import Client

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import gaps_visible_to
from releases.bundles import documents
from releases.bundles.documents import RolloutPlan
from releases.monitoring.watching import ticking
from releases.monitoring.watching.readiness import watching_part
from releases.monitoring.watching.ticking import tick
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.overdue import hold_overdue
from tests.database import servers
from tests.factories.approvals import World
from tests.factories.cast import actor
from tests.factories.gates import engine
from tests.factories.looked import MEASURED, later, measured, now, see, ticked
from tests.factories.rollouts import advanced
from tests.factories.watched import RETRY, evaluated
from tests.factories.worlds import Prepared
from tests.releases.monitoring.watching.test_left_to_people import HIGH, LAST

GUARDED_BARE = {"kind": "guarded", "coverage": 0.25}
GUARDED = {**MEASURED, "triggers": ["retry_spike"]}
SPIKE = {**RETRY, "severity": "critical"}


def spiking(here: World, channel: str = "android", tag: str = "2", **plan: Any) -> Deployment:
    """A rollout that its trigger takes back once it is looked at after ``see(…, ours=0.3)``."""
    return measured(here, {**GUARDED, **plan}, triggers=[SPIKE], channel=channel, tag=tag)


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Rollout plans that were fine when they were stored and are refused now."""
    plans: list[dict[str, Any]] = []

    def read(plan: dict[str, Any]) -> RolloutPlan:
        if plan in plans:
            raise ValueError("a rule became stricter")
        return RolloutPlan.model_validate(plan)

    monkeypatch.setattr(documents, "stored_plan", read)
    return plans


def test_a_plan_that_cannot_be_read_keeps_no_other_rollout_from_being_taken_back_and_is_said(
    prepared: Prepared, unreadable: list[dict[str, Any]]
) -> None:
    here = prepared.here
    first = measured(here, GUARDED_BARE, LAST, triggers=[HIGH], channel="ios", tag="3")
    broken = advanced(here, first)
    bad = spiking(here)
    at = see(bad, ours=0.3)
    unreadable.append(broken.revision.rollout_plan)

    ticked(at)
    ticked(later(at, seconds=2))
    ticked(later(at, seconds=4))
    ticked(later(at, seconds=6))

    with time_machine.travel(later(at, seconds=70), tick=False):
        part = watching_part()
    kept = now(broken)
    gaps = [one for one in gaps_visible_to(actor(here.cast.auditor)) if one.kind is GapKind.NOT_WATCHED]
    assert now(bad).state == DeploymentState.ROLLED_BACK
    assert (kept.state, kept.reading.errors) == (DeploymentState.LIVE, 4)
    assert [(one.deployment, one.found) for one in gaps] == [(broken, "4 looks in a row failed (ValueError)")]
    assert (part["ok"], part["failing"], part["not_looked_at"]) == (True, 1, 0)
    assert "The gaps name them" in str(part["next_step"])


def test_a_plan_that_cannot_be_read_keeps_no_other_stage_from_being_held_in_time(
    prepared: Prepared, unreadable: list[dict[str, Any]]
) -> None:
    here = prepared.here
    broken = spiking(here, "ios", "3", max_duration_seconds=60)
    overdue = spiking(here, max_duration_seconds=60, min_subjects=7)
    unreadable.append(broken.revision.rollout_plan)

    with time_machine.travel(later(overdue.state_changed_at, seconds=90), tick=False):
        held = hold_overdue(engine())

    assert held == 1
    assert now(overdue).state == DeploymentState.HELD


def test_what_fires_by_the_record_is_taken_back_although_it_cannot_be_evaluated_now(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = spiking(prepared.here)
    at = see(deployment, ours=0.3)
    evaluated(deployment, at)
    monkeypatch.setattr(ticking, "evaluate_triggers", lambda *args: 1 / 0)

    ticked(later(at, seconds=2))

    assert now(deployment).state == DeploymentState.ROLLED_BACK
    assert now(deployment).rollback.triggers == ["retry_spike"]


def test_what_another_tick_has_looked_at_a_moment_ago_is_left_to_it(prepared: Prepared) -> None:
    deployment = measured(prepared.here)
    at = see(deployment)
    ticked(at)

    with time_machine.travel(later(at, seconds=0.5), tick=False):
        tick(engine(), unless_within=timedelta(seconds=1))
    soon = now(deployment).reading.read_at
    with time_machine.travel(later(at, seconds=2), tick=False):
        tick(engine(), unless_within=timedelta(seconds=1))

    assert (soon, now(deployment).reading.read_at) == (at, later(at, seconds=2))


def test_a_rollout_that_no_tick_comes_to_makes_the_whole_unready(prepared: Prepared) -> None:
    at = see(measured(prepared.here))
    ticked(at)

    with time_machine.travel(later(at, seconds=50), tick=False):
        seen = watching_part()
    with time_machine.travel(later(at, seconds=70), tick=False):
        unseen = Client().get("/readyz").json()["parts"]["watching"]

    assert seen == {"ok": True, "rollouts": 1, "failing": 0, "not_looked_at": 0}
    assert (unseen["ok"], unseen["not_looked_at"]) == (False, 1)


def test_one_that_waits_for_somebody_elses_lock_fails_in_time_and_stops_no_other(
    committed: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = committed.here
    monkeypatch.setattr(ticking, "WAITS_AT_MOST_SECONDS", 0.2)
    waits, free = spiking(here), spiking(here, "ios", "3")
    see(waits, ours=0.3)
    at = see(free, ours=0.3)
    url = servers().postgres.urls(str(connection.settings_dict["NAME"])).app

    with psycopg.connect(url) as other:
        other.execute("SET idle_in_transaction_session_timeout = '30s'")  # an end for whoever waits for ever
        other.execute("SELECT 1 FROM governance_channel WHERE id = %s FOR UPDATE", [waits.channel_id])
        ticked(at)
        between = (now(waits).state, now(waits).reading.errors, now(free).state)
    ticked(later(at, seconds=2))

    assert between == (DeploymentState.ROLLING_OUT, 1, DeploymentState.ROLLED_BACK)
    assert now(waits).state == DeploymentState.ROLLED_BACK
