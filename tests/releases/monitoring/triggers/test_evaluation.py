"""Evaluating the triggers of a rollout: what is recorded, what is asked for, and what blocks."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.actors import Actor
from governance.ledger.models import Entry
from releases.bundles.arms import Arm
from releases.monitoring.triggers.scene import scene_of
from releases.monitoring.triggers.services import NothingToAcknowledge, acknowledge_trigger
from releases.monitoring.triggers.vocabulary import Action, Mode, State
from releases.monitoring.vocabulary.series import WINDOW, Metric
from releases.rollouts.models import Deployment
from tests.factories.approvals import candidate
from tests.factories.cast import actor, grant
from tests.factories.gates import segment
from tests.factories.incidents import confirmed, dismissed, suspected
from tests.factories.looked import see, ticked
from tests.factories.rollouts import advanced, on_its_way, paused, taken_back
from tests.factories.watched import (
    ALIKE,
    EVENT,
    HEARTBEAT,
    RETRY,
    WORSE,
    closed,
    counted,
    evaluated,
    slot,
    somebody,
    status,
    watched,
)
from tests.factories.worlds import Prepared


def other_manager(prepared: Prepared) -> Actor:
    """A release manager who did not start it."""
    grant(prepared.here.cast.approver_two, Role.RELEASE_MANAGER, system=prepared.here.cast.system)
    return actor(prepared.here.cast.approver_two)


def seen_and_left(prepared: Prepared, deployment: Deployment) -> Deployment:
    """The rollout in its next stage, after three windows in which both arms were alike."""
    at = see(deployment, ours=0.05, control=0.05, windows=3)
    ticked(at)
    with time_machine.travel(at, tick=False):
        return advanced(prepared.here, deployment)


def events(deployment: Deployment, key: str = "retry_spike") -> list[str]:
    entries = Entry.objects.filter(stream=status(deployment, key).stream()).order_by("stream_seq")
    return [str(entry.document["type"]) for entry in entries]


def test_a_trigger_without_data_blocks_and_asks_for_nothing_at_first(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)

    found = evaluated(deployment, closed(deployment, 0))

    assert found.firings == ()
    assert [(one.key, one.state) for one in found.blocked] == [("retry_spike", State.NO_DATA)]
    assert events(deployment) == ["trigger.armed"]


def test_a_candidate_that_is_worse_than_its_control_asks_for_a_rollback(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *WORSE)

    found = evaluated(deployment, closed(deployment, 0))

    (firing,) = found.firings
    assert (firing.key, firing.action, firing.mode, firing.latched) == (
        "retry_spike",
        Action.ROLLBACK,
        Mode.ENFORCE,
        True,
    )
    assert "30.0 % asked to try again against 7.0 % in the control arm" in firing.sentence
    assert firing.digest == status(deployment).evidence_digest
    assert events(deployment) == ["trigger.armed", "trigger.fired"]


def test_evaluating_again_writes_no_further_entry_and_says_the_same(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *WORSE)

    first, second = (evaluated(deployment, closed(deployment, 0)) for _ in range(2))

    assert first.firings == second.firings
    assert events(deployment) == ["trigger.armed", "trigger.fired"]


def test_a_quiet_trigger_neither_asks_nor_blocks(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *ALIKE)

    found = evaluated(deployment, closed(deployment, 0))

    assert (found.firings, found.blocked) == ((), ())
    assert [(one.state, one.kind) for one in found.states] == [(State.INACTIVE, "vs_control")]


def test_a_window_counts_only_once_what_is_late_had_its_time(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *WORSE)

    early = evaluated(deployment, slot(deployment, 0) + WINDOW + timedelta(seconds=60))

    assert early.firings == ()


def test_silence_beyond_the_grace_holds_and_is_no_firing_of_the_trigger(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, *ALIKE)
    evaluated(deployment, closed(deployment, 0))

    found = evaluated(deployment, closed(deployment, 6))

    (firing,) = found.firings
    assert (firing.action, firing.because, found.states[0].state) == (
        Action.HOLD,
        State.NO_DATA,
        State.NO_DATA,
    )
    assert "That is neither good nor bad news." in firing.sentence
    assert events(deployment) == ["trigger.armed", "trigger.no_data"]


def test_data_that_come_again_end_the_silence(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    evaluated(deployment, closed(deployment, 8))
    counted(deployment, 8, *ALIKE)

    found = evaluated(deployment, closed(deployment, 8))

    assert (found.firings, found.blocked) == ((), ())
    assert events(deployment) == ["trigger.armed", "trigger.no_data", "trigger.measured_again"]


def test_silence_never_clears_what_fires(prepared: Prepared) -> None:
    deployment = watched(prepared.here, {**RETRY, "on_no_data": "warn"})
    counted(deployment, 0, *WORSE)
    evaluated(deployment, closed(deployment, 0))

    found = evaluated(deployment, closed(deployment, 50))

    assert [(one.action, one.because) for one in found.firings] == [(Action.ROLLBACK, State.FIRING)]
    assert found.states[0].state is State.FIRING


def test_while_it_is_paused_no_data_are_expected(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    paused(prepared.here, deployment)

    found = evaluated(deployment, closed(deployment, 50))

    assert found.firings == ()


def test_counts_that_cannot_be_are_an_error_that_blocks_and_holds_after_four(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, (10, 11), (10, 1))

    found = [evaluated(deployment, closed(deployment, 0)) for _ in range(4)]

    assert [len(one.firings) for one in found] == [0, 0, 0, 1]
    assert [one.blocked[0].state for one in found] == [State.ERROR] * 4
    assert found[-1].firings[0].because is State.ERROR
    assert "which cannot be" in found[-1].firings[0].sentence
    assert events(deployment) == ["trigger.armed", "trigger.failed", "trigger.failed"]


def test_a_trigger_that_only_observes_is_evaluated_and_is_not_enforced(prepared: Prepared) -> None:
    deployment = watched(prepared.here, {**RETRY, "mode": "observe"})
    counted(deployment, 0, *WORSE)

    found = evaluated(deployment, closed(deployment, 0))

    assert (found.asks_for(Action.ROLLBACK), found.blocked) == ((), ())
    assert [one.mode for one in found.firings] == [Mode.OBSERVE]


def test_each_segment_is_judged_by_itself_and_all_of_them_share_alpha(prepared: Prepared) -> None:
    segment(prepared.here.cast, "tone", "1")
    segment(prepared.here.cast, "tone", "6")
    deployment = watched(prepared.here, {**RETRY, "segments": "protected"})
    counted(deployment, 0, *ALIKE, segment="tone_1")
    counted(deployment, 0, *WORSE, segment="tone_6")

    found = evaluated(deployment, closed(deployment, 0))

    assert [(one.key, one.segment) for one in found.firings] == [("retry_spike", "tone_6")]
    assert "of 80 needed" in found.firings[0].sentence  # 2 segments × 2 stages / 0.05


def test_a_suspected_incident_holds_and_a_confirmed_one_rolls_back(prepared: Prepared) -> None:
    deployment = watched(prepared.here, EVENT)
    suspected(prepared.here, subject=somebody(deployment))

    held = evaluated(deployment, closed(deployment, 0))
    confirmed(prepared.here, subject=somebody(deployment))
    back = evaluated(deployment, closed(deployment, 0) + timedelta(seconds=2))

    assert [one.action for one in held.firings] == [Action.HOLD]
    assert [one.action for one in back.firings] == [Action.ROLLBACK]
    assert events(deployment, "spoof") == ["trigger.armed", "trigger.fired", "trigger.fired"]


def test_a_dismissed_incident_asks_for_nothing(prepared: Prepared) -> None:
    deployment = watched(prepared.here, EVENT)
    dismissed(prepared.here, subject=somebody(deployment))

    assert evaluated(deployment, closed(deployment, 0)).firings == ()


def test_a_channel_without_heartbeats_is_without_data_and_not_silent(prepared: Prepared) -> None:
    deployment = watched(prepared.here, HEARTBEAT)

    early = evaluated(deployment, closed(deployment, 0))
    late = evaluated(deployment, closed(deployment, 9))

    assert early.firings == ()
    assert [one.because for one in late.firings] == [State.NO_DATA]


def test_without_a_control_what_was_measured_on_the_last_one_is_the_limit(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    general = seen_and_left(prepared, deployment)
    counted(general, 0, (500, 90), arm=Arm.STABLE)

    found = evaluated(general, closed(general, 0))

    assert [one.action for one in found.firings] == [Action.ROLLBACK]
    assert "against 5.0 % in the last control arm" in found.firings[0].sentence


def test_a_limit_of_the_gate_that_it_never_measured_is_an_error(prepared: Prepared) -> None:
    trigger = {
        "key": "disagree",
        "kind": "threshold",
        "metric": "disagreement",
        "limit": "gate",
        "description": "They differ.",
        "owner": "author",
    }
    deployment = watched(prepared.here, trigger)
    counted(deployment, 0, (100, 3), metric=Metric.DISAGREEMENT)

    found = evaluated(deployment, closed(deployment, 0))

    assert found.blocked[0].state is State.ERROR
    assert "The gate measured no share of decisions that differ" in found.blocked[0].sentence


def test_words_of_a_plan_are_named_as_not_measured(prepared: Prepared) -> None:
    deployment = watched(prepared.here, {"key": "complaints", "description": "People complain."})

    assert evaluated(deployment, closed(deployment, 0)).not_measured == ("complaints",)


def test_a_trigger_that_the_stage_does_not_name_is_not_in_force(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    deployment.revision.rollout_plan["stages"][0]["triggers"] = []

    assert scene_of(deployment, closed(deployment, 0)).places == ()


def test_a_person_cannot_evaluate_triggers(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)

    with pytest.raises(PermissionDenied):
        evaluated(deployment, closed(deployment, 0), by=actor(prepared.here.cast.release_manager))


def test_a_latched_trigger_ends_after_somebody_acknowledged_it_and_data_are_good(prepared: Prepared) -> None:
    deployment = watched(
        prepared.here,
        {**RETRY, "action": "hold", "latch": True, "kind": "threshold", "limit": 0.1, "test": "immediate"},
    )
    counted(deployment, 0, (200, 60))
    evaluated(deployment, closed(deployment, 0))
    counted(deployment, 1, (200, 2))
    counted(deployment, 2, (200, 2))
    latched = evaluated(deployment, closed(deployment, 2))

    acknowledge_trigger(other_manager(prepared), status=status(deployment), reason="It was a flood.")
    counted(deployment, 3, (200, 2))
    ended = evaluated(deployment, closed(deployment, 3))

    assert [one.action for one in latched.firings] == [Action.HOLD]
    assert ended.firings == ()
    assert events(deployment)[-2:] == ["trigger.acknowledged", "trigger.cleared"]


def test_what_is_not_latched_cannot_be_acknowledged(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    evaluated(deployment, closed(deployment, 0))

    with pytest.raises(NothingToAcknowledge):
        acknowledge_trigger(other_manager(prepared), status=status(deployment), reason="Why not.")


def test_a_release_that_answers_again_after_another_has_its_time_to_be_counted(prepared: Prepared) -> None:
    guarded = watched(prepared.here, RETRY)
    live = seen_and_left(prepared, guarded)
    with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
        on_its_way(prepared.here, candidate(prepared.here, "3"), "android")
        beside = evaluated(live, timezone.now())
        taken_back(prepared.here)

        again = evaluated(live, timezone.now() + timedelta(seconds=5))
        later = evaluated(live, timezone.now() + timedelta(minutes=40))

    assert (beside.firings, again.firings) == ((), ())
    assert [one.because for one in later.firings] == [State.NO_DATA]
