"""Taking a release back: to what, by whom, again and again, and at the same moment."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

import pytest

from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.actors import Actor, AuthMethod
from governance.errors import InvalidInput
from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from governance.registry.components import revoke_component
from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.bundles.queries import live_assignment, live_revision
from releases.bundles.services import withdraw_release
from releases.rollouts import services
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from releases.rollouts.queries import on_its_way, rollback_target
from releases.rollouts.services import NoRollbackTarget, NothingToRollBack, roll_back
from releases.rollouts.steps import lock_channels
from tests.database import in_threads
from tests.factories.approvals import candidate, evaluated, requested, voted
from tests.factories.cast import actor, grant, operator, person, system_with_channels
from tests.factories.gates import engine
from tests.factories.rollouts import WHY, live, next_live, started, taken_back
from tests.factories.worlds import Prepared

ANDROID = "android"


def deployment_of(revision: Revision, channel: str = ANDROID) -> Deployment:
    rows = Deployment.objects.select_related("channel", "revision__release")
    return rows.get(revision=revision, channel__name=channel)


def test_a_rollback_returns_to_the_release_before_at_once(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID, "ios")

    rollback = taken_back(here)

    assignment = live_assignment(here.cast.channel(ANDROID))
    assert rollback.target == here.baseline
    assert deployment_of(prepared.candidate).state == DeploymentState.ROLLED_BACK
    assert deployment_of(here.baseline).state == DeploymentState.LIVE
    assert assignment is not None
    assert assignment.stable == here.baseline
    assert assignment.deployment == deployment_of(here.baseline)
    assert live_revision(here.cast.channel("ios")) == prepared.candidate


def test_a_rollback_is_recorded_in_the_three_streams_it_changes(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)

    rollback = taken_back(here)

    own = entry_of(rollback.stream(), "rollout.rolled_back")
    target = entry_of(here.baseline.stream(), "rollout.restored")
    channel = entry_of(here.cast.channel(ANDROID).stream(), "assignment.changed")
    assert own is not None
    assert target is not None
    assert channel is not None
    assert target.document["refs"]["cause"] == channel.document["refs"]["cause"] == str(own.id)
    assert own.document["reason"] == target.document["reason"] == WHY
    assert own.document["after"]["target"]["revision"] == str(here.baseline.id)


def test_the_last_release_before_is_the_target_not_the_oldest(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)
    next_live(here, "2", ANDROID)

    assert taken_back(here).target == prepared.candidate


def test_the_plan_may_name_another_target(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)
    plan = {"target": str(here.baseline.release_id)}
    second = candidate(here, "2", rollback_plan=plan)
    live(here, second, ANDROID)

    rollback = taken_back(here)

    assert rollback.target == here.baseline
    assert deployment_of(prepared.candidate).state == DeploymentState.SUPERSEDED


def test_a_planned_target_that_never_served_the_channel_falls_back_with_a_warning(
    prepared: Prepared,
) -> None:
    here = prepared.here
    live(here, prepared.candidate, "ios")
    second = candidate(here, "2", rollback_plan={"target": str(prepared.candidate.release_id)})
    live(here, second, ANDROID)

    rollback = taken_back(here)

    entry = entry_of(rollback.stream(), "rollout.rolled_back")
    assert rollback.target == here.baseline
    assert entry is not None
    assert "which has nothing to return to" in entry.document["after"]["warnings"][0]


def test_a_target_with_a_revoked_component_is_allowed_and_recorded(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)
    model = here.baseline.slots.get(slot="model").component
    revoke_component(actor(here.cast.security_all), component=model, reason="It was poisoned")

    rollback = taken_back(here)

    entry = entry_of(rollback.stream(), "rollout.rolled_back")
    assert rollback.target == here.baseline
    assert entry is not None
    assert "The target holds revoked components" in entry.document["after"]["warnings"][0]


def test_a_withdrawn_release_is_no_target(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)
    next_live(here, "2", ANDROID)
    withdraw_release(actor(here.cast.author), revision=prepared.candidate, reason="It was wrong")

    assert taken_back(here).target == here.baseline


def test_without_an_earlier_release_there_is_nothing_to_go_back_to(prepared: Prepared) -> None:
    with pytest.raises(NoRollbackTarget, match="No release was approved or adopted on android before"):
        taken_back(prepared.here)

    assert live_revision(prepared.here.cast.channel(ANDROID)) == prepared.here.baseline


def test_where_nothing_is_live_there_is_nothing_to_roll_back(prepared: Prepared) -> None:
    other = system_with_channels("payments-liveness")
    grant(prepared.here.cast.release_manager, Role.RELEASE_MANAGER, system=other)

    with pytest.raises(NothingToRollBack, match="No release is live"):
        roll_back(
            actor(prepared.here.cast.release_manager), channel=other.channels.get(name=ANDROID), reason=WHY
        )


def test_asking_again_changes_nothing_and_answers_the_same_rollback(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)
    next_live(here, "2", ANDROID)
    taken = deployment_of(Revision.objects.get(release__name="v2"))
    first = taken_back(here)
    entries = Entry.objects.count()

    by_channel = taken_back(here)
    by_name = taken_back(here, deployment=taken)

    assert first == by_channel == by_name
    assert Entry.objects.count() == entries
    assert live_revision(here.cast.channel(ANDROID)) == prepared.candidate


def test_naming_the_target_goes_back_one_further(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)
    next_live(here, "2", ANDROID)
    taken_back(here)

    further = taken_back(here, deployment=deployment_of(prepared.candidate))

    assert further.target == here.baseline
    assert Rollback.objects.count() == 2


def test_after_going_forward_again_the_channel_can_be_rolled_back_again(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)
    taken_back(here)
    live(here, prepared.candidate, ANDROID)

    second = taken_back(here)

    assert second.target == here.baseline
    assert Rollback.objects.count() == 2


def test_a_deployment_that_is_not_live_is_not_taken_back(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)
    next_live(here, "2", ANDROID)

    with pytest.raises(NothingToRollBack, match="v1 revision 1 is not live"):
        taken_back(here, deployment=deployment_of(prepared.candidate))


def test_a_deployment_of_another_channel_is_refused(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID, "ios")

    with pytest.raises(InvalidInput, match="deployment: it is on ios, not on android"):
        taken_back(here, deployment=deployment_of(prepared.candidate, "ios"))


def test_a_rollback_takes_a_reason(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, ANDROID)

    with pytest.raises(InvalidInput, match="reason"):
        roll_back(
            actor(prepared.here.cast.release_manager),
            channel=prepared.here.cast.channel(ANDROID),
            reason=" ",
        )


@pytest.mark.parametrize("who", ["release_manager", "security_all"])
def test_these_roles_roll_back(prepared: Prepared, who: str) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)

    rollback = taken_back(here, by=getattr(here.cast, who))

    assert rollback.rolled_back_by_username == who


@pytest.mark.parametrize(
    "who", ["author", "qa_lead", "approver", "auditor", "integration", "admin", "stranger"]
)
def test_nobody_else_rolls_back(prepared: Prepared, who: str) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)

    with pytest.raises(PermissionDenied):
        taken_back(here, by=getattr(here.cast, who))

    assert not Rollback.objects.exists()


def test_the_worker_and_the_operator_roll_back_without_an_account(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID, "ios")
    fired = {"key": "retry_spike", "sentence": "Retries rise."}

    by_engine = roll_back(engine(), channel=here.cast.channel(ANDROID), reason=WHY, triggers=[fired])
    by_hand = roll_back(operator(), channel=here.cast.channel("ios"), reason=WHY)

    assert (by_engine.rolled_back_by_username, by_engine.triggers) == ("engine", ["retry_spike"])
    assert (by_hand.rolled_back_by_username, by_hand.triggers) == ("operator", [])


def test_a_reviewer_of_one_channel_rolls_back_there_only(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID, "mobile_web")

    with pytest.raises(PermissionDenied):
        taken_back(here, ANDROID, by=here.cast.security_reviewer)
    rollback = taken_back(here, "mobile_web", by=here.cast.security_reviewer)

    assert rollback.target == here.baseline


def owned_by(prepared: Prepared, username: str) -> Actor:
    """A release live on android whose rollback plan names the account, which may only read."""
    owner = person(username)
    grant(owner, Role.AUDITOR, system=prepared.here.cast.system)
    revision = candidate(prepared.here, "2", rollback_plan={"owner": username})
    live(prepared.here, revision, ANDROID)
    return actor(owner)


def test_the_owner_of_the_plan_rolls_back_without_another_role(prepared: Prepared) -> None:
    owner = owned_by(prepared, "night_watch")

    rollback = roll_back(owner, channel=prepared.here.cast.channel(ANDROID), reason=WHY)

    assert rollback.rolled_back_by_username == "night_watch"


def test_the_owner_rolls_back_what_the_plan_is_for_and_nothing_else(prepared: Prepared) -> None:
    owner = owned_by(prepared, "night_watch")
    channel = prepared.here.cast.channel(ANDROID)
    evaluated(prepared.here.cast, prepared.candidate)
    live(prepared.here, prepared.candidate, ANDROID)

    with pytest.raises(PermissionDenied):
        roll_back(owner, channel=channel, reason=WHY)
    with pytest.raises(PermissionDenied):
        roll_back(owner, channel=channel, reason=WHY, deployment=deployment_of(prepared.candidate))
    owned = deployment_of(Revision.objects.get(release__name="v2"))
    with pytest.raises(NothingToRollBack):
        roll_back(owner, channel=channel, reason=WHY, deployment=owned)

    assert live_revision(channel) == prepared.candidate


def test_the_owners_token_needs_the_scope(prepared: Prepared) -> None:
    owner = owned_by(prepared, "night_watch")
    token = replace(owner.auth, method=AuthMethod.TOKEN, scopes=frozenset({"read"}))

    with pytest.raises(PermissionDenied, match="lacks the scope rollouts:write"):
        roll_back(replace(owner, auth=token), channel=prepared.here.cast.channel(ANDROID), reason=WHY)


def test_what_a_rollback_would_return_to_can_be_asked_before(prepared: Prepared) -> None:
    here = prepared.here
    (deployment,) = live(here, prepared.candidate, ANDROID)

    target = rollback_target(deployment)

    assert target is not None
    assert (target.deployment.revision, target.warnings) == (here.baseline, ())
    assert rollback_target(deployment_of(here.baseline, "ios")) is None


def test_two_rollbacks_at_once_take_back_one_release(committed: Prepared) -> None:
    here = committed.here
    live(here, committed.candidate, ANDROID)
    next_live(here, "2", ANDROID)

    results = in_threads(
        lambda: taken_back(here),
        lambda: taken_back(here, by=here.cast.security_all),
        lambda: taken_back(here, deployment=deployment_of(Revision.objects.get(release__name="v2"))),
    )

    assert [type(result).__name__ for result in results] == ["Rollback"] * 3
    assert Rollback.objects.count() == 1
    assert live_revision(here.cast.channel(ANDROID)) == committed.candidate


def test_a_start_and_a_rollback_at_once_leave_one_live_release(committed: Prepared) -> None:
    here = committed.here
    live(here, committed.candidate, ANDROID)
    second = candidate(here, "2")
    voted(here.cast.approver, requested(here, second))

    results = in_threads(lambda: taken_back(here), lambda: started(here, second))

    serving = Deployment.objects.filter(channel__name=ANDROID, state=DeploymentState.LIVE)
    assert [type(result).__name__ for result in results] == ["Rollback", "Deployment"]
    assert serving.get().revision == live_revision(here.cast.channel(ANDROID))


def test_the_owner_is_asked_again_once_it_is_certain_what_is_live(
    committed: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = committed.here
    owner = owned_by(committed, "night_watch")
    evaluated(here.cast, committed.candidate)
    voted(here.cast.approver, requested(here, committed.candidate))

    def lock_after_another_release_went_live(ids: Iterable[UUID]) -> list[Channel]:
        monkeypatch.undo()
        in_threads(lambda: started(here, committed.candidate))
        return lock_channels(ids)

    monkeypatch.setattr(services, "lock_channels", lock_after_another_release_went_live)
    with pytest.raises(PermissionDenied):
        roll_back(owner, channel=here.cast.channel(ANDROID), reason=WHY)

    assert on_its_way(here.cast.channel(ANDROID)) == deployment_of(committed.candidate)
    assert not Rollback.objects.exists()
