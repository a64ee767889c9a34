"""A reviewer of web channels sees what touches them, acts on them, and on nothing else.

Beside the shared world: ``android_only`` touches no web channel, ``payout-liveness`` is another system, and
``v1`` is on its way on mobile_web and on android.
"""

import json
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse

from governance.registry.models import System
from releases.approvals.models import ApprovalRequest
from releases.bundles.models import Revision
from releases.gates.models import GateEvaluation
from releases.rollouts.models import Deployment
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.approvals import candidate, evaluated, requested
from tests.factories.bundles import complete_content, frozen
from tests.factories.cast import system_with_channels
from tests.factories.http import signed_in, with_token
from tests.factories.rollouts import on_its_way
from tests.factories.worlds import Prepared

LISTS = (
    "releases_release",
    "releases_deployment",
    "releases_gateevaluation",
    "releases_approvalrequest",
    "governance_channel",
    "governance_system",
)
OF_OTHERS = ("android_only", "payout-liveness")


@dataclass(frozen=True)
class Place:
    """What lies within the reviewer's reach and what does not."""

    here: Prepared
    client: Client
    web: Deployment
    android: Deployment
    android_only: Revision
    asked_for_android: ApprovalRequest
    evaluation: GateEvaluation
    other: System


@pytest.fixture
def place(prepared: Prepared) -> Place:
    """The reviewer signed in, and both sides of the fence."""
    people = prepared.here.cast
    other = system_with_channels("payout-liveness", ("mobile_web",))
    apart = frozen(people, complete_content(people, "android", tag="5"), name="android_only")
    web, android = on_its_way(prepared.here, prepared.candidate, "mobile_web", "android")
    asked = requested(prepared.here, candidate(prepared.here, "2"), "android")
    return Place(
        prepared,
        signed_in(people.security_reviewer),
        web,
        android,
        apart,
        asked,
        evaluated(people, apart),
        other,
    )


def page_of(client: Client, url: str, **query: str) -> str:
    response = client.get(url, query)
    assert response.status_code == 200
    return str(response.content.decode())


def hidden_in(place: Place, text: str) -> list[str]:
    """What of others stands in a page or an answer: names and ids.

    Not the id of the channel android: a release or request that touches a channel is read whole.
    """
    rows = (place.android, place.asked_for_android, place.evaluation, place.other)
    keys = [*rows, place.android_only, place.android_only.release]
    return [word for word in (*OF_OTHERS, *(str(row.pk) for row in keys)) if word in text]


def test_lists_hold_nothing_of_others(place: Place) -> None:
    pages = {name: page_of(place.client, reverse(f"admin:{name}_changelist")) for name in LISTS}

    assert {name: hidden_in(place, page) for name, page in pages.items()} == {key: [] for key in LISTS}
    assert "v1" in pages["releases_release"]
    assert str(place.web.pk) in pages["releases_deployment"]


def test_the_searches_of_lists_find_nothing_of_others(place: Place) -> None:
    asked = [(name, word) for name in LISTS for word in ("ndroid_onl", "payout-livenes")]

    found = {
        (name, word): hidden_in(place, page_of(place.client, reverse(f"admin:{name}_changelist"), q=word))
        for name, word in asked
    }

    assert found == {key: [] for key in asked}


def test_the_search_over_everything_finds_nothing_of_others(place: Place) -> None:
    words = ("ndroid", "payout", "liveness")

    found = {word: hidden_in(place, page_of(place.client, reverse("admin:search"), s=word)) for word in words}

    assert found == {key: [] for key in words}


def test_the_search_finds_what_is_theirs(place: Place) -> None:
    page = page_of(place.client, reverse("admin:search"), s="v1")

    assert str(place.here.candidate.release_id) in page
    assert str(place.web.pk) in page


def test_suggestions_name_nothing_of_others(place: Place) -> None:
    fields = (
        ("deployment", "release", "android"),
        ("deployment", "channel", "android"),
        ("release", "system", "payout"),
        ("approvalrequest", "release", "android"),
    )

    answers = {
        (model, field): place.client.get(
            reverse("admin:autocomplete"),
            {"app_label": "releases", "model_name": model, "field_name": field, "term": term},
        )
        for model, field, term in fields
    }

    found = {key: hidden_in(place, answer.content.decode()) for key, answer in answers.items()}
    assert found == {key: [] for key in answers}
    assert {answer.status_code for answer in answers.values()} <= {200, 403}


def outside(place: Place) -> dict[str, str]:
    """Pages of others, by what they are."""
    android = place.here.here.cast.channel("android")
    return {
        "release": reverse("admin:releases_release_change", args=[place.android_only.release_id]),
        "brief": reverse("admin:review", args=[place.android_only.pk]),
        "rollout": reverse("admin:rollout", args=[place.android.pk]),
        "listed rollout": reverse("admin:releases_deployment_change", args=[place.android.pk]),
        "hold": reverse("admin:rollout_hold", args=[place.android.pk]),
        "roll back": reverse("admin:rollout_roll_back", args=[place.android.pk]),
        "request": reverse("admin:releases_approvalrequest_change", args=[place.asked_for_android.pk]),
        "evaluation": reverse("admin:releases_gateevaluation_change", args=[place.evaluation.pk]),
        "channel": reverse("admin:governance_channel_change", args=[android.pk]),
        "system": reverse("admin:governance_system_change", args=[place.other.pk]),
        "start": reverse("admin:revision_start", args=[place.here.candidate.pk, android.pk]),
    }


def test_pages_of_others_are_not_there(place: Place) -> None:
    answers = {name: place.client.get(url).status_code for name, url in outside(place).items()}

    assert answers == dict.fromkeys(answers, 404)


def test_what_touches_their_channel_is_readable_whole(place: Place) -> None:
    page = page_of(
        place.client, reverse("admin:releases_release_change", args=[place.here.candidate.release_id])
    )

    assert reverse("admin:rollout", args=[place.web.pk]) in page
    assert reverse("admin:rollout", args=[place.android.pk]) not in page


def test_counts_and_the_front_page_tell_of_their_channel_alone(place: Place) -> None:
    page = text_of(place.client.get("/admin/"))
    live = text_of(place.client.get("/admin/live/"))

    assert "v1 is rolling out on mobile_web: guarded 25 %." in page
    assert "1 system, 1 channel" in page
    assert "security reviewer · mobile_web" in page
    assert "android_only" not in page
    assert "payout-liveness" not in page
    assert "1 release answers on 1 of 1 channel of 1 system." in live


def test_gaps_name_their_channel_alone(place: Place) -> None:
    page = text_of(place.client.get("/admin/gaps/"))

    assert "baseline on mobile_web" in page
    assert "android" not in page


def test_they_hold_and_roll_back_on_their_channel(place: Place) -> None:
    held = submitted(place.client, reverse("admin:rollout_hold", args=[place.web.pk]), reason="Masks.")
    state = Deployment.objects.get(pk=place.web.pk).state
    back = submitted(place.client, reverse("admin:rollout_roll_back", args=[place.web.pk]), reason="Masks.")

    assert (held.status_code, state) == (200, "held")
    assert (back.status_code, Deployment.objects.get(pk=place.web.pk).state) == (200, "rolled_back")
    assert Deployment.objects.get(pk=place.android.pk).state == "rolling_out"


def test_what_a_reviewer_may_not_do_is_refused_on_their_channel_too(place: Place) -> None:
    acts = ("advance", "pause")

    answers = {
        act: submitted(place.client, reverse(f"admin:rollout_{act}", args=[place.web.pk]), reason="Now.")
        for act in acts
    }

    assert {act: answer.status_code for act, answer in answers.items()} == dict.fromkeys(acts, 409)
    assert Deployment.objects.get(pk=place.web.pk).state == "rolling_out"


def test_nothing_is_posted_to_another_channel(place: Place) -> None:
    acts = ("hold", "roll-back", "advance", "pause", "resume")
    with_a_token = with_token(place.here.here.cast.security_reviewer)
    body = json.dumps({"reason": "Masks."})

    posted = [
        place.client.post(
            reverse(f"admin:rollout_{act.replace('-', '_')}", args=[place.android.pk]),
            {"act_key": "k", "reason": "Masks.", "to_stage": "2"},
        ).status_code
        for act in acts
    ]
    called = [
        with_a_token.post(
            f"/api/v1/rollouts/{place.android.pk}/{act}/",
            json.dumps({"reason": "Masks.", "to_stage": 2}) if act == "advance" else body,
            content_type="application/json",
        ).status_code
        for act in acts
    ]

    assert (posted, called) == ([404] * 5, [404] * 5)
    assert Deployment.objects.get(pk=place.android.pk).state == "rolling_out"


def test_lists_of_the_interface_hold_nothing_of_others(place: Place) -> None:
    client = with_token(place.here.here.cast.security_reviewer)
    names = ("rollouts", "releases", "approval-requests", "gate-evaluations", "channels", "systems", "gaps")

    answers = {name: client.get(f"/api/v1/{name}/") for name in names}

    assert {answer.status_code for answer in answers.values()} == {200}
    found = {name: hidden_in(place, answer.content.decode()) for name, answer in answers.items()}
    assert found == {key: [] for key in names}


def test_objects_of_others_are_not_there_in_the_interface(place: Place) -> None:
    client = with_token(place.here.here.cast.security_reviewer)
    android = place.here.here.cast.channel("android")
    addresses = [
        f"rollouts/{place.android.pk}/",
        f"releases/{place.android_only.release_id}/",
        f"approval-requests/{place.asked_for_android.pk}/",
        f"gate-evaluations/{place.evaluation.pk}/",
        f"channels/{android.pk}/",
        f"channels/{android.pk}/live/",
        f"systems/{place.other.pk}/",
    ]

    answers = {address: client.get(f"/api/v1/{address}").status_code for address in addresses}

    assert answers == dict.fromkeys(addresses, 404)


def test_the_interface_lets_them_hold_and_roll_back_on_their_channel(place: Place) -> None:
    client = with_token(place.here.here.cast.security_reviewer)
    body = json.dumps({"reason": "Masks pass."})

    live = client.get(f"/api/v1/channels/{place.web.channel_id}/live/")
    held = client.post(f"/api/v1/rollouts/{place.web.pk}/hold/", body, content_type="application/json")
    back = client.post(f"/api/v1/rollouts/{place.web.pk}/roll-back/", body, content_type="application/json")

    assert (live.status_code, held.status_code, back.status_code) == (200, 200, 200)
    assert Deployment.objects.get(pk=place.web.pk).state == "rolled_back"
