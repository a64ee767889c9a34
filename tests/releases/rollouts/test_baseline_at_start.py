"""A start goes on only beside a release that the approved gate compared the candidate with."""

import pytest

from releases.approvals.requesting import AlreadyRequested
from releases.approvals.services import request_approval
from releases.bundles.models import Revision
from releases.gates.comparisons import baseline_on, compared_with
from releases.gates.models import GateEvaluation
from releases.rollouts.models import DeploymentState
from releases.rollouts.starting import BaselineMoved
from tests.factories.approvals import candidate, evaluated, requested, voted
from tests.factories.cast import actor
from tests.factories.rollouts import add_channel, live, next_live, started, taken_back, through
from tests.factories.worlds import Prepared


def approved(prepared: Prepared, revision: Revision, *channels: str) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, revision, *channels))


def outlived(prepared: Prepared) -> Revision:
    """The world's candidate approved for both apps; then another release went live on android."""
    approved(prepared, prepared.candidate, "android", "ios")
    return next_live(prepared.here, "2", "android")


def test_beside_another_release_than_the_gate_compared_with_nothing_starts(prepared: Prepared) -> None:
    outlived(prepared)

    with pytest.raises(BaselineMoved) as refused:
        started(prepared.here, prepared.candidate, "android")

    assert "compared onboarding-liveness v1 revision 1 on" in refused.value.message
    assert "with baseline revision 1, which was live there;" in refused.value.message
    assert "v2 revision 1 is live there now." in refused.value.message
    assert refused.value.next_step.startswith("Have it evaluated again, against what is live now")


def test_what_went_live_on_one_channel_changes_nothing_on_another(prepared: Prepared) -> None:
    outlived(prepared)

    assert started(prepared.here, prepared.candidate, "ios").state == DeploymentState.ROLLING_OUT


def test_a_rollback_that_brings_the_baseline_back_brings_the_start_back(prepared: Prepared) -> None:
    outlived(prepared)
    taken_back(prepared.here, "android")

    assert started(prepared.here, prepared.candidate, "android").state == DeploymentState.ROLLING_OUT


def test_evaluated_against_what_is_live_and_approved_again_it_starts(prepared: Prepared) -> None:
    here = prepared.here
    outlived(prepared)
    with pytest.raises(AlreadyRequested):
        request_approval(
            actor(here.cast.author), revision=prepared.candidate, channels=[here.cast.channel("android")]
        )

    evaluated(here.cast, prepared.candidate)
    approved(prepared, prepared.candidate, "android")

    assert started(here, prepared.candidate, "android").state == DeploymentState.ROLLING_OUT


def test_a_release_that_was_live_on_another_channel_was_compared_with_too(prepared: Prepared) -> None:
    here = prepared.here
    second = candidate(here, "2")
    approved(prepared, second, "android", "ios")
    through(here, started(here, second, "ios"))
    third = candidate(here, "3")
    approved(prepared, third, "android")

    through(here, started(here, second, "android"))

    assert started(here, third, "android").state == DeploymentState.ROLLING_OUT


def test_where_nothing_was_live_then_and_something_is_now_nothing_was_compared(prepared: Prepared) -> None:
    here = prepared.here
    add_channel(here, "kiosk")
    second = candidate(here, "2", channels=("kiosk",))
    approved(prepared, second, "kiosk")
    live(here, candidate(here, "3", channels=("kiosk",)), "kiosk")

    with pytest.raises(BaselineMoved, match="with nothing, because nothing was live there"):
        started(here, second, "kiosk")


def test_a_pinned_release_that_was_live_nowhere_is_not_what_was_compared_with(prepared: Prepared) -> None:
    evaluation = GateEvaluation.objects.get(revision=prepared.candidate)
    live_then, second = prepared.here.baseline, candidate(prepared.here, "2")
    (reference,) = evaluation.inputs["references"]
    pinned = {**reference, "stack_digest": second.stack_digest, "live_on": []}

    evaluation.inputs["references"] = [reference, pinned]

    assert compared_with(evaluation, live_then)
    assert not compared_with(evaluation, second)
    assert baseline_on(evaluation, prepared.here.cast.channel("android")) == "baseline revision 1"
