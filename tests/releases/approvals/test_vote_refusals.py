"""Votes that are refused, each by its own name, with who can vote instead."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from governance.access.granting import revoke_grant
from governance.access.models import Account, Grant
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.actors import Principal, task_actor
from governance.errors import InvalidInput
from governance.ledger.idempotency import IdempotencyKeyReused
from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from releases.approvals.ballots import Seat
from releases.approvals.eligibility import (
    AlreadyVoted,
    ApproverIsAdministrator,
    ApproverIsAuthor,
    ApproverIsContributor,
    ApproverIsService,
    NoSeatForApprover,
    RequestNotOpen,
)
from releases.approvals.models import Approval, ApprovalRequest, RequestState, Vote
from releases.approvals.queries import may_vote, seats
from releases.approvals.services import ReviewChanged, cast_vote, withdraw_request
from releases.bundles.models import Revision, RevisionState
from releases.bundles.services import edit_release, withdraw_release
from tests.factories.approvals import (
    REASON,
    candidate,
    enacted,
    next_content,
    requested,
    scores_of,
    voted,
)
from tests.factories.cast import Cast, actor, grant, operator, person, system_with_channels
from tests.factories.worlds import Prepared

TWO_RULES = (
    {"key": "approvers", "title": "Approver", "role": "approver"},
    {"key": "security", "title": "Security", "role": "security_reviewer"},
)


def reread(revision: Revision) -> Revision:
    return Revision.objects.select_related("release__system").get(id=revision.id)


def filled(found: tuple[Seat, ...]) -> list[tuple[str, str | None]]:
    return [(seat.rule_key, seat.vote.username if seat.vote else None) for seat in found]


def test_the_author_never_votes_even_with_the_role(prepared: Prepared) -> None:
    here = prepared.here
    grant(here.cast.author, Role.APPROVER, system=here.cast.system)
    request = requested(here, prepared.candidate)

    with pytest.raises(ApproverIsAuthor, match="author drafted") as refusal:
        voted(here.cast.author, request)

    assert refusal.value.next_step == "These can vote: approver, approver_two."


def test_an_author_without_a_voting_role_is_told_why(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(ApproverIsAuthor):
        voted(prepared.here.cast.author, request)


def test_whoever_edited_an_earlier_revision_is_a_contributor(prepared: Prepared) -> None:
    here = prepared.here
    editor = person("editor")
    grant(editor, Role.AUTHOR, system=here.cast.system)
    grant(editor, Role.APPROVER, system=here.cast.system)
    revision = edit_release(
        actor(editor), revision=prepared.candidate, content=next_content(here, "7")
    )  # the newest revision is the author's again
    again = edit_release(actor(here.cast.author), revision=revision, content=next_content(here, "2"))
    request = requested(here, _passing(prepared, again))

    with pytest.raises(ApproverIsContributor, match="editor contributed"):
        voted(editor, request)


def _passing(prepared: Prepared, revision: Revision) -> Revision:
    """The draft frozen and evaluated."""
    return candidate(prepared.here, "2", draft_of=revision)


def test_whoever_imported_a_score_table_of_the_stack_is_a_contributor(prepared: Prepared) -> None:
    here = prepared.here
    importer = person("importer")
    grant(importer, Role.AUTHOR, system=here.cast.system)
    grant(importer, Role.APPROVER, system=here.cast.system)
    request = requested(here, prepared.candidate)
    scores_of(replace_author(here.cast, importer), prepared.candidate)

    with pytest.raises(ApproverIsContributor, match="reports or score tables"):
        voted(importer, request)


def replace_author(cast: Cast, account: Account) -> Cast:
    """The cast with another account as its author."""
    return replace(cast, author=account)


def test_somebody_who_contributes_after_voting_counts_no_longer(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, *TWO_RULES)
    request = requested(here, prepared.candidate)
    voted(here.cast.approver, request)
    grant(here.cast.approver, Role.AUTHOR, system=here.cast.system)

    scores_of(replace_author(here.cast, here.cast.approver), prepared.candidate)

    assert filled(seats(request)) == [("approvers", None), ("security", None)]
    voted(here.cast.security_all, request)
    assert not Approval.objects.exists()


def test_a_vote_counts_though_the_voters_grant_ended_since(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, *TWO_RULES)
    request = requested(here, prepared.candidate)
    voted(here.cast.approver, request)
    revoke_grant(actor(here.cast.admin), grant=Grant.objects.get(account=here.cast.approver), reason="Left")

    voted(here.cast.security_all, request)

    assert reread(prepared.candidate).state == RevisionState.APPROVED


def test_an_administrator_never_votes_even_with_the_role(prepared: Prepared) -> None:
    here = prepared.here
    grant(here.cast.approver, Role.ADMINISTRATOR, system=here.cast.system)
    request = requested(here, prepared.candidate)

    with pytest.raises(ApproverIsAdministrator, match="holds no vote"):
        voted(here.cast.approver, request)


@pytest.mark.parametrize("who", ["admin", "admin_two"])
def test_the_installations_administrators_never_vote(prepared: Prepared, who: str) -> None:
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(ApproverIsAdministrator):
        voted(getattr(prepared.here.cast, who), request)


def test_services_never_vote(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(ApproverIsService, match="no person"):
        voted(prepared.here.cast.integration, request)


def test_neither_the_worker_nor_the_shell_votes_whoever_it_acts_for(prepared: Prepared) -> None:
    approver = prepared.here.cast.approver
    request = requested(prepared.here, prepared.candidate)
    worker = task_actor("task", Principal(approver.id, approver.username))

    with pytest.raises(ApproverIsService):
        cast_vote(worker, request=request, decision="approve", reason=REASON)
    with pytest.raises(ApproverIsService):
        cast_vote(operator(), request=request, decision="approve", reason=REASON)

    assert not Vote.objects.exists()


@pytest.mark.parametrize("who", ["release_manager", "auditor", "stranger", "security_reviewer"])
def test_a_vote_takes_a_voting_role_on_the_whole_system(prepared: Prepared, who: str) -> None:
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(PermissionDenied):
        voted(getattr(prepared.here.cast, who), request)


def test_an_approver_of_another_system_cannot_vote(prepared: Prepared) -> None:
    foreigner = person("foreigner")
    grant(foreigner, Role.APPROVER, system=system_with_channels("payments-liveness"))
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(PermissionDenied):
        voted(foreigner, request)


@pytest.mark.parametrize("who", ["qa_lead", "security_all"])
def test_a_vote_takes_a_role_that_the_request_asks_for(prepared: Prepared, who: str) -> None:
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(NoSeatForApprover, match="One approver: approver"):
        voted(getattr(prepared.here.cast, who), request, "reject")

    assert ApprovalRequest.objects.get().state == RequestState.OPEN


def test_nobody_votes_twice(prepared: Prepared) -> None:
    here = prepared.here
    enacted(here.cast, *TWO_RULES)
    request = requested(here, prepared.candidate)
    voted(here.cast.approver, request)

    with pytest.raises(AlreadyVoted):
        voted(here.cast.approver, request, "reject")

    assert Vote.objects.count() == 1


def test_the_same_vote_with_one_key_is_one_vote(prepared: Prepared) -> None:
    here = prepared.here
    request = requested(here, prepared.candidate)
    keyed = actor(here.cast.approver).with_idempotency("vote-1", "sha256:" + "1" * 64)
    other = actor(here.cast.approver).with_idempotency("vote-1", "sha256:" + "2" * 64)

    first = cast_vote(keyed, request=request, decision="approve", reason=REASON)
    second = cast_vote(keyed, request=request, decision="approve", reason=REASON)

    assert first == second
    assert Vote.objects.count() == Approval.objects.count() == 1
    with pytest.raises(IdempotencyKeyReused):
        cast_vote(other, request=request, decision="reject", reason=REASON)


@pytest.mark.parametrize(("decision", "reason"), [("maybe", REASON), ("approve", "  "), ("reject", "")])
def test_a_vote_is_one_of_three_with_a_reason(prepared: Prepared, decision: str, reason: str) -> None:
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(InvalidInput):
        cast_vote(actor(prepared.here.cast.approver), request=request, decision=decision, reason=reason)


def test_a_vote_after_a_change_is_refused_and_the_request_is_void(prepared: Prepared) -> None:
    here = prepared.here
    request = requested(here, prepared.candidate)
    edit_release(actor(here.cast.author), revision=prepared.candidate, content=next_content(here, "2"))

    with pytest.raises(RequestNotOpen, match="its votes are void"):
        voted(here.cast.approver, request)

    assert reread(prepared.candidate).state == RevisionState.FROZEN
    assert not Vote.objects.exists()


def test_a_vote_after_the_release_was_withdrawn_is_refused(prepared: Prepared) -> None:
    here = prepared.here
    request = requested(here, prepared.candidate)
    withdraw_release(actor(here.cast.author), revision=prepared.candidate, reason="Not needed")

    with pytest.raises(RequestNotOpen):
        voted(here.cast.approver, request)


def test_a_vote_after_the_deadline_is_refused_before_anything_has_closed_the_request(
    prepared: Prepared,
) -> None:
    here = prepared.here
    request = requested(here, prepared.candidate)

    with (
        time_machine.travel(request.deadline_at, tick=False),
        pytest.raises(RequestNotOpen, match="expired"),
    ):
        voted(here.cast.approver, request)


def test_a_vote_on_a_withdrawn_request_is_refused(prepared: Prepared) -> None:
    here = prepared.here
    request = requested(here, prepared.candidate)
    withdraw_request(actor(here.cast.author), request=request, reason="A mistake")

    with pytest.raises(RequestNotOpen, match="withdrawn"):
        voted(here.cast.approver, request)


def test_a_voter_who_saw_something_else_is_refused(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)
    account = actor(prepared.here.cast.approver)
    stale = "sha256:" + "0" * 64

    with pytest.raises(ReviewChanged, match=stale):
        cast_vote(account, request=request, decision="approve", reason=REASON, review_digest=stale)
    cast_vote(
        account,
        request=request,
        decision="approve",
        reason=REASON,
        review_digest=request.review_digest,
    )

    assert Vote.objects.count() == 1


def test_a_declared_conflict_is_kept(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    vote = cast_vote(
        actor(prepared.here.cast.approver),
        request=request,
        decision="approve",
        reason=REASON,
        conflict_declared=True,
    )

    entry = entry_of(request.stream(), "vote.cast")
    assert vote.conflict_declared
    assert entry is not None
    assert entry.document["after"]["conflict_declared"] is True


def test_may_vote_says_why_or_why_not(prepared: Prepared) -> None:
    cast = prepared.here.cast
    request = requested(prepared.here, prepared.candidate)
    stale = replace(actor(cast.approver).auth, proved_at=timezone.now() - timedelta(minutes=11))

    assert may_vote(actor(cast.approver), request) == (True, "A seat is open for you: One approver.")
    assert may_vote(replace(actor(cast.approver), auth=stale), request)[0]
    assert "prove who you are" in may_vote(replace(actor(cast.approver), auth=stale), request)[1]
    assert not may_vote(actor(cast.author), request)[0]
    assert "drafted" in may_vote(actor(cast.author), request)[1]
    assert "it takes approver" in may_vote(actor(cast.auditor), request)[1]


def test_a_refused_vote_is_recorded(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(ApproverIsAuthor):
        voted(prepared.here.cast.author, request)

    refusal = Entry.objects.get(stream=f"refusals:{prepared.here.cast.author.id}")
    assert refusal.document["after"]["code"] == "approver_is_author"
    assert refusal.document["after"]["targets"] == [request.stream()]


def test_votes_and_approvals_by_raw_sql_are_refused(committed: Prepared) -> None:
    request = requested(committed.here, committed.candidate)
    insert = (
        "INSERT INTO releases_vote (id, request_id, account_id, username, role, decision, reason,"
        " review_digest, cast_at, auth_method, auth_mfa, conflict_declared, acknowledged)"
        " VALUES (gen_random_uuid(), %s, %s, 'approver', 'approver', 'approve', 'by hand', %s,"
        " now(), 'session', false, false, '[]')"
    )

    with pytest.raises(Exception, match="ledger guard"), connection.cursor() as cursor:
        cursor.execute(insert, [request.id, committed.here.cast.approver.id, request.review_digest])
    with pytest.raises(Exception, match="ledger guard"):
        ApprovalRequest.objects.filter(id=request.id).update(state=RequestState.APPROVED)

    assert not Vote.objects.exists()
    assert ApprovalRequest.objects.get().state == RequestState.OPEN
