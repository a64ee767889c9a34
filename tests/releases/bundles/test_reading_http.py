"""Reading over HTTP: manifest, card, revisions, difference, history, stack digest, what is live."""

import base64
import hashlib
from uuid import uuid4

import pytest
from django.test import Client

from releases.bundles.content import ReleaseContent, SlotInput
from releases.bundles.services import edit_release, freeze_release
from tests.factories.bundles import Parts, body, changed, draft, frozen, go_live
from tests.factories.cast import actor
from tests.factories.http import signed_in
from tests.releases.bundles.http import fields, post, url


def test_the_manifest_is_answered_in_the_bytes_that_are_hashed(here: Parts, author: Client) -> None:
    revision = frozen(here.cast, here.content)

    response = author.get(url(revision, "manifest/"))

    digest = hashlib.sha256(response.content)
    assert f"sha256:{digest.hexdigest()}" == revision.manifest_digest
    assert response.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert set(response.json()) == {"card", "channels", "rollback_plan", "rollout_plan", "slots"}


def test_the_card_is_answered_in_the_bytes_whose_digest_the_manifest_names(
    here: Parts, author: Client
) -> None:
    revision = frozen(here.cast, here.content)

    card = author.get(url(revision, "card/"))

    named = author.get(url(revision, "manifest/")).json()["card"]
    assert card.json() == here.content.card
    assert f"sha256:{hashlib.sha256(card.content).hexdigest()}" == named


def test_an_older_revision_can_be_read(here: Parts, author: Client) -> None:
    old = frozen(here.cast, here.content)
    edit_release(here.author, revision=old, content=ReleaseContent())

    newest, first = author.get(url(old)).json(), author.get(url(old), {"revision": "1"}).json()
    listed = author.get(url(old, "revisions/")).json()["results"]

    assert (newest["revision"], newest["state"], newest["slots"]) == (2, "draft", [])
    assert (first["revision"], first["manifest_digest"]) == (1, old.manifest_digest)
    assert [(row["revision"], row["state"]) for row in listed] == [(2, "draft"), (1, "frozen")]


@pytest.mark.parametrize(
    ("number", "status"), [("3", 404), ("x", 400), ("-1", 400), ("9" * 12, 404), ("²", 400)]
)
def test_a_revision_that_is_not_there_is_said_so(
    here: Parts, author: Client, number: str, status: int
) -> None:
    response = author.get(url(draft(here.cast, here.content)), {"revision": number})

    assert response.status_code == status


@pytest.mark.parametrize("verb", ["", "difference/", "manifest/", "history/"])
def test_a_misspelt_parameter_is_refused(here: Parts, author: Client, verb: str) -> None:
    response = author.get(url(draft(here.cast, here.content), verb), {"revison": "1"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "revison"


def test_the_difference_shows_both_sides_and_marks_changed_numbers(here: Parts, author: Client) -> None:
    live = frozen(here.cast, here.content, name="v1")
    android = here.cast.channel("android")
    go_live(actor(here.cast.release_manager), revision=live, channel=android)
    policy = SlotInput("threshold_policy", here.policy)
    candidate = draft(here.cast, changed(here.cast, here.content, policy, tag="2"), name="v2")

    answer = author.get(url(candidate, "difference/")).json()

    (on_android,) = (row for row in answer["channels"] if row["name"] == "android")
    (change,) = (row for row in on_android["changes"] if row["slot"] == "threshold_policy")
    marked = {value["name"] for value in change["values"] if value["changed"]}
    assert on_android["baseline"]["name"] == "v1"
    assert (change["old"]["title"], change["new"]["title"]) == ("policy_risk_a_1", "policy_risk_a_v5")
    assert marked == {"bands.default.accept"}
    assert [category["key"] for category in on_android["categories"]] == ["threshold_or_policy_update"]
    assert {category["key"] for category in answer["categories"]} == {
        "threshold_or_policy_update",
        "new_channel",
    }


@pytest.mark.parametrize(
    "at",
    ["yesterday", "2026-03-18", "2026-03-18T09:30:00", "2026-13-01T00:00:00Z", "2999-01-01T00:00:00Z", ""],
)
def test_a_time_that_cannot_be_taken_is_named(here: Parts, author: Client, at: str) -> None:
    difference = author.get(url(draft(here.cast, here.content), "difference/"), {"at": at})
    live = author.get(f"/api/v1/channels/{here.cast.channel('ios').id}/live/", {"at": at})

    assert (difference.status_code, live.status_code) == (400, 400)
    assert live.json()["errors"][0]["field"] == "at"


def test_the_history_holds_entries_and_refusals_with_the_newest_first(here: Parts, author: Client) -> None:
    revision = draft(here.cast, here.content)
    client = signed_in(here.cast.auditor)
    post(client, url(revision, "freeze/"))
    freeze_release(here.author, revision=revision)
    draft(here.cast, here.content, name="another")

    response = author.get(url(revision, "history/"))

    rows = response.json()["results"]
    assert [row["event"] for row in rows] == ["release.frozen", "verb.refused", "release.drafted"]
    assert rows[1]["after"]["targets"] == [revision.stream()]
    assert rows[0]["actor"]["username"] == "author"
    assert (rows[0]["title"], rows[0]["ledger_index"]) == ("Frozen", None)


def test_the_history_is_paged(here: Parts, author: Client) -> None:
    revision = frozen(here.cast, here.content)

    first = author.get(url(revision, "history/"), {"page_size": "1"}).json()
    second = author.get(first["next"]).json()

    assert [row["event"] for row in first["results"] + second["results"]] == [
        "release.frozen",
        "release.drafted",
    ]


def test_a_stack_digest_is_told_before_there_is_a_release(here: Parts, author: Client) -> None:
    revision = draft(here.cast, here.content)
    slots = [slot for slot in body(here.content)["slots"] if slot["slot"] != "evaluation_report"]

    response = post(author, "/api/v1/components/stack-digest/", {"slots": slots})

    assert response.status_code == 200
    assert response.json()["stack_digest"] == revision.stack_digest
    assert set(response.json()["stack"]) == {"model", "fusion", "threshold_policy", "sdk"}


def test_a_stack_of_unknown_components_is_refused(here: Parts, author: Client) -> None:
    response = post(
        author, "/api/v1/components/stack-digest/", {"slots": [{"slot": "model", "component": str(uuid4())}]}
    )

    assert response.status_code == 400
    assert "slots[0].component" in fields(response)


def test_nothing_live_is_an_answer(here: Parts, author: Client) -> None:
    channel = here.cast.channel("ios")

    response = author.get(f"/api/v1/channels/{channel.id}/live/")

    assert response.status_code == 200
    assert response.json()["live"] is None
    assert "Nothing" in response.json()["sentence"]
    assert response.json()["arms"] == []


def test_what_is_live_is_answered_with_its_place_in_the_ledger(here: Parts, author: Client) -> None:
    revision = frozen(here.cast, here.content)
    channel = here.cast.channel("android")
    assignment = go_live(actor(here.cast.release_manager), revision=revision, channel=channel)

    answer = author.get(f"/api/v1/channels/{channel.id}/live/").json()
    before = author.get(f"/api/v1/channels/{channel.id}/live/", {"at": "2020-01-01T00:00:00Z"}).json()

    assert (answer["release"], answer["revision"]) == (str(revision.release_id), 1)
    assert answer["manifest_digest"] == revision.manifest_digest
    assert (answer["stage"], answer["adopted"], answer["ledger_index"]) == ("general", False, None)
    assert answer["since"] == assignment.period.lower.isoformat().replace("+00:00", "Z")
    assert [(arm["arm"], arm["share"]) for arm in answer["arms"]] == [("stable", 1.0)]
    assert before["live"] is None
