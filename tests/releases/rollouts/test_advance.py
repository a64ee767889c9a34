"""Letting a rollout enter its next stage: what changes, and every way in which it is refused."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine

from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.errors import InvalidInput
from governance.ledger.queries import entry_of
from governance.registry.components import revoke_component
from governance.registry.models import Channel
from releases.approvals.requesting import ComponentIsRevoked
from releases.bundles.models import Assignment
from releases.bundles.queries import live_assignment
from releases.bundles.services import StillDeployed, withdraw_release
from releases.rollouts import locking
from releases.rollouts.advancing import PersonNeeded, StageMoved, StageTooYoung, advance_rollout
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import DeploymentInWrongState, advance_at
from releases.rollouts.starting import CalendarFrozen
from releases.rollouts.steps import lock_channels
from tests.database import in_threads
from tests.factories.cast import actor, grant, person, service
from tests.factories.gates import engine
from tests.factories.rollouts import SEEN, advanced, held, on_its_way, planned, taken_back, through
from tests.factories.worlds import Prepared

ANDROID = "android"
HOUR = 3600


def patient(prepared: Prepared) -> Deployment:
    """One whose guarded stage lasts at least an hour."""
    guarded = {"kind": "guarded", "coverage": 0.25, "min_duration_seconds": HOUR}
    return planned(prepared.here, guarded, {"kind": "general"})


def test_in_the_last_stage_it_is_live_and_supersedes_the_one_before(prepared: Prepared) -> None:
    here = prepared.here
    (guarded,) = on_its_way(here, prepared.candidate, ANDROID)

    deployment = advanced(here, guarded)

    baseline = Deployment.objects.get(revision=here.baseline, channel__name=ANDROID)
    assignment = live_assignment(here.cast.channel(ANDROID))
    assert (deployment.state, deployment.stage, deployment.stage_number) == ("live", "general", 2)
    assert baseline.state == DeploymentState.SUPERSEDED
    assert assignment is not None
    assert (assignment.stable, assignment.candidate) == (prepared.candidate, None)
    assert (assignment.stage, assignment.stage_number) == ("general", 2)
    assert assignment.deployment == deployment


def test_going_live_is_recorded_in_the_three_streams_it_changes(prepared: Prepared) -> None:
    here = prepared.here
    (guarded,) = on_its_way(here, prepared.candidate, ANDROID)

    deployment = advanced(here, guarded)

    own = entry_of(deployment.stream(), "rollout.advanced")
    former = entry_of(here.baseline.stream(), "rollout.superseded")
    channel = entry_of(here.cast.channel(ANDROID).stream(), "assignment.changed")
    assert own is not None
    assert former is not None
    assert channel is not None
    assert former.document["refs"]["cause"] == channel.document["refs"]["cause"] == str(own.id)
    assert own.document["reason"] == SEEN
    assert own.document["before"] == {"stage": "guarded", "stage_number": 1}
    assert own.document["after"]["states"] == ["rolling_out", "live"]
    assert own.document["after"]["rollback_target"]["revision"] == str(here.baseline.id)
    assert channel.document["before"]["candidate"]["revision"] == str(prepared.candidate.id)


def test_a_rollout_goes_through_every_kind_of_stage_in_order(prepared: Prepared) -> None:
    here = prepared.here
    deployment = planned(here)

    through(here, deployment)

    rows = Assignment.objects.filter(channel__name=ANDROID).order_by("period")
    seen = [(row.stage, row.treatment_share, row.control_share, row.internal_keys) for row in rows]
    assert seen[1:] == [
        ("internal_testing", 0.0, 0.0, ["tester-1", "tester-2"]),
        ("shadow", 0.0, 0.0, []),
        ("guarded", 0.1, 0.1, []),
        ("guarded", 0.25, 0.25, []),
        ("segment_monitoring", 0.5, 0.5, []),
        ("general", 0.0, 0.0, []),
    ]
    assert {row.salt for row in rows[1:6]} == {deployment.salt}
    assert [row.period.upper for row in rows[:6]] == [row.period.lower for row in rows[1:]]


def test_a_criterion_of_the_stage_is_recorded_as_not_evaluated(prepared: Prepared) -> None:
    guarded = {"kind": "guarded", "coverage": 0.25, "criteria": ["retry_rate"]}
    deployment = planned(prepared.here, guarded, {"kind": "guarded", "coverage": 0.5}, {"kind": "general"})

    advanced(prepared.here, deployment)

    entry = entry_of(deployment.stream(), "rollout.advanced")
    assert entry is not None
    assert entry.document["after"]["not_evaluated"] == {
        "stage_number": 1,
        "min_subjects": 0,
        "criteria": ["retry_rate"],
    }


def test_a_stage_lasts_its_minimum_duration(prepared: Prepared) -> None:
    here = prepared.here
    deployment = patient(prepared)

    with pytest.raises(StageTooYoung, match="lasts until") as refused:
        advanced(here, deployment)
    almost = advance_at(deployment) - timedelta(microseconds=1)
    with time_machine.travel(almost, tick=False), pytest.raises(StageTooYoung):
        advanced(here, deployment)
    with time_machine.travel(advance_at(deployment), tick=False):
        moved = advanced(here, deployment)

    assert advance_at(deployment) == deployment.started_at + timedelta(hours=1)
    assert "roll back at any time" in refused.value.next_step
    assert moved.state == DeploymentState.LIVE


def test_another_stage_than_the_next_one_is_refused(prepared: Prepared) -> None:
    here = prepared.here
    deployment = planned(here)

    with pytest.raises(StageMoved, match="is in stage 2, internal testing, and rolling out; stage 4 is not"):
        advance_rollout(actor(here.cast.release_manager), deployment=deployment, reason=SEEN, to_stage=4)

    assert Deployment.objects.get(id=deployment.id).stage_number == 2


def test_pressed_twice_it_advances_once(prepared: Prepared) -> None:
    here = prepared.here
    manager = actor(here.cast.release_manager)
    deployment = planned(here)

    advance_rollout(manager, deployment=deployment, reason=SEEN, to_stage=3)
    with pytest.raises(StageMoved):
        advance_rollout(manager, deployment=deployment, reason=SEEN, to_stage=3)

    assert Deployment.objects.get(id=deployment.id).stage_number == 3


def test_what_is_live_held_or_ended_does_not_advance(prepared: Prepared) -> None:
    here = prepared.here
    android, ios, web = on_its_way(here, prepared.candidate, ANDROID, "ios", "mobile_web")
    advanced(here, android)
    held(here, ios)
    taken_back(here, "mobile_web")
    by = actor(here.cast.release_manager)

    with pytest.raises(DeploymentInWrongState, match="is live, so it cannot advance"):
        advance_rollout(by, deployment=android, reason=SEEN)
    with pytest.raises(DeploymentInWrongState, match="is held, so it cannot advance") as refused:
        advance_rollout(by, deployment=ios, reason=SEEN)
    with pytest.raises(DeploymentInWrongState, match="is rolled back, so it cannot advance"):
        advance_rollout(by, deployment=web, reason=SEEN)

    assert refused.value.next_step == "Resume it first."


def test_an_advance_takes_a_reason(prepared: Prepared) -> None:
    (deployment,) = on_its_way(prepared.here, prepared.candidate, ANDROID)

    with pytest.raises(InvalidInput, match="reason: say why the rollout is advanced"):
        advance_rollout(actor(prepared.here.cast.release_manager), deployment=deployment, reason=" ")


@pytest.mark.parametrize(
    "who",
    ["author", "qa_lead", "approver", "security_all", "auditor", "integration", "admin", "stranger"],
)
def test_only_release_managers_advance(prepared: Prepared, who: str) -> None:
    (deployment,) = on_its_way(prepared.here, prepared.candidate, ANDROID)

    with pytest.raises(PermissionDenied):
        advance_rollout(actor(getattr(prepared.here.cast, who)), deployment=deployment, reason=SEEN)

    assert Deployment.objects.get(id=deployment.id).stage_number == 1


def test_a_release_manager_of_one_channel_advances_there_only(prepared: Prepared) -> None:
    here = prepared.here
    android, web = on_its_way(here, prepared.candidate, ANDROID, "mobile_web")
    local = person("web_manager")
    grant(local, Role.RELEASE_MANAGER, channel=here.cast.channel("mobile_web"))

    with pytest.raises(PermissionDenied):
        advance_rollout(actor(local), deployment=android, reason=SEEN)

    assert advance_rollout(actor(local), deployment=web, reason=SEEN).state == DeploymentState.LIVE


def test_a_service_never_advances_whatever_role_it_holds(prepared: Prepared) -> None:
    here = prepared.here
    (deployment,) = on_its_way(here, prepared.candidate, ANDROID)
    pipeline = service("pipeline")
    grant(pipeline, Role.RELEASE_MANAGER, system=here.cast.system)

    with pytest.raises(PersonNeeded, match="pipeline is no person"):
        advance_rollout(actor(pipeline), deployment=deployment, reason=SEEN)
    with pytest.raises(PermissionDenied):
        advance_rollout(engine(), deployment=deployment, reason=SEEN)


def test_a_call_that_waited_for_another_one_does_not_leave_a_stage_it_cannot_have_seen(
    committed: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A double click, or a client that lost its answer: the second came before the stage was entered."""
    here = committed.here
    deployment = planned(here)
    by = actor(here.cast.release_manager)

    def lock_after_another_call(ids: Iterable[UUID]) -> list[Channel]:
        monkeypatch.undo()
        in_threads(lambda: advanced(here, deployment))
        return lock_channels(ids)

    monkeypatch.setattr(locking, "lock_channels", lock_after_another_call)
    with pytest.raises(StageMoved, match="while this call waited") as refused:
        advance_rollout(by, deployment=deployment, reason=SEEN)

    deployment.refresh_from_db()
    assert deployment.stage_number == 3
    assert refused.value.next_step == "Name to_stage: 4 if you mean the stage after it."
    assert advance_rollout(by, deployment=deployment, reason=SEEN).stage_number == 4


def test_nothing_starts_or_advances_while_the_calendar_is_frozen(prepared: Prepared) -> None:
    here = prepared.here
    freeze = {
        "starts_at": "2100-12-20T00:00:00+01:00",
        "ends_at": "2101-01-02T00:00:00+01:00",
        "reason": "Holidays",
    }
    guarded = {"kind": "guarded", "coverage": 0.25}
    deployment = planned(here, guarded, {"kind": "general"}, freezes=[freeze])

    with (
        time_machine.travel("2100-12-24T12:00:00Z", tick=False),
        pytest.raises(CalendarFrozen, match="until 2101-01-01 23:00 UTC: Holidays"),
    ):
        advanced(here, deployment)
    with time_machine.travel("2101-01-01T23:00:00Z", tick=False):
        moved = advanced(here, deployment)

    assert moved.state == DeploymentState.LIVE


def test_a_revoked_component_stops_an_advance(prepared: Prepared) -> None:
    here = prepared.here
    (deployment,) = on_its_way(here, prepared.candidate, ANDROID)
    model = prepared.candidate.slots.get(slot="model").component
    revoke_component(actor(here.cast.security_all), component=model, reason="It was poisoned")

    with pytest.raises(ComponentIsRevoked, match="It was poisoned"):
        advanced(here, deployment)


def test_what_is_on_its_way_is_not_withdrawn(prepared: Prepared) -> None:
    here = prepared.here
    (deployment,) = on_its_way(here, prepared.candidate, ANDROID)

    with pytest.raises(StillDeployed, match=r"android \(rolling out\)"):
        withdraw_release(actor(here.cast.author), revision=prepared.candidate, reason="It was wrong")
    held(here, deployment)
    with pytest.raises(StillDeployed, match=r"android \(held\)"):
        withdraw_release(actor(here.cast.author), revision=prepared.candidate, reason="It was wrong")
