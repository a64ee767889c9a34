"""A last stage that leaves a small control: who gets what, what counts as live, and how it ends."""

import pytest

from releases.bundles.arms import Arm, arm_of
from releases.bundles.live_answers import live_answer
from releases.bundles.queries import live_assignment, live_revision
from releases.bundles.services import StillDeployed, withdraw_release
from releases.monitoring.windows.queries import counts_of, mismatches
from releases.rollouts.models import Deployment
from tests.factories.approvals import candidate
from tests.factories.cast import actor
from tests.factories.http import with_token
from tests.factories.incidents import suspected
from tests.factories.looked import measured
from tests.factories.rollouts import advanced, next_live, on_its_way, taken_back
from tests.factories.windows import counted, decided, subjects_in
from tests.factories.worlds import Prepared

ANDROID = "android"
GUARDED = {"kind": "guarded", "coverage": 0.25}
GENERAL = {"kind": "general", "control": 0.05}


@pytest.fixture
def live(prepared: Prepared) -> Deployment:
    """A release that is live for all but a control of five percent."""
    return advanced(prepared.here, measured(prepared.here, GUARDED, GENERAL))


def test_everybody_gets_the_new_release_but_a_part_of_those_who_were_the_control(
    prepared: Prepared, live: Deployment
) -> None:
    here = prepared.here
    during = live.assignments.filter(candidate=live.revision).get()

    assignment = live_assignment(here.cast.channel(ANDROID))

    assert assignment is not None
    keys = [f"person-{number}" for number in range(2000)]
    kept = [key for key in keys if arm_of(assignment, key) is Arm.CONTROL]
    assert 60 < len(kept) < 140
    assert {arm_of(during, key) for key in kept} == {Arm.CONTROL}
    assert {arm_of(assignment, key) for key in keys} == {Arm.STABLE, Arm.CONTROL}
    assert assignment.answering(Arm.CONTROL) == here.baseline
    assert assignment.answering(Arm.STABLE) == live.revision
    assert live_revision(here.cast.channel(ANDROID)) == live.revision


def test_the_answers_say_so(prepared: Prepared, live: Deployment) -> None:
    here = prepared.here
    channel = here.cast.channel(ANDROID)
    assignment = live_assignment(channel)
    (key,) = subjects_in(channel, Arm.CONTROL, 1)
    (other,) = subjects_in(channel, Arm.STABLE, 1)
    client = with_token(here.cast.integration)
    url = f"/ofrep/v1/evaluate/flags/{here.cast.system.slug}"

    def answer(subject: str) -> tuple[str, str, str]:
        context = {"targetingKey": subject, "channel": ANDROID}
        body = client.post(url, {"context": context}, content_type="application/json").json()
        return body["variant"], body["reason"], body["value"]["release"]

    said = live_answer(channel, live.state_changed_at, assignment)
    assert answer(key) == ("control", "SPLIT", "baseline")
    assert answer(other) == ("stable", "SPLIT", "v2")
    assert "5 % of the subjects keep baseline revision 1 as a control" in said["sentence"]
    assert [(one["arm"], one["share"]) for one in said["arms"]] == [("stable", 0.95), ("control", 0.05)]


def test_both_arms_are_counted_with_the_stamp_that_each_should_get(
    prepared: Prepared, live: Deployment
) -> None:
    here = prepared.here
    channel = here.cast.channel(ANDROID)
    at = live.state_changed_at
    keys = [*subjects_in(channel, Arm.CONTROL, 2), *subjects_in(channel, Arm.STABLE, 3)]

    counted(here, [decided(channel, key, at) for key in keys])

    began = live.stage_entered_at
    assert began is not None
    rows = counts_of(live, since=began, until=at.replace(year=2100), at=at)
    found = {(row.arm, row.revision): row.subjects for row in rows if row.metric == "retry"}
    assert found == {(Arm.CONTROL, here.baseline.id): 2, (Arm.STABLE, live.revision_id): 3}
    assert mismatches(live, since=began, until=at.replace(year=2100)).wrong_arm == 0


def test_an_accepted_attack_is_held_against_the_release_that_answered_its_arm(
    prepared: Prepared, live: Deployment
) -> None:
    here = prepared.here
    channel = here.cast.channel(ANDROID)
    (kept,) = subjects_in(channel, Arm.CONTROL, 1)
    (other,) = subjects_in(channel, Arm.STABLE, 1)

    found = [suspected(here, subject=kept), suspected(here, subject=other), suspected(here)]

    assert [one.revision for one in found] == [here.baseline, live.revision, None]
    assert [one.attribution for one in found] == ["arm", "arm", "unknown"]
    assert found[2].possible == [str(here.baseline.pk), str(live.revision.pk)]


def test_whoever_answers_the_control_is_not_withdrawn(prepared: Prepared) -> None:
    here = prepared.here
    before = next_live(here, "3", ANDROID)
    advanced(here, measured(here, GUARDED, GENERAL))

    with pytest.raises(StillDeployed, match="answers the control on android"):
        withdraw_release(actor(here.cast.author), revision=before, reason="Old")


def test_it_ends_when_something_else_moves_there(prepared: Prepared, live: Deployment) -> None:
    here = prepared.here
    channel = here.cast.channel(ANDROID)

    on_its_way(here, candidate(here, "3"), ANDROID)
    beside = live_assignment(channel)
    taken_back(here)
    after = live_assignment(channel)
    taken_back(here, deployment=live)

    assert beside is not None
    assert after is not None
    assert (beside.stable, beside.control) == (live.revision, None)
    assert (after.stable, after.control) == (live.revision, None)
    assert live_revision(channel) == here.baseline
