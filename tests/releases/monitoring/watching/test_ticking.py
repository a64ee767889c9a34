"""The tick: what is found in which order, and what is done about it."""

from typing import Any

import pytest
import time_machine

from governance.actors import ActorKind
from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from releases.bundles.arms import Arm
from releases.monitoring.vocabulary.series import WindowCounts
from releases.monitoring.watching import looking
from releases.monitoring.watching.ticking import watch_rollout
from releases.monitoring.windows.queries import counts_of
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from releases.rollouts.progress import StillFiring
from releases.rollouts.readings import last_reading
from releases.rollouts.waits import what_it_waits_for
from tests.factories.gates import engine
from tests.factories.looked import ALWAYS, GENERAL, MEASURED, hear, later, measured, now, see, ticked
from tests.factories.rollouts import advanced, held, paused, resumed, taken_back
from tests.factories.watched import RETRY as SPIKE
from tests.factories.watched import closed, counted
from tests.factories.worlds import Prepared

SPIKES = {**SPIKE, "severity": "critical"}


def entries(deployment: Deployment, event: str) -> list[Entry]:
    return list(Entry.objects.filter(stream=deployment.stream(), document__type=event))


def states(deployment: Deployment) -> list[tuple[str, str]]:
    reading = last_reading(now(deployment))
    assert reading is not None
    return [(one.check, one.state.value) for one in reading.checks]


def test_what_a_look_finds_stands_in_the_order_in_which_an_advance_depends_on_it(
    prepared: Prepared,
) -> None:
    guarded = {**MEASURED, "min_subjects": 1000, "triggers": ["retry_spike"]}
    deployment = measured(prepared.here, guarded, triggers=[SPIKES])

    ticked(see(deployment))

    assert states(deployment) == [
        ("integrity", "done"),
        ("triggers", "done"),
        ("traffic", "done"),
        ("ratio", "done"),
        ("min_subjects", "done"),
        ("criteria", "done"),
    ]
    waits = what_it_waits_for(now(deployment), last_reading(now(deployment)).read_at)  # type: ignore[union-attr]  # it was looked at
    assert [one.check for one in waits[4:]] == ["min_duration", "min_subjects", "criteria", "person"]


def test_a_trigger_that_fires_takes_the_release_back_at_once_whatever_else_waits(
    prepared: Prepared,
) -> None:
    day = {**MEASURED, "min_duration_seconds": 86_400, "triggers": ["retry_spike"]}
    deployment = measured(prepared.here, day, triggers=[SPIKES])
    at = see(deployment, ours=0.3)

    ticked(at)
    ticked(later(at, seconds=2))

    rollback = Rollback.objects.get(deployment=deployment)
    entry = entry_of(deployment.stream(), "rollout.rolled_back")
    assert entry is not None
    assert now(deployment).state == DeploymentState.ROLLED_BACK
    assert (rollback.triggers, rollback.landing) == (["retry_spike"], "pending")
    assert rollback.rolled_back_at == at
    assert entry.document["actor"]["kind"] == ActorKind.TASK
    assert entry.document["after"]["triggers"][0]["key"] == "retry_spike"
    assert "Taken back by a trigger. retry_spike: " in rollback.reason
    assert len(entries(deployment, "rollout.rolled_back")) == 1


def test_a_trigger_fires_while_the_rollout_is_held_and_while_it_is_paused(prepared: Prepared) -> None:
    here = prepared.here
    guarded = {**MEASURED, "triggers": ["retry_spike"]}
    deployment = measured(here, guarded, triggers=[SPIKES])
    at = see(deployment, ours=0.3)
    held(here, deployment)

    ticked(at)

    assert now(deployment).state == DeploymentState.ROLLED_BACK


def test_a_trigger_that_asks_to_hold_holds_once_and_a_resume_is_refused_while_it_fires(
    prepared: Prepared,
) -> None:
    here = prepared.here
    guarded = {**MEASURED, "triggers": ["retry_spike"]}
    deployment = measured(here, guarded, triggers=[{**SPIKES, "action": "hold"}])
    at = see(deployment, ours=0.3)

    ticked(at)
    ticked(later(at, seconds=2))

    assert now(deployment).state == DeploymentState.HELD
    assert now(deployment).held_reason.startswith("Held by monitoring. retry_spike: ")
    assert len(entries(deployment, "rollout.held")) == 1
    with (
        time_machine.travel(later(at, seconds=3), tick=False),
        pytest.raises(StillFiring, match="What it was held for stands: retry_spike"),
    ):
        resumed(here, deployment)


def test_arms_that_lose_people_hold_the_rollout_until_its_stage_begins_anew(prepared: Prepared) -> None:
    here = prepared.here
    deployment = measured(here, advance_hours=ALWAYS)
    at = see(deployment)
    lose(deployment, windows=12)

    ticked(at)

    assert now(deployment).state == DeploymentState.HELD
    assert "Some of an arm are lost" in now(deployment).held_reason
    with time_machine.travel(later(at, seconds=1), tick=False):
        with pytest.raises(StillFiring) as refused:
            resumed(here, deployment)
        paused(here, deployment)
        again = resumed(here, deployment)
    assert "these begin anew" in refused.value.next_step
    assert again.state == DeploymentState.ROLLING_OUT
    assert last_reading(now(deployment)) is None


def lose(deployment: Deployment, *, windows: int) -> None:
    """In each window two hundred people of the candidate's arm are missing."""
    for place in range(windows):
        counted(deployment, place, (300, 27), (500, 45))


def criterion_of(deployment: Deployment) -> str:
    """How the stage's criterion stands at the newest look."""
    reading = last_reading(now(deployment))
    assert reading is not None
    return next(one.state.value for one in reading.checks if one.check == "criteria")


def test_a_candidate_shown_to_be_worse_than_allowed_holds_the_rollout(prepared: Prepared) -> None:
    deployment = measured(prepared.here, advance_hours=ALWAYS)

    ticked(see(deployment, ours=0.3))

    entry = entry_of(deployment.stream(), "rollout.held")
    assert now(deployment).state == DeploymentState.HELD
    assert entry is not None
    assert entry.document["after"]["evidence"][0]["reading"]["checks"][-1]["state"] == "failed"


def test_a_pause_does_not_take_back_what_was_found_of_the_candidate(prepared: Prepared) -> None:
    here = prepared.here
    deployment = measured(here, advance_hours=ALWAYS)
    at = see(deployment, ours=0.3)
    with time_machine.travel(later(at, seconds=1), tick=False):
        paused(here, deployment)  # before anybody has looked
        again = resumed(here, deployment)
    at = see(again, windows=1)
    ticked(at)
    reason = now(deployment).held_reason
    with time_machine.travel(later(at, seconds=1), tick=False):
        paused(here, deployment)

    ticked(later(at, seconds=60))

    assert "Shown not to be no more than" in reason
    with (
        time_machine.travel(later(at, seconds=90), tick=False),
        pytest.raises(StillFiring, match="against it before the pause stands: ") as no,
    ):
        resumed(here, deployment)
    assert no.value.next_step.startswith("Roll it back; a pause begins its split and its stamps anew")


def test_after_a_pause_what_spoke_for_the_candidate_is_shown_anew(prepared: Prepared) -> None:
    here = prepared.here
    deployment = measured(here)
    at = see(deployment)
    ticked(at)
    before = criterion_of(deployment)

    with time_machine.travel(later(at, seconds=1), tick=False):
        paused(here, deployment)
        again = resumed(here, deployment)
    ticked(see(again, windows=1))

    assert (before, criterion_of(again)) == ("done", "waiting")


def test_one_that_cannot_be_looked_at_stops_no_other_and_is_held_after_four_looks(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = prepared.here
    broken = measured(here, advance_hours=ALWAYS)
    fine = measured(here, channel="ios", tag="3", advance_hours=ALWAYS)
    at = see(fine)
    see(broken)

    def fails_for_one(deployment: Deployment, **span: Any) -> list[WindowCounts]:
        if deployment.id == broken.id:
            raise ConnectionResetError("the counts are away")
        return counts_of(deployment, **span)

    monkeypatch.setattr(looking, "counts_of", fails_for_one)
    ticked(at)
    once = what_it_waits_for(now(broken), at)[0]
    state_before = now(broken).state
    ticked(later(at, seconds=2))
    ticked(later(at, seconds=4))
    ticked(later(at, seconds=6))

    assert now(fine).state == DeploymentState.LIVE
    assert state_before == DeploymentState.ROLLING_OUT
    assert once.sentence == "Monitoring could not look once (ConnectionResetError); the log says more."
    assert now(broken).state == DeploymentState.HELD
    assert "could not be looked at 4 times in a row" in now(broken).held_reason


def test_what_fails_beside_a_trigger_keeps_nothing_from_being_taken_back(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = {**MEASURED, "triggers": ["retry_spike"]}
    deployment = measured(prepared.here, guarded, triggers=[SPIKES])
    at = see(deployment, ours=0.3)

    monkeypatch.setattr(looking, "counts_of", lambda *args, **span: 1 / 0)
    ticked(at)

    assert now(deployment).state == DeploymentState.ROLLED_BACK


def test_a_look_that_succeeds_again_forgets_the_failures(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = measured(prepared.here)
    at = see(deployment, windows=4, people=40)

    with monkeypatch.context() as patched:
        patched.setattr(looking, "counts_of", lambda *args, **span: 1 / 0)
        ticked(at)
    ticked(later(at, seconds=2))

    assert now(deployment).reading.errors == 0
    assert states(deployment)[-1] == ("criteria", "waiting")


def test_whoever_was_quicker_than_the_tick_is_not_undone(prepared: Prepared) -> None:
    here = prepared.here
    guarded = {**MEASURED, "triggers": ["retry_spike"]}
    taken = measured(here, guarded, triggers=[SPIKES])
    going = measured(here, channel="ios", tag="3", advance_hours=ALWAYS)
    at = see(taken, ours=0.3)
    see(going)
    seen_before = [now(taken), now(going)]
    taken_back(here, "android")
    held(here, going)

    with time_machine.travel(at, tick=False):
        watch_rollout(engine(), seen_before[0])
        watch_rollout(engine(), seen_before[1])

    assert Rollback.objects.get(deployment=taken).rolled_back_by_username == "release_manager"
    assert (now(going).state, now(going).stage_number) == (DeploymentState.HELD, 1)


def test_what_is_live_is_watched_by_its_triggers_and_goes_back(prepared: Prepared) -> None:
    here = prepared.here
    general = {**GENERAL, "triggers": ["retry_high"]}
    high = {**SPIKES, "key": "retry_high", "kind": "threshold", "limit": 0.2, "test": "e_process"}
    first = measured(here, {"kind": "guarded", "coverage": 0.25}, general, triggers=[high])
    deployment = advanced(here, first)
    counted(deployment, 0, (1000, 500), arm=Arm.STABLE)
    at = closed(deployment, 0)
    hear(deployment.channel, at)

    ticked(at)

    assert now(deployment).state == DeploymentState.ROLLED_BACK


def test_of_a_paused_rollout_nothing_is_counted_and_its_triggers_are_watched(prepared: Prepared) -> None:
    here = prepared.here
    deployment = measured(here)
    at = see(deployment)
    paused(here, deployment)

    ticked(at)

    assert [name for name, _ in states(deployment)] == ["integrity", "triggers", "traffic"]
    assert now(deployment).state == DeploymentState.HELD
