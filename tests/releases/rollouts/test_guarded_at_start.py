"""What went live since a release was frozen counts too: a start asks for the guarded stage again."""

from dataclasses import replace

import pytest

from releases.bundles.content import SlotInput, content_of
from releases.bundles.models import Revision
from releases.rollouts.models import DeploymentState
from releases.rollouts.starting import GuardedStageMissing
from tests.factories.approvals import candidate, evaluated, requested, scores_of, voted
from tests.factories.bundles import ROLLOUT_PLAN, changed, component, frozen
from tests.factories.rollouts import live, started
from tests.factories.worlds import Prepared

GENERAL = {"stages": [{"kind": "general"}]}


def approved_without_guard(prepared: Prepared) -> Revision:
    """A release for both apps whose model alone is new, so that it was frozen without a guarded stage."""
    revision = candidate(prepared.here, "2", channels=("android", "ios"), rollout_plan=GENERAL)
    voted(prepared.here.cast.approver, requested(prepared.here, revision))
    return revision


def with_another_threshold(prepared: Prepared) -> Revision:
    """A release with another threshold, frozen with a guarded stage and evaluated."""
    here = prepared.here
    policy = component(
        here.cast, "threshold_policy", "policy_risk_a", "v5", bands=[{"accept": 0.5, "retry": 0.7282}]
    )
    content = changed(
        here.cast, content_of(here.baseline), SlotInput("threshold_policy", policy), tag="threshold"
    )
    revision = frozen(here.cast, replace(content, rollout_plan=ROLLOUT_PLAN), name="v3")
    scores_of(here.cast, revision)
    evaluated(here.cast, revision)
    return Revision.objects.select_related("release__system").get(id=revision.id)


def test_a_release_that_needed_no_guarded_stage_starts_without_one(prepared: Prepared) -> None:
    revision = approved_without_guard(prepared)

    assert started(prepared.here, revision).state == DeploymentState.LIVE


def test_against_a_threshold_that_went_live_meanwhile_it_needs_one(prepared: Prepared) -> None:
    here = prepared.here
    revision = approved_without_guard(prepared)
    live(here, with_another_threshold(prepared), "android")

    with pytest.raises(GuardedStageMissing, match="threshold or policy update on android") as refused:
        started(here, revision)

    assert "A shadow stage does not replace it" in refused.value.message
    assert "Edit the release" in refused.value.next_step
    assert started(here, revision, "ios").state == DeploymentState.LIVE
