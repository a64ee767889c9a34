"""The record over HTTP: one filter finds everything of a release; other scopes find nothing, by any way."""

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audits.records.related import related_to_release
from audits.records.searching import any_of, newest
from governance.access.roles import Scope
from governance.ledger.models import Entry
from tests.audits.records.told import Told, on_one_channel, outsider
from tests.factories.cast import administrator
from tests.factories.http import with_token

ENTRIES = "/api/v1/ledger/entries/"


@pytest.fixture
def auditor(history: Told) -> Client:
    return with_token(history.here.cast.auditor, Scope.READ)


def rows(client: Client, **filters: Any) -> list[dict[str, Any]]:
    answer = client.get(ENTRIES, {"page_size": 200, **filters})
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def events(client: Client, **filters: Any) -> set[str]:
    return {row["event"] for row in rows(client, **filters)}


def test_one_filter_finds_everything_of_a_release_approvals_and_refusals_too(
    auditor: Client, history: Told
) -> None:
    found = rows(auditor, release=history.release.pk)

    wanted = related_to_release(history.release).entries().values_list("pk", flat=True)
    assert {row["id"] for row in found} == {str(key) for key in wanted}
    assert {"vote.cast", "release.approved", "verb.refused", "incident.reported"} <= {
        row["event"] for row in found
    }
    assert [row["at"] for row in found] == sorted((row["at"] for row in found), reverse=True)


def test_each_filter_narrows_by_what_it_names(auditor: Client, history: Told) -> None:
    cast = history.here.cast
    stranger = rows(auditor, person=cast.stranger.pk)
    (vote,) = rows(auditor, event="vote.cast")
    stream = rows(auditor, stream=history.request.stream())

    assert [row["event"] for row in stranger] == ["verb.refused"]
    assert (vote["title"], vote["actor"]["username"]) == ("Vote cast", cast.approver.username)
    assert {row["stream"] for row in stream} == {history.request.stream()}
    assert [row["seq"] for row in stream] == list(range(len(stream), 0, -1))
    assert events(auditor, refused="true") == {"verb.refused"}
    assert "verb.refused" not in events(auditor, refused="false", release=history.release.pk)
    assert rows(auditor, at_until=vote["at"], event="vote.cast") == []
    assert rows(auditor, at_from=vote["at"], event="vote.cast") == [vote]


def test_it_makes_no_difference_whether_few_entries_fit_or_many(history: Told) -> None:
    key = str(history.here.cast.channel("android").pk)
    conditions = (newest(document__after__channel=key), Q(stream=history.incident.stream()))

    named = any_of(Entry.objects.all(), *conditions)
    joined = any_of(Entry.objects.all(), *conditions, few=0)

    assert set(named) == set(joined)
    assert {"rollout.started", "incident.reported"} <= {one.document["type"] for one in named}


def test_a_channel_brings_what_happened_on_it_and_a_system_brings_all(auditor: Client, history: Told) -> None:
    on_android = events(auditor, channel=history.here.cast.channel("android").pk)
    on_ios = events(auditor, channel=history.here.cast.channel("ios").pk)
    system = rows(auditor, system=history.here.cast.system.pk)

    assert {"rollout.started", "rollout.rolled_back", "incident.reported", "assignment.changed"} <= on_android
    assert {"channel.registered", "assignment.changed"} <= on_ios
    assert not {"rollout.started", "incident.reported"} & on_ios
    # Beside the system the auditor sees the auditor's own account.
    kept = {row["id"] for row in system}
    beside = {row["event"] for row in rows(auditor) if row["id"] not in kept}
    assert beside == {"account.created", "token.issued"}


def test_one_entry_comes_with_the_bytes_that_are_hashed(auditor: Client, history: Told) -> None:
    entry = Entry.objects.get(stream=history.request.stream(), document__type="vote.cast")

    answer = auditor.get(f"{ENTRIES}{entry.pk}/").json()

    assert base64.b64decode(answer["body"]) == bytes(entry.body)
    assert json.loads(base64.b64decode(answer["body"]))["after"] == answer["after"]
    assert (answer["ledger_index"], answer["leaf"]) == (None, None)


@pytest.mark.parametrize("name", ["release", "system", "channel", "stream", "person", "event", "refused"])
def test_whoever_reads_another_system_finds_nothing_of_this_one(history: Told, name: str) -> None:
    values = {
        "release": history.release.pk,
        "system": history.here.cast.system.pk,
        "channel": history.here.cast.channel("android").pk,
        "stream": history.request.stream(),
        "person": history.here.cast.approver.pk,
        "event": "vote.cast",
        "refused": "true",
    }

    assert rows(with_token(outsider()), **{name: values[name]}) == []


def test_an_entry_of_another_scope_is_as_unknown_as_none_by_list_detail_and_export(history: Told) -> None:
    client = with_token(outsider())
    theirs = Entry.objects.get(stream=history.request.stream(), document__type="vote.cast")

    assert str(theirs.pk) not in {row["id"] for row in rows(client)}
    answers = [client.get(f"{ENTRIES}{key}/") for key in (theirs.pk, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["title"] == answers[1].json()["title"]


def test_a_role_on_one_channel_finds_nothing_of_the_others(history: Told) -> None:
    client = with_token(on_one_channel(history.here, "ios"))

    assert rows(client, channel=history.here.cast.channel("android").pk) == []
    assert "incident.reported" not in events(client, stream=history.incident.stream())
    # The release touches ios too, the request for its approval does not.
    seen = events(client, release=history.release.pk)
    assert ("release.frozen" in seen, "vote.cast" in seen) == (True, False)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"release": "v1"}, "release"),
        ({"event": "vote.stolen"}, "event"),
        ({"at_from": "yesterday"}, "at_from"),
        ({"refused": "maybe"}, "refused"),
        ({"author": "x"}, "author"),
        ({"ordering": "body"}, "ordering"),
    ],
)
def test_a_filter_that_means_nothing_is_refused_by_its_name(
    auditor: Client, query: dict[str, str], field: str
) -> None:
    answer = auditor.get(ENTRIES, query)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_pages_neither_repeat_nor_miss_an_entry(history: Told) -> None:
    client = with_token(administrator())
    first = client.get(ENTRIES, {"page_size": 40}).json()
    keys = [row["id"] for row in first["results"]]

    second = client.get(first["next"]).json()["results"][:40]

    newest = Entry.objects.order_by("-at", "-id").values_list("pk", flat=True)[:80]
    assert [*keys, *(row["id"] for row in second)] == [str(key) for key in newest]


def test_the_record_is_only_ever_read(auditor: Client, history: Told) -> None:
    entry = Entry.objects.first()
    assert entry is not None
    address = f"{ENTRIES}{entry.pk}/"

    assert [auditor.post(ENTRIES).status_code, auditor.delete(address).status_code] == [405, 405]
    assert auditor.patch(address, {}).status_code == 405


def test_a_list_takes_as_many_queries_for_two_hundred_entries_as_for_one(
    history: Told,
) -> None:
    client = with_token(history.here.cast.auditor, Scope.READ)
    rows(client, page_size=1)
    with CaptureQueriesContext(connection) as few:
        rows(client, page_size=1)

    with CaptureQueriesContext(connection) as many:
        found = rows(client, page_size=200)

    assert len(found) > 40
    assert len(many) == len(few)


def test_nothing_is_exported_before_anything_was_signed(auditor: Client, history: Told) -> None:
    answer = auditor.get(f"{ENTRIES}export/", {"release": str(history.release.pk)})

    assert answer.status_code == 404
    assert "No checkpoint has been signed yet." in answer.json()["detail"]
