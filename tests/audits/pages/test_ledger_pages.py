"""The ledger browser and the page of an entry: found by one filter, told in words, checked by a button."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from audits.pages import ledger_form
from audits.pages.ledger_form import LedgerForm
from audits.records.related import related_to_release
from governance.ledger.models import Entry
from governance.ledger.signing import COSIGNATURE, generate_key
from governance.ledger.witness_models import WitnessState
from tests.audits.records.told import Told, on_one_channel, outsider, told
from tests.factories.cast import actor, administrator
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared

LEDGER = "/admin/ledger/"


@pytest.fixture
def history(prepared: Prepared) -> Told:
    return told(prepared)


def page(client: Client, **asked: Any) -> str:
    answer = client.get(LEDGER, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def entry_of(history: Told, event: str) -> Entry:
    return Entry.objects.get(stream=history.request.stream(), document__type=event)


def url_of(entry: Entry) -> str:
    return reverse("admin:ledger_entry", args=[entry.pk])


def test_one_filter_shows_everything_of_a_release_approvals_and_refusals_too(history: Told) -> None:
    shown = page(signed_in(history.here.cast.auditor), release=str(history.release.pk))

    newest = related_to_release(history.release).entries().order_by("-at", "-pk")[:50]
    assert [url_of(entry) in shown for entry in newest] == [True] * len(newest)
    assert "Vote: approve" in shown
    assert "Refused" in shown


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, True),
        ({"event": "vote.cast"}, False),
        ({"refused": "on"}, False),
        ({"stream": "release:{}"}, False),
    ],
)
def test_the_list_says_that_refusals_are_among_it_where_they_are(
    history: Told, asked: dict[str, str], says: bool
) -> None:
    key = str(history.release.pk)
    filled = {name: value.format(key) for name, value in asked.items()}

    shown = page(signed_in(history.here.cast.auditor), release=key, **filled)

    assert ("approvals and refused attempts included" in shown) is says


def test_older_entries_follow_where_the_page_ended(history: Told) -> None:
    client = signed_in(administrator())
    newest = list(Entry.objects.order_by("-at", "-pk")[:51])

    first = page(client)
    second = page(client, older=str(newest[49].pk))

    assert f"older={newest[49].pk}" in first
    assert (url_of(newest[50]) in first, url_of(newest[50]) in second) == (False, True)
    assert url_of(newest[49]) not in second


def test_the_number_of_queries_does_not_grow_with_the_entries(
    history: Told, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(history.here.cast.auditor)
    page(client)

    with django_assert_max_num_queries(90):
        page(client, release=str(history.release.pk))


def test_the_link_to_all_that_fits_is_one_that_the_interface_takes(history: Told) -> None:
    asked = {
        "release": str(history.release.pk),
        "refused": "on",
        "at_from": "2020-01-01T00:00",
        "at_until": "2090-01-01T00:00",
        "mood": "bad",
    }
    client = signed_in(history.here.cast.auditor)
    form = LedgerForm(QueryDict(urlencode(asked)), actor=actor(history.here.cast.auditor))
    wrong = LedgerForm(QueryDict("event=none&release=x"), actor=actor(history.here.cast.auditor))

    listed = client.get(f"/api/v1/ledger/entries/?{form.as_query()}")
    shown = page(client, **asked)

    assert [row["event"] for row in listed.json()["results"]] == ["verb.refused"]
    assert form.as_query() == (
        f"release={history.release.pk}&at_from=2020-01-01T00%3A00%3A00Z"
        "&at_until=2090-01-01T00%3A00%3A00Z&refused=true"
    )
    assert "Refused attempts only" in shown
    assert wrong.as_query() == ""


def test_what_is_asked_for_stays_chosen_where_it_is_one_of_too_many(
    history: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_form, "MOST_CHOICES", 0)

    shown = page(signed_in(history.here.cast.auditor), release=str(history.release.pk))

    assert f'<option value="{history.release.pk}" selected>as asked for</option>' in shown


def test_an_id_leads_to_its_entry_or_its_history(history: Told) -> None:
    client = signed_in(history.here.cast.auditor)
    vote = entry_of(history, "vote.cast")

    by_entry = client.get(LEDGER, {"find": str(vote.pk)})
    by_object = client.get(LEDGER, {"find": f" {history.request.pk} "})
    unknown = page(client, find=str(uuid4()))

    assert by_entry["Location"] == url_of(vote)
    assert by_object["Location"] == f"{LEDGER}?stream={history.request.stream()}"
    assert "Nothing that you may see has this number or id." in unknown


@pytest.mark.parametrize(
    "asked",
    [
        {"release": "x"},
        {"at_from": "soon"},
        {"event": "none"},
        {"older": "x"},
        {"find": "#" + "9" * 30},
        {"find": "\0"},
        {"stream": "\0"},
        {"at_from": "0001-01-01T00:00"},
        {"at_until": "9999-12-31T23:59"},
    ],
)
def test_what_means_nothing_is_shown_as_such_and_never_an_error(history: Told, asked: dict[str, str]) -> None:
    assert "Entries" in page(signed_in(history.here.cast.auditor), **asked)


def test_an_entry_tells_who_did_what_to_what_and_why(history: Told) -> None:
    entry = entry_of(history, "vote.cast")

    shown = signed_in(history.here.cast.auditor).get(url_of(entry)).content.decode()

    assert "Vote: approve" in shown
    assert f"request {history.release.name}" in shown
    assert str(entry.document["reason"]) in shown
    assert "person, signed in" in shown
    assert reverse("admin:ledger_body", args=[entry.pk]) in shown
    assert "Waits for its number" in shown


def test_what_changed_stands_side_by_side_and_is_marked(history: Told) -> None:
    entry = Entry.objects.get(stream=history.release.stream(), document__type="rollout.rolled_back")

    shown = signed_in(history.here.cast.auditor).get(url_of(entry)).content.decode()

    assert "Before and after" in shown
    assert "<mark>rolled_back</mark>" in shown


def test_the_number_of_an_entry_leads_from_every_page_to_what_it_says(history: Told) -> None:
    frozen = Entry.objects.get(stream=history.release.stream(), document__type="release.frozen")

    shown = signed_in(history.here.cast.auditor).get(
        reverse("admin:releases_release_change", args=[history.release.pk])
    )

    assert f'href="{url_of(frozen)}"' in shown.content.decode()
    assert f"{LEDGER}?release={history.release.pk}" in shown.content.decode()


def test_consequences_of_the_same_act_lie_beside_it(history: Told) -> None:
    vote = entry_of(history, "vote.cast")
    approved = Entry.objects.get(stream=history.release.stream(), document__type="release.approved")
    client = signed_in(history.here.cast.auditor)

    assert url_of(approved) in client.get(url_of(vote)).content.decode()
    assert url_of(vote) in client.get(url_of(approved)).content.decode()


def test_an_entry_that_waits_is_checked_as_far_as_it_can_be(history: Told) -> None:
    entry = entry_of(history, "vote.cast")

    shown = signed_in(history.here.cast.auditor).get(url_of(entry), {"verify": "1"}).content.decode()

    assert "Not proved yet" in shown
    assert "It has no number yet." in shown


def test_the_exact_bytes_are_a_file(history: Told) -> None:
    entry = entry_of(history, "vote.cast")

    answer = signed_in(history.here.cast.auditor).get(reverse("admin:ledger_body", args=[entry.pk]))

    assert answer.content == bytes(entry.body)
    assert "attachment" in answer["Content-Disposition"]


@pytest.mark.parametrize("name", ["ledger_entry", "ledger_body", "ledger_proof"])
def test_an_entry_of_another_scope_is_not_found_by_any_of_its_pages(history: Told, name: str) -> None:
    address = reverse(f"admin:{name}", args=[entry_of(history, "vote.cast").pk])

    assert signed_in(outsider()).get(address).status_code == 404
    assert signed_in(on_one_channel(history.here, "ios")).get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_whoever_reads_another_system_sees_nothing_of_this_one_whatever_is_asked(history: Told) -> None:
    client = signed_in(outsider())
    vote = entry_of(history, "vote.cast")

    pages = [
        page(client),
        page(client, release=str(history.release.pk)),
        page(client, stream=history.request.stream()),
        page(client, event="vote.cast"),
        page(client, find=str(vote.pk)),
        page(client, find=history.request.stream()),
    ]

    assert [url_of(vote) in shown for shown in pages] == [False] * 6
    assert [history.release.name in shown for shown in pages[:1]] == [False]


def test_a_witness_that_refuses_stands_above_all_else(
    history: Told, settings: Settings, tmp_path: Path
) -> None:
    key = generate_key("witness.example.net/w1", COSIGNATURE)
    settings.LEDGER_WITNESSES_FILE = tmp_path / "witnesses"
    settings.LEDGER_WITNESSES_FILE.write_text(f"witness neighbour {key.vkey} http://127.0.0.1:1\n")
    client = signed_in(administrator())
    before = page(client)
    WitnessState.objects.create(
        witness=key.id, asked_at=timezone.now(), trouble="It has cosigned more.", is_refusal=True
    )

    after = page(client)

    assert "neighbour: 0 entries" in before
    assert "A witness refuses" not in before
    assert "A witness refuses" in after
    assert "neighbour saw another past of this ledger" in after
    assert "It has cosigned more." in after
    settings.LEDGER_WITNESSES_FILE = None
    assert "neighbour" not in page(client)
