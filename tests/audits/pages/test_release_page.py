"""The release page, and what people do from it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.ledger.models import Entry
from releases.approvals.models import ApprovalRequest
from releases.bundles.content import content_of
from releases.bundles.models import Release, Revision
from releases.bundles.queries import live_revision, newest_revision
from releases.gates.models import GateEvaluation
from releases.gates.runs.evaluation import request_evaluation
from releases.rollouts.models import Deployment
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.approvals import candidate, requested, voted
from tests.factories.bundles import draft, revised
from tests.factories.cast import Cast, actor
from tests.factories.http import signed_in
from tests.factories.rollouts import live, taken_back
from tests.factories.worlds import Prepared


def page_url(revision: Revision) -> str:
    return reverse("admin:releases_release_change", args=[revision.release_id])


def act(revision: Revision, name: str, *more: Any) -> str:
    return reverse(f"admin:revision_{name}", args=[revision.pk, *more])


def shown(client: Client, revision: Revision, query: str = "") -> str:
    response = client.get(page_url(revision) + query)
    assert response.status_code == 200
    return text_of(response)


def test_a_candidate_leads_with_its_next_step(prepared: Prepared) -> None:
    page = shown(signed_in(prepared.here.cast.author), prepared.candidate)

    assert "v1 passed its gate. Ask for its approval." in page
    assert "Request approval" in page
    assert "No guarded stage" not in page
    assert "Guarded 25 % may be left as soon as it has begun" in page
    assert "compared with baseline on android and ios and mobile_web" in page


def test_whoever_may_not_sees_the_next_step_locked_with_what_unlocks_it(prepared: Prepared) -> None:
    page = shown(signed_in(prepared.here.cast.approver), prepared.candidate)

    assert "Request approval : It takes the role author or integration here." in page


def test_a_failed_gate_locks_the_request(prepared: Prepared) -> None:
    failing = candidate(prepared.here, "9", accepted_attacks=40)

    page = shown(signed_in(prepared.here.cast.author), failing)

    assert "v9 failed its gate and cannot go to approval." in page
    assert "Request approval : The gate must pass first, or be overridden." in page


def test_where_it_is_live_the_way_back_is_in_reach(prepared: Prepared) -> None:
    live(prepared.here, prepared.candidate, "android", "mobile_web")
    taken_back(prepared.here, "mobile_web")

    page = shown(signed_in(prepared.here.cast.release_manager), prepared.candidate)

    assert "v1 is live on android and rolled back on mobile_web." in page
    assert "Roll back android" in page
    assert "Back to baseline. Masks pass." in page
    assert "Rolled back" in page


def test_an_adopted_release_says_so(prepared: Prepared) -> None:
    page = shown(signed_in(prepared.here.cast.auditor), prepared.here.baseline)

    assert "It was adopted: it served before releases were governed" in page
    assert "Adopted releases pass no gate." in page


def test_an_older_revision_is_void_and_still_readable(prepared: Prepared) -> None:
    revised(prepared.here.cast, prepared.candidate, content_of(prepared.candidate))

    client = signed_in(prepared.here.cast.auditor)
    page = shown(client, prepared.candidate, "?revision=1")

    assert "Revision 1 of v1 is void: a newer revision took its place." in page
    assert "Gate passed" in page
    assert "revision 2 of 2" in shown(client, prepared.candidate)
    assert "revision 2 of 2" in shown(client, prepared.candidate, "?revision=99999999999")


def test_the_ledger_of_the_release_tells_refused_attempts_too(committed: Prepared) -> None:
    client = signed_in(committed.here.cast.approver)
    submitted(client, act(committed.candidate, "withdraw"), reason="I would rather not.")

    page = shown(client, committed.candidate)

    assert "Refused" in page
    assert "Gate passed" in page


def test_a_draft_names_what_is_missing_and_is_frozen_when_complete(team: Cast) -> None:
    revision = draft(team)
    client = signed_in(team.author)

    page = shown(client, revision)
    after = text_of(submitted(client, act(revision, "freeze")))

    assert "v3.1 is a complete draft. Freeze it to have it evaluated." in page
    assert "v3.1 is frozen. Ask for its evaluation." in after


def test_an_evaluation_is_asked_for_and_its_progress_shown(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.author)

    page = text_of(submitted(client, act(prepared.candidate, "evaluate")))

    assert "v1 is being evaluated." in page
    assert GateEvaluation.objects.filter(status="requested").count() == 1
    assert client.get(act(prepared.candidate, "evaluate").replace("evaluate", "running")).status_code == 200


def test_when_no_evaluation_runs_the_page_is_told_to_reload(prepared: Prepared) -> None:
    url = reverse("admin:release_running", args=[prepared.candidate.pk])

    response = signed_in(prepared.here.cast.author).get(url)

    assert (response.status_code, response["HX-Refresh"]) == (286, "true")


def test_approval_is_asked_for_and_taken_back(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.author)
    channels = [str(channel.pk) for channel in prepared.here.channels("android")]

    asked = text_of(submitted(client, act(prepared.candidate, "request"), channels=channels, reason="Masks."))
    back = text_of(submitted(client, act(prepared.candidate, "withdraw_request"), reason="Too early."))

    assert "v1 is in review for android: 0 of 1 seats are filled." in asked
    assert "The request for v1 is withdrawn." in back
    assert ApprovalRequest.objects.get().state == "withdrawn"


def test_a_release_is_rolled_out_goes_live_and_is_taken_back(prepared: Prepared) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate, "android"))
    client = signed_in(prepared.here.cast.release_manager)
    android = prepared.here.cast.channel("android")

    begun = text_of(submitted(client, act(prepared.candidate, "start", android.pk)))
    rollout = Deployment.objects.get(revision=prepared.candidate)
    url = reverse("admin:rollout_advance", args=[rollout.pk])
    forward = text_of(submitted(client, url, reason="No complaint in a week."))
    back = text_of(
        submitted(client, reverse("admin:rollout_roll_back", args=[rollout.pk]), reason="Masks pass.")
    )

    assert "v1 is rolling out on android: guarded 25 %." in begun
    assert "v1 is now general on android." in forward
    assert "android is back on baseline." in back
    assert live_revision(android) == prepared.here.baseline


@pytest.mark.parametrize("role", ["author", "approver", "qa_lead", "auditor", "admin"])
def test_starting_is_refused_to_everybody_else(prepared: Prepared, role: str) -> None:
    voted(prepared.here.cast.approver_two, requested(prepared.here, prepared.candidate, "android"))
    client = signed_in(getattr(prepared.here.cast, role))
    android = prepared.here.cast.channel("android")

    response = submitted(client, act(prepared.candidate, "start", android.pk))

    assert response.status_code == 409
    assert "it takes release_manager on this scope." in text_of(response)
    assert not Deployment.objects.filter(revision=prepared.candidate).exists()


def test_a_roll_back_form_that_is_out_of_date_takes_nothing_else_back(prepared: Prepared) -> None:
    (rollout,) = live(prepared.here, prepared.candidate, "android")
    client = signed_in(prepared.here.cast.release_manager)
    url = reverse("admin:rollout_roll_back", args=[rollout.pk])
    form = client.get(url).context["form"]
    taken_back(prepared.here, "android")

    client.post(url, {"act_key": form["act_key"].value(), "reason": "Masks."})

    assert live_revision(prepared.here.cast.channel("android")) == prepared.here.baseline


def test_adoption_takes_two_persons(team: Cast) -> None:
    revision = draft(team)
    first, second = signed_in(team.release_manager), signed_in(team.approver)
    channels = [str(channel.pk) for channel in team.system.channels.all()]

    proposed = submitted(first, act(revision, "adopt"), channels=channels, reason="Since 2024.")
    proposal = proposed.context["proposals"][0]["proposal"]
    own = submitted(first, act(revision, "confirm_adoption", proposal.pk))
    confirmed = submitted(second, act(revision, "confirm_adoption", proposal.pk))

    assert "Another person must confirm it" in text_of(proposed)
    assert own.status_code == 409
    assert "v3.1 is live on android, ios and mobile_web." in text_of(confirmed)


def test_a_release_is_drafted_from_the_live_one_with_one_change(prepared: Prepared) -> None:
    people = prepared.here.cast
    client = signed_in(people.author)
    url = f"{reverse('admin:release_draft_form', args=[people.system.pk])}?from={prepared.here.baseline.pk}"
    form = client.get(url).context["form"]
    values = {field.html_name: field.value() for field in form if field.value() not in (None, "")}
    model = prepared.candidate.slots.get(slot="model").component

    response = client.post(
        url, {**values, "name": "v7", "model": [str(model.pk)], "card.why": "Masks."}, follow=True
    )

    made = newest_revision(Release.objects.get(name="v7"))
    assert "v7 is drafted." in text_of(response)
    assert made.slots.get(slot="model").component == model
    assert made.slots.count() == prepared.here.baseline.slots.count()
    assert made.card == {"why": "Masks."}
    assert made.release.copied_from == prepared.here.baseline


def test_an_edit_of_a_frozen_revision_makes_the_next(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.author)
    form = client.get(act(prepared.candidate, "edit")).context["form"]
    values = {field.html_name: field.value() for field in form if field.value() not in (None, "")}

    response = client.post(
        act(prepared.candidate, "edit"), {**values, "card.why": "Another reason."}, follow=True
    )

    newest = newest_revision(prepared.candidate.release)
    assert "v1 revision 2 is saved." in text_of(response)
    assert (newest.number, newest.card["why"]) == (2, "Another reason.")
    assert newest.rollback_plan == prepared.candidate.rollback_plan


def test_a_name_that_is_taken_is_said_beside_the_form(prepared: Prepared) -> None:
    people = prepared.here.cast
    client = signed_in(people.author)
    url = reverse("admin:release_draft_form", args=[people.system.pk])
    channels = [str(channel.pk) for channel in prepared.here.channels()]

    response = submitted(client, url, name="v1", channels=channels)

    assert response.status_code == 409
    assert "onboarding-liveness has a release v1 already." in text_of(response)


def test_whoever_may_draft_nowhere_is_told_so(prepared: Prepared) -> None:
    page = text_of(signed_in(prepared.here.cast.approver).get(reverse("admin:release_draft")))

    assert "You may not draft a release for any system." in page


def test_a_withdrawn_release_stays_readable(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.author)

    page = text_of(submitted(client, act(prepared.candidate, "withdraw"), reason="Superseded by v2."))

    assert "v1 is withdrawn." in page
    assert Entry.objects.filter(document__type="release.withdrawn").exists()


def test_a_second_evaluation_is_not_asked_for_while_one_runs(prepared: Prepared) -> None:
    request_evaluation(actor(prepared.here.cast.author), revision=prepared.candidate)

    page = shown(signed_in(prepared.here.cast.author), prepared.candidate)

    assert "Evaluate : An evaluation is running." in page
