"""Holding, pausing and resuming a rollout: who may, what it changes, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from governance.access.models import Account
from governance.access.queries import PermissionDenied
from governance.errors import InvalidInput
from governance.ledger.queries import entry_of
from governance.registry.components import revoke_component
from releases.approvals.requesting import ComponentIsRevoked
from releases.bundles.live_answers import live_sentence
from releases.bundles.models import Assignment
from releases.bundles.queries import live_assignment
from releases.rollouts.advancing import StageTooYoung
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.ofrep.answers import evaluation
from releases.rollouts.progress import hold_rollout, pause_rollout, resume_rollout
from releases.rollouts.stages import DeploymentInWrongState, advance_at
from releases.rollouts.starting import CalendarFrozen
from tests.database import in_threads
from tests.factories.cast import actor
from tests.factories.gates import engine
from tests.factories.rollouts import (
    WHY,
    advanced,
    held,
    on_its_way,
    paused,
    planned,
    resumed,
    taken_back,
)
from tests.factories.worlds import Prepared

ANDROID = "android"
GUARDED = {"kind": "guarded", "coverage": 0.25}
GENERAL = {"kind": "general"}
VERBS: dict[str, Callable[..., Deployment]] = {
    "hold": hold_rollout,
    "pause": pause_rollout,
    "resume": resume_rollout,
}


def guarded(prepared: Prepared) -> Deployment:
    """The candidate in its guarded stage on android."""
    (deployment,) = on_its_way(prepared.here, prepared.candidate, ANDROID)
    return deployment


def stored(deployment: Deployment) -> Deployment:
    return Deployment.objects.get(id=deployment.id)


def shares(prepared: Prepared) -> tuple[Any, ...]:
    assignment = live_assignment(prepared.here.cast.channel(ANDROID))
    assert assignment is not None
    return assignment.candidate, assignment.treatment_share, assignment.control_share


def test_a_held_rollout_keeps_its_shares(prepared: Prepared) -> None:
    deployment = held(prepared.here, guarded(prepared))

    assert (deployment.state, deployment.paused, deployment.held_reason) == ("held", False, WHY)
    assert shares(prepared) == (prepared.candidate, 0.25, 0.25)
    assert Assignment.objects.filter(channel__name=ANDROID).count() == 2


def test_a_paused_rollout_shows_the_candidate_to_nobody_and_stays(prepared: Prepared) -> None:
    deployment = paused(prepared.here, guarded(prepared))

    assert (deployment.state, deployment.paused, deployment.held_reason) == ("held", True, WHY)
    assert shares(prepared) == (prepared.candidate, 0.0, 0.0)


def test_a_pause_of_internal_testing_takes_the_keys_away(prepared: Prepared) -> None:
    here = prepared.here
    deployment = planned(here)

    paused(here, deployment)
    without = live_assignment(here.cast.channel(ANDROID))
    resumed(here, deployment)
    again = live_assignment(here.cast.channel(ANDROID))

    assert without is not None
    assert again is not None
    assert without.internal_keys == []
    assert again.internal_keys == ["tester-1", "tester-2"]


def test_a_pause_of_a_shadow_stage_takes_the_shadow_away(prepared: Prepared) -> None:
    here = prepared.here
    channel = here.cast.channel(ANDROID)
    deployment = planned(here, {"kind": "shadow"}, GUARDED, GENERAL)

    paused(here, deployment)
    without = live_assignment(channel)
    resumed(here, deployment)
    again = live_assignment(channel)

    assert without is not None
    assert again is not None
    assert "shadow" not in evaluation("key", without, {}, "somebody")["metadata"]
    assert "is paused and answers nobody" in live_sentence(channel, without)
    shadow = evaluation("key", again, {}, "somebody")["metadata"]["shadow"]
    assert shadow == deployment.revision.manifest_digest


def test_what_is_held_can_be_paused_and_goes_on_in_one_step(prepared: Prepared) -> None:
    here = prepared.here
    deployment = held(here, guarded(prepared))

    paused(here, deployment)
    on = resumed(here, deployment)

    assert (on.state, on.paused, on.held_reason) == ("rolling_out", False, "")
    assert shares(prepared) == (prepared.candidate, 0.25, 0.25)


def test_each_verb_is_recorded_with_its_reason_and_a_pause_in_the_channels_stream_too(
    prepared: Prepared,
) -> None:
    here = prepared.here
    deployment = guarded(prepared)
    stream = here.cast.channel(ANDROID).stream()
    started = entry_of(stream, "assignment.changed")

    held(here, deployment)
    after_hold = entry_of(stream, "assignment.changed")
    paused(here, deployment)
    entries = [entry_of(deployment.stream(), f"rollout.{done}") for done in ("held", "paused")]
    after_pause = entry_of(stream, "assignment.changed")

    documents = [entry.document for entry in entries if entry]
    assert [document["reason"] for document in documents] == [WHY, WHY]
    assert [document["before"]["state"] for document in documents] == ["rolling_out", "held"]
    assert [document["after"]["state"] for document in documents] == ["held", "held"]
    assert after_hold == started
    assert after_pause is not None
    assert after_pause.document["refs"]["cause"] == str(entries[1].id)  # type: ignore[union-attr]  # counted above
    assert after_pause.document["after"]["treatment_share"] == 0


def test_after_a_pause_the_minimum_duration_begins_anew_and_after_a_hold_it_goes_on(
    prepared: Prepared,
) -> None:
    here = prepared.here
    with time_machine.travel("2100-03-01T12:00:00Z", tick=False):
        deployment = planned(here, {**GUARDED, "min_duration_seconds": 3600}, GENERAL)
    with time_machine.travel("2100-03-01T12:50:00Z", tick=False):
        after_hold = resumed(here, held(here, deployment))
        earliest = advance_at(after_hold)
        after_pause = resumed(here, paused(here, deployment))

    with time_machine.travel("2100-03-01T13:10:00Z", tick=False), pytest.raises(StageTooYoung):
        advanced(here, deployment)

    assert f"{earliest:%R}" == "13:00"
    assert f"{advance_at(after_pause):%R}" == "13:50"


WRONG: list[tuple[str, Callable[[Prepared], Deployment], str]] = [
    ("hold", lambda prepared: held(prepared.here, guarded(prepared)), "is held, so it cannot be held"),
    ("hold", lambda prepared: paused(prepared.here, guarded(prepared)), "is paused, so it cannot be held"),
    ("hold", lambda prepared: advanced(prepared.here, guarded(prepared)), "is live, so it cannot be held"),
    ("pause", lambda prepared: paused(prepared.here, guarded(prepared)), "is paused, so it cannot be paused"),
    ("pause", lambda prepared: advanced(prepared.here, guarded(prepared)), "is live, so it cannot be paused"),
    ("resume", guarded, "is rolling out, so it cannot be resumed"),
    ("resume", lambda prepared: advanced(prepared.here, guarded(prepared)), "is live, so it cannot be resu"),
]


@pytest.mark.parametrize(
    ("verb", "reach", "words"), WRONG, ids=[f"{number} {row[0]}" for number, row in enumerate(WRONG)]
)
def test_in_the_wrong_state_it_is_refused(
    prepared: Prepared, verb: str, reach: Callable[[Prepared], Deployment], words: str
) -> None:
    deployment = reach(prepared)

    with pytest.raises(DeploymentInWrongState, match=words):
        VERBS[verb](actor(prepared.here.cast.release_manager), deployment=deployment, reason=WHY)


@pytest.mark.parametrize("verb", VERBS)
def test_what_was_rolled_back_stays_so(prepared: Prepared, verb: str) -> None:
    here = prepared.here
    deployment = guarded(prepared)
    taken_back(here)

    with pytest.raises(DeploymentInWrongState, match="is rolled back"):
        VERBS[verb](actor(here.cast.release_manager), deployment=deployment, reason=WHY)


@pytest.mark.parametrize("verb", VERBS)
def test_each_takes_a_reason(prepared: Prepared, verb: str) -> None:
    deployment = guarded(prepared)

    with pytest.raises(InvalidInput, match="reason: say why the rollout is"):
        VERBS[verb](actor(prepared.here.cast.release_manager), deployment=deployment, reason=" ")


EVERY, HOLDS, NONE = [True, True, True], [True, False, False], [False, False, False]
MAY = {
    "release_manager": EVERY,
    "security_all": HOLDS,
    "integration": HOLDS,
    "author": NONE,
    "qa_lead": NONE,
    "approver": NONE,
    "auditor": NONE,
    "admin": NONE,
    "stranger": NONE,
}
"""Who may hold, pause and resume."""


def done_by(account: Account, verb: str, deployment: Deployment) -> bool:
    """Whether the account may; the next verb then meets what this one left."""
    try:
        VERBS[verb](actor(account), deployment=deployment, reason=WHY)
    except PermissionDenied:
        return False
    return True


@pytest.mark.parametrize("who", MAY)
def test_who_may_hold_pause_and_resume(prepared: Prepared, who: str) -> None:
    deployment = guarded(prepared)

    done = [done_by(getattr(prepared.here.cast, who), verb, deployment) for verb in VERBS]

    assert done == MAY[who]


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_the_worker_only_holds(prepared: Prepared, verb: str) -> None:
    deployment = guarded(prepared)

    with pytest.raises(PermissionDenied):
        VERBS[verb](engine(), deployment=deployment, reason=WHY)


def test_a_reviewer_of_one_channel_holds_there_only(prepared: Prepared) -> None:
    here = prepared.here
    android, web = on_its_way(here, prepared.candidate, ANDROID, "mobile_web")

    with pytest.raises(PermissionDenied):
        held(here, android, by=here.cast.security_reviewer)

    assert held(here, web, by=here.cast.security_reviewer).state == DeploymentState.HELD


def test_a_revoked_component_stops_a_resume_and_not_a_hold(prepared: Prepared) -> None:
    here = prepared.here
    deployment = guarded(prepared)
    model = prepared.candidate.slots.get(slot="model").component
    revoke_component(actor(here.cast.security_all), component=model, reason="It was poisoned")

    held(here, deployment)
    paused(here, deployment)

    with pytest.raises(ComponentIsRevoked, match="It was poisoned"):
        resumed(here, deployment)


def test_in_a_frozen_calendar_a_hold_ends_and_a_pause_does_not(prepared: Prepared) -> None:
    here = prepared.here
    freeze = {"starts_at": "2100-12-20T00:00:00Z", "ends_at": "2101-01-02T00:00:00Z", "reason": "Holidays"}
    deployment = planned(here, GUARDED, GENERAL, freezes=[freeze])

    with time_machine.travel("2100-12-24T12:00:00Z", tick=False):
        resumed(here, held(here, deployment))
        paused(here, deployment)
        with pytest.raises(CalendarFrozen, match="Holidays"):
            resumed(here, deployment)

    assert stored(deployment).paused is True


def test_a_hold_and_an_advance_at_once_leave_no_half(committed: Prepared) -> None:
    here = committed.here
    deployment = planned(here)

    results = in_threads(lambda: held(here, deployment), lambda: advanced(here, deployment))

    after = stored(deployment)
    assert type(results[0]).__name__ == "Deployment"
    assert after.state == DeploymentState.HELD
    assert after.stage_number == live_assignment(here.cast.channel(ANDROID)).stage_number  # type: ignore[union-attr]  # it is served
