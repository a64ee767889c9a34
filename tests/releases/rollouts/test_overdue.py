"""Stages that nobody advanced in time are held by the worker, once."""

from datetime import timedelta

import pytest
import time_machine

from governance.access.queries import PermissionDenied
from governance.ledger.models import Entry
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.overdue import hold_overdue
from releases.rollouts.progress import hold_overdue_rollout
from releases.rollouts.stages import overdue_at
from tests.factories.cast import actor
from tests.factories.gates import engine
from tests.factories.rollouts import advanced, on_its_way, planned, resumed
from tests.factories.worlds import Prepared

HOUR = timedelta(hours=1)
GUARDED = {"kind": "guarded", "coverage": 0.25, "max_duration_seconds": 3600}
GENERAL = {"kind": "general"}


@pytest.fixture
def deployment(prepared: Prepared) -> Deployment:
    """One in a stage that is held after an hour, started at noon."""
    with time_machine.travel("2100-03-01T12:00:00Z", tick=False):
        return planned(prepared.here, GUARDED, GENERAL)


def held_at(time: str) -> int:
    with time_machine.travel(f"2100-03-01T{time}Z", tick=False):
        return hold_overdue(engine())


def stored(deployment: Deployment) -> Deployment:
    return Deployment.objects.select_related("revision").get(id=deployment.id)


def test_a_stage_is_held_when_its_longest_duration_is_over(deployment: Deployment) -> None:
    early = held_at("12:59:59")
    in_time = held_at("13:00:00")

    after = stored(deployment)
    assert (early, in_time) == (0, 1)
    assert (after.state, after.paused) == ("held", False)
    assert "longest duration of the stage guarded 25 % was over" in after.held_reason


def test_running_twice_changes_nothing_and_the_worker_answers_for_it(deployment: Deployment) -> None:
    held_at("13:00:00")
    again = held_at("13:00:30")

    entry = Entry.objects.get(document__type="rollout.held")
    assert again == 0
    assert entry.document["actor"]["kind"] == "task"


def test_one_that_was_advanced_meanwhile_is_left_alone(prepared: Prepared, deployment: Deployment) -> None:
    with time_machine.travel("2100-03-01T12:30:00Z", tick=False):
        advanced(prepared.here, deployment)

    with time_machine.travel("2100-03-01T14:00:00Z", tick=False):
        hold_overdue_rollout(engine(), deployment=deployment)

    assert stored(deployment).state == DeploymentState.LIVE
    assert not Entry.objects.filter(document__type="rollout.held").exists()


def test_whoever_resumes_it_answers_for_another_span(prepared: Prepared, deployment: Deployment) -> None:
    held_at("13:00:00")
    with time_machine.travel("2100-03-01T13:30:00Z", tick=False):
        resumed(prepared.here, deployment)

    assert overdue_at(stored(deployment)) == deployment.started_at + 2.5 * HOUR
    assert (held_at("14:29:59"), held_at("14:30:00")) == (0, 1)


def test_a_plan_without_a_longest_duration_waits_for_ever(prepared: Prepared) -> None:
    (deployment,) = on_its_way(prepared.here, prepared.candidate, "android")

    assert overdue_at(deployment) is None
    assert hold_overdue(engine()) == 0


@pytest.mark.parametrize("who", ["author", "auditor", "stranger"])
def test_only_who_may_hold_may_hold_what_is_overdue(
    prepared: Prepared, deployment: Deployment, who: str
) -> None:
    with pytest.raises(PermissionDenied):
        hold_overdue_rollout(actor(getattr(prepared.here.cast, who)), deployment=deployment)
