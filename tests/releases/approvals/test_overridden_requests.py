"""Requests that rest on an override: made under it, bound to it, decided while it is in force."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from governance.errors import InvalidInput
from governance.ledger.canonical import digest_of
from governance.ledger.queries import entry_of
from governance.notifications.models import Notification
from governance.notifications.rendering import text_of
from releases.approvals.grounds import GateNotPassed, OverrideEnded, gate_in_words
from releases.approvals.models import Approval, ApprovalRequest, RequestState, Vote
from releases.approvals.previewing import preview_seats
from releases.approvals.queries import may_vote, warnings_of
from releases.approvals.services import withdraw_request
from releases.bundles.models import Revision, RevisionState
from releases.gates.models import Override
from releases.gates.overrides.services import withdraw_override
from tests.factories.approvals import APPROVER, candidate, enacted, evaluated, requested, scores_of, voted
from tests.factories.cast import actor
from tests.factories.overrides import confirmed, failing, given, undecided
from tests.factories.worlds import Prepared

PAST = ["override"]
TWO_SEATS = ({**APPROVER, "count": 2},)


def open_request(prepared: Prepared) -> ApprovalRequest:
    """A request for an inconclusive release, past its gate by the QA lead's override."""
    revision = undecided(prepared.here)
    given(prepared.here.cast.qa_lead, revision)
    return requested(prepared.here, revision)


def reread(request: ApprovalRequest) -> ApprovalRequest:
    return ApprovalRequest.objects.select_related("override", "evaluation", "revision").get(id=request.id)


def test_a_request_is_made_under_an_override_and_names_it(prepared: Prepared) -> None:
    request = open_request(prepared)

    override = Override.objects.get()
    assert request.override == override
    assert request.evaluation_id == override.evaluation_id
    assert Revision.objects.get(id=request.revision_id).state == RevisionState.IN_REVIEW
    entry = entry_of(request.stream(), "approval.requested")
    assert entry is not None
    assert entry.document["after"]["override"] == str(override.id)


def test_the_review_digest_binds_votes_to_the_override(prepared: Prepared) -> None:
    request = open_request(prepared)

    assert request.override is not None
    assert request.rule_snapshot["override"] == {
        "id": str(request.override.id),
        "criteria": request.override.criteria,
        "expedite": False,
    }
    assert request.review_digest == digest_of(
        {
            "manifest_digest": request.revision.manifest_digest,
            "result_digest": request.evaluation.result_digest,
            "rule_snapshot": digest_of(request.rule_snapshot),
        }
    )


def test_a_passed_gate_needs_no_override(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    assert request.override is None
    assert "override" not in request.rule_snapshot
    assert gate_in_words(request, timezone.now()) == "pass"


def test_two_persons_bring_a_failed_release_to_approval(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, failing(prepared.here)
    confirmed(cast.security_all, cast.approver_two, revision)

    vote = voted(cast.approver, requested(prepared.here, revision), acknowledge=PAST)

    assert Approval.objects.get().request_id == vote.request_id
    assert Revision.objects.get(id=revision.id).state == RevisionState.APPROVED


def test_a_proposed_override_is_none_yet(prepared: Prepared) -> None:
    revision = failing(prepared.here)

    with pytest.raises(GateNotPassed, match="is fail") as refusal:
        requested(prepared.here, revision)

    assert "two persons who may can override it" in refusal.value.next_step


def test_an_override_holds_for_its_channels_alone(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    given(cast.qa_lead, revision, channels=[cast.channel("android")])

    with pytest.raises(GateNotPassed, match="does not hold for ios, mobile_web"):
        requested(prepared.here, revision)
    request = requested(prepared.here, revision, "android")

    assert request.override is not None


def test_an_override_of_another_release_lets_nothing_past(prepared: Prepared) -> None:
    given(prepared.here.cast.qa_lead, undecided(prepared.here))
    other = candidate(prepared.here, "7", accepted_attacks=8)

    with pytest.raises(GateNotPassed, match="is inconclusive"):
        requested(prepared.here, other)


def test_an_expired_override_lets_nothing_past(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    given(prepared.here.cast.qa_lead, revision, valid_hours=1)

    with (
        time_machine.travel(timezone.now() + timedelta(hours=2), tick=True),
        pytest.raises(GateNotPassed),
    ):
        requested(prepared.here, revision)


def test_a_withdrawn_override_lets_nothing_past(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    override = given(cast.qa_lead, revision)
    withdraw_override(actor(cast.qa_lead), override=override, reason="More data came")

    with pytest.raises(GateNotPassed):
        requested(prepared.here, revision)


def test_a_vote_after_the_override_expired_is_refused_and_changes_nothing(prepared: Prepared) -> None:
    request = open_request(prepared)

    with (
        time_machine.travel(
            timezone.now() + timedelta(hours=71, minutes=59, seconds=30), tick=False
        ) as clock,
    ):
        clock.shift(timedelta(seconds=60))
        ApprovalRequest.objects.filter(id=request.id).update(deadline_at=timezone.now() + timedelta(days=1))
        with pytest.raises(OverrideEnded, match="expired") as refusal:
            voted(prepared.here.cast.approver, request, acknowledge=PAST)

    assert "Withdraw this request" in refusal.value.next_step
    assert not Vote.objects.exists()
    assert reread(request).state == RequestState.OPEN
    assert not Approval.objects.exists()


def test_a_withdrawn_override_stops_the_concluding_vote_and_not_a_rejection(prepared: Prepared) -> None:
    cast, request = prepared.here.cast, open_request(prepared)
    override = Override.objects.get()
    withdraw_override(actor(cast.qa_lead), override=override, reason="More data came")

    with pytest.raises(OverrideEnded, match="withdrawn"):
        voted(cast.approver, request, acknowledge=PAST)
    voted(cast.approver, request, "reject")

    assert reread(request).state == RequestState.REJECTED


def test_a_newer_evaluation_with_another_result_stops_the_concluding_vote(prepared: Prepared) -> None:
    cast, request = prepared.here.cast, open_request(prepared)
    scores_of(cast, request.revision, accepted_attacks=9)
    evaluated(cast, request.revision)

    with pytest.raises(OverrideEnded, match="another result"):
        voted(cast.approver, request, acknowledge=PAST)

    allowed, why = may_vote(actor(cast.approver), reread(request))
    assert not allowed
    assert "another result" in why
    assert any("another result" in warning for warning in warnings_of(reread(request)))


def test_the_last_of_two_votes_falls_while_the_override_is_in_force(prepared: Prepared) -> None:
    cast = prepared.here.cast
    enacted(cast, *TWO_SEATS)
    request = open_request(prepared)
    voted(cast.approver, request, acknowledge=PAST)
    withdraw_override(actor(cast.qa_lead), override=Override.objects.get(), reason="More data came")

    with pytest.raises(OverrideEnded):
        voted(cast.approver_two, request, acknowledge=PAST)

    assert reread(request).votes.count() == 1
    assert not Approval.objects.exists()


def test_an_override_that_expires_later_undoes_no_approval(prepared: Prepared) -> None:
    request = open_request(prepared)
    voted(prepared.here.cast.approver, request, acknowledge=PAST)

    with time_machine.travel(timezone.now() + timedelta(hours=80), tick=True):
        said = gate_in_words(reread(request), timezone.now())

    assert "the override expired on" in said
    assert Revision.objects.get(id=request.revision_id).state == RevisionState.APPROVED


def test_after_the_override_ended_a_new_one_and_a_new_request_go_on(prepared: Prepared) -> None:
    cast, request = prepared.here.cast, open_request(prepared)
    withdraw_override(actor(cast.qa_lead), override=Override.objects.get(), reason="The reason was thin")
    withdraw_request(actor(cast.author), request=request, reason="Ask again")
    revision = Revision.objects.select_related("release__system").get(id=request.revision_id)
    given(cast.qa_lead, revision, reason="The masks came back.")

    voted(cast.approver, requested(prepared.here, revision), acknowledge=PAST)

    assert Revision.objects.get(id=revision.id).state == RevisionState.APPROVED


def test_a_preview_says_that_an_override_lets_it_be_asked_for(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    before = preview_seats(revision)
    given(prepared.here.cast.qa_lead, revision)

    after = preview_seats(revision)

    assert [refusal.code for refusal in before.refusals] == ["gate_not_passed"]
    assert after.can_be_requested


def test_voters_are_told_that_the_gate_is_overridden(prepared: Prepared) -> None:
    open_request(prepared)

    told = Notification.objects.get(event="approval.requested", account=prepared.here.cast.approver)
    assert told.context["sentence"].startswith("Gate: inconclusive, overridden until")


def test_votes_are_taken_no_longer_than_the_override_lasts_and_the_mail_says_so(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    override = given(cast.qa_lead, revision, valid_hours=1)

    request = requested(prepared.here, revision)

    told = Notification.objects.get(event="approval.requested", account=cast.approver)
    assert request.deadline_at == override.expires_at
    assert told.context["until"] == "when the override of its gate ends"
    assert (
        f"until {override.expires_at:%-d %B %Y, %H:%M} UTC, when the override of its gate ends."
        in text_of(told)
    )


def test_a_deadline_after_the_end_of_the_override_is_refused(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    given(prepared.here.cast.qa_lead, revision, valid_hours=1)

    with pytest.raises(InvalidInput, match="after the override's end") as refusal:
        requested(prepared.here, revision, deadline_at=timezone.now() + timedelta(hours=2))

    assert refusal.value.field_errors[0].field == "deadline_at"
    assert not ApprovalRequest.objects.filter(revision=revision).exists()


def test_those_concerned_are_told_of_an_override(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)

    given(cast.qa_lead, revision)

    told = set(
        Notification.objects.filter(event="override.given").values_list("account__username", flat=True)
    )
    assert told == {"author", "approver", "approver_two"}


def test_those_who_could_be_the_second_person_are_asked(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, failing(prepared.here)

    confirmed(cast.approver, cast.security_all, revision)

    asked = Notification.objects.filter(event="proposal.stored", context__act__icontains="past its gate")
    assert set(asked.values_list("account__username", flat=True)) == {"approver_two", "security_all"}
