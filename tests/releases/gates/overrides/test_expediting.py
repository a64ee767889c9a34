"""An active attack: two persons at once, whatever the gate says, and a third who looks back at it."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from governance.access.models import Proposal
from governance.access.queries import PermissionDenied
from governance.access.roles import Role
from governance.errors import InvalidInput
from governance.ledger.queries import entry_of
from releases.bundles.models import Revision
from releases.gates.models import Override
from releases.gates.overrides.people import GiverIsContributor
from releases.gates.overrides.reviewing import NothingToReview, ReviewerGaveIt, review_expedite
from releases.gates.overrides.services import OverrideNeedsSecondPerson, submit_override
from tests.factories.approvals import requested, voted
from tests.factories.cast import actor, grant
from tests.factories.overrides import confirmed, failing, given, terms, undecided
from tests.factories.worlds import Prepared

LOOKED = "The masks were real; the subjects were brought afterwards."


def expedited(prepared: Prepared, revision: Revision, **changes: object) -> Override:
    cast = prepared.here.cast
    return confirmed(cast.approver, cast.security_all, revision, expedite=True, **changes)


def used(prepared: Prepared, revision: Revision) -> Override:
    """An expedite under which the revision was approved by a second approver."""
    override = expedited(prepared, revision)
    voted(prepared.here.cast.approver_two, requested(prepared.here, revision), acknowledge=["override"])
    return override


def test_an_expedite_takes_two_persons_also_past_an_inconclusive_gate(prepared: Prepared) -> None:
    revision = undecided(prepared.here)

    with pytest.raises(OverrideNeedsSecondPerson):
        given(prepared.here.cast.approver, revision, expedite=True)
    override = expedited(prepared, revision)

    assert (override.expedite, override.verdict) == (True, "inconclusive")
    assert override.confirmed_by_username == "security_all"


def test_a_qa_lead_alone_overrides_but_does_not_expedite(prepared: Prepared) -> None:
    with pytest.raises(PermissionDenied):
        given(prepared.here.cast.qa_lead, undecided(prepared.here), expedite=True)


def test_expediting_is_proposed_first(prepared: Prepared) -> None:
    revision = undecided(prepared.here)

    found = submit_override(
        actor(prepared.here.cast.approver), revision=revision, terms=terms(revision, expedite=True)
    )

    assert isinstance(found, Proposal)
    assert found.arguments["expedite"] is True


def test_the_review_is_due_in_a_week_unless_said_otherwise(prepared: Prepared) -> None:
    by_default = expedited(prepared, undecided(prepared.here))
    in_two_days = expedited(prepared, failing(prepared.here), review_days=2)

    assert by_default.review_due_at == by_default.given_at + timedelta(days=7)
    assert in_two_days.review_due_at == in_two_days.given_at + timedelta(days=2)


def test_an_override_that_is_no_expedite_has_no_review(prepared: Prepared) -> None:
    override = given(prepared.here.cast.qa_lead, undecided(prepared.here))

    assert override.review_due_at is None
    with pytest.raises(NothingToReview, match="no expedite"):
        review_expedite(actor(prepared.here.cast.approver), override=override, conclusion=LOOKED)


@pytest.mark.parametrize("name", ["qa_lead", "approver_two"])
def test_a_third_person_reviews_what_was_expedited(prepared: Prepared, name: str) -> None:
    override = used(prepared, undecided(prepared.here))

    reviewed = review_expedite(actor(getattr(prepared.here.cast, name)), override=override, conclusion=LOOKED)

    assert (reviewed.reviewed_by_username, reviewed.review_conclusion) == (name, LOOKED)
    entry = entry_of(override.stream(), "expedite.reviewed")
    told = entry_of(override.release.stream(), "expedite.reviewed")
    assert entry is not None
    assert told is not None
    assert entry.document["reason"] == LOOKED


@pytest.mark.parametrize("name", ["approver", "security_all"])
def test_neither_of_the_two_who_gave_it_reviews_it(prepared: Prepared, name: str) -> None:
    override = used(prepared, undecided(prepared.here))

    with pytest.raises(ReviewerGaveIt):
        review_expedite(actor(getattr(prepared.here.cast, name)), override=override, conclusion=LOOKED)


@pytest.mark.parametrize("name", ["author", "release_manager", "auditor", "admin", "security_reviewer"])
def test_others_do_not_review_it(prepared: Prepared, name: str) -> None:
    override = used(prepared, undecided(prepared.here))

    with pytest.raises(PermissionDenied):
        review_expedite(actor(getattr(prepared.here.cast, name)), override=override, conclusion=LOOKED)


def test_a_contributor_does_not_review_it(prepared: Prepared) -> None:
    cast = prepared.here.cast
    override = used(prepared, undecided(prepared.here))
    grant(cast.author, Role.APPROVER, system=cast.system)

    with pytest.raises(GiverIsContributor):
        review_expedite(actor(cast.author), override=override, conclusion=LOOKED)


def test_there_is_nothing_to_review_before_an_approval_rests_on_it(prepared: Prepared) -> None:
    override = expedited(prepared, undecided(prepared.here))

    with pytest.raises(NothingToReview, match="nothing has come of it"):
        review_expedite(actor(prepared.here.cast.qa_lead), override=override, conclusion=LOOKED)


def test_it_is_reviewed_once_and_also_after_it_expired(prepared: Prepared) -> None:
    override = used(prepared, undecided(prepared.here))
    later = timezone.now() + timedelta(days=9)

    with time_machine.travel(later, tick=True):
        qa_lead = actor(prepared.here.cast.qa_lead)
        review_expedite(qa_lead, override=override, conclusion=LOOKED)
        with pytest.raises(NothingToReview, match="qa_lead reviewed it"):
            review_expedite(actor(prepared.here.cast.approver_two), override=override, conclusion=LOOKED)


def test_a_review_says_what_it_came_to(prepared: Prepared) -> None:
    override = used(prepared, undecided(prepared.here))

    with pytest.raises(InvalidInput, match="conclusion"):
        review_expedite(actor(prepared.here.cast.qa_lead), override=override, conclusion="  ")
