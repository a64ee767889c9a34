"""Incidents on the screens: reported, decided and completed by people."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from governance.access.admin_base import admin_url
from releases.monitoring.incidents.models import FollowUp, Incident
from tests.audits.pages.browsing import submitted, text_of
from tests.audits.trace.decisions import guarded
from tests.factories.http import signed_in
from tests.factories.incidents import SEEN, WHY, confirmed, dismissed, follow_up, suspected
from tests.factories.worlds import Prepared

LIST = "admin:releases_incident_changelist"


def page_of(found: Incident) -> str:
    return admin_url(Incident, "change", found.pk)


def act(name: str, found: Incident | FollowUp) -> str:
    return admin_url(Incident, name, found.pk)


def test_a_reviewer_reports_an_incident_from_the_list(prepared: Prepared) -> None:
    client = signed_in(prepared.here.cast.security_reviewer)
    channel = prepared.here.cast.channel("mobile_web")

    assert "Report an incident" in text_of(client.get(reverse(LIST)))
    page = submitted(
        client,
        admin_url(Incident, "report"),
        channel=channel.pk,
        kind="spoof_acceptance",
        status="suspected",
        text=SEEN,
        links="https://tickets.example/1",
    )

    assert Incident.objects.get().evidence["links"] == ["https://tickets.example/1"]
    assert "Attack accepted on mobile_web is suspected" in text_of(page)
    assert "Confirm or dismiss it" in text_of(page)


def test_the_form_offers_only_channels_on_which_one_may(prepared: Prepared) -> None:
    page = signed_in(prepared.here.cast.security_reviewer).get(admin_url(Incident, "report"))

    names = [label for _, label in page.context["form"].fields["channel"].choices]
    assert names == ["mobile_web of onboarding-liveness"]


def test_what_is_wrong_is_said_beside_its_field(prepared: Prepared) -> None:
    page = submitted(
        signed_in(prepared.here.cast.security_all),
        admin_url(Incident, "report"),
        channel=prepared.here.cast.channel("android").pk,
        kind="spoof_acceptance",
        status="suspected",
        text=SEEN,
        links="ftp://x",
    )

    assert page.status_code == 409
    assert page.context["form"].errors["text"]
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("name", "locked"),
    [("security_all", ""), ("release_manager", ""), ("auditor", "Dismiss is locked: It takes the role ")],
)
def test_the_page_locks_its_acts_for_those_who_may_not(prepared: Prepared, name: str, locked: str) -> None:
    found = suspected(prepared.here)

    page = signed_in(getattr(prepared.here.cast, name)).get(page_of(found))

    assert {bool(offer.why) for offer in page.context["offers"]} == {bool(locked)}
    assert page.context["bar_says"].startswith(locked)


def test_confirming_on_the_page_says_what_is_left_to_do(prepared: Prepared) -> None:
    found = suspected(prepared.here)

    page = submitted(
        signed_in(prepared.here.cast.release_manager), act("confirm", found), reason=WHY, species="mask"
    )

    assert "is confirmed, and" in text_of(page)
    assert "To be done: file its report, name what ought to have caught it." in text_of(page)


def test_all_acts_of_the_page_complete_the_record(prepared: Prepared) -> None:
    rollout = guarded(prepared)
    found = confirmed(prepared.here, decision=rollout.reported().pk)
    client = signed_in(prepared.here.cast.security_all)
    due = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")

    submitted(client, act("criterion", found), criterion="apcer", reason="No such mask.")
    submitted(client, act("file_report", found), reference="CERT ticket 4711")
    submitted(client, act("follow_up", found), text="Capture it.", owner="author", due_at=due)
    open_page = text_of(client.get(page_of(found)))
    author = signed_in(prepared.here.cast.author)
    page = submitted(author, act("follow_up_done", FollowUp.objects.get()), reason="40 captures.")

    assert "To be done: 1 follow-up." in open_page
    assert "Nothing is left to do." in text_of(page)
    assert "No such mask." in text_of(page)
    assert "CERT ticket 4711" in text_of(page)
    assert f"?id={found.decision}" in page.content.decode()


def test_a_subject_named_on_the_page_tells_the_release(prepared: Prepared) -> None:
    rollout = guarded(prepared)
    found = suspected(prepared.here)
    client = signed_in(prepared.here.cast.security_all)

    before = text_of(client.get(page_of(found)))
    page = submitted(client, act("attribute", found), subject="person-7")

    assert "one of two releases decided" in before
    assert "one of two releases decided" not in text_of(page)
    assert Incident.objects.get().revision in {rollout.candidate, rollout.here.baseline}


def test_a_dismissed_incident_asks_for_nothing(prepared: Prepared) -> None:
    page = signed_in(prepared.here.cast.security_all).get(page_of(dismissed(prepared.here)))

    assert page.context["offers"] == []
    assert "Nothing is to be done." in text_of(page)


def test_a_reviewer_of_another_channel_finds_neither_list_row_nor_page(prepared: Prepared) -> None:
    found = suspected(prepared.here)
    todo = follow_up(prepared.here, found)
    client = signed_in(prepared.here.cast.security_reviewer)

    assert "android" not in text_of(client.get(reverse(LIST)))
    assert client.get(page_of(found)).status_code == 404
    assert client.get(act("confirm", found)).status_code == 404
    assert client.get(act("follow_up_done", todo)).status_code == 404


def test_the_list_says_what_is_left_to_do(prepared: Prepared) -> None:
    suspected(prepared.here)
    dismissed(prepared.here, "ios")

    page = text_of(signed_in(prepared.here.cast.auditor).get(reverse(LIST)))

    assert "decide whether it happened, file its report" in page
    assert "Dismissed" in page


def test_the_trace_of_a_decision_leads_those_who_may_to_the_report(prepared: Prepared) -> None:
    made = guarded(prepared).reported()
    trace = f"{reverse('admin:decision_search')}?id={made.pk}"
    reviewer = signed_in(prepared.here.cast.security_all)

    for_reviewer, for_auditor = reviewer.get(trace), signed_in(prepared.here.cast.auditor).get(trace)
    form = reviewer.get(for_reviewer.context["report_url"]).context["form"]

    assert "Report an incident of this decision" in text_of(for_reviewer)
    assert "Report an incident" not in text_of(for_auditor)
    assert form["decision"].value() == str(made.pk)
    assert form["channel"].value() == str(made.channel_id)
