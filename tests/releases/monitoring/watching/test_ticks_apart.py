"""One rollout that waits, or that cannot be read or evaluated, keeps no other from being watched."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connection
from django.test import Client

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import gaps_visible_to
from governance.project.celery import WHEN_WINDOWS_CLOSE, WINDOWS_CLOSE_AT, app
from releases.bundles.documents import RolloutPlan
from releases.monitoring.watching import ticking
from releases.monitoring.watching.counted import closed_until
from releases.monitoring.watching.readiness import watching_part
from releases.monitoring.watching.ticking import tick, watched_deployments
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.overdue import hold_overdue
from releases.rollouts.readings import ERRORS_BEFORE_HOLD
from tests.database import servers
from tests.factories.approvals import World
from tests.factories.cast import actor
from tests.factories.gates import engine
from tests.factories.http import signed_in
from tests.factories.looked import GENERAL, MEASURED, later, measured, now, see, ticked
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

    read = RolloutPlan.model_validate

    def reading(plan: dict[str, Any], **given: Any) -> RolloutPlan:
        if plan in plans:
            raise ValueError("a rule became stricter")
        return read(plan, **given)

    monkeypatch.setattr(RolloutPlan, "model_validate", reading)
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
    assert [(one.deployment, one.found) for one in gaps] == [
        (broken, "4 looks in a row failed (PlanUnreadable)")
    ]
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


def test_what_fires_by_the_record_is_taken_back_although_its_plan_cannot_be_read(
    prepared: Prepared, unreadable: list[dict[str, Any]]
) -> None:
    deployment = spiking(prepared.here)
    at = see(deployment, ours=0.3)
    evaluated(deployment, at)
    unreadable.append(deployment.revision.rollout_plan)

    ticked(later(at, seconds=2))

    assert now(deployment).state == DeploymentState.ROLLED_BACK


def test_people_hold_pause_and_take_back_what_has_a_plan_that_cannot_be_read(
    prepared: Prepared, unreadable: list[dict[str, Any]]
) -> None:
    here = prepared.here
    deployment = spiking(here)
    unreadable.append(deployment.revision.rollout_plan)
    client = signed_in(here.cast.release_manager)
    rollout = f"/admin/rollout/{deployment.id}/"
    release = f"/admin/releases/release/{deployment.release_id}/change/"

    pages = [client.get(page) for page in ("/admin/", rollout, f"{rollout}roll-back/", release)]
    answers = {
        verb: client.post(
            f"/api/v1/rollouts/{deployment.id}/{verb}/", {"reason": "Why."}, content_type="application/json"
        )
        for verb in ("hold", "pause", "resume", "roll-back")
    }

    waits = answers["pause"].json()["waits_for"]
    assert [page.status_code for page in pages] == [200] * 4
    assert "its plan cannot be read any more" in pages[0].text
    assert "cannot read the plan as it was stored" in pages[3].text
    assert {verb: answer.status_code for verb, answer in answers.items()} == {
        "hold": 200,
        "pause": 200,
        "resume": 409,
        "roll-back": 200,
    }
    assert [one["check"] for one in waits] == ["resume", "plan"]
    assert answers["resume"].json()["code"] == "plan_unreadable"


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


def test_what_was_looked_at_just_before_its_window_closed_is_looked_at_again(prepared: Prepared) -> None:
    deployment = spiking(prepared.here)
    closes = later(see(deployment, ours=0.3, windows=1), seconds=-1)
    ticked(later(closes, seconds=-0.2))
    before = now(deployment).state

    with time_machine.travel(later(closes, seconds=0.1), tick=False):
        tick(engine(), unless_within=timedelta(seconds=1))

    assert (before, now(deployment).state) == (DeploymentState.ROLLING_OUT, DeploymentState.ROLLED_BACK)


@pytest.mark.parametrize("step", ["evaluate_triggers", "look_at"])
def test_a_window_that_closes_in_the_middle_of_a_tick_is_judged_by_the_same_tick(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    deployment = spiking(prepared.here)
    closes = later(see(deployment, ours=0.3, windows=1), seconds=-1)
    done = getattr(ticking, step)

    with time_machine.travel(later(closes, seconds=-0.2), tick=False) as clock:

        def lasting(*given: Any) -> Any:
            found = done(*given)
            clock.move_to(later(closes, seconds=0.1))
            return found

        monkeypatch.setattr(ticking, step, lasting)
        tick(engine())

    assert now(deployment).state == DeploymentState.ROLLED_BACK


def test_ticks_are_sent_at_the_moment_in_which_windows_close() -> None:
    hour = datetime(2100, 3, 1, tzinfo=UTC)
    minutes = {minute: later(hour, minutes=minute) for minute in range(60)}
    sent = [one for one in app.conf.beat_schedule.values() if one["schedule"] is WHEN_WINDOWS_CLOSE]

    closing = {
        minute for minute, at in minutes.items() if closed_until(at) > closed_until(later(at, seconds=-1))
    }

    assert sorted(closing) == WINDOWS_CLOSE_AT
    assert [one["task"] for one in sent] == ["releases.monitoring.watch"] * 2


def test_a_rollout_that_no_tick_comes_to_makes_the_whole_unready(
    prepared: Prepared, unreadable: list[dict[str, Any]]
) -> None:
    """What is live in a stage without triggers is not watched; the page reads no plan to say so."""
    here = prepared.here
    first = measured(here, GUARDED_BARE, LAST, triggers=[HIGH], channel="ios", tag="3")
    live, on_its_way = advanced(here, first), measured(here)
    bare = measured(here, GUARDED_BARE, GENERAL, triggers=[HIGH], channel="mobile_web", tag="4")
    unwatched = advanced(here, bare)
    at = max(see(live), see(on_its_way))
    ticked(at)
    unreadable.append(unwatched.revision.rollout_plan)

    with time_machine.travel(later(at, seconds=50), tick=False):
        seen = watching_part()
    with time_machine.travel(later(at, seconds=70), tick=False):
        unseen = Client().get("/readyz").json()["parts"]["watching"]

    assert seen == {"ok": True, "rollouts": 1, "failing": 0, "not_looked_at": 0}
    assert (unseen["ok"], unseen["not_looked_at"]) == (False, 2)


def test_one_that_waits_for_somebody_elses_lock_comes_last_and_is_not_watched_nor_held_for_that(
    committed: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = committed.here
    monkeypatch.setattr(ticking, "WAITS_AT_MOST_SECONDS", 0.2)
    waits, free = spiking(here), spiking(here, "ios", "3")
    measured(here, channel="mobile_web", tag="4")
    see(waits, ours=0.3)
    at = see(free, ours=0.3)
    url = servers().postgres.urls(str(connection.settings_dict["NAME"])).app

    with psycopg.connect(url) as other:
        other.execute("SET idle_in_transaction_session_timeout = '30s'")  # an end for whoever waits for ever
        other.execute("SELECT 1 FROM governance_channel WHERE id = %s FOR UPDATE", [waits.channel_id])
        ticked(at)
        states, order = (now(waits).state, now(free).state), watched_deployments()
        ticked(later(at, seconds=2))
        ticked(later(at, seconds=4))
        ticked(later(at, seconds=6))
    lasting = now(waits)
    ticked(later(at, seconds=8))

    assert states == (DeploymentState.ROLLING_OUT, DeploymentState.ROLLED_BACK)
    assert [row == waits for row in order] == [False, True]
    assert (lasting.state, lasting.reading.errors) == (DeploymentState.ROLLING_OUT, ERRORS_BEFORE_HOLD)
    assert now(waits).state == DeploymentState.ROLLED_BACK
