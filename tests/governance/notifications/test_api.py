"""The HTTP interface: one's own, and nobody else's."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.access.models import Account
from governance.access.roles import Scope
from governance.notifications.catalogue import MESSAGES
from governance.notifications.models import Notification, Preference
from governance.notifications.queries import choices_of
from tests.factories.http import signed_in, with_token
from tests.governance.notifications.acts import CONTEXT, EVENT, PATH, reader, told

HERE = "/api/v1/notifications/"
PREFERENCES = f"{HERE}preferences/"


def put(account: Account, *preferences: dict[str, object]) -> tuple[int, Any]:
    answer = signed_in(account).put(
        PREFERENCES, {"preferences": list(preferences)}, content_type="application/json"
    )
    return answer.status_code, answer.json()


def test_an_account_reads_what_it_was_told(ada: Account) -> None:
    told(ada)

    found = signed_in(ada).get(HERE).json()["results"]

    assert [row["event"] for row in found] == [EVENT]
    assert found[0]["subject_line"] == "quality_svm on mobile_web is held"
    assert found[0]["text"].startswith("quality_svm of onboarding is held on mobile_web")
    assert found[0]["context"]["reason"] == CONTEXT["reason"]
    assert found[0]["path"] == PATH
    assert found[0]["read_at"] is None
    assert [(one["channel"], one["state"]) for one in found[0]["deliveries"]] == [("email", "waiting")]


def test_nobody_reads_what_another_was_told(ada: Account, root: Account) -> None:
    """Not even an administrator of the installation."""
    told(ada)
    row = Notification.objects.get()

    client = signed_in(root)
    assert client.get(HERE).json()["results"] == []
    assert client.get(f"{HERE}{row.id}/").status_code == 404
    assert client.post(f"{HERE}{row.id}/read/").status_code == 404
    assert client.get(f"{HERE}?event={EVENT}").json()["results"] == []
    row.refresh_from_db()
    assert row.read_at is None


def test_reading_is_noted_once(ada: Account) -> None:
    told(ada)
    row = Notification.objects.get()
    client = signed_in(ada)

    first = client.post(f"{HERE}{row.id}/read/").json()
    second = client.post(f"{HERE}{row.id}/read/").json()

    assert first["read_at"] is not None
    assert second["read_at"] == first["read_at"]


def test_the_list_is_filtered_by_event_and_by_what_is_unread(ada: Account) -> None:
    told(ada)
    told(ada)
    client = signed_in(ada)
    client.post(f"{HERE}{Notification.objects.latest('id').id}/read/")

    assert len(client.get(f"{HERE}?unread=true").json()["results"]) == 1
    assert len(client.get(f"{HERE}?unread=false").json()["results"]) == 1
    assert len(client.get(f"{HERE}?event={EVENT}").json()["results"]) == 2
    assert client.get(f"{HERE}?event=rollout.paused").json()["results"] == []


@pytest.mark.parametrize("query", ["event=nothing.happened", "unread=maybe", "account=1", "ordering=path"])
def test_what_the_list_does_not_know_is_refused(ada: Account, query: str) -> None:
    assert signed_in(ada).get(f"{HERE}?{query}").status_code == 400


def test_a_token_reads_and_changes_nothing(ada: Account) -> None:
    told(ada)
    row = Notification.objects.get()
    client = with_token(ada, Scope.READ)

    read = client.post(f"{HERE}{row.id}/read/")
    switched = client.put(
        PREFERENCES,
        {"preferences": [{"event": EVENT, "on": False}]},
        content_type="application/json",
    )

    assert len(client.get(HERE).json()["results"]) == 1
    assert (read.status_code, switched.status_code) == (403, 403)
    assert read.json()["code"] == "session_needed"
    assert not Preference.objects.exists()


def test_nobody_signed_in_is_told_to_sign_in(db: None) -> None:
    assert Client().get(HERE).status_code == 401
    assert Client().get(PREFERENCES).status_code == 401


def test_preferences_list_every_message_on_every_channel(ada: Account) -> None:
    found = signed_in(ada).get(PREFERENCES).json()

    assert [row["event"] for row in found] == list(MESSAGES)
    assert {row["event"] for row in found if row["fixed"]} == {
        message.event for message in MESSAGES.values() if message.asks
    }
    assert all(row["on"] for row in found)


def test_a_message_is_switched_off_and_on_again(ada: Account) -> None:
    _, off = put(ada, {"event": EVENT, "channel": "email", "on": False})
    _, again = put(ada, {"event": EVENT, "on": False})
    _, on = put(ada, {"event": EVENT, "on": True})

    assert [row["event"] for row in off if not row["on"]] == [EVENT]
    assert off == again
    assert all(row["on"] for row in on)
    assert not Preference.objects.exists()


def test_choosing_changes_ones_own_choice_only(ada: Account, root: Account) -> None:
    joan = reader("joan", by=root)

    put(ada, {"event": EVENT, "on": False})
    put(joan, {"event": EVENT, "on": True})

    assert [choice.on for choice in choices_of(ada) if choice.message.event == EVENT] == [False]
    assert all(choice.on for choice in choices_of(joan))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"event": "approval.requested", "on": False}, "asks you to act"),
        ({"event": "nothing.happened", "on": False}, "is no message"),
        ({"event": EVENT, "channel": "pigeon", "on": False}, "is no channel"),
        ({"event": EVENT}, "on"),
        ({"event": EVENT, "on": False, "for": "joan"}, "Unknown field"),
        ({"event": "\0", "on": False}, "event"),
    ],
    ids=["it asks", "no message", "no channel", "nothing chosen", "a field too many", "NUL"],
)
def test_a_choice_that_does_not_fit_is_refused_and_none_is_kept(
    ada: Account, body: dict[str, object], named: str
) -> None:
    status, answer = put(ada, {"event": EVENT, "on": False}, body)

    assert status == 400
    assert named in str(answer)
    assert not Preference.objects.exists()


def queries_of_list(account: Account) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert signed_in(account).get(HERE).status_code == 200
    return len(queries)


def test_a_longer_list_takes_no_more_queries(ada: Account, root: Account) -> None:
    joan = reader("joan", by=root)
    told(joan)
    for_ada = [told(ada), told(ada), told(ada), told(ada)]

    assert len(for_ada) == 4
    assert queries_of_list(ada) == queries_of_list(joan)
