"""Requesting approval: what is kept, and every way in which a revision is not ready for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.access.granting import revoke_grant
from governance.access.models import Grant
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.errors import InvalidInput
from governance.ledger.canonical import digest_of
from governance.ledger.models import Blob, Entry
from governance.ledger.queries import entry_of
from governance.registry.components import revoke_component
from releases.approvals.grounds import GateNotPassed
from releases.approvals.models import ApprovalRequest, RequestState
from releases.approvals.queries import seats
from releases.approvals.requesting import AlreadyRequested, ComponentIsRevoked
from releases.approvals.services import request_approval, withdraw_request
from releases.approvals.snapshots import NoRuleMatches, TooFewApprovers
from releases.bundles.lifecycle import WrongState
from releases.bundles.models import Revision, RevisionState
from releases.bundles.services import edit_release, withdraw_release
from releases.bundles.steps import NotNewestRevision
from releases.gates.runs.evaluation import fail_evaluation, request_evaluation
from tests.factories.approvals import World, candidate, enacted, next_content, requested, voted
from tests.factories.bundles import draft, frozen
from tests.factories.cast import actor, grant, operator, person, system_with_channels
from tests.factories.gates import engine
from tests.factories.worlds import Prepared


def reread(revision: Revision) -> Revision:
    return Revision.objects.select_related("release__system").get(id=revision.id)


def test_a_request_moves_the_revision_into_review_and_asks_for_one_approver(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    (seat,) = seats(request)
    assert reread(prepared.candidate).state == RevisionState.IN_REVIEW
    assert (seat.role, seat.vote) == ("approver", None)
    assert seat.eligible == ("approver", "approver_two")
    assert request.deadline_at - request.requested_at == timedelta(hours=72)
    assert {row.channel.name for row in request.channel_rows.all()} == {"android", "ios", "mobile_web"}


def test_the_review_digest_is_of_manifest_result_and_rules(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    assert request.review_digest == digest_of(
        {
            "manifest_digest": prepared.candidate.manifest_digest,
            "result_digest": request.evaluation.result_digest,
            "rule_snapshot": digest_of(request.rule_snapshot),
        }
    )
    assert Blob.objects.filter(digest=digest_of(request.rule_snapshot)).exists()
    assert request.rule_snapshot["eligible"] == {"default": ["approver", "approver_two"]}
    assert set(map(tuple, request.rule_snapshot["categories"].values())) == {("other",)}


def test_a_request_is_recorded_in_its_own_stream_and_in_the_releases(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    own = entry_of(request.stream(), "approval.requested")
    consequence = entry_of(request.release.stream(), "approval.requested")
    assert own is not None
    assert consequence is not None
    assert consequence.document["refs"]["cause"] == str(own.id)
    assert own.document["refs"]["review"] == request.review_digest
    assert own.document["after"]["owner"] == "author"
    assert own.document["after"]["rollback_owner"] == "release_manager"


def test_a_request_may_name_some_of_the_channels(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate, "android")

    assert [row.channel.name for row in request.channel_rows.all()] == ["android"]
    assert len(request.rule_snapshot["categories"]) == 1


@pytest.mark.parametrize("who", ["qa_lead", "approver", "release_manager", "auditor", "admin", "stranger"])
def test_a_request_takes_the_permission(prepared: Prepared, who: str) -> None:
    account = getattr(prepared.here.cast, who)

    with pytest.raises(PermissionDenied):
        request_approval(actor(account), revision=prepared.candidate)

    assert not ApprovalRequest.objects.exists()


def test_an_author_of_another_system_cannot_request(prepared: Prepared) -> None:
    other = system_with_channels("payments-liveness")
    foreigner = person("foreign_author")
    grant(foreigner, Role.AUTHOR, system=other)

    with pytest.raises(PermissionDenied):
        request_approval(actor(foreigner), revision=prepared.candidate)


def test_a_draft_is_not_requested(prepared: Prepared) -> None:
    revision = draft(prepared.here.cast, next_content(prepared.here, "9"), name="v9")

    with pytest.raises(WrongState) as refusal:
        requested(prepared.here, revision)

    assert refusal.value.next_step == "Freeze it and have it evaluated first."


def test_a_withdrawn_revision_is_not_requested(prepared: Prepared) -> None:
    author = actor(prepared.here.cast.author)
    withdraw_release(author, revision=prepared.candidate, reason="Not needed")

    with pytest.raises(WrongState, match="withdrawn"):
        requested(prepared.here, prepared.candidate)


def test_an_old_revision_is_not_requested(prepared: Prepared) -> None:
    content = next_content(prepared.here, "9")
    edit_release(actor(prepared.here.cast.author), revision=prepared.candidate, content=content)

    with pytest.raises(NotNewestRevision, match="followed by revision 2"):
        requested(prepared.here, prepared.candidate)


def test_a_revision_under_review_is_not_requested_again(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)

    with pytest.raises(AlreadyRequested, match="open request"):
        requested(prepared.here, prepared.candidate)


def test_a_revision_that_was_never_evaluated_is_not_requested(prepared: Prepared) -> None:
    revision = frozen(prepared.here.cast, next_content(prepared.here, "9"), name="v9")

    with pytest.raises(GateNotPassed, match="never evaluated"):
        requested(prepared.here, revision)


def test_a_revision_that_failed_the_gate_is_not_requested(prepared: Prepared) -> None:
    revision = candidate(prepared.here, "9", accepted_attacks=40)

    with pytest.raises(GateNotPassed, match="is fail"):
        requested(prepared.here, revision)

    assert reread(revision).state == RevisionState.FROZEN


def test_an_inconclusive_verdict_is_no_pass(prepared: Prepared) -> None:
    revision = candidate(prepared.here, "9", accepted_attacks=8)

    with pytest.raises(GateNotPassed, match="is inconclusive"):
        requested(prepared.here, revision)


def test_the_newest_evaluation_counts_also_while_it_runs(prepared: Prepared) -> None:
    request_evaluation(actor(prepared.here.cast.author), revision=prepared.candidate)

    with pytest.raises(GateNotPassed, match="is running"):
        requested(prepared.here, prepared.candidate)


def test_an_evaluation_that_ended_with_an_error_is_no_pass(prepared: Prepared) -> None:
    evaluation = request_evaluation(actor(prepared.here.cast.author), revision=prepared.candidate)
    fail_evaluation(engine(), evaluation=evaluation, error="the blob is damaged")

    with pytest.raises(GateNotPassed, match="counts as inconclusive: the blob is damaged"):
        requested(prepared.here, prepared.candidate)


def test_a_revoked_component_stops_the_request(prepared: Prepared) -> None:
    model = prepared.candidate.slots.get(slot="model").component
    revoke_component(actor(prepared.here.cast.security_all), component=model, reason="It was poisoned")

    with pytest.raises(ComponentIsRevoked, match="It was poisoned"):
        requested(prepared.here, prepared.candidate)


def test_no_rule_for_the_change_is_a_refusal(prepared: Prepared) -> None:
    enacted(
        prepared.here.cast,
        {"key": "fusion", "title": "Fusion", "categories": ["new_fusion_logic"], "role": "approver"},
    )

    with pytest.raises(NoRuleMatches, match=r"None of the 1 rules .* with these changes: other"):
        requested(prepared.here, prepared.candidate)


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ([{"key": "three", "title": "Three approvers", "role": "approver", "count": 3}], "Three approvers"),
        (
            [
                {"key": "a", "title": "Approvers", "role": "approver", "count": 2},
                {"key": "b", "title": "Manager", "people": ["approver"]},
            ],
            "Manager",
        ),
        ([{"key": "p", "title": "By name", "people": ["author"]}], "By name"),
        ([{"key": "p", "title": "By name", "people": ["admin"]}], "By name"),
        ([{"key": "p", "title": "By name", "people": ["security_reviewer"]}], "By name"),
    ],
    ids=["too few", "one person for two rules", "a contributor", "an administrator", "one channel only"],
)
def test_a_request_that_could_never_be_met_is_refused_naming_the_rule(
    prepared: Prepared, rules: list[dict[str, object]], named: str
) -> None:
    enacted(prepared.here.cast, *rules)

    with pytest.raises(TooFewApprovers, match=named):
        requested(prepared.here, prepared.candidate)


def test_whoever_requests_is_not_counted_as_a_voter(prepared: Prepared) -> None:
    cast = prepared.here.cast
    grant(cast.approver_two, Role.AUTHOR, system=cast.system)
    left = Grant.objects.get(account=cast.approver, role=Role.APPROVER)
    revoke_grant(actor(cast.admin), grant=left, reason="Left the team")

    with pytest.raises(TooFewApprovers, match="'One approver'"):
        request_approval(actor(cast.approver_two), revision=prepared.candidate)


def test_a_channel_that_the_release_does_not_touch_is_named(prepared: Prepared) -> None:
    other = system_with_channels("payments-liveness", ["kiosk"])

    with pytest.raises(InvalidInput, match=r"channels: .* does not touch kiosk"):
        request_approval(
            actor(prepared.here.cast.author), revision=prepared.candidate, channels=other.channels.all()
        )


@pytest.mark.parametrize("offset", [timedelta(hours=-1), timedelta(days=91)])
def test_a_deadline_lies_ahead_and_not_too_far(prepared: Prepared, offset: timedelta) -> None:
    with pytest.raises(InvalidInput, match="deadline_at"):
        requested(prepared.here, prepared.candidate, deadline_at=timezone.now() + offset)


def test_an_approved_revision_is_not_requested_again_where_its_approval_counts(prepared: Prepared) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate, "android"))

    with pytest.raises(AlreadyRequested, match="approved for android"):
        requested(prepared.here, prepared.candidate, "android")


def test_an_approved_revision_is_requested_for_further_channels_and_keeps_its_state(
    prepared: Prepared,
) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate, "android"))

    request = requested(prepared.here, prepared.candidate)

    assert {row.channel.name for row in request.channel_rows.all()} == {"ios", "mobile_web"}
    assert reread(prepared.candidate).state == RevisionState.APPROVED


def test_withdrawing_gives_the_revision_back(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    ended = withdraw_request(actor(prepared.here.cast.author), request=request, reason="A mistake")

    assert (ended.state, ended.closing_reason) == (RequestState.WITHDRAWN, "A mistake")
    assert reread(prepared.candidate).state == RevisionState.FROZEN
    assert entry_of(request.release.stream(), "approval_request.withdrawn") is not None


@pytest.mark.parametrize("who", ["approver", "qa_lead", "integration", "admin", "stranger"])
def test_only_authors_withdraw(prepared: Prepared, who: str) -> None:
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(PermissionDenied):
        withdraw_request(actor(getattr(prepared.here.cast, who)), request=request, reason="No")

    assert ApprovalRequest.objects.get().state == RequestState.OPEN


def test_withdrawing_takes_a_reason(prepared: Prepared) -> None:
    request = requested(prepared.here, prepared.candidate)

    with pytest.raises(InvalidInput, match="reason"):
        withdraw_request(actor(prepared.here.cast.author), request=request, reason=" ")


def test_a_new_request_closes_one_that_a_change_has_overtaken(prepared: Prepared) -> None:
    here = prepared.here
    old = requested(here, prepared.candidate)
    other = candidate_revision(here, prepared.candidate)

    new = requested(here, other)

    old.refresh_from_db()
    voided = entry_of(old.stream(), "approval_request.voided")
    assert old.state == RequestState.VOID
    assert new.state == RequestState.OPEN
    assert voided is not None
    assert voided.document["refs"]["cause"] == str(Entry.objects.get(stream=new.stream()).id)


def candidate_revision(here: World, revision: Revision) -> Revision:
    """A second revision of the release, evaluated anew."""
    return candidate(here, "2", follows=revision)


def test_the_operator_at_the_shell_cannot_request(prepared: Prepared) -> None:
    with pytest.raises(PermissionDenied):
        request_approval(operator(), revision=prepared.candidate)
