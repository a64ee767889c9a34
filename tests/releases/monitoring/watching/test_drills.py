"""Drills: there and back on a drill channel, with the time that it took; and every way in which one fails."""

from datetime import datetime, timedelta

import pytest

from governance.access.queries import PermissionDenied
from governance.errors import InvalidInput
from governance.ledger.models import Entry
from governance.registry.services import register_channel
from releases.bundles.models import Revision
from releases.bundles.queries import live_revision
from releases.gates.criteria import KIND_OF
from releases.gates.criteria.completeness import CompletenessSpec
from releases.gates.freezing.facts import facts_of
from releases.gates.judging.criterion import Criterion
from releases.rollouts.drills import (
    DrillUnderWay,
    NotADrillChannel,
    NothingToDrill,
    seconds_away,
    seconds_back,
    start_drill,
)
from releases.rollouts.models import Deployment, DeploymentState, Drill
from releases.rollouts.starting import RolloutUnderWay
from tests.factories.approvals import World, candidate
from tests.factories.cast import actor
from tests.factories.http import signed_in, with_token
from tests.factories.looked import beaten, later, ticked
from tests.factories.rollouts import live, on_its_way, taken_back
from tests.factories.snapshot import remembered
from tests.factories.worlds import Prepared

DRILL = "fire-drill"
WHY = "Once a quarter."
URL = "/api/v1/drills/"


@remembered
def rehearsed(here: World) -> tuple[Revision, Revision]:
    """Two releases that went live on a drill channel, one after the other."""
    register_channel(actor(here.cast.admin), system=here.cast.system, name=DRILL, kind="android", drill=True)
    first = candidate(here, "5", channels=(DRILL,))
    live(here, first, DRILL)
    second = candidate(here, "6", channels=(DRILL,))
    live(here, second, DRILL)
    return first, second


def started(here: World) -> Drill:
    return start_drill(actor(here.cast.release_manager), channel=here.cast.channel(DRILL), reason=WHY)


def stored(drill: Drill) -> Drill:
    return Drill.objects.get(id=drill.id)


def beat(here: World, drill: Drill, revision: Revision, seconds: float, instance: str = "a") -> datetime:
    """An instance reports a release; answers when."""
    at = drill.started_at + timedelta(seconds=seconds)
    beaten(here, here.cast.channel(DRILL), instance, revision.manifest_digest, at)
    return at


def age_of_the_last_drill(revision: Revision, at: datetime) -> float | None:
    """What a gate that asks for a drill is told."""
    spec = CompletenessSpec(readiness=["rollback_path"], max_drill_age_days=90)
    asks = Criterion("ready", 1, KIND_OF["completeness"], "Ready", "", "blocking", "enforce", spec)
    readiness = facts_of(revision, [], [asks], at).readiness
    assert readiness is not None
    return readiness.last_drill_age_days


def test_it_goes_there_and_back_and_says_how_long_each_way_took(prepared: Prepared) -> None:
    here = prepared.here
    first, second = rehearsed(here)
    channel = here.cast.channel(DRILL)
    drill = started(here)
    there = live_revision(channel)

    ticked(beat(here, drill, first, 40))
    turned = stored(drill)
    back = live_revision(channel)
    ticked(beat(here, drill, second, 100))

    done = stored(drill)
    rows = Deployment.objects.filter(channel=channel).order_by("started_at")
    assert done.ended_at is not None
    ages = [age_of_the_last_drill(second, done.ended_at + timedelta(days=days)) for days in (-1, 3)]
    assert ages == [None, 3]
    assert (there, turned.state, back) == (first, "back", second)
    assert (done.state, seconds_away(done), seconds_back(done)) == ("completed", 40, 60)
    assert [row.state for row in rows] == [DeploymentState.SUPERSEDED, DeploymentState.LIVE]
    of_drills = Entry.objects.filter(stream=channel.stream(), document__type__startswith="drill.")
    assert [one.document["type"] for one in of_drills.order_by("stream_seq")] == [
        "drill.started",
        "drill.turned",
        "drill.completed",
    ]


def test_what_does_not_follow_in_four_minutes_fails_the_drill_and_it_goes_back_all_the_same(
    prepared: Prepared,
) -> None:
    here = prepared.here
    _, second = rehearsed(here)
    drill = started(here)
    beat(here, drill, second, 60)

    ticked(later(drill.started_at, seconds=239))
    waiting = stored(drill).state
    ticked(later(drill.started_at, seconds=241))
    turned = stored(drill).state
    ticked(beat(here, drill, second, 270))

    done = stored(drill)
    assert age_of_the_last_drill(second, later(drill.started_at, days=1)) is None
    assert (waiting, turned, done.state) == ("away", "back", "failed")
    assert (seconds_away(done), seconds_back(done)) == (None, 29)
    assert done.missing.startswith("There: a still reports another release at ")
    assert live_revision(here.cast.channel(DRILL)) == second


def test_an_instance_that_is_replaced_in_the_middle_fails_no_drill(prepared: Prepared) -> None:
    here = prepared.here
    first, second = rehearsed(here)
    drill = started(here)
    beat(here, drill, second, 10, "replaced")

    ticked(beat(here, drill, first, 130))
    waiting = stored(drill).state
    ticked(beat(here, drill, first, 191))
    ticked(beat(here, drill, second, 250))

    assert (waiting, stored(drill).state, stored(drill).missing) == ("away", "completed", "")


def test_a_rollback_in_the_middle_ends_the_drill_and_stands(prepared: Prepared) -> None:
    here = prepared.here
    _, second = rehearsed(here)
    drill = started(here)
    taken_back(here, DRILL)

    ticked(later(drill.started_at, seconds=4))

    assert stored(drill).state == "failed"
    assert stored(drill).missing == "Somebody moved what is live on fire-drill meanwhile."
    assert live_revision(here.cast.channel(DRILL)) == second


def test_where_and_when_nothing_can_be_rehearsed_is_said(prepared: Prepared) -> None:
    here = prepared.here
    manager = actor(here.cast.release_manager)
    rehearsed(here)

    with pytest.raises(NotADrillChannel, match="android serves people"):
        start_drill(manager, channel=here.cast.channel("android"), reason=WHY)
    with pytest.raises(InvalidInput, match="reason: say why"):
        start_drill(manager, channel=here.cast.channel(DRILL), reason=" ")
    started(here)
    with pytest.raises(DrillUnderWay):
        started(here)


def test_beside_a_rollout_and_with_one_release_only_nothing_is_rehearsed(prepared: Prepared) -> None:
    here = prepared.here
    register_channel(actor(here.cast.admin), system=here.cast.system, name=DRILL, kind="android", drill=True)
    with pytest.raises(NothingToDrill):
        started(here)
    live(here, candidate(here, "5", channels=(DRILL,)), DRILL)
    with pytest.raises(NothingToDrill, match="No two releases"):
        started(here)
    on_its_way(here, candidate(here, "6", channels=(DRILL,)), DRILL)
    with pytest.raises(RolloutUnderWay):
        started(here)


@pytest.mark.parametrize("who", ["author", "qa_lead", "approver", "security_all", "auditor", "admin"])
def test_only_release_managers_rehearse(prepared: Prepared, who: str) -> None:
    rehearsed(prepared.here)

    with pytest.raises(PermissionDenied):
        start_drill(
            actor(getattr(prepared.here.cast, who)), channel=prepared.here.cast.channel(DRILL), reason=WHY
        )


def test_a_drill_is_started_and_read_over_http(prepared: Prepared) -> None:
    here = prepared.here
    rehearsed(here)
    channel = here.cast.channel(DRILL)
    body = {"channel": str(channel.id), "reason": WHY}

    refused = signed_in(here.cast.auditor).post(URL, body, content_type="application/json")
    hidden = signed_in(here.cast.stranger).post(URL, body, content_type="application/json")
    made = signed_in(here.cast.release_manager).post(URL, body, content_type="application/json")
    listed = signed_in(here.cast.auditor).get(f"{URL}?channel={channel.id}&state=away")

    assert (refused.status_code, hidden.status_code, made.status_code) == (403, 400, 201)
    assert made.json()["seconds_away"] is None
    assert [row["id"] for row in listed.json()["results"]] == [made.json()["id"]]


def test_tokens_of_services_start_no_drill(prepared: Prepared) -> None:
    here = prepared.here
    rehearsed(here)
    client = with_token(here.cast.integration)
    body = {"channel": str(here.cast.channel(DRILL).id), "reason": WHY}

    assert client.post(URL, body, content_type="application/json").status_code == 403
