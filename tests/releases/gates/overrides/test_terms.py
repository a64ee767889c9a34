"""What an override must say: the newest result, all that does not pass, channels it touches, an end."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from governance.access.presence import NotInPerson, ReauthenticationNeeded
from governance.access.proposals import ProposalNotOpen
from governance.actors import Authentication, AuthMethod
from governance.errors import InvalidInput
from releases.bundles.lifecycle import WrongState
from releases.bundles.models import Revision
from releases.bundles.services import withdraw_release
from releases.bundles.steps import NotNewestRevision
from releases.gates.models import GateEvaluation, Override
from releases.gates.overrides.queries import override_in_force, stands_at
from releases.gates.overrides.services import (
    give_override,
)
from releases.gates.overrides.standing import Standing
from releases.gates.overrides.terms import AlreadyOverridden, EvidenceChanged, NothingToOverride
from releases.gates.runs.evaluation import fail_evaluation, request_evaluation
from tests.factories.approvals import evaluated, next_content, requested, scores_of
from tests.factories.bundles import draft, frozen, revised
from tests.factories.cast import actor
from tests.factories.gates import engine
from tests.factories.overrides import failing, given, proposed, terms, undecided
from tests.factories.worlds import Prepared

OTHER = "sha256:" + "0" * 64


def another_result(prepared: Prepared, revision: Revision) -> GateEvaluation:
    """A newer run of the revision that comes to another result: newer scores were imported."""
    scores_of(prepared.here.cast, revision, accepted_attacks=9)
    return evaluated(prepared.here.cast, revision)


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        ([], "do not pass either and are not named"),
        (["apcer"], "do not pass either and are not named"),
        (["apcer", "apcer_live", "apcer_pinned", "silence_live"], "do not stand in the way"),
        (["apcer", "apcer_live", "apcer_pinned", "bpcer_1914"], "no criteria of this evaluation"),
    ],
    ids=["none", "some", "a passing one", "an unknown one"],
)
def test_an_override_names_exactly_what_does_not_pass(
    prepared: Prepared, criteria: list[str], said: str
) -> None:
    revision = failing(prepared.here)

    with pytest.raises(InvalidInput, match=said) as refusal:
        proposed(prepared.here.cast.approver, revision, criteria=criteria)

    assert refusal.value.field_errors[0].field == "criteria"
    assert refusal.value.next_step


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("reason", {"reason": " "}),
        ("valid_hours", {"valid_hours": 0}),
        ("valid_hours", {"valid_hours": 73}),
        ("review_days", {"expedite": True, "review_days": 0}),
        ("review_days", {"expedite": True, "review_days": 31}),
        ("channels", {"channels": []}),
    ],
)
def test_terms_out_of_bounds_are_refused_by_name(
    prepared: Prepared, field: str, changes: dict[str, Any]
) -> None:
    revision = undecided(prepared.here)

    with pytest.raises(InvalidInput) as refusal:
        proposed(prepared.here.cast.approver, revision, **changes)

    assert [error.field for error in refusal.value.field_errors] == [field]


def test_a_channel_that_the_release_does_not_touch_is_refused(prepared: Prepared) -> None:
    here = prepared.here
    revision = frozen(here.cast, next_content(here, "8", channels=("android",)), name="v8")
    scores_of(here.cast, revision, accepted_attacks=8)
    evaluated(here.cast, revision)

    with pytest.raises(InvalidInput, match="does not touch"):
        given(here.cast.approver, revision, channels=[here.cast.channel("ios")])


def test_the_result_that_was_looked_at_is_the_newest(prepared: Prepared) -> None:
    revision = undecided(prepared.here)

    with pytest.raises(EvidenceChanged):
        given(prepared.here.cast.approver, revision, result_digest=OTHER)


def test_a_passed_gate_has_nothing_to_override(prepared: Prepared) -> None:
    with pytest.raises(NothingToOverride, match="passed its gate"):
        given(prepared.here.cast.approver, prepared.candidate)


def test_a_revision_that_was_never_evaluated_has_nothing_to_override(prepared: Prepared) -> None:
    revision = frozen(prepared.here.cast, next_content(prepared.here, "9"), name="v9")

    with pytest.raises(NothingToOverride, match="never evaluated"):
        give_override(actor(prepared.here.cast.approver), revision=revision, terms=terms(prepared.candidate))


def test_a_running_evaluation_is_waited_for(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    request_evaluation(actor(prepared.here.cast.author), revision=revision)

    with pytest.raises(NothingToOverride, match="is running"):
        given(prepared.here.cast.approver, revision)


def test_a_failed_run_alone_holds_nothing_to_look_at(prepared: Prepared) -> None:
    revision = frozen(prepared.here.cast, next_content(prepared.here, "9"), name="v9")
    run = request_evaluation(actor(prepared.here.cast.author), revision=revision)
    fail_evaluation(engine(), evaluation=run, error="the blob is damaged")

    with pytest.raises(NothingToOverride, match="nothing that a person could look at"):
        give_override(actor(prepared.here.cast.approver), revision=revision, terms=terms(prepared.candidate))


def test_after_a_failed_run_the_last_result_is_what_is_overridden(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    before = terms(revision)
    run = request_evaluation(actor(prepared.here.cast.author), revision=revision)
    fail_evaluation(engine(), evaluation=run, error="the blob is damaged")

    override = given(prepared.here.cast.approver, revision)

    assert override.result_digest == before.result_digest
    assert override.evaluation_id != run.id
    assert requested(prepared.here, revision).evaluation_id == override.evaluation_id


def test_a_failed_run_after_a_pass_is_run_again_and_not_overridden(prepared: Prepared) -> None:
    run = request_evaluation(actor(prepared.here.cast.author), revision=prepared.candidate)
    fail_evaluation(engine(), evaluation=run, error="the blob is damaged")

    with pytest.raises(NothingToOverride, match=r"last result .* is a pass"):
        given(prepared.here.cast.approver, prepared.candidate)


def test_a_gate_without_a_policy_has_no_criterion_to_name(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    run = GateEvaluation.objects.get(revision=revision)
    GateEvaluation.objects.filter(id=run.id).update(result={**run.result, "criteria": []})

    with pytest.raises(NothingToOverride, match="No criterion"):
        given(prepared.here.cast.approver, revision)


def test_only_a_frozen_revision_is_overridden(prepared: Prepared) -> None:
    here, revision = prepared.here, undecided(prepared.here)
    before = terms(revision)
    draft_of_it = draft(here.cast, next_content(here, "7"), name="v7")
    withdraw_release(actor(here.cast.author), revision=revision, reason="A mistake")

    with pytest.raises(WrongState, match="draft"):
        give_override(actor(here.cast.approver), revision=draft_of_it, terms=before)
    with pytest.raises(WrongState, match="withdrawn"):
        give_override(actor(here.cast.approver), revision=revision, terms=before)


def test_a_revision_under_review_is_not_overridden(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)

    with pytest.raises(WrongState, match="in review") as refusal:
        given(prepared.here.cast.approver, prepared.candidate)

    assert "Withdraw the open request" in refusal.value.next_step


def test_only_the_newest_revision_is_overridden(prepared: Prepared) -> None:
    here, revision = prepared.here, undecided(prepared.here)
    revised(here.cast, revision, next_content(here, "7"))

    with pytest.raises(NotNewestRevision):
        given(here.cast.approver, revision)


def test_one_override_of_a_result_is_in_force_at_a_time(prepared: Prepared) -> None:
    revision, cast = undecided(prepared.here), prepared.here.cast
    given(cast.qa_lead, revision)

    with pytest.raises(AlreadyOverridden, match="by qa_lead"):
        given(cast.approver, revision)

    assert Override.objects.count() == 1


def test_an_override_expires_on_the_hour_it_names(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    override = given(prepared.here.cast.approver, revision, valid_hours=3)

    just_before = override.expires_at - timedelta(microseconds=1)

    assert stands_at(override, just_before) is Standing.IN_FORCE
    assert stands_at(override, override.expires_at) is Standing.EXPIRED
    assert override_in_force(revision, just_before) == override
    assert override_in_force(revision, override.expires_at) is None


def test_another_override_follows_one_that_expired(prepared: Prepared) -> None:
    revision, approver = undecided(prepared.here), prepared.here.cast.approver
    given(approver, revision, valid_hours=1)

    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        second = give_override(actor(approver), revision=revision, terms=terms(revision))

    assert Override.objects.count() == 2
    assert second.expires_at > timezone.now() + timedelta(hours=72)


def test_a_newer_evaluation_with_another_result_ends_an_override(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    override = given(prepared.here.cast.approver, revision)

    another_result(prepared, revision)

    assert stands_at(override, timezone.now()) is Standing.OUTDATED
    assert override_in_force(revision, timezone.now()) is None


def test_a_newer_evaluation_with_the_same_result_ends_nothing(prepared: Prepared) -> None:
    revision = undecided(prepared.here)
    override = given(prepared.here.cast.approver, revision)

    evaluated(prepared.here.cast, revision)

    assert override_in_force(revision, timezone.now()) == override


def test_a_proposal_dies_with_the_result_it_was_made_for(prepared: Prepared) -> None:
    revision, cast = failing(prepared.here), prepared.here.cast
    proposal = proposed(cast.approver, revision)
    before = terms(revision)
    scores_of(cast, revision, accepted_attacks=45)
    evaluated(cast, revision)

    with pytest.raises(EvidenceChanged):
        give_override(actor(cast.security_all), revision=revision, terms=before, proposal=proposal.id)


def test_a_proposal_dies_after_a_day(prepared: Prepared) -> None:
    revision, cast = failing(prepared.here), prepared.here.cast
    proposal = proposed(cast.approver, revision)

    with (
        time_machine.travel(timezone.now() + timedelta(hours=25), tick=True),
        pytest.raises(ProposalNotOpen, match="expired"),
    ):
        give_override(
            actor(cast.security_all), revision=revision, terms=terms(revision), proposal=proposal.id
        )


@pytest.mark.parametrize(
    ("auth", "error"),
    [
        (Authentication(AuthMethod.TOKEN, scopes=frozenset({"read", "approvals:vote"})), NotInPerson),
        (Authentication(AuthMethod.SESSION, proved_at=None), ReauthenticationNeeded),
    ],
    ids=["token", "old session"],
)
def test_an_override_takes_the_same_proof_as_a_vote(
    prepared: Prepared, auth: Authentication, error: type[Exception]
) -> None:
    revision = undecided(prepared.here)
    weak = actor(prepared.here.cast.approver).__class__(
        **{**vars(actor(prepared.here.cast.approver)), "auth": auth}
    )

    with pytest.raises(error):
        give_override(weak, revision=revision, terms=terms(revision))
