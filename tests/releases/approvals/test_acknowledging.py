"""An approval answers for the doubts about the evaluation: by code, kept with the vote; nothing else does."""

from dataclasses import replace

import pytest

from governance.errors import InvalidInput
from governance.ledger.queries import entry_of
from releases.approvals.acknowledging import NotAcknowledged, doubts_to_acknowledge
from releases.approvals.models import ApprovalRequest, RequestState, Vote
from releases.bundles.content import content_of
from releases.gates.policies.services import draft_policy, lock_policy
from tests.factories.approvals import candidate, criteria, evaluated, requested, voted
from tests.factories.bundles import revised
from tests.factories.cast import actor
from tests.factories.overrides import given, undecided
from tests.factories.worlds import Prepared


def doubtful(prepared: Prepared) -> ApprovalRequest:
    """A request whose gate passes, under a policy locked after the scores, with a line clearly worse than
    the baseline within its margin."""
    here = prepared.here
    scored = candidate(here, "9", accepted_attacks=4)
    later = draft_policy(
        actor(here.cast.qa_lead), system=here.cast.system, name="later", criteria=criteria(here.baseline)
    )
    lock_policy(actor(here.cast.qa_lead), policy=later)
    same = content_of(scored)
    again = revised(here.cast, scored, replace(same, card={**same.card, "why": "Once more."}))
    evaluated(here.cast, again)
    return requested(here, again)


def codes(request: ApprovalRequest) -> list[str]:
    return [doubt.code for doubt in doubts_to_acknowledge(request)]


def test_without_doubts_a_vote_is_what_it_was(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    vote = voted(prepared.here.cast.approver, request)

    assert codes(request) == []
    assert vote.acknowledged == []


def test_what_must_be_acknowledged_is_named_with_its_sentence(prepared: Prepared) -> None:
    found = doubts_to_acknowledge(doubtful(prepared))

    assert [doubt.code for doubt in found] == ["not_preregistered", "regression_detected"]
    assert "locked after these scores" in found[0].sentence
    assert "Within their margin" in found[1].sentence


def test_an_approval_that_leaves_a_doubt_out_is_refused_by_its_code(prepared: Prepared) -> None:
    request = doubtful(prepared)

    with pytest.raises(NotAcknowledged, match="regression_detected") as refusal:
        voted(prepared.here.cast.approver, request, acknowledge=["not_preregistered"])

    assert [error.field for error in refusal.value.field_errors] == ["acknowledge"]
    assert "regression_detected" in refusal.value.next_step
    assert not Vote.objects.exists()


def test_what_was_acknowledged_is_kept_with_the_vote_and_in_its_entry(prepared: Prepared) -> None:
    request = doubtful(prepared)

    vote = voted(
        prepared.here.cast.approver, request, acknowledge=["regression_detected", "not_preregistered"]
    )

    assert [one["code"] for one in vote.acknowledged] == ["not_preregistered", "regression_detected"]
    entry = entry_of(request.stream(), "vote.cast")
    assert entry is not None
    assert entry.document["after"]["acknowledged"] == vote.acknowledged


@pytest.mark.parametrize("decision", ["reject", "request_changes"])
def test_a_vote_against_acknowledges_nothing(prepared: Prepared, decision: str) -> None:
    request = doubtful(prepared)

    vote = voted(prepared.here.cast.approver, request, decision)

    assert vote.acknowledged == []


def test_a_code_that_stands_in_no_doubt_is_refused(prepared: Prepared) -> None:
    request = doubtful(prepared)

    with pytest.raises(InvalidInput, match="these do: not_preregistered, regression_detected"):
        voted(
            prepared.here.cast.approver,
            request,
            acknowledge=["not_preregistered", "regression_detected", "weather"],
        )


def test_an_override_is_acknowledged_with_its_reason(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    override = given(prepared.here.cast.qa_lead, revision)
    request = requested(prepared.here, revision)

    with pytest.raises(NotAcknowledged, match="override"):
        voted(prepared.here.cast.approver, request)
    vote = voted(prepared.here.cast.approver, request, acknowledge=["override"])

    assert override.reason in vote.acknowledged[0]["sentence"]
    assert ApprovalRequest.objects.get(id=request.id).state == RequestState.APPROVED


def test_a_regression_that_fails_its_margin_is_the_gates_own_matter(prepared: Prepared) -> None:
    request = doubtful(prepared)
    run = request.evaluation
    lines = [line for one in run.result["criteria"] for line in one["strata"]]
    failed = [{**line, "verdict": "fail"} for line in lines if line.get("regression_detected")]
    run.result = {**run.result, "criteria": [{**run.result["criteria"][0], "strata": failed}]}

    assert codes(request) == ["not_preregistered"]
