"""Taking back what is on its way, and what is live while another is on its way."""

from collections.abc import Callable

import pytest

from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from releases.bundles.models import Revision
from releases.bundles.queries import live_assignment, live_revision
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from releases.rollouts.progress import StableIsGone
from releases.rollouts.queries import rollback_target
from releases.rollouts.services import roll_back
from releases.rollouts.starting import RolledBackIsFinal
from tests.database import in_threads
from tests.factories.approvals import World, candidate, requested, voted
from tests.factories.cast import actor, grant, person
from tests.factories.rollouts import WHY, held, live, on_its_way, paused, resumed, started, taken_back
from tests.factories.worlds import Prepared

ANDROID = "android"


def deployment_of(revision: Revision, channel: str = ANDROID) -> Deployment:
    rows = Deployment.objects.select_related("channel", "revision__release")
    return rows.get(revision=revision, channel__name=channel)


REACH: dict[str, Callable[[World, Deployment], object]] = {
    "rolling out": lambda here, deployment: None,
    "held": held,
    "paused": paused,
}


@pytest.mark.parametrize("before", REACH)
def test_what_is_on_its_way_is_taken_back_and_what_is_live_stays(prepared: Prepared, before: str) -> None:
    here = prepared.here
    (deployment,) = on_its_way(here, prepared.candidate, ANDROID)
    REACH[before](here, deployment)

    rollback = taken_back(here)

    assignment = live_assignment(here.cast.channel(ANDROID))
    baseline = deployment_of(here.baseline)
    assert (rollback.deployment, rollback.target) == (deployment, here.baseline)
    assert deployment_of(prepared.candidate).state == DeploymentState.ROLLED_BACK
    assert baseline.state == DeploymentState.LIVE
    assert assignment is not None
    assert (assignment.stable, assignment.candidate) == (here.baseline, None)
    assert (assignment.treatment_share, assignment.deployment) == (0, baseline)


def test_the_plans_target_plays_no_part_while_it_is_on_its_way(prepared: Prepared) -> None:
    here = prepared.here
    live(here, prepared.candidate, ANDROID)
    plan = {"target": str(here.baseline.release_id)}
    (deployment,) = on_its_way(here, candidate(here, "2", rollback_plan=plan), ANDROID)

    target = rollback_target(deployment)

    assert target is not None
    assert target.deployment.revision == prepared.candidate
    assert taken_back(here).target == prepared.candidate
    assert live_revision(here.cast.channel(ANDROID)) == prepared.candidate


def test_it_is_recorded_in_two_streams_and_the_live_one_is_not_restored(prepared: Prepared) -> None:
    here = prepared.here
    on_its_way(here, prepared.candidate, ANDROID)

    rollback = taken_back(here)

    own = entry_of(rollback.stream(), "rollout.rolled_back")
    channel = entry_of(here.cast.channel(ANDROID).stream(), "assignment.changed")
    assert own is not None
    assert channel is not None
    assert entry_of(here.baseline.stream(), "rollout.restored") is None
    assert channel.document["refs"]["cause"] == str(own.id)
    assert own.document["before"] == {"state": "rolling_out"}
    assert own.document["after"]["stage"] == "guarded"


def test_asking_again_changes_nothing(prepared: Prepared) -> None:
    here = prepared.here
    (deployment,) = on_its_way(here, prepared.candidate, ANDROID)
    first = taken_back(here)
    entries = Entry.objects.count()

    assert taken_back(here) == taken_back(here, deployment=deployment) == first
    assert Entry.objects.count() == entries
    assert live_revision(here.cast.channel(ANDROID)) == here.baseline


def test_it_goes_forward_again_only_by_a_new_approval(prepared: Prepared) -> None:
    here = prepared.here
    on_its_way(here, prepared.candidate, ANDROID)
    taken_back(here)

    with pytest.raises(RolledBackIsFinal):
        started(here, prepared.candidate)
    voted(here.cast.approver, requested(here, prepared.candidate, ANDROID))

    assert started(here, prepared.candidate).state == DeploymentState.ROLLING_OUT


def test_the_owner_of_its_plan_takes_it_back_without_another_role(prepared: Prepared) -> None:
    here = prepared.here
    owner = person("night_watch")
    grant(owner, Role.AUDITOR, system=here.cast.system)
    (deployment,) = on_its_way(here, candidate(here, "2", rollback_plan={"owner": "night_watch"}), ANDROID)

    rollback = roll_back(actor(owner), channel=here.cast.channel(ANDROID), reason=WHY)

    assert rollback.deployment == deployment


def test_the_owner_of_its_plan_does_not_take_back_what_is_live(prepared: Prepared) -> None:
    here = prepared.here
    owner = person("night_watch")
    grant(owner, Role.AUDITOR, system=here.cast.system)
    (below,) = live(here, prepared.candidate, ANDROID)
    on_its_way(here, candidate(here, "2", rollback_plan={"owner": "night_watch"}), ANDROID)

    with pytest.raises(PermissionDenied):
        roll_back(actor(owner), channel=here.cast.channel(ANDROID), reason=WHY, deployment=below)

    assert not Rollback.objects.exists()


def with_another_on_its_way(prepared: Prepared) -> tuple[Deployment, Deployment]:
    """The candidate live on android, and ``v2`` in its guarded stage beside it."""
    (below,) = live(prepared.here, prepared.candidate, ANDROID)
    (beside,) = on_its_way(prepared.here, candidate(prepared.here, "2"), ANDROID)
    return below, beside


def test_taking_back_what_is_live_pauses_what_is_on_its_way(prepared: Prepared) -> None:
    here = prepared.here
    below, beside = with_another_on_its_way(prepared)

    rollback = taken_back(here, deployment=below)

    assignment = live_assignment(here.cast.channel(ANDROID))
    after = Deployment.objects.get(id=beside.id)
    assert rollback.target == here.baseline
    assert (after.state, after.paused) == ("held", True)
    assert after.held_reason == f"{prepared.candidate} was rolled back: {WHY}"
    assert assignment is not None
    assert (assignment.stable, assignment.candidate) == (here.baseline, beside.revision)
    assert (assignment.treatment_share, assignment.control_share) == (0, 0)


def test_the_pause_is_an_entry_that_names_its_cause(prepared: Prepared) -> None:
    below, beside = with_another_on_its_way(prepared)

    rollback = taken_back(prepared.here, deployment=below)

    own = entry_of(rollback.stream(), "rollout.rolled_back")
    pause = entry_of(beside.stream(), "rollout.paused")
    assert own is not None
    assert pause is not None
    assert pause.document["refs"]["cause"] == str(own.id)
    assert own.document["after"]["paused"]["deployment"] == str(beside.id)
    assert (pause.document["before"]["paused"], pause.document["after"]["paused"]) == (False, True)


def test_what_was_started_beside_a_release_that_is_gone_is_not_resumed(prepared: Prepared) -> None:
    here = prepared.here
    below, beside = with_another_on_its_way(prepared)
    taken_back(here, deployment=below)

    with pytest.raises(StableIsGone, match=r"was started beside .*v1 revision 1, which was taken back"):
        resumed(here, beside)

    assert taken_back(here).deployment == beside
    assert live_revision(here.cast.channel(ANDROID)) == here.baseline


def test_naming_nothing_takes_back_what_is_on_its_way_first_and_what_is_live_when_named(
    prepared: Prepared,
) -> None:
    here = prepared.here
    below, beside = with_another_on_its_way(prepared)

    first = taken_back(here)
    again = taken_back(here)
    then = taken_back(here, deployment=below)

    assert first == again
    assert (first.deployment, first.target) == (beside, prepared.candidate)
    assert (then.deployment, then.target) == (below, here.baseline)


def test_a_rollback_of_each_at_once_takes_back_both(committed: Prepared) -> None:
    here = committed.here
    below, beside = with_another_on_its_way(committed)

    results = in_threads(
        lambda: taken_back(here, deployment=below), lambda: taken_back(here, deployment=beside)
    )

    assignment = live_assignment(here.cast.channel(ANDROID))
    assert [type(result).__name__ for result in results] == ["Rollback", "Rollback"]
    assert assignment is not None
    assert (assignment.stable, assignment.candidate) == (here.baseline, None)
    assert Deployment.objects.get(state=DeploymentState.LIVE, channel__name=ANDROID).revision == here.baseline
