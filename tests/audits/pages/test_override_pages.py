"""Overrides on the screens: offered to those who may, shown with every verdict, acknowledged in votes."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from governance.access.admin_base import admin_url
from governance.access.models import Proposal
from releases.approvals.models import ApprovalRequest, Vote
from releases.bundles.models import Release, Revision
from releases.gates.models import GateEvaluation, Override
from releases.gates.overrides.queries import failing_criteria
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.approvals import requested
from tests.factories.http import signed_in, with_token
from tests.factories.overrides import WHY, confirmed, failing, given, newest, proposed, undecided
from tests.factories.worlds import Prepared


def brief(revision: Revision) -> str:
    return reverse("admin:review", args=[revision.pk])


def act(name: str, revision: Revision, *more: object) -> str:
    return reverse(f"admin:{name}", args=[revision.pk, *more])


def fields(revision: Revision) -> dict[str, object]:
    """What the form takes beside its hidden fields."""
    return {
        "criteria": list(failing_criteria(newest(revision).result)),
        "channels": [str(one.pk) for one in revision.channels.all()],
        "reason": WHY,
        "valid_hours": 24,
    }


@pytest.mark.parametrize(
    ("name", "offers"),
    [
        ("qa_lead", {"Override"}),
        ("approver", {"Override", "Expedite"}),
        ("security_all", {"Expedite"}),
        ("author", set()),
        ("release_manager", set()),
        ("auditor", set()),
    ],
)
def test_the_brief_offers_the_override_to_those_who_may_and_no_vote(
    prepared: Prepared, name: str, offers: set[str]
) -> None:
    page = signed_in(getattr(prepared.here.cast, name)).get(brief(undecided(prepared.here)))

    assert {offer.label for offer in page.context["offers"]} == offers


def test_past_a_fail_the_brief_offers_to_propose(prepared: Prepared) -> None:
    page = signed_in(prepared.here.cast.approver).get(brief(failing(prepared.here)))

    assert [offer.label for offer in page.context["offers"]] == ["Expedite", "Propose override"]


def test_a_qa_lead_overrides_an_inconclusive_gate_from_the_brief(prepared: Prepared) -> None:
    revision = undecided(prepared.here)

    page = submitted(
        signed_in(prepared.here.cast.qa_lead), act("review_override", revision), **fields(revision)
    )

    override = Override.objects.get()
    assert override.expires_at - override.given_at == timedelta(hours=24)
    assert "may go past its gate" in text_of(page)
    assert "The gate is inconclusive and is overridden, until" in text_of(page)
    assert "qa_lead answers for it" in text_of(page)


def test_leaving_a_criterion_out_is_said_beside_its_field(prepared: Prepared) -> None:
    revision = undecided(prepared.here)

    page = submitted(
        signed_in(prepared.here.cast.qa_lead),
        act("review_override", revision),
        **{**fields(revision), "criteria": ["apcer"]},
    )

    assert page.status_code == 409
    assert page.context["form"].errors["criteria"]
    assert not Override.objects.exists()


def test_one_proposes_and_another_confirms_on_the_brief(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, failing(prepared.here)
    first, second = signed_in(cast.approver), signed_in(cast.security_all)

    said = submitted(first, act("review_override", revision), **fields(revision))
    proposal = Proposal.objects.get(verb="override.given")
    own = text_of(first.get(brief(revision)))
    waiting = text_of(second.get(brief(revision)))
    done = submitted(second, act("review_override_confirm", revision, proposal.pk))

    assert "Another approver or security reviewer confirms it" in text_of(said)
    assert "must confirm it" in own
    assert "An override was proposed by approver" in waiting
    assert "approver and security_all answer for it" in text_of(done)
    assert Override.objects.get().confirmed_by_username == "security_all"


def test_the_inbox_of_who_could_confirm_names_the_proposal(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, failing(prepared.here)
    proposed(cast.approver, revision)

    assert "v6 is to be let past its gate" in text_of(
        signed_in(cast.security_all).get(reverse("admin:index"))
    )
    assert "let past its gate" not in text_of(signed_in(cast.approver).get(reverse("admin:index")))
    assert "let past its gate" not in text_of(signed_in(cast.qa_lead).get(reverse("admin:index")))


def test_a_proposal_of_another_revision_has_no_page(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, failing(prepared.here)
    proposal = proposed(cast.approver, revision)

    page = signed_in(cast.security_all).get(act("review_override_confirm", prepared.candidate, proposal.pk))

    assert page.status_code == 404


def test_the_approve_dialog_shows_what_must_be_acknowledged(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    given(cast.qa_lead, revision)
    requested(prepared.here, revision)
    url = act("review_vote", revision, "approve")
    client = signed_in(cast.approver)

    shown = text_of(client.get(url))
    refused = submitted(client, url, reason="Read it all")
    submitted(client, url, reason="Read it all", acknowledge=["override"])

    assert "The gate is inconclusive and is overridden by one person" in shown
    assert refused.status_code == 422
    assert Vote.objects.get().acknowledged[0]["code"] == "override"


def test_a_rejection_asks_for_no_acknowledgement(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    given(cast.qa_lead, revision)
    requested(prepared.here, revision)

    page = submitted(signed_in(cast.approver), act("review_vote", revision, "reject"), reason="Too thin")

    assert page.status_code == 200
    assert ApprovalRequest.objects.get(revision=revision).state == "rejected"


def test_every_page_that_shows_the_verdict_shows_the_override(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, failing(prepared.here)
    confirmed(cast.approver_two, cast.security_all, revision)
    requested(prepared.here, revision)
    client = signed_in(cast.approver)

    release = text_of(client.get(admin_url(Release, "change", revision.release_id)))
    assert "Overridden by two persons" in release
    assert "failed, overridden until" in release
    assert "gate failed, by approver_two and security_all, until" in release
    assert "Gate failed overridden until" in text_of(client.get(admin_url(Release, "changelist")))
    assert "Gate failed overridden until" in text_of(client.get(admin_url(GateEvaluation, "changelist")))
    assert "Failed, overridden until" in text_of(client.get(admin_url(ApprovalRequest, "changelist")))
    assert "Gate failed, overridden until" in text_of(client.get(reverse("admin:index")))
    assert "Overridden by two persons" in text_of(client.get(brief(revision)))


def test_what_is_expedited_says_so_beside_every_verdict(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, failing(prepared.here)
    confirmed(cast.approver_two, cast.security_all, revision, expedite=True)
    client, run = signed_in(cast.qa_lead), newest(revision)
    other = newest(prepared.candidate)

    compared = text_of(
        client.get(reverse("admin:evaluation_compare", args=[run.pk]), {"with": str(other.pk)})
    )
    answer = with_token(cast.qa_lead).get(f"/api/v1/gate-evaluations/{other.pk}/compare/?with={run.pk}")

    assert "Overridden, expedited" in compared
    assert "v6: failed, overridden until" in compared
    assert "v6 fails its gate; v1 passes its gate." in compared
    assert [one["standing"] for one in answer.json()["then"]["overrides"]] == ["in_force"]
    assert "expedited" in answer.json()["then"]["overrides"][0]["sentence"]
    assert answer.json()["now"]["overrides"] == []
    assert "by two persons, expedited" in text_of(client.get(admin_url(Release, "changelist")))
    assert "by two persons, expedited" in text_of(client.get(admin_url(GateEvaluation, "changelist")))
    assert "by two persons, expedited" in text_of(client.get(reverse("admin:index")))


def test_the_chip_counts_down_to_the_end_of_the_override(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    given(cast.qa_lead, revision, valid_hours=1)
    requested(prepared.here, revision)
    client = signed_in(cast.approver)

    assert "min left when the override ends" in text_of(client.get(brief(revision)))
    assert ", when the override ends" in text_of(client.get(reverse("admin:index")))


def test_the_release_page_unlocks_the_request_once_the_gate_is_overridden(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    url = admin_url(Release, "change", revision.release_id)
    client = signed_in(cast.author)
    before = {offer.label: offer.why for offer in client.get(url).context["offers"]}
    given(cast.qa_lead, revision)

    page = client.get(url)

    after = {offer.label: offer.why for offer in page.context["offers"]}
    assert before["Request approval"] == "The gate must pass first, or be overridden."
    assert after["Request approval"] == ""
    assert "may go past its gate. Ask for its approval." in text_of(page)


def test_an_expired_override_is_shown_as_over_and_offered_anew(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    given(cast.qa_lead, revision, valid_hours=1)

    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        page = signed_in(cast.qa_lead).get(brief(revision))

    assert "Override expired: the release was let past its gate" in text_of(page)
    assert [offer.label for offer in page.context["offers"]] == ["Override"]


def test_the_list_and_the_page_of_overrides(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    override = given(cast.qa_lead, revision)
    url = admin_url(Override, "change", override.pk)

    rows = text_of(signed_in(cast.auditor).get(admin_url(Override, "changelist")))
    page = signed_in(cast.approver).get(url)
    said = submitted(
        signed_in(cast.approver), admin_url(Override, "withdraw", override.pk), reason="More data came"
    )

    assert "v5, revision 1" in rows
    assert WHY in text_of(page)
    assert {offer.label for offer in page.context["offers"]} == {"Open the brief", "Withdraw override"}
    assert "is withdrawn" in text_of(said)


def test_nobody_outside_the_system_finds_an_override(prepared: Prepared) -> None:
    cast, revision = prepared.here.cast, undecided(prepared.here)
    override = given(cast.qa_lead, revision)
    client = signed_in(cast.stranger)

    assert "v5" not in text_of(client.get(admin_url(Override, "changelist")))
    assert client.get(admin_url(Override, "change", override.pk)).status_code == 404
    assert client.get(admin_url(Override, "withdraw", override.pk)).status_code == 404
    assert client.get(act("review_override", revision)).status_code == 404
