"""The review brief, and voting from it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.access.requests import PROVED_AT
from governance.ledger.models import Entry
from releases.approvals.models import Vote
from releases.bundles.models import Revision
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.approvals import candidate, requested
from tests.factories.cast import PASSWORD, system_with_channels
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared

DECISIONS = ("approve", "reject", "request-changes")


def brief_url(revision: Revision) -> str:
    return reverse("admin:review", args=[revision.pk])


def vote_url(revision: Revision, decision: str) -> str:
    return reverse("admin:review_vote", args=[revision.pk, decision])


def an_hour_ago(client: Client) -> Client:
    session = client.session
    session[PROVED_AT] = (timezone.now() - timedelta(hours=1)).isoformat()
    session.save()
    return client


def test_the_brief_leads_with_the_verdict_and_shows_what_changed(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)

    page = text_of(signed_in(prepared.here.cast.approver).get(brief_url(prepared.candidate)))

    assert "v1 passes its gate: all 5 lines hold." in page
    assert "What changes against baseline on android and ios and mobile_web" in page
    assert "live_1" in page
    assert "Unchanged:" in page
    assert "You vote for: One approver." in page
    assert "Your seat" in page


def test_the_brief_holds_every_count_and_digest(prepared: Prepared) -> None:
    response = signed_in(prepared.here.cast.auditor).get(brief_url(prepared.candidate))

    evaluation = prepared.candidate.evaluations.get()
    body = response.content.decode()
    line = evaluation.result["criteria"][0]["strata"][0]
    assert evaluation.result_digest in body
    assert prepared.candidate.manifest_digest in body
    assert f"{line['upper']:.4f}" in body
    assert body.count('role="img"') > 5


def test_every_picture_has_a_sentence(prepared: Prepared) -> None:
    body = signed_in(prepared.here.cast.auditor).get(brief_url(prepared.candidate)).content.decode()

    labels = re.findall(r'role="img" aria-label="([A-Z][^"]{20,})"', body)
    assert len(labels) == body.count('role="img"') > 10


def test_the_brief_of_a_fail_says_not_to_approve(prepared: Prepared) -> None:
    failing = candidate(prepared.here, "9", accepted_attacks=40)

    page = text_of(signed_in(prepared.here.cast.approver).get(brief_url(failing)))

    assert "Gate failed" in page
    assert "Do not approve v9 as it stands. It accepts print attacks" in page
    assert "No request for approval." in page


@pytest.mark.parametrize(
    ("role", "because"),
    [
        ("author", "drafted onboarding-liveness v1 and cannot decide about it."),
        ("admin", "administers onboarding-liveness"),
        ("security_all", "No seat of this request is for security_all."),
        ("auditor", "may not vote here"),
    ],
)
def test_a_locked_button_says_why(prepared: Prepared, role: str, because: str) -> None:
    requested(prepared.here, prepared.candidate)

    page = text_of(signed_in(getattr(prepared.here.cast, role)).get(brief_url(prepared.candidate)))

    assert "Not your vote." in page
    assert because in page


def test_a_vote_is_cast_and_shown_with_its_place_in_the_ledger(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)
    client = signed_in(prepared.here.cast.approver)

    response = submitted(client, vote_url(prepared.candidate, "approve"), reason="Fewer masks pass.")

    page = text_of(response)
    assert response.redirect_chain[-1][0] == brief_url(prepared.candidate)
    assert "You approved v1." in page
    assert "Fewer masks pass." in page
    vote = Vote.objects.get()
    assert (vote.decision, vote.username) == ("approve", "approver")
    assert vote.review_digest == vote.request.review_digest


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_vote_takes_a_reason(prepared: Prepared, decision: str) -> None:
    requested(prepared.here, prepared.candidate)
    client = signed_in(prepared.here.cast.approver)

    response = submitted(client, vote_url(prepared.candidate, decision), reason="  ")

    assert response.status_code == 422
    assert "This field is required." in text_of(response)
    assert not Vote.objects.exists()


def test_an_old_proof_asks_for_the_password(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)
    client = an_hour_ago(signed_in(prepared.here.cast.approver))
    url = vote_url(prepared.candidate, "approve")

    refused = submitted(client, url, reason="Fine.", password="a guess")
    accepted = submitted(client, url, reason="Fine.", password=PASSWORD)

    assert "This is not your password." in text_of(refused)
    assert "You approved v1." in text_of(accepted)
    assert Vote.objects.count() == 1


def test_a_refusal_is_shown_beside_the_form_and_stays_in_the_record(committed: Prepared) -> None:
    requested(committed.here, committed.candidate)
    client = signed_in(committed.here.cast.author)

    response = submitted(client, vote_url(committed.candidate, "approve"), reason="It is mine.")

    assert response.status_code == 409
    assert "drafted onboarding-liveness v1 and cannot decide about it." in text_of(response)
    assert Entry.objects.filter(document__type="verb.refused").exists()


def test_the_same_form_sent_twice_is_one_vote(committed: Prepared) -> None:
    requested(committed.here, committed.candidate)
    client = signed_in(committed.here.cast.approver)
    url = vote_url(committed.candidate, "approve")
    form = client.get(url).context["form"]
    fields = {
        "act_key": form["act_key"].value(),
        "review_digest": form["review_digest"].value(),
        "reason": "Fine.",
    }

    answers = [client.post(url, fields).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert Vote.objects.count() == 1


def test_a_vote_on_what_was_changed_meanwhile_is_refused(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)
    client = signed_in(prepared.here.cast.approver)
    url = vote_url(prepared.candidate, "approve")
    form = client.get(url).context["form"]

    stale = {"act_key": form["act_key"].value(), "review_digest": f"sha256:{'0' * 64}", "reason": "Fine."}
    response = client.post(url, stale)

    assert response.status_code == 409
    assert "Read the request again" in text_of(response)


def test_in_the_dialog_the_answer_is_a_fragment_and_then_a_redirect(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)
    client = signed_in(prepared.here.cast.approver)
    url = vote_url(prepared.candidate, "approve")
    dialog = client.get(url, headers={"HX-Request": "true"})
    form = dialog.context["form"]

    fields = {
        "act_key": form["act_key"].value(),
        "review_digest": form["review_digest"].value(),
        "reason": "Fine.",
    }
    answer = client.post(url, fields, headers={"HX-Request": "true"})

    assert "<html" not in dialog.content.decode()
    assert answer["HX-Redirect"] == brief_url(prepared.candidate)


def test_acts_need_the_token_of_their_form(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)
    client = Client(enforce_csrf_checks=True)
    client.force_login(prepared.here.cast.approver, backend="django.contrib.auth.backends.ModelBackend")

    response = client.post(vote_url(prepared.candidate, "approve"), {"reason": "Fine."})

    assert response.status_code == 403


@pytest.mark.parametrize(
    "path", ["review/{}/", "review/{}/approve/", "revision/{}/freeze/", "revision/{}/running/"]
)
def test_what_lies_outside_the_reach_is_not_found(prepared: Prepared, path: str) -> None:
    url = f"/admin/{path.format(prepared.candidate.pk)}"

    assert signed_in(prepared.here.cast.stranger).get(url).status_code == 404
    assert (
        signed_in(prepared.here.cast.approver)
        .get(f"/admin/{path.format(system_with_channels('x').pk)}")
        .status_code
        == 404
    )


def test_a_decision_that_there_is_not_is_not_found(prepared: Prepared) -> None:
    requested(prepared.here, prepared.candidate)

    response = signed_in(prepared.here.cast.approver).get(vote_url(prepared.candidate, "maybe"))

    assert response.status_code == 404
