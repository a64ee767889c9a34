"""The page of a rollout: its sentence, who gets what, what it waits for, and the acts."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audits.pages import rollout_history
from releases.bundles.queries import live_assignment
from releases.rollouts.models import Deployment
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.approvals import candidate, requested, voted
from tests.factories.http import signed_in
from tests.factories.rollouts import advanced, held, live, on_its_way, paused, taken_back
from tests.factories.worlds import Prepared

ROLLOUTS = "/admin/releases/deployment/"


def at(rollout: Deployment, act: str = "") -> str:
    return reverse(f"admin:rollout_{act}" if act else "admin:rollout", args=[rollout.pk])


def shown(client: Client, rollout: Deployment) -> str:
    response = client.get(at(rollout))
    assert response.status_code == 200
    return text_of(response)


def under_way(prepared: Prepared, channel: str = "mobile_web") -> Deployment:
    return on_its_way(prepared.here, prepared.candidate, channel)[0]


def fresh(rollout: Deployment) -> Deployment:
    return Deployment.objects.get(pk=rollout.pk)


def test_it_leads_with_where_it_is_and_who_decides(prepared: Prepared) -> None:
    page = shown(signed_in(prepared.here.cast.release_manager), under_way(prepared))

    assert "v1 is rolling out to 25 % of mobile_web." in page
    assert "A release manager decides: advance to General, hold, or roll back." in page
    assert "25 % of the people get v1, 25 % are its control on baseline" in page


def test_it_says_plainly_that_nothing_measures_a_stage_yet(prepared: Prepared) -> None:
    page = shown(signed_in(prepared.here.cast.auditor), under_way(prepared))

    assert "What reads “not evaluated” stops nothing, so a named person decides." in page
    assert "Fresh data of the right release not evaluated yet." in page
    assert "Only a named person's decision." in page


def test_a_held_one_says_why_and_what_to_do(prepared: Prepared) -> None:
    rollout = under_way(prepared)
    held(prepared.here, rollout)

    page = shown(signed_in(prepared.here.cast.release_manager), rollout)

    assert "v1 is held at 25 % of mobile_web." in page
    assert "Held because: Masks pass." in page
    assert "First somebody resumes it, or rolls it back." in page
    assert "Guarded 25 % held here" in page


def test_a_paused_one_says_that_nobody_gets_it(prepared: Prepared) -> None:
    rollout = under_way(prepared)
    paused(prepared.here, rollout)

    page = shown(signed_in(prepared.here.cast.release_manager), rollout)

    assert "v1 is paused on mobile_web: everybody gets baseline." in page
    assert "Everybody gets baseline; nobody gets v1." in page


def test_a_live_one_and_what_is_on_its_way_beside_it_know_of_each_other(prepared: Prepared) -> None:
    (first,) = live(prepared.here, prepared.candidate, "mobile_web")
    (second,) = on_its_way(prepared.here, candidate(prepared.here, "2"), "mobile_web")
    client = signed_in(prepared.here.cast.release_manager)

    assert "v1 is live on mobile_web. v2 is on its way beside it." in shown(client, first)
    assert "Lands on v1, which stays live on mobile_web." in shown(client, second)
    assert "v2, on its way there, is paused." in text_of(client.get(at(first, "roll_back")))


def test_one_that_was_taken_back_says_where_it_landed(prepared: Prepared) -> None:
    rollout = under_way(prepared)
    taken_back(prepared.here, "mobile_web")

    page = shown(signed_in(prepared.here.cast.release_manager), rollout)

    assert "v1 was rolled back on mobile_web. Masks pass. mobile_web went back to baseline." in page
    assert "It goes forward here only by a new approval." in page
    assert "Roll back to" not in page


def test_its_history_tells_each_act_with_who_did_it(prepared: Prepared) -> None:
    rollout = under_way(prepared)
    held(prepared.here, rollout, by=prepared.here.cast.security_reviewer)

    page = shown(signed_in(prepared.here.cast.auditor), rollout)

    assert "Rollout held revision 1, guarded 25 %, on mobile_web Masks pass. security_reviewer" in page
    assert "Rollout started revision 1, guarded 25 %, on mobile_web release_manager" in page


def test_its_stages_keep_their_dates_however_much_else_has_happened(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout_history, "LONGEST", 1)
    rollout = advanced(prepared.here, under_way(prepared))

    stops = signed_in(prepared.here.cast.auditor).get(at(rollout)).context["stops"]

    assert [stop.at for stop in stops] == [rollout.started_at, rollout.stage_entered_at]
    assert all(stop.entry is not None for stop in stops)


def test_an_adopted_one_has_no_stages_and_says_so(prepared: Prepared) -> None:
    adopted = prepared.here.baseline.deployments.get(channel__name="ios")

    page = shown(signed_in(prepared.here.cast.auditor), adopted)

    assert "baseline is live on ios. Everybody gets it. It was adopted" in page
    assert "What it waits for" not in page


@pytest.mark.parametrize(
    ("act", "says", "state"),
    [
        ("advance", "v1 is now general on mobile_web.", "live"),
        ("hold", "v1 is held on mobile_web.", "held"),
        ("pause", "v1 is paused: nobody gets it on mobile_web.", "held"),
        ("roll_back", "mobile_web is back on baseline.", "rolled_back"),
    ],
)
def test_a_release_manager_does_each_act_and_lands_on_the_page(
    prepared: Prepared, act: str, says: str, state: str
) -> None:
    rollout = under_way(prepared)
    client = signed_in(prepared.here.cast.release_manager)

    response = submitted(client, at(rollout, act), reason="Seen enough.")

    assert says in text_of(response)
    assert response.redirect_chain[-1][0] == at(rollout)
    assert fresh(rollout).state == state


def test_a_paused_one_is_resumed_with_its_shares(prepared: Prepared) -> None:
    rollout = under_way(prepared)
    paused(prepared.here, rollout)

    page = text_of(
        submitted(signed_in(prepared.here.cast.release_manager), at(rollout, "resume"), reason="Fixed.")
    )

    assignment = live_assignment(rollout.channel)
    assert "v1 goes on on mobile_web." in page
    assert assignment is not None
    assert assignment.treatment_share == 0.25


def test_a_form_from_before_somebody_else_advanced_is_refused_with_the_reason(prepared: Prepared) -> None:
    rollout = under_way(prepared)
    client = signed_in(prepared.here.cast.release_manager)
    form = client.get(at(rollout, "advance")).context["form"]
    advanced(prepared.here, rollout)

    fields = {name: form[name].value() for name in ("act_key", "to_stage")}
    response = client.post(at(rollout, "advance"), {**fields, "reason": "Seen enough."})

    assert response.status_code == 409
    assert "stage 2 is not the next one" in text_of(response)


def test_an_act_without_a_reason_changes_nothing(prepared: Prepared) -> None:
    rollout = under_way(prepared)

    response = submitted(signed_in(prepared.here.cast.release_manager), at(rollout, "hold"), reason=" ")

    assert response.status_code == 422
    assert fresh(rollout).state == "rolling_out"


@pytest.mark.parametrize("act", ["advance", "hold", "pause", "roll_back"])
@pytest.mark.parametrize("role", ["author", "auditor", "approver", "qa_lead"])
def test_others_see_the_acts_locked_and_are_refused(prepared: Prepared, role: str, act: str) -> None:
    rollout = under_way(prepared)
    client = signed_in(getattr(prepared.here.cast, role))

    page = shown(client, rollout)
    response = submitted(client, at(rollout, act), reason="I want to.")

    assert "Hold : It takes the role integration or release manager or security reviewer here." in page
    assert response.status_code == 409
    assert fresh(rollout).state == "rolling_out"


def test_a_stage_too_young_locks_the_advance_and_says_until_when(prepared: Prepared) -> None:
    rollout = under_way(prepared)
    stages = [
        {"kind": "guarded", "coverage": 0.25, "min_duration_seconds": 86_400},
        {"kind": "general"},
    ]
    revision = fresh(rollout).revision
    revision.rollout_plan = {"stages": stages}
    revision.save(update_fields=["rollout_plan"])

    page = shown(signed_in(prepared.here.cast.release_manager), rollout)

    until = timezone.now() + timedelta(days=1)
    assert f"Advance to General is locked: The stage lasts until {until:%-d %b}" in page
    assert "It can advance to General in 23 h." in page
    assert "First its minimum duration passes" in page


def test_the_list_leads_to_the_pages(prepared: Prepared) -> None:
    rollout = under_way(prepared)
    client = signed_in(prepared.here.cast.auditor)

    page = text_of(client.get(ROLLOUTS))
    response: Any = client.get(reverse("admin:releases_deployment_change", args=[rollout.pk]))

    assert "v1, revision 1" in page
    assert "Guarded 25 %" in page
    assert response.url == at(rollout)


def test_the_start_says_what_the_first_stage_does(prepared: Prepared) -> None:
    voted(prepared.here.cast.approver, requested(prepared.here, prepared.candidate, "mobile_web"))
    channel = prepared.here.cast.channel("mobile_web")
    url = reverse("admin:revision_start", args=[prepared.candidate.pk, channel.pk])

    page = text_of(signed_in(prepared.here.cast.release_manager).get(url))

    assert "Start the rollout of v1 on mobile_web" in page
    assert "Guarded 25 %: 25 % of the people get it, 25 % are its control." in page
    assert "Everybody else stays on baseline." in page


def test_a_second_candidate_is_not_offered_where_one_is_on_its_way(prepared: Prepared) -> None:
    under_way(prepared)
    second = candidate(prepared.here, "2")
    voted(prepared.here.cast.approver, requested(prepared.here, second, "mobile_web"))
    url = reverse("admin:releases_release_change", args=[second.release_id])

    page = text_of(signed_in(prepared.here.cast.release_manager).get(url))

    assert "Start rollout on mobile_web : v1 is on its way there: one candidate at a time." in page


def test_more_acts_take_no_more_queries(prepared: Prepared) -> None:
    rollout = under_way(prepared)
    client = signed_in(prepared.here.cast.release_manager)
    client.get(at(rollout))
    with CaptureQueriesContext(connection) as few:
        client.get(at(rollout))
    on_its_way(prepared.here, candidate(prepared.here, "2"), "android")
    held(prepared.here, rollout)

    with CaptureQueriesContext(connection) as many:
        client.get(at(rollout))

    assert len(many) <= len(few) + 1
