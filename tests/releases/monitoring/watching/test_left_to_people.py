"""What fires on what is live and cannot be done by itself: people are told once, and it stands as a gap."""

from datetime import datetime
from typing import Any

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import Gap, gaps_visible_to
from governance.ledger.models import Entry
from governance.notifications.models import Notification
from releases.bundles.arms import Arm
from releases.rollouts.models import Deployment, DeploymentState
from tests.factories.approvals import World, candidate
from tests.factories.bundles import rollback_plan
from tests.factories.cast import actor
from tests.factories.looked import GENERAL, hear, later, measured, now, ticked
from tests.factories.rollouts import add_channel, advanced, on_its_way, taken_back
from tests.factories.watched import RETRY, closed, counted
from tests.factories.worlds import Prepared

HIGH: dict[str, Any] = {
    **RETRY,
    "key": "retry_high",
    "kind": "threshold",
    "limit": 0.2,
    "test": "e_process",
    "severity": "critical",
}
LAST = {**GENERAL, "triggers": ["retry_high"]}


def half_try_again(deployment: Deployment) -> datetime:
    """A window in which half of the people are asked to try again; answers when it is closed."""
    counted(deployment, 0, (1000, 500), arm=Arm.STABLE)
    at = closed(deployment, 0)
    hear(deployment.channel, at)
    return at


def left(deployment: Deployment) -> list[Entry]:
    return list(Entry.objects.filter(stream=deployment.stream(), document__type="rollout.left_to_people"))


def gaps(here: World) -> list[Gap]:
    """Those of what fires unanswered, as the auditor sees them."""
    found = gaps_visible_to(actor(here.cast.auditor))
    return [one for one in found if one.kind is GapKind.FIRING_UNANSWERED]


def test_what_is_live_cannot_be_held_so_people_are_told_once_and_a_gap_stands_until_it_is_gone(
    prepared: Prepared,
) -> None:
    here = prepared.here
    first = measured(here, {"kind": "guarded", "coverage": 0.25}, LAST, triggers=[{**HIGH, "action": "hold"}])
    deployment = advanced(here, first)
    at = half_try_again(deployment)

    ticked(at)
    ticked(later(at, seconds=2))
    (gap,) = gaps(here)
    taken_back(here, "android")

    (entry,) = left(deployment)
    told = Notification.objects.filter(event="rollout.left_to_people").values_list(
        "account__username", flat=True
    )
    assert entry.document["actor"]["kind"] == "task"
    assert "it answers everybody already, so there is nothing to hold. retry" in entry.document["reason"]
    assert entry.document["after"]["evidence"][0]["key"] == "retry_high"
    assert {"author", "release_manager"} <= set(told)
    assert len(told) == len(set(told))
    assert (gap.deployment, gap.found.partition(":")[0]) == (deployment, "retry_high")
    assert gaps(here) == []


def test_what_has_nothing_to_go_back_to_is_left_to_people(prepared: Prepared) -> None:
    here = prepared.here
    add_channel(here, "kiosk", kind="android")
    plan = {"stages": [{"kind": "guarded", "coverage": 0.25}, LAST]}
    revision = candidate(
        here,
        "2",
        channels=["kiosk"],
        rollout_plan=plan,
        rollback_plan=rollback_plan(here.cast, triggers=[HIGH]),
    )
    (deployment,) = on_its_way(here, revision, "kiosk")

    ticked(half_try_again(deployment))

    (entry,) = left(deployment)
    assert now(deployment).state == DeploymentState.LIVE
    assert "there is no release before it to go back to. retry" in entry.document["reason"]
    assert len(gaps(here)) == 1


def test_what_fires_and_is_taken_back_is_no_gap(prepared: Prepared) -> None:
    here = prepared.here
    deployment = advanced(here, measured(here, {"kind": "guarded", "coverage": 0.25}, LAST, triggers=[HIGH]))

    ticked(half_try_again(deployment))

    assert now(deployment).state == DeploymentState.ROLLED_BACK
    assert (left(deployment), gaps(here)) == ([], [])
