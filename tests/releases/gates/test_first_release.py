"""A new system, where nothing ever served, reaches its first release: without a reference, only that one."""

from dataclasses import replace

import pytest

from releases.bundles.models import Revision
from releases.gates.policies.services import CriterionInput
from releases.gates.policies.soundness import PolicyCanBeGamed, PolicyPinsNoReference, pins_a_reference
from releases.gates.policies.starting import starting_criteria
from releases.gates.queries import criteria_of, policy_document
from releases.rollouts.models import DeploymentState
from tests.factories.approvals import World, requested, voted
from tests.factories.cast import Cast
from tests.factories.gates import (
    SMALL,
    Gate,
    adopted,
    criteria,
    dataset_to_test_on,
    drafted,
    locked_policy,
    segment,
    stack_content,
)
from tests.factories.rollouts import started

NOBODY = Revision(release_id="00000000-0000-7000-8000-000000000001")
CHANNELS = ("android", "mobile_web")


def without_reference(*, when_no_baseline: str = "absolute_only") -> list[CriterionInput]:
    """The small policy without its comparisons with a reference release."""
    baseline = {"kind": "live", "when_no_baseline": when_no_baseline}
    return [
        replace(one, spec={**one.spec, "baseline": baseline}) if one.key.endswith("_live") else one
        for one in criteria(SMALL, NOBODY)
        if not one.key.endswith("_reference")
    ]


@pytest.fixture
def new(team: Cast) -> Gate:
    """A new system with a locked policy, and nothing live."""
    segment(team, "skin_tone", "1")
    segment(team, "skin_tone", "6")
    dataset = dataset_to_test_on(team)
    policy = locked_policy(team, without_reference())
    return Gate(team, dataset, NOBODY, policy, CHANNELS)


def test_the_first_release_is_judged_by_fixed_limits_approved_and_live_in_one_step(new: Gate) -> None:
    here, first = World(new.cast, NOBODY), new.candidate("first")
    new.scored(first)

    evaluation = new.evaluated(first)
    voted(new.cast.approver, requested(here, first, *CHANNELS))
    deployment = started(here, first, "android")

    assert evaluation.verdict == "pass"
    assert "Nothing is live on android: absolute criteria alone judge it." in str(evaluation.result)
    assert deployment.state == DeploymentState.LIVE


def test_the_policy_of_the_first_release_judges_no_second_one(new: Gate) -> None:
    here, first = World(new.cast, NOBODY), new.candidate("first")
    new.scored(first)
    new.evaluated(first)
    voted(new.cast.approver, requested(here, first, *CHANNELS))
    started(here, first, "android")
    second = new.candidate("second")
    new.scored(second)

    again = new.evaluated(first)
    with pytest.raises(PolicyPinsNoReference) as refusal:
        new.evaluated(second)

    assert again.policy == new.policy
    assert "lock it, and make a new revision" in refusal.value.next_step


def started_with(cast: Cast) -> list[CriterionInput]:
    """What the form offers a QA lead, as it is saved."""
    return [CriterionInput(**written) for written in starting_criteria(cast.system)]


def test_what_a_draft_starts_with_on_a_new_system_can_be_locked(team: Cast) -> None:
    segment(team, "skin_tone", "6")

    policy = locked_policy(team, started_with(team))

    keys = [one.key for one in criteria_of(policy)]
    assert keys == ["apcer", "bpcer_live", "apcer_live", "bpnrr_live", "apnrr_live", "complete"]


def test_what_a_draft_starts_with_beside_a_live_release_pins_it(team: Cast) -> None:
    segment(team, "skin_tone", "6")
    content = stack_content(team, "first", dataset_to_test_on(team), channels=CHANNELS)
    live = adopted(team, drafted(team, "first", content))

    policy = locked_policy(team, started_with(team))

    assert pins_a_reference(criteria_of(policy))
    assert str(live.release_id) in str(policy_document(policy))


def test_a_policy_without_a_reference_is_not_locked_once_something_served(team: Cast) -> None:
    segment(team, "skin_tone", "1")
    segment(team, "skin_tone", "6")
    content = stack_content(team, "first", dataset_to_test_on(team), channels=CHANNELS)
    adopted(team, drafted(team, "first", content))

    with pytest.raises(PolicyCanBeGamed, match="pins no reference release"):
        locked_policy(team, without_reference())
