"""Moves of one rollout at the same moment: one happens after the other, and nothing is lost between."""

from governance.ledger.models import Entry
from releases.bundles.models import Assignment
from releases.bundles.queries import live_revision
from releases.rollouts.advancing import StageMoved, advance_rollout
from releases.rollouts.models import Deployment, DeploymentState
from tests.database import in_threads
from tests.factories.cast import actor
from tests.factories.rollouts import SEEN, advanced, on_its_way, planned, taken_back
from tests.factories.worlds import Prepared

ANDROID = "android"


def test_two_advances_at_once_enter_one_stage(committed: Prepared) -> None:
    here = committed.here
    deployment = planned(here)
    manager = actor(here.cast.release_manager)

    results = in_threads(
        *[lambda: advance_rollout(manager, deployment=deployment, reason=SEEN, to_stage=3)] * 2
    )

    assert sorted(type(result).__name__ for result in results) == ["Deployment", "StageMoved"]
    assert Deployment.objects.get(id=deployment.id).stage_number == 3


def test_an_advance_and_a_rollback_at_once_leave_one_live_release(committed: Prepared) -> None:
    here = committed.here
    (deployment,) = on_its_way(here, committed.candidate, ANDROID)

    results = in_threads(lambda: advanced(here, deployment), lambda: taken_back(here, deployment=deployment))

    assert type(results[1]).__name__ == "Rollback"
    assert type(results[0]).__name__ in {"Deployment", "DeploymentInWrongState"}
    assert live_revision(here.cast.channel(ANDROID)) == here.baseline
    assert Deployment.objects.get(id=deployment.id).state == DeploymentState.ROLLED_BACK
    assert Deployment.objects.get(state=DeploymentState.LIVE, channel__name=ANDROID).revision == here.baseline


def test_periods_and_entries_follow_one_another_however_many_act_at_once(committed: Prepared) -> None:
    here = committed.here
    deployment = planned(here)
    manager = actor(here.cast.release_manager)

    def insistent() -> Deployment:
        """Advance by one stage; a call that waited for another one is told so, and sent again."""
        try:
            return advance_rollout(manager, deployment=deployment, reason=SEEN)
        except StageMoved:
            return insistent()

    in_threads(*[insistent] * 5)

    rows = list(Assignment.objects.filter(channel__name=ANDROID).order_by("period"))
    entries = Entry.objects.filter(stream=here.cast.channel(ANDROID).stream())
    times = [entry.at for entry in entries.order_by("stream_seq")]
    assert [row.stage_number for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row.period.upper for row in rows[:-1]] == [row.period.lower for row in rows[1:]]
    assert times == sorted(times)
    assert Deployment.objects.get(id=deployment.id).state == DeploymentState.LIVE
