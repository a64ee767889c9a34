"""Casting votes: how seats are filled, and how votes end a request."""

from datetime import timedelta

import pytest

from governance.access.roles import Role
from governance.ledger.queries import entry_of
from releases.approvals.ballots import Seat
from releases.approvals.eligibility import (
    AlreadyVoted,
    NoSeatForApprover,
    SeatsTaken,
)
from releases.approvals.models import Approval, ApprovalRequest, RequestState
from releases.approvals.queries import approval_covering, seats
from releases.bundles.models import Revision, RevisionState
from tests.factories.approvals import (
    REASON,
    enacted,
    requested,
    voted,
)
from tests.factories.cast import grant
from tests.factories.worlds import Prepared

TWO_RULES = (
    {"key": "approvers", "title": "Approver", "role": "approver"},
    {"key": "security", "title": "Security", "role": "security_reviewer"},
)


def reread(revision: Revision) -> Revision:
    return Revision.objects.select_related("release__system").get(id=revision.id)


def filled(found: tuple[Seat, ...]) -> list[tuple[str, str | None]]:
    return [(seat.rule_key, seat.vote.username if seat.vote else None) for seat in found]


def test_the_vote_that_fills_the_last_seat_approves_the_release(prepared: Prepared) -> None:
    here = prepared.here
    request = requested(here, prepared.candidate)

    vote = voted(here.cast.approver, request)

    approval = Approval.objects.get()
    request.refresh_from_db()
    assert request.state == RequestState.APPROVED
    assert reread(prepared.candidate).state == RevisionState.APPROVED
    assert (vote.role, vote.username, vote.auth_method) == ("approver", "approver", "session")
    assert vote.review_digest == approval.review_digest == request.review_digest
    assert approval.valid_until - approval.approved_at == timedelta(days=30)
    assert approval.last_voter_id == here.cast.approver.id


def test_the_approval_covers_the_requests_channels_until_it_runs_out(prepared: Prepared) -> None:
    here = prepared.here
    voted(here.cast.approver, requested(here, prepared.candidate, "android"))
    approval = Approval.objects.get()
    android, ios = here.channels("android", "ios")

    assert approval_covering(prepared.candidate, android, approval.approved_at) == approval
    assert approval_covering(prepared.candidate, android, approval.valid_until) is None
    assert approval_covering(prepared.candidate, ios, approval.approved_at) is None


def test_the_vote_comes_first_and_the_approval_is_its_consequence(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    voted(prepared.here.cast.approver, request)

    cast = entry_of(request.stream(), "vote.cast")
    consequence = entry_of(request.release.stream(), "release.approved")
    assert cast is not None
    assert consequence is not None
    assert consequence.document["refs"]["cause"] == str(cast.id)
    assert cast.document["reason"] == REASON
    assert cast.document["refs"]["review"] == request.review_digest
    assert cast.document["after"]["voter"]["role"] == "approver"
    assert consequence.document["after"]["seats"] == [{"rule": "default", "index": 1, "voter": "approver"}]


def test_a_request_stays_open_until_every_seat_is_filled(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, *TWO_RULES)
    request = requested(here, prepared.candidate)

    voted(here.cast.approver, request)

    first = seats(request)
    assert ApprovalRequest.objects.get(id=request.id).state == RequestState.OPEN
    assert filled(first) == [("approvers", "approver"), ("security", None)]
    assert first[1].eligible == ("security_all",)
    voted(here.cast.security_all, request)
    assert filled(seats(request)) == [("approvers", "approver"), ("security", "security_all")]
    assert reread(prepared.candidate).state == RevisionState.APPROVED


def test_a_person_with_two_roles_fills_one_seat_only(prepared: Prepared) -> None:
    here = prepared.here
    grant(here.cast.approver, Role.SECURITY_REVIEWER, system=here.cast.system)
    enacted(here.cast, *TWO_RULES)
    request = requested(here, prepared.candidate)

    voted(here.cast.approver, request)

    assert len([seat for seat in seats(request) if seat.vote]) == 1
    assert not Approval.objects.exists()
    with pytest.raises(AlreadyVoted):
        voted(here.cast.approver, request)


def test_a_voter_moves_to_another_seat_so_that_the_next_one_fits(prepared: Prepared) -> None:
    here = prepared.here
    grant(here.cast.approver, Role.SECURITY_REVIEWER, system=here.cast.system)
    enacted(here.cast, *TWO_RULES)
    request = requested(here, prepared.candidate)
    voted(here.cast.approver, request)

    voted(here.cast.approver_two, request)

    assert filled(seats(request)) == [("approvers", "approver_two"), ("security", "approver")]
    assert reread(prepared.candidate).state == RevisionState.APPROVED


def test_an_approval_that_would_fill_no_open_seat_is_refused(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, *TWO_RULES)
    request = requested(here, prepared.candidate)
    voted(here.cast.approver, request)

    with pytest.raises(SeatsTaken) as refusal:
        voted(here.cast.approver_two, request)

    assert "These can vote: security_all." in refusal.value.next_step


def test_named_people_fill_their_seat_and_nobody_else_does(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, {"key": "named", "title": "The manager", "people": ["approver_two"]})
    request = requested(here, prepared.candidate)

    with pytest.raises(NoSeatForApprover, match="The manager: approver_two"):
        voted(here.cast.approver, request)
    voted(here.cast.approver_two, request)

    assert reread(prepared.candidate).state == RevisionState.APPROVED


@pytest.mark.parametrize(
    ("decision", "request_state", "revision_state", "event"),
    [
        ("reject", RequestState.REJECTED, RevisionState.REJECTED, "release.rejected"),
        (
            "request_changes",
            RequestState.CHANGES_REQUESTED,
            RevisionState.FROZEN,
            "release.changes_requested",
        ),
    ],
)
def test_a_reject_or_a_request_for_changes_ends_the_request(
    prepared: Prepared, decision: str, request_state: str, revision_state: str, event: str
) -> None:
    here = prepared.here
    enacted(here.cast, *TWO_RULES)
    request = requested(here, prepared.candidate)
    voted(here.cast.approver, request)

    voted(here.cast.approver_two, request, decision)  # their seats are filled; ending is still theirs

    request.refresh_from_db()
    assert (request.state, request.closing_reason) == (request_state, REASON)
    assert reread(prepared.candidate).state == revision_state
    assert entry_of(request.release.stream(), event) is not None
    assert not Approval.objects.exists()


def test_rejecting_a_request_on_an_approved_revision_ends_only_itself(prepared: Prepared) -> None:
    here = prepared.here
    voted(here.cast.approver, requested(here, prepared.candidate, "android"))
    request = requested(here, prepared.candidate, "ios")

    voted(here.cast.approver, request, "reject")

    request.refresh_from_db()
    assert request.state == RequestState.REJECTED
    assert reread(prepared.candidate).state == RevisionState.APPROVED
