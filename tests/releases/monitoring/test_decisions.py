"""Reporting decisions: taken once, by whom and for which channels, listed and read within the reach."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.access.roles import Role, Scope
from governance.ledger.models import Entry
from releases.monitoring.decisions.models import Decision, DecisionBatch, digest_of_lines
from tests.factories.cast import Cast, grant, service, system_with_channels
from tests.factories.http import signed_in, with_token
from tests.factories.worlds import Prepared
from tests.releases.monitoring.lines import URL, decision, post_lines, post_one, without


@pytest.fixture
def reporter(team: Cast) -> Client:
    """The decision service with its token."""
    return with_token(team.integration, Scope.READ, Scope.DECISIONS)


def entries(team: Cast, channel: str = "android") -> list[dict[str, Any]]:
    rows = Entry.objects.filter(stream=team.channel(channel).stream()).order_by("stream_seq")
    documents = rows.filter(document__type="decisions.reported").values_list("document", flat=True)
    return list(documents)


def test_one_decision_is_stored_with_its_entry(team: Cast, reporter: Client) -> None:
    sent = decision(team.channel("android"), sdk="android_sdk_2.3.0", attributes={"attempt": 1})

    answer = post_one(reporter, sent)

    stored = Decision.objects.get(id=sent["id"])
    assert answer.status_code == 201, answer.content
    assert answer.json()["id"] == sent["id"]
    assert answer.json()["stamp_known"] is False
    assert (stored.scores, stored.sdk, stored.attributes) == (sent["scores"], sent["sdk"], {"attempt": 1})
    assert stored.batch.entry.stream == team.channel("android").stream()


def test_the_entry_holds_number_span_and_the_digest_of_the_lines(team: Cast, reporter: Client) -> None:
    android = team.channel("android")
    times = [timezone.now() - timedelta(minutes=minutes) for minutes in (9, 3, 5)]

    post_lines(reporter, [decision(android, at=at.isoformat()) for at in times])

    batch = DecisionBatch.objects.get()
    rows = list(batch.decisions.order_by("id"))
    entry = entries(team)[0]
    assert entry["refs"]["decisions"] == batch.digest == digest_of_lines([row.line() for row in rows])
    assert (entry["after"]["decisions"], entry["after"]["unknown_stamps"]) == (3, 3)
    assert (batch.first_at, batch.last_at) == (times[0], times[1])
    assert entry["after"]["batch"] == str(batch.id)


def test_a_report_on_two_channels_leaves_one_entry_in_each(team: Cast, reporter: Client) -> None:
    documents = [decision(team.channel(name)) for name in ("android", "ios", "android")]

    answer = post_lines(reporter, documents, packed=True)

    batches = DecisionBatch.objects.all()
    assert answer.json() == {"accepted": 3, "duplicates": 0, "refused_total": 0, "refused": []}
    assert (len(entries(team)), len(entries(team, "ios"))) == (1, 1)
    assert len({batch.report for batch in batches}) == 1
    assert {batch.channel.name: batch.decisions_count for batch in batches} == {"android": 2, "ios": 1}


def test_the_same_decision_again_is_a_duplicate_and_changes_nothing(team: Cast, reporter: Client) -> None:
    sent = decision(team.channel("android"))
    post_one(reporter, sent)
    again = {**sent, "latency_ms": 118.50, "attributes": {}, "sdk": ""}

    one, many = post_one(reporter, again), post_lines(reporter, [again, sent])

    assert one.status_code == 200
    assert many.status_code == 200
    assert many.json()["duplicates"] == 2
    assert (Decision.objects.count(), DecisionBatch.objects.count(), len(entries(team))) == (1, 1, 1)


def test_another_decision_under_a_known_id_is_refused_and_the_stored_one_stays(
    team: Cast, reporter: Client
) -> None:
    sent = decision(team.channel("android"))
    post_one(reporter, sent)
    other = {**sent, "outcome": "reject"}

    one = post_one(reporter, other)
    many = post_lines(reporter, [decision(team.channel("android")), other])

    assert (one.status_code, one.json()["code"]) == (409, "decision_id_reused")
    assert many.status_code == 207
    assert many.json()["accepted"] == 1
    assert [(row["line"], row["id"], row["code"]) for row in many.json()["refused"]] == [
        (2, sent["id"], "decision_id_reused")
    ]
    assert Decision.objects.get(id=sent["id"]).outcome == "accept"


def test_an_id_that_a_report_repeats_counts_once(team: Cast, reporter: Client) -> None:
    sent = decision(team.channel("android"))

    answer = post_lines(reporter, [sent, sent, {**sent, "subject": "another"}])

    assert answer.json()["accepted"] == 1
    assert answer.json()["duplicates"] == 1
    assert [row["line"] for row in answer.json()["refused"]] == [3]


def test_a_bad_line_never_loses_a_good_one(team: Cast, reporter: Client) -> None:
    android = team.channel("android")
    good = [decision(android), decision(android)]

    answer = post_lines(reporter, [good[0], "{", without(decision(android), "subject"), good[1]])

    assert answer.status_code == 207
    assert answer.json()["accepted"] == 2
    assert [(row["line"], row["field"]) for row in answer.json()["refused"]] == [(2, "line"), (3, "subject")]
    assert {str(row.id) for row in Decision.objects.all()} == {one["id"] for one in good}


def test_a_stamp_of_the_system_names_its_revision(prepared: Prepared) -> None:
    cast = prepared.here.cast
    sent = decision(cast.channel("android"), stamp=prepared.candidate.manifest_digest)

    answer = post_one(with_token(cast.integration), sent)

    assert answer.json()["stamp_known"] is True
    assert answer.json()["release_name"] == "v1"


def test_the_stamp_of_another_system_is_unknown_here(prepared: Prepared) -> None:
    system = system_with_channels("airport-gates", ("kiosk",))
    account = service("gate_service")
    grant(account, Role.INTEGRATION, system=system)
    kiosk = system.channels.get()

    answer = post_one(with_token(account), decision(kiosk, stamp=prepared.candidate.manifest_digest))

    assert (answer.status_code, answer.json()["stamp_known"]) == (201, False)


def test_a_foreign_channel_is_no_such_channel(team: Cast, reporter: Client) -> None:
    kiosk = system_with_channels("airport-gates", ("kiosk",)).channels.get()
    foreign, nowhere = decision(kiosk), decision(kiosk, channel=str(uuid4()))

    answer = post_lines(reporter, [foreign, decision(team.channel("ios")), nowhere])

    refused = answer.json()["refused"]
    assert answer.json()["accepted"] == 1
    assert [row["code"] for row in refused] == ["no_such_channel"] * 2
    assert refused[0]["message"].replace(foreign["channel"], nowhere["channel"]) == refused[1]["message"]


def test_a_service_of_one_channel_reports_on_that_one_only(team: Cast) -> None:
    account = service("web_service")
    grant(account, Role.INTEGRATION, channel=team.channel("mobile_web"))
    documents = [decision(team.channel(name)) for name in ("mobile_web", "android")]

    answer = post_lines(with_token(account), documents)

    assert answer.json()["accepted"] == 1
    assert [(row["line"], row["code"]) for row in answer.json()["refused"]] == [(2, "no_such_channel")]


ROLES = ("author", "qa_lead", "approver", "release_manager", "auditor", "admin", "security_all", "stranger")


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize(
    "post", [post_one, lambda client, one: post_lines(client, [one])], ids=["one", "many"]
)
def test_nobody_but_integrations_reports(team: Cast, name: str, post: Any) -> None:
    answer = post(signed_in_or_token(team, name), decision(team.channel("android")))

    assert answer.status_code == 403
    assert answer.json()["code"] == "permission_denied"
    assert Decision.objects.count() == 0


def signed_in_or_token(team: Cast, name: str) -> Client:
    return with_token(getattr(team, name))


def test_a_refused_report_is_recorded(team: Cast) -> None:
    post_one(with_token(team.auditor), decision(team.channel("android")))

    refusal = Entry.objects.get(document__type="verb.refused").document
    assert refusal["after"]["verb"] == "decisions.reported"


def test_a_token_without_the_scope_reports_nothing(team: Cast) -> None:
    answer = post_one(with_token(team.integration, Scope.READ, Scope.FLAGS), decision(team.channel("ios")))

    assert answer.status_code == 403


def test_the_list_is_filtered_and_scoped(team: Cast, reporter: Client) -> None:
    early = (timezone.now() - timedelta(days=2)).isoformat()
    android, web = team.channel("android"), team.channel("mobile_web")
    post_lines(
        reporter,
        [
            decision(android, subject="a", outcome="reject"),
            decision(android, subject="b", at=early),
            decision(web, subject="a", stamp="unstamped"),
        ],
    )
    auditor = signed_in(team.auditor)

    def subjects(client: Client, query: str) -> list[str]:
        return [row["subject"] for row in client.get(f"{URL}?ordering=at&{query}").json()["results"]]

    since = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert subjects(auditor, "") == ["b", "a", "a"]
    assert subjects(auditor, f"channel={web.id}") == ["a"]
    assert subjects(auditor, "stamp=unstamped") == ["a"]
    assert subjects(auditor, "subject=b") == ["b"]
    assert subjects(auditor, "outcome=reject") == ["a"]
    assert subjects(auditor, f"at_from={since}") == ["a", "a"]
    assert subjects(auditor, f"at_until={since}") == ["b"]
    assert subjects(signed_in(team.security_reviewer), "") == ["a"]
    assert subjects(signed_in(team.stranger), "") == []


def test_a_decision_outside_the_reach_is_not_found(team: Cast, reporter: Client) -> None:
    sent = decision(team.channel("android"))
    post_one(reporter, sent)

    inside, outside = (
        signed_in(account).get(f"{URL}{sent['id']}/") for account in (team.auditor, team.security_reviewer)
    )

    assert (inside.status_code, outside.status_code) == (200, 404)
    assert inside.json()["subject"] == "person-001"


def test_pages_of_the_list_never_repeat_decisions_of_one_moment(team: Cast, reporter: Client) -> None:
    at = timezone.now().isoformat()
    post_lines(reporter, [decision(team.channel("ios"), at=at) for _ in range(5)])
    client = signed_in(team.auditor)

    first = client.get(f"{URL}?page_size=2").json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()

    seen = [row["id"] for page in (first, second, third) for row in page["results"]]
    assert len(seen) == len(set(seen)) == 5
    assert third["next"] is None


def test_more_lines_take_no_more_queries(team: Cast, reporter: Client) -> None:
    android = team.channel("android")
    post_lines(reporter, [decision(android)])

    with CaptureQueriesContext(connection) as few:
        post_lines(reporter, [decision(android)])
    with CaptureQueriesContext(connection) as many:
        post_lines(reporter, [decision(android) for _ in range(40)])

    assert len(many) == len(few)
