"""Drafting, changing and freezing over HTTP: bodies, refusals by field, ETags, keys."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from releases.bundles.content import ReleaseContent
from tests.factories.bundles import Parts, draft, frozen, go_live
from tests.factories.cast import actor
from tests.factories.http import with_token
from tests.releases.bundles.http import RELEASES, fields, full_body, patch, post, url


def test_a_release_is_drafted_read_and_frozen_with_the_body_of_the_contract(
    here: Parts, author: Client
) -> None:
    sent = full_body(here)

    made = post(author, RELEASES, sent)
    read = author.get(f"{RELEASES}{made.json()['id']}/")
    done = post(author, f"{RELEASES}{made.json()['id']}/freeze/")

    assert (made.status_code, read.status_code, done.status_code) == (201, 200, 200)
    answer = read.json()
    assert {name: answer[name] for name in ("system", "name", "card", "rollout_plan", "rollback_plan")} == {
        name: sent[name] for name in ("system", "name", "card", "rollout_plan", "rollback_plan")
    }
    assert set(answer["channels"]) == set(sent["channels"])
    assert sorted(answer["slots"], key=str) == sorted(sent["slots"], key=str)
    assert (answer["revision"], answer["state"], answer["manifest_digest"]) == (1, "draft", None)
    assert answer["stack_digest"].startswith("sha256:")
    assert answer["deployments"] == []
    assert [category["key"] for category in answer["categories"]] == ["new_channel"]
    assert done.json()["state"] == "frozen"
    assert done.json()["manifest_digest"].startswith("sha256:")


def test_a_draft_may_leave_everything_out(here: Parts, author: Client) -> None:
    made = post(author, RELEASES, {"system": str(here.system.id), "name": "empty"})

    assert made.status_code == 201
    assert (made.json()["slots"], made.json()["card"]) == ([], {})


@pytest.mark.parametrize("field", ["state", "approved_by", "author", "stack_digest", "revision"])
def test_fields_that_nobody_sets_are_refused_by_name(here: Parts, author: Client, field: str) -> None:
    made = post(author, RELEASES, {**full_body(here), field: "approved"})
    changed = patch(author, url(draft(here.cast, here.content)), {field: "approved"})

    assert (made.status_code, changed.status_code) == (400, 400)
    assert "Unknown field" in fields(made)[field]
    assert "Unknown field" in fields(changed)[field]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": 3}, "name"),
        ({"system": "x"}, "system"),
        ({"system": str(uuid4())}, "system"),
        ({"channels": [str(uuid4())]}, "channels[0]"),
        ({"channels": "android"}, "channels"),
        ({"slots": [{"slot": "engine", "component": str(uuid4())}]}, "slots[0].slot"),
        ({"slots": [{"slot": "model", "component": str(uuid4())}]}, "slots[0].component"),
        ({"slots": [{"slot": "model", "component": str(uuid4()), "weight": 1}]}, "slots[0].weight"),
        ({"card": []}, "card"),
        ({"card": {"whatever": "x"}}, "card.whatever"),
        ({"rollout_plan": {"stages": [{"kind": "guarded"}]}}, "rollout_plan.stages[0]"),
        ({"rollback_plan": {"owner": "nobody"}}, "rollback_plan.owner"),
        ({"from_live": str(uuid4())}, "from_live"),
    ],
)
def test_a_body_that_cannot_be_taken_names_its_field(
    here: Parts, author: Client, given: dict[str, Any], field: str
) -> None:
    response = post(author, RELEASES, {**full_body(here), **given})

    assert response.status_code == 400
    assert response.json()["code"] == "invalid_input"
    assert field in fields(response)
    assert response.json()["next_step"]


def test_an_incomplete_release_is_not_frozen_and_every_part_is_named(here: Parts, author: Client) -> None:
    revision = draft(here.cast, ReleaseContent())

    response = post(author, url(revision, "freeze/"))

    assert response.status_code == 409
    assert response.json()["code"] == "release_incomplete"
    assert {"channels", "slots.model", "card.why", "rollback_plan.triggers"} <= set(fields(response))


def test_a_release_made_from_the_live_one_copies_it_and_takes_what_is_given(
    here: Parts, author: Client
) -> None:
    live = frozen(here.cast, here.content, name="v1")
    android = here.cast.channel("android")
    go_live(actor(here.cast.release_manager), revision=live, channel=android)
    given = [{"slot": "threshold_policy", "component": str(here.policy.id)}]

    response = post(
        author,
        RELEASES,
        {"system": str(here.system.id), "name": "v2", "from_live": str(android.id), "slots": given},
    )

    answer = response.json()
    policies = [slot["component"] for slot in answer["slots"] if slot["slot"] == "threshold_policy"]
    assert response.status_code == 201
    assert answer["copied_from"] == str(live.id)
    assert len(answer["slots"]) == len(here.content.slots)
    assert policies == [str(here.policy.id)]
    assert len(answer["channels"]) == 3
    assert (answer["card"], answer["rollout_plan"]) == ({}, here.content.rollout_plan)
    assert answer["rollback_plan"] == here.content.rollback_plan
    assert {category["key"] for category in answer["categories"]} == {
        "threshold_or_policy_update",
        "new_channel",
    }


def test_a_copy_for_fewer_channels_leaves_the_sdks_of_the_others_out(here: Parts, author: Client) -> None:
    android = here.cast.channel("android")
    go_live(actor(here.cast.release_manager), revision=frozen(here.cast, here.content), channel=android)
    sent = {
        "system": str(here.system.id),
        "name": "v2",
        "from_live": str(android.id),
        "channels": [str(android.id)],
    }

    answer = post(author, RELEASES, sent).json()

    assert [slot["channel"] for slot in answer["slots"] if slot["slot"] == "sdk"] == [str(android.id)]


def test_nothing_is_copied_from_a_channel_where_nothing_is_live(here: Parts, author: Client) -> None:
    channel = here.cast.channel("ios")

    response = post(
        author, RELEASES, {"system": str(here.system.id), "name": "v2", "from_live": str(channel.id)}
    )

    assert response.status_code == 400
    assert "nothing is live on ios" in fields(response)["from_live"]


def test_parts_that_a_change_leaves_out_stay(here: Parts, author: Client) -> None:
    revision = draft(here.cast, here.content)

    response = patch(author, url(revision), {"card": {"why": "another reason"}})

    answer = response.json()
    assert response.status_code == 200
    assert answer["card"] == {"why": "another reason"}
    assert len(answer["slots"]) == len(here.content.slots)
    assert answer["rollback_plan"] == here.content.rollback_plan


def test_a_repeated_draft_is_made_once(here: Parts, author: Client) -> None:
    answers: list[Any] = [
        post(author, RELEASES, full_body(here), **{"Idempotency-Key": "once"}) for _ in "ab"
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]


def test_a_key_used_for_another_body_is_refused(here: Parts, author: Client) -> None:
    post(author, RELEASES, full_body(here), **{"Idempotency-Key": "once"})

    response = post(author, RELEASES, full_body(here, "v3.2"), **{"Idempotency-Key": "once"})

    assert response.status_code == 409
    assert response.json()["code"] == "idempotency_key_reused"


def test_a_token_without_the_scope_may_not_draft(here: Parts) -> None:
    client = with_token(here.cast.author, "read")

    assert post(client, RELEASES, full_body(here)).status_code == 403


def test_withdrawing_takes_a_reason(here: Parts, author: Client) -> None:
    revision = frozen(here.cast, here.content)

    without = post(author, url(revision, "withdraw/"))
    done = post(author, url(revision, "withdraw/"), {"reason": "a flaw"})
    again = post(author, url(revision, "withdraw/"), {"reason": "a flaw"})

    assert list(fields(without)) == ["reason"]
    assert (done.status_code, done.json()["state"]) == (200, "withdrawn")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
