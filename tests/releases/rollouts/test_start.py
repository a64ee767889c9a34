"""Going live: what changes, and every way in which it is refused."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from governance.access.presence import NotInPerson
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.actors import AuthMethod
from governance.errors import InvalidInput
from governance.ledger.queries import entry_of
from governance.registry.components import revoke_component
from releases.approvals.lapsing import lapse
from releases.approvals.models import Approval
from releases.approvals.requesting import ComponentIsRevoked
from releases.bundles.models import Assignment, Release, Revision, RevisionState
from releases.bundles.queries import live_assignment, live_revision
from releases.bundles.services import edit_release
from releases.bundles.steps import lock_release
from releases.rollouts import steps
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.services import start_rollout
from releases.rollouts.starting import (
    AlreadyStarted,
    ApprovalExpired,
    ReleaseNotApproved,
    RevisionOutdated,
    RolledBackIsFinal,
    RolloutUnderWay,
    StarterCastLastVote,
)
from tests.database import in_threads
from tests.factories.approvals import candidate, evaluated, next_content, requested, voted, world
from tests.factories.bundles import ROLLOUT_PLAN
from tests.factories.cast import actor, cast, grant, person, system_with_channels
from tests.factories.gates import engine
from tests.factories.rollouts import add_channel, live, next_live, started, taken_back
from tests.factories.worlds import Prepared


def approve(prepared: Prepared, *channels: str) -> Revision:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate, *channels))
    return Revision.objects.select_related("release__system").get(id=prepared.candidate.id)


def test_a_start_enters_the_first_stage_and_what_is_live_stays(prepared: Prepared) -> None:
    here = prepared.here
    approve(prepared)

    deployment = started(here, prepared.candidate)

    baseline = Deployment.objects.get(revision=here.baseline, channel__name="android")
    assignment = live_assignment(here.cast.channel("android"))
    assert (deployment.state, deployment.stage, deployment.stage_number) == ("rolling_out", "guarded", 1)
    assert deployment.stage_entered_at == deployment.started_at
    assert deployment.approval == Approval.objects.get()
    assert baseline.state == DeploymentState.LIVE
    assert assignment is not None
    assert (assignment.stable, assignment.candidate) == (here.baseline, prepared.candidate)
    assert (assignment.treatment_share, assignment.control_share) == (0.25, 0.25)
    assert assignment.deployment == deployment
    assert assignment.salt == deployment.salt != ""
    assert live_assignment(here.cast.channel("ios")).candidate is None  # type: ignore[union-attr]  # it is served


def test_a_start_is_recorded_in_the_two_streams_it_changes(prepared: Prepared) -> None:
    here = prepared.here
    approve(prepared)

    deployment = started(here, prepared.candidate)

    own = entry_of(deployment.stream(), "rollout.started")
    channel = entry_of(here.cast.channel("android").stream(), "assignment.changed")
    assert own is not None
    assert channel is not None
    assert entry_of(here.baseline.stream(), "rollout.superseded") is None
    assert channel.document["refs"]["cause"] == str(own.id)
    assert own.document["after"]["states"] == ["new", "rolling_out"]
    assert own.document["after"]["rollback_target"]["revision"] == str(here.baseline.id)
    assert own.document["refs"]["manifest"] == prepared.candidate.manifest_digest
    after = channel.document["after"]
    assert after["deployment"] == str(deployment.id)
    assert after["candidate"]["revision"] == str(prepared.candidate.id)
    assert (after["stage"], after["treatment_share"]) == ("guarded", 0.25)
    assert channel.document["refs"]["candidate"] == prepared.candidate.manifest_digest


def test_what_answered_at_any_time_can_be_asked(prepared: Prepared) -> None:
    here = prepared.here
    approve(prepared)
    android = here.cast.channel("android")

    deployment = started(here, prepared.candidate)

    before = live_assignment(android, deployment.started_at - timedelta(microseconds=1))
    at_start = live_assignment(android, deployment.started_at)
    assert before is not None
    assert at_start is not None
    assert before.candidate is None
    assert at_start.candidate == prepared.candidate
    assert before.period.upper == at_start.period.lower
    assert Assignment.objects.filter(channel=android).count() == 2


def test_where_nothing_is_live_a_release_is_live_at_once_and_the_entry_says_why(
    prepared: Prepared,
) -> None:
    here = prepared.here
    add_channel(here, "kiosk")
    stages = [{"kind": "offline_validation"}, *ROLLOUT_PLAN["stages"]]
    revision = candidate(here, "2", channels=("android", "kiosk"), rollout_plan={"stages": stages})
    voted(here.cast.approver, requested(here, revision))

    deployment = started(here, revision, "kiosk")

    own = entry_of(deployment.stream(), "rollout.started")
    assert (deployment.state, deployment.stage, deployment.stage_number) == ("live", "general", 3)
    assert live_revision(here.cast.channel("kiosk")) == revision
    assert own is not None
    assert own.document["after"]["states"] == ["new", "rolling_out", "live"]
    assert [passed["by"] for passed in own.document["after"]["passed"]] == ["gate_evaluation", "nothing_live"]
    assert own.document["after"]["passed"][1]["reason"].startswith("Nothing is live")


def test_offline_validation_is_passed_by_the_gate(prepared: Prepared) -> None:
    here = prepared.here
    stages = [{"kind": "offline_validation"}, {"kind": "shadow"}, *ROLLOUT_PLAN["stages"]]
    revision = candidate(here, "2", rollout_plan={"stages": stages})
    voted(here.cast.approver, requested(here, revision))

    deployment = started(here, revision)

    own = entry_of(deployment.stream(), "rollout.started")
    assert (deployment.stage, deployment.stage_number) == ("shadow", 2)
    assert own is not None
    (passed,) = own.document["after"]["passed"]
    assert (passed["stage"], passed["by"]) == ("offline_validation", "gate_evaluation")
    assert passed["evaluation"] == str(Approval.objects.get().request.evaluation_id)


def reject(prepared: Prepared) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate), "reject")


def request(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)


REACH: dict[str, Callable[[Prepared], None]] = {
    "frozen": lambda prepared: None,
    "in review": request,
    "rejected": reject,
}


@pytest.mark.parametrize("state", REACH)
def test_nothing_goes_live_before_it_is_approved(prepared: Prepared, state: str) -> None:
    here = prepared.here
    REACH[state](prepared)

    with pytest.raises(ReleaseNotApproved, match=f"is {state}, not approved"):
        started(here, prepared.candidate)

    assert live_revision(here.cast.channel("android")) == here.baseline


def test_an_approval_for_other_channels_does_not_do(prepared: Prepared) -> None:
    approve(prepared, "ios")

    with pytest.raises(ReleaseNotApproved, match="approved, but not for android"):
        started(prepared.here, prepared.candidate)


def test_an_approval_that_has_run_out_does_not_do(prepared: Prepared) -> None:
    here = prepared.here
    approve(prepared)
    started(here, prepared.candidate, "ios")

    with (
        time_machine.travel(Approval.objects.get().valid_until, tick=False),
        pytest.raises(ApprovalExpired, match="valid until"),
    ):
        started(here, prepared.candidate)


def test_a_revision_whose_approval_expired_unused_does_not_start(prepared: Prepared) -> None:
    approve(prepared)

    with time_machine.travel(Approval.objects.get().valid_until, tick=False):
        lapse(engine())
        with pytest.raises(ApprovalExpired, match="ran out before it went live"):
            started(prepared.here, prepared.candidate)


def test_a_revision_that_was_changed_since_does_not_start(prepared: Prepared) -> None:
    here = prepared.here
    approve(prepared)
    content = next_content(here, "2")
    edit_release(actor(here.cast.author), revision=prepared.candidate, content=content)

    with pytest.raises(RevisionOutdated, match="followed by revision 2"):
        started(here, prepared.candidate)


def test_a_revoked_component_stops_the_start(prepared: Prepared) -> None:
    here = prepared.here
    approve(prepared)
    model = prepared.candidate.slots.get(slot="model").component
    revoke_component(actor(here.cast.security_all), component=model, reason="It was poisoned")

    with pytest.raises(ComponentIsRevoked, match="It was poisoned"):
        started(here, prepared.candidate)


def test_an_approval_starts_once_on_a_channel(prepared: Prepared) -> None:
    approve(prepared)
    started(prepared.here, prepared.candidate)

    with pytest.raises(AlreadyStarted, match="is rolling out"):
        started(prepared.here, prepared.candidate)


def test_what_is_live_does_not_start_again(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, "android")

    with pytest.raises(AlreadyStarted, match="is live"):
        started(here, prepared.candidate)


def test_a_channel_takes_one_candidate_at_a_time(prepared: Prepared) -> None:
    here = prepared.here
    approve(prepared)
    other = candidate(here, "2")
    voted(here.cast.approver, requested(here, other))
    started(here, other)

    with pytest.raises(RolloutUnderWay, match="v2 revision 1 is rolling out on android"):
        started(here, prepared.candidate)

    assert started(here, prepared.candidate, "ios").state == DeploymentState.ROLLING_OUT


def test_a_superseded_release_does_not_start_again_under_its_approval(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android")
    next_live(prepared.here, "2", "android")

    with pytest.raises(AlreadyStarted, match="is superseded"):
        started(prepared.here, prepared.candidate)


def test_rolled_back_is_final_under_that_approval_and_a_new_one_goes_forward(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, "android", "ios")
    taken_back(here, "android")

    with pytest.raises(RolledBackIsFinal):
        started(here, prepared.candidate)
    live(here, prepared.candidate, "android")

    assert Revision.objects.get(id=prepared.candidate.id).state == RevisionState.APPROVED
    assert live_revision(here.cast.channel("android")) == prepared.candidate
    assert Deployment.objects.filter(revision=prepared.candidate, channel__name="android").count() == 2


def test_going_forward_after_a_rollback_takes_a_person(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, "android")
    taken_back(here)
    voted(here.cast.approver, requested(here, prepared.candidate, "android"))
    manager = actor(here.cast.release_manager)
    by_token = replace(manager, auth=replace(manager.auth, method=AuthMethod.TOKEN))

    with pytest.raises(NotInPerson, match="after a rollback"):
        start_rollout(by_token, revision=prepared.candidate, channel=here.cast.channel("android"))


def test_the_last_voter_does_not_start_what_the_vote_decided(prepared: Prepared) -> None:
    here = prepared.here
    grant(here.cast.approver, Role.RELEASE_MANAGER, system=here.cast.system)
    approve(prepared)

    with pytest.raises(StarterCastLastVote):
        start_rollout(
            actor(here.cast.approver), revision=prepared.candidate, channel=here.cast.channel("android")
        )


def test_a_system_may_let_the_last_voter_start(committed_db: str) -> None:
    team = cast(system_with_channels(starter_may_cast_last_vote=True))
    here = world(team)
    grant(team.approver, Role.RELEASE_MANAGER, system=team.system)
    revision = candidate(here)
    voted(team.approver, requested(here, revision))

    deployment = start_rollout(actor(team.approver), revision=revision, channel=team.channel("android"))

    assert deployment.state == DeploymentState.ROLLING_OUT


@pytest.mark.parametrize(
    "who",
    ["author", "qa_lead", "approver", "security_all", "auditor", "integration", "admin", "stranger"],
)
def test_only_release_managers_start(prepared: Prepared, who: str) -> None:
    here = prepared.here
    approve(prepared)

    with pytest.raises(PermissionDenied):
        start_rollout(
            actor(getattr(here.cast, who)),
            revision=prepared.candidate,
            channel=here.cast.channel("android"),
        )


def test_a_release_manager_of_one_channel_starts_there_only(prepared: Prepared) -> None:
    here = prepared.here
    approve(prepared)
    local = person("web_manager")
    grant(local, Role.RELEASE_MANAGER, channel=here.cast.channel("mobile_web"))

    with pytest.raises(PermissionDenied):
        start_rollout(actor(local), revision=prepared.candidate, channel=here.cast.channel("android"))
    deployment = start_rollout(
        actor(local), revision=prepared.candidate, channel=here.cast.channel("mobile_web")
    )

    assert deployment.state == DeploymentState.ROLLING_OUT


def test_a_channel_that_the_release_does_not_touch_is_refused(prepared: Prepared) -> None:
    here = prepared.here
    approve(prepared)
    kiosk = system_with_channels("payments-liveness", ["kiosk"])
    grant(here.cast.release_manager, Role.RELEASE_MANAGER, system=kiosk)

    with pytest.raises(InvalidInput, match="does not touch kiosk"):
        start_rollout(
            actor(here.cast.release_manager), revision=prepared.candidate, channel=kiosk.channels.get()
        )


def test_the_same_start_with_one_key_is_one_deployment(prepared: Prepared) -> None:
    here = prepared.here
    approve(prepared)
    keyed = actor(here.cast.release_manager).with_idempotency("go", "sha256:" + "1" * 64)
    android = here.cast.channel("android")

    first = start_rollout(keyed, revision=prepared.candidate, channel=android)
    second = start_rollout(keyed, revision=prepared.candidate, channel=android)

    assert first == second
    assert Deployment.objects.filter(revision=prepared.candidate).count() == 1


def test_two_starts_at_once_make_one_deployment(committed: Prepared) -> None:
    approve(committed)

    results = in_threads(
        lambda: started(committed.here, committed.candidate),
        lambda: started(committed.here, committed.candidate),
    )

    assert sorted(type(result).__name__ for result in results) == ["AlreadyStarted", "Deployment"]
    assert Deployment.objects.filter(state=DeploymentState.ROLLING_OUT, channel__name="android").count() == 1


def test_two_releases_started_at_once_on_one_channel_are_one_rollout(committed: Prepared) -> None:
    here = committed.here
    approve(committed)
    other = candidate(here, "2")
    voted(here.cast.approver, requested(here, other))

    results = in_threads(lambda: started(here, committed.candidate), lambda: started(here, other))

    assert sorted(type(result).__name__ for result in results) == ["Deployment", "RolloutUnderWay"]
    assert Assignment.objects.filter(channel__name="android").count() == 2


def slowly(release_id: UUID) -> Release:
    """Lock a release and linger, so that whoever locks in another order meets the one who did not."""
    locked = lock_release(release_id)
    time.sleep(0.3)
    return locked


def test_two_releases_started_crosswise_on_two_channels_do_not_block_each_other(
    committed: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = committed.here
    other = candidate(here, "2")
    live(here, committed.candidate, "android")
    live(here, other, "ios")
    evaluated(here.cast, committed.candidate)
    evaluated(here.cast, other)
    voted(here.cast.approver, requested(here, committed.candidate, "ios"))
    voted(here.cast.approver, requested(here, other, "android"))

    monkeypatch.setattr(steps, "lock_release", slowly)
    results = in_threads(
        lambda: started(here, committed.candidate, "ios"), lambda: started(here, other, "android")
    )

    assert [type(result).__name__ for result in results] == ["Deployment", "Deployment"]
    assert live_assignment(here.cast.channel("ios")).candidate == committed.candidate  # type: ignore[union-attr]  # it is served
    assert live_assignment(here.cast.channel("android")).candidate == other  # type: ignore[union-attr]  # it is served


def test_deployments_and_assignments_by_raw_sql_are_refused(committed: Prepared) -> None:
    here = committed.here
    move = "UPDATE releases_assignment SET stable_id = %s WHERE stable_id = %s"

    with pytest.raises(Exception, match="ledger guard"), connection.cursor() as cursor:
        cursor.execute(move, [committed.candidate.id, here.baseline.id])
    with pytest.raises(Exception, match="ledger guard"):
        Deployment.objects.create(
            release=committed.candidate.release,
            revision=committed.candidate,
            channel=here.cast.channel("android"),
            started_at=timezone.now(),
            started_by_username="nobody",
            state_changed_at=timezone.now(),
        )

    assert live_revision(here.cast.channel("android")) == here.baseline
