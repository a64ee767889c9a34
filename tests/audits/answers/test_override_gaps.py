"""Gaps that overrides leave: in force, run out under a live release, an expedite not looked back at."""

from datetime import timedelta

import time_machine
from django.utils import timezone

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import Gap, gaps_visible_to
from governance.access.models import Account
from releases.bundles.models import Revision
from releases.gates.models import Override
from releases.gates.overrides.reviewing import review_expedite
from releases.gates.overrides.services import withdraw_override
from tests.factories.approvals import evaluated, next_content, requested, scores_of, voted
from tests.factories.bundles import revised
from tests.factories.cast import actor
from tests.factories.http import with_token
from tests.factories.overrides import confirmed, given, undecided
from tests.factories.rollouts import started
from tests.factories.worlds import Prepared

OF_OVERRIDES = {"override_in_force", "override_expired", "expedite_review_due", "expedite_review_overdue"}


def open_of_overrides(account: Account) -> dict[str, Gap]:
    found = gaps_visible_to(actor(account))
    return {gap.kind.value: gap for gap in found if gap.kind.value in OF_OVERRIDES}


def approved_past(prepared: Prepared, *, expedite: bool = False) -> Revision:
    """A release approved past its gate: by one person's override, or expedited by two."""
    cast, revision = prepared.here.cast, undecided(prepared.here)
    if expedite:
        confirmed(cast.approver_two, cast.security_all, revision, expedite=True)
    else:
        given(cast.qa_lead, revision)
    voted(cast.approver, requested(prepared.here, revision), acknowledge=["override"])
    return Revision.objects.select_related("release__system").get(id=revision.id)


def test_an_override_in_force_is_a_gap_with_who_answers_for_it(prepared: Prepared) -> None:
    cast = prepared.here.cast
    override = given(cast.qa_lead, undecided(prepared.here))

    gap = open_of_overrides(cast.auditor)["override_in_force"]

    assert gap.owner == "qa_lead"
    assert gap.since == override.given_at
    assert "inconclusive, overridden until" in gap.found
    assert [one.name for one in gap.channels] == ["android", "ios", "mobile_web"]


def test_a_withdrawn_or_unused_expired_override_leaves_no_gap(prepared: Prepared) -> None:
    cast = prepared.here.cast
    override = given(cast.qa_lead, undecided(prepared.here), valid_hours=1)

    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        after_expiry = open_of_overrides(cast.auditor)
    withdraw_override(actor(cast.qa_lead), override=override, reason="More data came")

    assert after_expiry == {}
    assert open_of_overrides(cast.auditor) == {}


def test_an_override_of_a_revision_that_was_replaced_leaves_no_gap(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    given(cast.qa_lead, revision)
    revised(cast, revision, next_content(prepared.here, "7"))

    assert open_of_overrides(cast.auditor) == {}


def test_an_override_that_ran_out_under_a_live_release_is_a_gap(prepared: Prepared) -> None:
    revision = approved_past(prepared)
    started(prepared.here, revision, "android")

    with time_machine.travel(timezone.now() + timedelta(hours=80), tick=True):
        found = open_of_overrides(prepared.here.cast.auditor)

    assert set(found) == {"override_expired"}
    assert [one.name for one in found["override_expired"].channels] == ["android"]
    assert found["override_expired"].since == Override.objects.get().expires_at


def test_a_gate_that_passes_after_all_closes_it(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, approved_past(prepared)
    started(prepared.here, revision, "android")
    scores_of(cast, revision, accepted_attacks=0)
    evaluated(cast, revision)

    with time_machine.travel(timezone.now() + timedelta(hours=80), tick=True):
        assert open_of_overrides(cast.auditor) == {}


def test_the_review_of_an_expedite_is_due_then_overdue_then_done(prepared: Prepared) -> None:
    cast = prepared.here.cast
    approved_past(prepared, expedite=True)

    due = open_of_overrides(cast.auditor)
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=True):
        overdue = open_of_overrides(cast.auditor)
    review_expedite(actor(cast.qa_lead), override=Override.objects.get(), conclusion="Right so.")
    done = open_of_overrides(cast.auditor)

    assert set(due) == {"override_in_force", "expedite_review_due"}
    assert set(overdue) == {"expedite_review_overdue"}
    assert "the review was due on" in overdue["expedite_review_overdue"].found
    assert set(done) == {"override_in_force"}


def test_an_expedite_of_which_nothing_has_come_is_not_reviewed(prepared: Prepared) -> None:
    cast = prepared.here.cast
    confirmed(cast.approver, cast.security_all, undecided(prepared.here), expedite=True)

    assert set(open_of_overrides(cast.auditor)) == {"override_in_force"}


def test_a_reviewer_of_one_channel_sees_the_gap_there_and_a_stranger_none(prepared: Prepared) -> None:
    cast = prepared.here.cast
    given(cast.qa_lead, undecided(prepared.here))

    gap = open_of_overrides(cast.security_reviewer)["override_in_force"]

    assert [one.name for one in gap.channels] == ["mobile_web"]
    assert open_of_overrides(cast.stranger) == {}


def test_the_interface_names_the_override_and_its_owner(prepared: Prepared) -> None:
    cast = prepared.here.cast
    override = given(cast.qa_lead, undecided(prepared.here))

    answer = with_token(cast.auditor).get("/api/v1/gaps/", {"kind": GapKind.OVERRIDE_IN_FORCE.value}).json()

    assert answer["count"] == 1
    assert answer["results"][0]["override"] == str(override.id)
    assert answer["results"][0]["owner"] == "qa_lead"
