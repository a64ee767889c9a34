"""Votes, withdrawals and changes at the same moment: exactly one end, no deadlock, nobody twice (R6)."""

from governance.access.roles import Role
from governance.errors import GovernanceError
from releases.approvals.lapsing import expire_request, lapse
from releases.approvals.models import Approval, ApprovalRequest, RequestState, Vote
from releases.approvals.queries import seats
from releases.approvals.services import request_approval, withdraw_request
from releases.bundles.models import Revision, RevisionState
from releases.bundles.services import edit_release
from tests.database import in_threads
from tests.factories.approvals import (
    APPROVER,
    SECURITY_PER_CHANNEL,
    enacted,
    next_content,
    requested,
    voted,
)
from tests.factories.cast import actor, grant, person
from tests.factories.gates import engine
from tests.factories.worlds import Prepared

TERMINAL = {
    RequestState.APPROVED: RevisionState.APPROVED,
    RequestState.REJECTED: RevisionState.REJECTED,
    RequestState.WITHDRAWN: RevisionState.FROZEN,
}


def refusals(results: list[object]) -> list[GovernanceError]:
    return [result for result in results if isinstance(result, GovernanceError)]


def defects(results: list[object]) -> list[object]:
    return [
        found for found in results if isinstance(found, Exception) and not isinstance(found, GovernanceError)
    ]


def test_two_approvers_and_a_withdrawal_reach_exactly_one_end(committed: Prepared) -> None:
    here = committed.here
    request = requested(here, committed.candidate)

    results = in_threads(
        lambda: voted(here.cast.approver, request),
        lambda: voted(here.cast.approver_two, request, "reject"),
        lambda: withdraw_request(actor(here.cast.author), request=request, reason="A mistake"),
    )

    request.refresh_from_db()
    revision = Revision.objects.get(id=committed.candidate.id)
    assert defects(results) == []
    assert [error.code for error in refusals(results)] == ["request_not_open"] * 2
    assert revision.state == TERMINAL[RequestState(request.state)]
    assert Approval.objects.count() == (request.state == RequestState.APPROVED)


def test_two_approvers_at_once_make_one_approval(committed: Prepared) -> None:
    here = committed.here
    request = requested(here, committed.candidate)

    results = in_threads(
        lambda: voted(here.cast.approver, request), lambda: voted(here.cast.approver_two, request)
    )

    assert defects(results) == []
    assert [error.code for error in refusals(results)] == ["request_not_open"]
    assert Approval.objects.count() == Vote.objects.count() == 1


def test_two_approvers_for_two_seats_both_count(committed: Prepared) -> None:
    here = committed.here
    enacted(here.cast, {"key": "two", "title": "Two approvers", "role": "approver", "count": 2})
    request = requested(here, committed.candidate)

    results = in_threads(
        lambda: voted(here.cast.approver, request), lambda: voted(here.cast.approver_two, request)
    )

    assert defects(results) == refusals(results) == []
    assert Approval.objects.count() == 1
    assert sorted(seat.vote.username for seat in seats(request) if seat.vote) == ["approver", "approver_two"]


def test_one_person_with_two_roles_voting_in_two_windows_fills_one_seat(committed: Prepared) -> None:
    here = committed.here
    grant(here.cast.approver, Role.SECURITY_REVIEWER, system=here.cast.system)
    enacted(
        here.cast,
        {"key": "a", "title": "Approver", "role": "approver"},
        {"key": "s", "title": "Security", "role": "security_reviewer"},
    )
    request = requested(here, committed.candidate)

    results = in_threads(
        lambda: voted(here.cast.approver, request), lambda: voted(here.cast.approver, request)
    )

    assert defects(results) == []
    assert [error.code for error in refusals(results)] == ["already_voted"]
    assert len([seat for seat in seats(request) if seat.vote]) == 1
    assert not Approval.objects.exists()


def test_a_vote_and_an_edit_at_once_never_approve_what_changed(committed: Prepared) -> None:
    here = committed.here
    request = requested(here, committed.candidate)
    content = next_content(here, "2")

    results = in_threads(
        lambda: voted(here.cast.approver, request),
        lambda: edit_release(actor(here.cast.author), revision=committed.candidate, content=content),
    )

    assert defects(results) == []
    assert [error.code for error in refusals(results) if error.code != "request_not_open"] == []
    newest = Revision.objects.order_by("-number").first()
    old = Revision.objects.get(id=committed.candidate.id)
    assert newest is not None
    assert newest.state == RevisionState.DRAFT
    assert old.state == (RevisionState.APPROVED if Approval.objects.exists() else RevisionState.FROZEN)
    assert Vote.objects.count() == Approval.objects.count()


def test_two_requests_at_once_make_one(committed: Prepared) -> None:
    here = committed.here

    results = in_threads(
        lambda: request_approval(actor(here.cast.author), revision=committed.candidate),
        lambda: request_approval(actor(here.cast.integration), revision=committed.candidate),
    )

    assert defects(results) == []
    assert [error.code for error in refusals(results)] == ["already_requested"]
    assert ApprovalRequest.objects.count() == 1


def test_a_vote_and_the_periodic_task_at_once_reach_one_end(committed: Prepared) -> None:
    here = committed.here
    request = requested(here, committed.candidate)
    lapsed = ApprovalRequest.objects.get(id=request.id)

    results = in_threads(
        lambda: voted(here.cast.approver, request),
        lambda: expire_request(engine(), request=lapsed),
        lambda: lapse(engine()),
    )

    request.refresh_from_db()
    assert defects(results) == refusals(results) == []
    assert request.state == RequestState.APPROVED


def test_two_reviewers_of_two_channels_and_a_withdrawal_at_once_reach_one_end(committed: Prepared) -> None:
    here = committed.here
    android = person("security_android")
    grant(android, Role.SECURITY_REVIEWER, channel=here.cast.channel("android"))
    enacted(here.cast, SECURITY_PER_CHANNEL)
    request = requested(here, committed.candidate, "android", "mobile_web")

    results = in_threads(
        lambda: voted(android, request),
        lambda: voted(here.cast.security_reviewer, request),
        lambda: withdraw_request(actor(here.cast.author), request=request, reason="A mistake"),
    )

    request.refresh_from_db()
    revision = Revision.objects.get(id=committed.candidate.id)
    assert defects(results) == []
    assert {error.code for error in refusals(results)} == {"request_not_open"}
    assert revision.state == TERMINAL[RequestState(request.state)]
    assert Approval.objects.count() == (request.state == RequestState.APPROVED)


def test_two_reviewers_of_two_channels_at_once_both_count(committed: Prepared) -> None:
    here = committed.here
    android = person("security_android")
    grant(android, Role.SECURITY_REVIEWER, channel=here.cast.channel("android"))
    enacted(here.cast, APPROVER, SECURITY_PER_CHANNEL)
    request = requested(here, committed.candidate, "android", "mobile_web")

    results = in_threads(
        lambda: voted(android, request),
        lambda: voted(here.cast.security_reviewer, request),
        lambda: voted(here.cast.approver, request),
    )

    assert defects(results) == refusals(results) == []
    assert [seat.vote.username for seat in seats(request) if seat.vote] == [
        "approver",
        "security_android",
        "security_reviewer",
    ]
    assert Approval.objects.count() == 1
