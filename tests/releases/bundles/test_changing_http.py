"""Changing a release over HTTP: what was read must still be what is there; later states get revisions."""

from uuid import uuid4

import pytest
from django.test import Client

from releases.bundles.models import Revision, RevisionState
from releases.bundles.services import freeze_release
from tests.database import in_threads
from tests.factories.bundles import Parts, draft, frozen, in_state
from tests.factories.http import with_secret
from tests.releases.bundles.http import patch, url


def test_a_change_of_what_was_read_is_taken_and_names_the_new_content(here: Parts, author: Client) -> None:
    revision = draft(here.cast, here.content)
    tag = author.get(url(revision)).headers["ETag"]

    response = patch(author, url(revision), {"card": {}}, **{"If-Match": tag})

    assert tag == f'"{revision.id}-0"'
    assert response.status_code == 200
    assert response.headers["ETag"] == f'"{revision.id}-1"'


@pytest.mark.parametrize("tag", ['"{id}-1"', '"{other}-0"', "nonsense", 'W/"{id}-0"', '"{id}-0", "x"'])
def test_a_change_of_something_else_than_was_read_is_refused(here: Parts, author: Client, tag: str) -> None:
    revision = draft(here.cast, here.content)

    response = patch(
        author, url(revision), {"card": {}}, **{"If-Match": tag.format(id=revision.id, other=uuid4())}
    )

    assert response.status_code == 412
    assert response.json()["code"] == "edited_meanwhile"
    assert Revision.objects.get(id=revision.id).card == here.content.card


def test_a_draft_frozen_since_it_was_read_is_not_changed_by_surprise(here: Parts, author: Client) -> None:
    revision = draft(here.cast, here.content)
    tag = author.get(url(revision)).headers["ETag"]
    freeze_release(here.author, revision=revision)

    response = patch(author, url(revision), {"card": {}}, **{"If-Match": tag})

    assert response.status_code == 412
    assert revision.release.revisions.count() == 1


@pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}])
def test_a_change_that_names_no_content_is_taken(
    here: Parts, author: Client, headers: dict[str, str]
) -> None:
    response = patch(author, url(draft(here.cast, here.content)), {"card": {}}, **headers)

    assert response.status_code == 200


def test_a_repeated_change_of_a_frozen_release_makes_one_revision(here: Parts, author: Client) -> None:
    revision = frozen(here.cast, here.content)
    tag = author.get(url(revision)).headers["ETag"]
    headers = {"If-Match": tag, "Idempotency-Key": "once"}

    first = patch(author, url(revision), {"card": {}}, **headers)
    second = patch(author, url(revision), {"card": {}}, **headers)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["revision"] == second.json()["revision"] == 2
    assert revision.release.revisions.count() == 2


@pytest.mark.parametrize("state", [RevisionState.APPROVED, RevisionState.REJECTED])
def test_a_change_after_the_review_makes_a_new_revision(
    here: Parts, author: Client, state: RevisionState
) -> None:
    revision = in_state(here, state)

    response = patch(author, url(revision), {"card": {"why": "again"}})

    assert (response.json()["revision"], response.json()["state"]) == (2, "draft")
    assert Revision.objects.get(id=revision.id).state == state


def test_changes_of_different_parts_at_the_same_time_lose_nothing(committed: Parts) -> None:
    revision = draft(committed.cast, committed.content)
    client = with_secret(committed.author_secret)
    old = committed.content
    new_card, new_plan = {"why": "one"}, {"steps": "two"}

    answers = in_threads(
        lambda: patch(client, url(revision), {"card": new_card}),
        lambda: patch(client, url(revision), {"rollback_plan": new_plan}),
    )

    final = client.get(url(revision)).json()
    card, plan = [answer.status_code for answer in answers]
    assert 200 in {card, plan}
    assert final["card"] == {200: new_card, 412: old.card}[card]
    assert final["rollback_plan"] == {200: new_plan, 412: old.rollback_plan}[plan]
