"""What a look finds after a pause: people of the new stay, and evidence that holds nobody twice."""

from datetime import datetime
from math import log
from typing import Any

import pytest
import time_machine

from releases.bundles.arms import Arm
from releases.rollouts.models import Deployment
from releases.rollouts.readings import Check, last_reading
from tests.factories.approvals import World
from tests.factories.looked import ALWAYS, MEASURED, hear, later, measured, now, see, ticked
from tests.factories.rollouts import paused, resumed
from tests.factories.watched import closed, counted
from tests.factories.worlds import Prepared

TESTERS: dict[str, Any] = {
    "kind": "internal_testing",
    "keys": [f"tester-{number}" for number in range(10)],
    "min_subjects": 10,
}


def checks(deployment: Deployment) -> dict[str, Check]:
    reading = last_reading(now(deployment))
    assert reading is not None
    return {one.check: one for one in reading.checks}


def interrupted(here: World, deployment: Deployment, at: datetime) -> Deployment:
    """The rollout paused and shown again."""
    with time_machine.travel(later(at, seconds=1), tick=False):
        return resumed(here, paused(here, deployment))


def test_the_same_few_testers_are_seen_again_after_a_pause(prepared: Prepared) -> None:
    deployment = measured(prepared.here, TESTERS, MEASURED)
    counted(deployment, 0, (10, 0))
    again = interrupted(prepared.here, deployment, closed(deployment, 0))
    counted(again, 0, (10, 0), new=False)
    hear(again.channel, closed(again, 0))

    ticked(closed(again, 0))

    found = checks(again)
    assert found["traffic"].sentence == "10 people with the candidate's answer in closed windows."
    assert (found["traffic"].state, found["min_subjects"].state) == ("done", "done")


@pytest.mark.parametrize(("new", "state"), [(False, "rolling_out"), (True, "held")])
def test_people_who_come_again_are_no_second_evidence_against_the_candidate(
    prepared: Prepared, new: bool, state: str
) -> None:
    deployment = measured(prepared.here, advance_hours=ALWAYS)
    at = see(deployment, ours=0.18, control=0.07, windows=1, people=400)
    again = interrupted(prepared.here, deployment, at)
    counted(again, 0, (400, 72), (400, 28), new=new)
    counted(again, 0, (800, 0), arm=Arm.STABLE)
    hear(again.channel, closed(again, 0))

    ticked(closed(again, 0))

    assert now(again).state == state


def test_each_stay_after_a_pause_asks_for_twice_the_evidence_to_be_shown(prepared: Prepared) -> None:
    deployment = measured(prepared.here)
    ticked(see(deployment, windows=1))
    first = checks(deployment)["criteria"].numbers["log_e_needed"]
    second = interrupted(prepared.here, deployment, closed(deployment, 0))
    third = interrupted(prepared.here, second, closed(second, 0))

    ticked(see(third, windows=1))

    assert checks(third)["criteria"].numbers["log_e_needed"] == pytest.approx(first + 2 * log(2))
