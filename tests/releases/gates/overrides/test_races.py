"""Two persons, a withdrawal, a vote, a new evaluation at the same moment: one outcome, nothing half-done."""

from django.utils import timezone

from governance.access.models import Proposal
from governance.errors import GovernanceError
from governance.ledger.models import Entry
from releases.approvals.models import Approval, ApprovalRequest
from releases.gates.models import Override
from releases.gates.overrides.queries import override_in_force
from releases.gates.overrides.services import give_override, withdraw_override
from releases.gates.runs.evaluation import request_evaluation, run_evaluation
from tests.database import in_threads
from tests.factories.approvals import requested, scores_of, voted
from tests.factories.cast import actor
from tests.factories.gates import engine
from tests.factories.overrides import failing, given, proposed, terms, undecided
from tests.factories.worlds import Prepared


def codes(results: list[object]) -> list[str]:
    return sorted(found.code for found in results if isinstance(found, GovernanceError))


def defects(results: list[object]) -> list[object]:
    return [
        found for found in results if isinstance(found, Exception) and not isinstance(found, GovernanceError)
    ]


def test_two_confirmations_at_once_give_one_override(committed: Prepared) -> None:
    cast, revision = committed.here.cast, failing(committed.here)
    proposal = proposed(cast.approver, revision)
    agreed = terms(revision)

    results = in_threads(
        *(
            lambda account=account: give_override(
                actor(account), revision=revision, terms=agreed, proposal=proposal.id
            )
            for account in (cast.approver_two, cast.security_all)
        )
    )

    assert defects(results) == []
    assert len(codes(results)) == 1
    assert Override.objects.count() == 1
    assert Proposal.objects.get(id=proposal.id).confirmed_at is not None
    given_entries = Entry.objects.filter(document__type="override.given", stream__startswith="override:")
    assert given_entries.count() == 1


def test_two_people_who_override_alone_at_once_give_one_override(committed: Prepared) -> None:
    cast, revision = committed.here.cast, undecided(committed.here)
    agreed = terms(revision)

    results = in_threads(
        lambda: give_override(actor(cast.approver), revision=revision, terms=agreed),
        lambda: give_override(actor(cast.qa_lead), revision=revision, terms=agreed),
    )

    assert defects(results) == []
    assert codes(results) == ["already_overridden"]
    assert Override.objects.count() == 1


def test_an_override_and_a_new_evaluation_at_once_never_leave_a_stale_one_in_force(
    committed: Prepared,
) -> None:
    cast, revision = committed.here.cast, undecided(committed.here)
    agreed = terms(revision)
    scores_of(cast, revision, accepted_attacks=9)

    results = in_threads(
        lambda: give_override(actor(cast.approver), revision=revision, terms=agreed),
        lambda: run_evaluation(
            engine(), evaluation=request_evaluation(actor(cast.author), revision=revision)
        ),
    )

    assert defects(results) == []
    assert set(codes(results)) <= {"nothing_to_override", "evidence_changed"}
    assert override_in_force(revision, timezone.now()) is None


def test_a_withdrawal_and_the_last_vote_at_once_reach_one_end(committed: Prepared) -> None:
    cast, revision = committed.here.cast, undecided(committed.here)
    override = given(cast.qa_lead, revision)
    request = requested(committed.here, revision)

    results = in_threads(
        lambda: voted(cast.approver, request, acknowledge=["override"]),
        lambda: withdraw_override(actor(cast.qa_lead), override=override, reason="More data came"),
    )

    override.refresh_from_db()
    is_approved = ApprovalRequest.objects.get(id=request.id).state == "approved"
    assert defects(results) == []
    assert codes(results) == (["override_used"] if is_approved else ["override_ended"])
    assert Approval.objects.count() == is_approved
    assert (override.withdrawn_at is None) == is_approved
