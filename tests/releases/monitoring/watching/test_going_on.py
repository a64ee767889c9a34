"""When a rollout goes on: by itself, by a person, and everything that keeps it where it is."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from governance.actors import ActorKind
from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from releases.monitoring.replaying.models import ReplayWindow
from releases.monitoring.vocabulary.series import WindowCounts
from releases.monitoring.watching import looking
from releases.monitoring.windows.queries import counts_of
from releases.rollouts.leaving import NotLookedAt, StageNotShown
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.readings import RECENT, last_reading
from releases.rollouts.waits import what_it_waits_for
from tests.factories.looked import ALWAYS, MEASURED, RETRY, hear, later, measured, now, see, ticked
from tests.factories.rollouts import advanced
from tests.factories.watched import RETRY as SPIKE
from tests.factories.watched import closed, slot
from tests.factories.worlds import Prepared

SPIKES = {**SPIKE, "severity": "critical"}


def tick_at(at: datetime, *seconds: int) -> None:
    """One tick after another, so many seconds after the moment."""
    for after in seconds:
        ticked(later(at, seconds=after))


def entries(deployment: Deployment, event: str) -> list[Entry]:
    return list(Entry.objects.filter(stream=deployment.stream(), document__type=event))


def states(deployment: Deployment) -> list[tuple[str, str]]:
    reading = last_reading(now(deployment))
    assert reading is not None
    return [(one.check, one.state.value) for one in reading.checks]


def test_what_is_inconclusive_neither_goes_on_nor_back(prepared: Prepared) -> None:
    here = prepared.here
    deployment = measured(here, advance_hours=ALWAYS)
    at = see(deployment, windows=4, people=40)  # however its start lies, whole windows follow it

    ticked(at)

    assert now(deployment).state == DeploymentState.ROLLING_OUT
    assert now(deployment).stage_number == 1
    assert states(deployment)[-1] == ("criteria", "waiting")
    with time_machine.travel(at, tick=False), pytest.raises(StageNotShown, match="Not shown yet to be"):
        advanced(here, deployment)


def test_no_data_is_no_success(prepared: Prepared) -> None:
    here = prepared.here
    deployment = measured(here, advance_hours=ALWAYS)
    at = closed(deployment, 500)

    ticked(at)

    assert now(deployment).stage_number == 1
    assert states(deployment)[0] == ("integrity", "waiting")
    with time_machine.travel(at, tick=False), pytest.raises(StageNotShown, match="No decision was reported"):
        advanced(here, deployment)


def test_that_replays_come_out_the_same_is_measured_and_shown(prepared: Prepared) -> None:
    same = {"key": "replays", "measure": {"metric": "replay_mismatch", "limit": 0.05}}
    deployment = measured(prepared.here, {**MEASURED, "criteria": [same]})
    at = see(deployment)
    ticked(at)
    before = last_reading(now(deployment))
    ReplayWindow.objects.create(
        channel=deployment.channel, revision=deployment.revision, starts_at=slot(deployment, 2), sampled=400
    )

    tick_at(at, 31)

    reading = last_reading(now(deployment))
    assert before is not None
    assert reading is not None
    assert "no decision was replayed yet" in before.check("criteria")[0].sentence
    assert "0 % of 400 replayed decisions" in reading.check("criteria")[0].sentence
    assert states(deployment)[-1] == ("criteria", "done")


def test_what_is_shown_goes_on_by_itself_in_the_hours_of_the_plan_and_says_why(prepared: Prepared) -> None:
    deployment = measured(prepared.here, advance_hours=ALWAYS)

    ticked(see(deployment))

    entry = entry_of(deployment.stream(), "rollout.advanced")
    assert now(deployment).state == DeploymentState.LIVE
    assert entry is not None
    assert entry.document["actor"]["kind"] == ActorKind.TASK
    assert entry.document["after"]["not_evaluated"]["criteria"] == []
    assert entry.document["after"]["reading"]["checks"][-1]["numbers"]["subjects"] == 6000
    assert "Shown to be no more than" in entry.document["after"]["reading"]["checks"][-1]["sentence"]


@pytest.mark.parametrize(
    ("terms", "plan"),
    [
        ({"min_duration_seconds": 86_400}, {"advance_hours": ALWAYS}),
        ({"requires_approval": ["qa_lead"]}, {"advance_hours": ALWAYS}),
        ({"criteria": [RETRY, "Support is calm."]}, {"advance_hours": ALWAYS}),
        ({"min_subjects": 10_000}, {"advance_hours": ALWAYS}),
        ({}, {}),
    ],
    ids=["too young", "approval missing", "words beside", "too few people", "no hours"],
)
def test_nothing_goes_on_by_itself_while_something_is_missing(
    prepared: Prepared, terms: dict[str, Any], plan: dict[str, Any]
) -> None:
    deployment = measured(prepared.here, {**MEASURED, **terms}, **plan)

    ticked(see(deployment))

    assert now(deployment).stage_number == 1


def test_nothing_goes_on_by_itself_outside_the_hours_or_in_a_freeze(prepared: Prepared) -> None:
    here = prepared.here
    nights = {**ALWAYS, "starts": "02:00", "ends": "03:00"}
    freeze = {"starts_at": "2100-03-01T00:00:00Z", "ends_at": "2100-04-01T00:00:00Z", "reason": "Holidays"}
    by_night = measured(here, advance_hours=nights)
    frozen = measured(here, channel="ios", tag="3", advance_hours=ALWAYS, freezes=[freeze])
    at = later(see(by_night), hours=0).replace(year=2100, month=3, day=2, hour=12)
    see(frozen)
    hear(by_night.channel, at)
    hear(frozen.channel, at)

    ticked(at)

    assert [now(one).stage_number for one in (by_night, frozen)] == [1, 1]
    assert states(by_night)[-1] == states(frozen)[-1] == ("criteria", "done")
    hear(by_night.channel, at.replace(day=3, hour=2))
    ticked(at.replace(day=3, hour=2))
    assert now(by_night).stage_number == 2


def test_a_rollout_enters_one_stage_at_a_time_and_each_begins_with_nothing_shown(
    prepared: Prepared,
) -> None:
    wider = {**MEASURED, "coverage": 0.5}
    deployment = measured(prepared.here, MEASURED, wider, advance_hours=ALWAYS)
    at = see(deployment)

    ticked(at)
    first = now(deployment)
    ticked(later(at, minutes=10))
    second = now(deployment)

    assert (first.stage_number, second.stage_number) == (2, 2)
    assert last_reading(first) is None
    assert ("traffic", "waiting") in states(deployment)


def test_who_may_advance_is_asked_once_and_not_before_it_is_shown(prepared: Prepared) -> None:
    here = prepared.here
    deployment = measured(here)
    few = see(deployment, windows=4, people=40)

    ticked(few)
    before = entries(deployment, "rollout.stage_shown")
    at = see(deployment)
    ticked(at)
    ticked(later(at, seconds=2))

    assert before == []
    assert len(entries(deployment, "rollout.stage_shown")) == 1
    with time_machine.travel(later(at, seconds=3), tick=False):
        assert advanced(here, deployment).state == DeploymentState.LIVE


def test_a_person_cannot_rest_an_advance_on_a_look_that_is_too_old(prepared: Prepared) -> None:
    here = prepared.here
    deployment = measured(here)
    at = see(deployment)

    with pytest.raises(NotLookedAt, match="has not looked at"):
        advanced(here, deployment)
    ticked(at)
    late = at + RECENT + timedelta(seconds=1)
    with time_machine.travel(late, tick=False), pytest.raises(NotLookedAt, match="Monitoring last looked"):
        advanced(here, deployment)

    with time_machine.travel(late, tick=False):
        looked = what_it_waits_for(now(deployment), late)[0]
    assert (looked.check, looked.sentence) == (
        "looked",
        "Monitoring last looked 5 seconds ago. What it found then stands below and counts no longer.",
    )


def test_counts_are_judged_again_when_a_window_has_closed_and_not_at_every_look(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = measured(prepared.here)
    at = see(deployment, windows=4, people=40)
    asked: list[Any] = []

    def counting(*args: Any, **span: Any) -> list[WindowCounts]:
        asked.append(args)
        return counts_of(*args, **span)

    monkeypatch.setattr(looking, "counts_of", counting)
    tick_at(at, 0, 2, 4, 31)

    assert len(asked) == 2
    assert now(deployment).reading.read_at == later(at, seconds=31)


def test_a_stage_that_nothing_measures_goes_on_by_a_person_as_before(prepared: Prepared) -> None:
    here = prepared.here
    words = {"kind": "guarded", "coverage": 0.25, "criteria": ["Support is calm."]}
    deployment = measured(here, words, advance_hours=ALWAYS)

    ticked(see(deployment))

    assert now(deployment).stage_number == 1
    assert states(deployment)[-1] == ("criteria", "not_evaluated")
    assert advanced(here, deployment).state == DeploymentState.LIVE


@pytest.mark.parametrize(
    ("terms", "missing"),
    [
        ({"min_subjects": 500}, "of at least 500 people"),
        ({"triggers": ["retry_spike"]}, "retry_spike: "),
    ],
    ids=["people", "triggers"],
)
def test_people_and_triggers_of_the_plan_are_asked_for_where_no_criterion_is_measured(
    prepared: Prepared, terms: dict[str, Any], missing: str
) -> None:
    here = prepared.here
    guarded = {"kind": "guarded", "coverage": 0.25, "criteria": ["Support is calm."], **terms}
    deployment = measured(here, guarded, triggers=[{**SPIKES, "min_subjects": 500}])
    few = see(deployment, windows=4, people=40)  # however its start lies, whole windows follow it

    with pytest.raises(NotLookedAt):
        advanced(here, deployment)
    ticked(few)
    with time_machine.travel(few, tick=False), pytest.raises(StageNotShown, match=missing):
        advanced(here, deployment)
    at = see(deployment)
    ticked(at)
    with time_machine.travel(at, tick=False):
        moved = advanced(here, deployment)

    entry = entry_of(deployment.stream(), "rollout.advanced")
    assert moved.state == DeploymentState.LIVE
    assert entry is not None
    assert entry.document["after"]["not_evaluated"]["min_subjects"] == 0
    assert entry.document["after"]["not_evaluated"]["criteria"] != []


def test_a_stage_whose_triggers_count_no_decisions_is_left_where_none_are_reported(
    prepared: Prepared,
) -> None:
    here = prepared.here
    spoof = {"key": "spoof", "kind": "event", "description": "A spoof passed.", "owner": "author"}
    guarded = {"kind": "guarded", "coverage": 0.25, "triggers": ["spoof"]}
    deployment = measured(here, guarded, triggers=[spoof])
    at = closed(deployment, 20)
    ticked(at)
    found = states(deployment)

    with time_machine.travel(at, tick=False):
        moved = advanced(here, deployment)

    assert found[:2] == [("integrity", "waiting"), ("triggers", "done")]
    assert moved.state == DeploymentState.LIVE


def test_what_was_found_too_long_ago_is_not_recorded_as_what_an_advance_rests_on(prepared: Prepared) -> None:
    here = prepared.here
    deployment = measured(here, {"kind": "guarded", "coverage": 0.25, "criteria": ["Support is calm."]})
    at = see(deployment)
    ticked(at)

    with time_machine.travel(later(at, hours=3), tick=False):
        advanced(here, deployment)

    entry = entry_of(deployment.stream(), "rollout.advanced")
    assert entry is not None
    assert "reading" not in entry.document["after"]
