"""The HTTP interface of incidents, follow-ups and monitoring terms."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from releases.monitoring.incidents.models import FollowUp, Incident
from releases.monitoring.terms.models import MonitoringTerms
from tests.audits.trace.decisions import guarded
from tests.factories.cast import everybody_in_one, system_with_channels
from tests.factories.http import Answer, with_token
from tests.factories.incidents import SEEN, WHY, confirmed, dismissed, follow_up, suspected
from tests.factories.worlds import Prepared

URL = "/api/v1/incidents/"
TERMS = {
    "report_within_hours": 24,
    "replay_rate": 0.5,
    "review_days": [3, 14],
    "review_every_days": 60,
    "mix_attributes": ["capture_device"],
    "quality_attribute": "sharpness",
    "reason": "The regulator asks for a day.",
}


def body(prepared: Prepared, **changes: Any) -> dict[str, Any]:
    channel = prepared.here.cast.channel("android")
    fits = {"channel": str(channel.pk), "kind": "spoof_acceptance", "status": "suspected", "evidence": SEEN}
    return {**fits, **changes}


def posted(prepared: Prepared, url: str, document: Any, by: str = "security_all") -> Answer:
    client = with_token(getattr(prepared.here.cast, by))
    return client.post(url, document, content_type="application/json")


def test_an_incident_goes_its_way_over_http(prepared: Prepared) -> None:
    rollout = guarded(prepared)
    decision = rollout.reported()
    evidence = {"text": SEEN, "links": ["https://tickets.example/4711"]}

    made = posted(prepared, URL, body(prepared, decision=str(decision.pk), evidence=evidence))
    url = made["Location"]
    posted(prepared, f"{url}confirm/", {"reason": WHY, "species": "mask_print"})
    posted(prepared, f"{url}criterion/", {"criterion": "apcer", "reason": "No such mask in the dataset."})
    posted(prepared, f"{url}file-report/", {"reference": "CERT ticket 4711"})
    due = (timezone.now() + timedelta(days=2)).isoformat()
    todo = posted(prepared, f"{url}follow-ups/", {"text": "Capture it.", "owner": "author", "due_at": due})
    done = posted(prepared, f"{todo['Location']}done/", {"outcome": "40 captures."}, by="author")
    shown = with_token(prepared.here.cast.auditor).get(url).json()

    assert made.status_code == 201
    assert done.json()["done_by_username"] == "author"
    assert shown["release_name"] == rollout.candidate.release.name
    assert shown["trace"] == f"/api/v1/decisions/{decision.pk}/trace/"
    assert (shown["status"], shown["species"], shown["missed_by"]) == ("confirmed", "mask_print", "apcer")
    assert shown["evidence"] == {**evidence, "digests": []}
    assert [one["outcome"] for one in shown["follow_ups"]] == ["40 captures."]


def test_the_same_key_reports_it_once(prepared: Prepared) -> None:
    client = with_token(prepared.here.cast.security_all)
    headers = {"Idempotency-Key": "one"}

    answers = [
        client.post(URL, body(prepared), content_type="application/json", headers=headers) for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert Incident.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"channel": str(uuid4())}, "channel"),
        ({"status": "dismissed"}, "status"),
        ({"kind": "flood"}, "kind"),
        ({"decision": str(uuid4())}, "decision"),
        ({"decision": "x"}, "decision"),
        ({"evidence": ""}, "evidence"),
        ({"evidence": [1]}, "evidence"),
        ({"evidence": {"text": "x", "links": ["file:///etc"]}}, "evidence"),
        ({"happened_at": "yesterday"}, "happened_at"),
        ({"mood": "bad"}, "mood"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "",
)
def test_a_body_that_does_not_fit_is_refused_by_field(
    prepared: Prepared, changes: dict[str, Any], field: str
) -> None:
    answer = posted(prepared, URL, body(prepared, **changes))

    assert answer.status_code == 400
    assert field in str(answer.json())
    assert answer.json()["next_step"]
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("by", "code"), [("author", 403), ("integration", 403), ("security_reviewer", 400), ("stranger", 400)]
)
def test_others_report_nothing_and_learn_nothing(prepared: Prepared, by: str, code: int) -> None:
    answer = posted(prepared, URL, body(prepared), by=by)

    assert answer.status_code == code
    assert not Incident.objects.exists()


def test_incidents_of_another_channel_are_not_found(prepared: Prepared) -> None:
    found = suspected(prepared.here)
    todo = follow_up(prepared.here, found)
    client = with_token(prepared.here.cast.security_reviewer)

    assert client.get(URL).json()["results"] == []
    assert client.get("/api/v1/follow-ups/").json()["results"] == []
    assert client.get(f"{URL}{found.pk}/").status_code == 404
    assert (
        posted(prepared, f"{URL}{found.pk}/confirm/", {"reason": WHY}, by="security_reviewer").status_code
        == 404
    )
    done = posted(prepared, f"/api/v1/follow-ups/{todo.pk}/done/", {"outcome": "x"}, by="security_reviewer")
    assert done.status_code == 404


def test_another_system_sees_none_of_it(prepared: Prepared) -> None:
    found = suspected(prepared.here)
    elsewhere = everybody_in_one(system_with_channels("airport-gates"))

    client = with_token(elsewhere)

    assert client.get(URL).json()["results"] == []
    assert client.get(f"{URL}{found.pk}/").status_code == 404


def test_deciding_twice_is_a_conflict(prepared: Prepared) -> None:
    found = dismissed(prepared.here)

    answer = posted(prepared, f"{URL}{found.pk}/confirm/", {"reason": WHY})

    assert (answer.status_code, answer.json()["code"]) == (409, "incident_decided")


def test_lists_filter_by_what_matters(prepared: Prepared) -> None:
    cast = prepared.here.cast
    first, second = suspected(prepared.here), confirmed(prepared.here, "mobile_web")
    follow_up(prepared.here, second)
    client = with_token(cast.auditor)

    def ids(query: str) -> set[str]:
        return {one["id"] for one in client.get(f"{URL}?{query}").json()["results"]}

    assert ids("status=suspected") == {str(first.pk)}
    assert ids(f"channel={cast.channel('mobile_web').pk}") == {str(second.pk)}
    assert ids(f"system={cast.system.pk}") == {str(first.pk), str(second.pk)}
    assert ids(f"release={prepared.here.baseline.release_id}") == {str(first.pk), str(second.pk)}
    assert ids("overdue=true") == set()
    assert ids("happened_until=2020-01-01T00:00:00Z") == set()
    assert client.get(f"{URL}?mood=bad").status_code == 400
    todos = client.get("/api/v1/follow-ups/?owner=author&done=false&overdue=false").json()["results"]
    assert [one["incident"] for one in todos] == [str(second.pk)]
    assert FollowUp.objects.count() == 1


def test_the_number_of_queries_does_not_grow_with_incidents(
    prepared: Prepared, django_assert_max_num_queries: Any
) -> None:
    follow_up(prepared.here, suspected(prepared.here, "android"))
    follow_up(prepared.here, suspected(prepared.here, "mobile_web"))
    follow_up(prepared.here, suspected(prepared.here, "ios"))
    client = with_token(prepared.here.cast.auditor)
    client.get(URL)

    with django_assert_max_num_queries(9):
        answer = client.get(URL)

    assert len(answer.json()["results"]) == 3


def test_a_release_manager_sets_the_terms_of_a_system(prepared: Prepared) -> None:
    system = prepared.here.cast.system

    answer = posted(
        prepared, "/api/v1/monitoring-terms/", {"system": str(system.pk), **TERMS}, by="release_manager"
    )
    found = suspected(prepared.here)

    assert answer.status_code == 200
    assert answer.json()["review_days"] == [3, 14]
    assert found.report_due_at - found.reported_at == timedelta(hours=24)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"replay_rate": 0}, "replay_rate"),
        ({"replay_rate": 2}, "replay_rate"),
        ({"review_days": [30, 7]}, "review_days"),
        ({"review_days": []}, "review_days"),
        ({"review_days": [0]}, "review_days"),
        ({"review_every_days": 0}, "review_every_days"),
        ({"report_within_hours": 0}, "report_within_hours"),
        ({"mix_attributes": [""]}, "mix_attributes"),
        ({"reason": " "}, "reason"),
    ],
    ids=str,
)
def test_terms_that_do_not_fit_are_refused_by_field(
    prepared: Prepared, change: dict[str, Any], field: str
) -> None:
    document = {"system": str(prepared.here.cast.system.pk), **TERMS, **change}

    answer = posted(prepared, "/api/v1/monitoring-terms/", document, by="release_manager")

    assert answer.status_code == 400
    assert field in str(answer.json()["errors"])
    assert not MonitoringTerms.objects.exists()


@pytest.mark.parametrize("by", ["author", "security_all", "auditor", "integration"])
def test_others_set_no_terms(prepared: Prepared, by: str) -> None:
    document = {"system": str(prepared.here.cast.system.pk), **TERMS}

    answer = posted(prepared, "/api/v1/monitoring-terms/", document, by=by)

    assert answer.status_code == 403
