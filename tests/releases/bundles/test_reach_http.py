"""Who sees and changes which releases over HTTP."""

import pytest
from django.test import Client

from releases.bundles.content import ReleaseContent
from tests.factories.bundles import Parts, draft
from tests.factories.http import signed_in
from tests.releases.bundles.http import RELEASES, post, url


@pytest.mark.parametrize("verb", ["freeze/", "withdraw/"])
@pytest.mark.parametrize("name", ["approver", "release_manager", "auditor", "security_reviewer"])
def test_readers_may_not_change_releases(here: Parts, verb: str, name: str) -> None:
    client = signed_in(getattr(here.cast, name))
    revision = draft(here.cast, here.content)

    response = post(client, url(revision, verb), {"reason": "x"} if verb == "withdraw/" else {})

    assert response.status_code == 403
    assert response.json()["code"] == "permission_denied"
    assert client.get(url(revision)).status_code == 200


@pytest.mark.parametrize("verb", ["", "difference/", "manifest/", "card/", "history/", "revisions/"])
def test_a_stranger_finds_no_release(here: Parts, verb: str) -> None:
    client = signed_in(here.cast.stranger)

    assert client.get(url(draft(here.cast, here.content), verb)).status_code == 404
    assert client.get(RELEASES).json()["results"] == []


@pytest.mark.parametrize("verb", ["freeze/", "withdraw/"])
def test_a_stranger_finds_nothing_to_change(here: Parts, verb: str) -> None:
    client = signed_in(here.cast.stranger)

    assert post(client, url(draft(here.cast, here.content), verb), {"reason": "x"}).status_code == 404


def test_nobody_is_told_anything_without_signing_in(here: Parts) -> None:
    assert Client().get(RELEASES).status_code == 401


def test_a_release_that_does_not_touch_the_readers_channel_is_not_seen(here: Parts) -> None:
    client = signed_in(here.cast.security_reviewer)
    seen = draft(here.cast, ReleaseContent(channels=(here.cast.channel("mobile_web"),)), name="web")
    draft(here.cast, ReleaseContent(channels=(here.cast.channel("ios"),)), name="ios")

    names = [row["name"] for row in client.get(RELEASES).json()["results"]]

    assert names == [seen.release.name]


def test_what_is_live_on_a_channel_out_of_reach_is_not_told(here: Parts) -> None:
    client = signed_in(here.cast.security_reviewer)

    assert client.get(f"/api/v1/channels/{here.cast.channel('ios').id}/live/").status_code == 404
    assert client.get(f"/api/v1/channels/{here.cast.channel('mobile_web').id}/live/").status_code == 200
