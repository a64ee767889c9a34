"""Lists of releases over HTTP: filters, ordering, queries."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.access.roles import Role
from releases.bundles.content import ReleaseContent
from releases.bundles.services import edit_release
from tests.factories.bundles import Parts, draft, frozen, go_live
from tests.factories.cast import actor, grant, person, system_with_channels
from tests.factories.http import with_token
from tests.releases.bundles.http import RELEASES


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"state": "frozen"}, ["v2"]),
        ({"state": "draft"}, ["v1"]),
        ({"channel": "android"}, ["v2"]),
        ({"channel": "ios"}, ["v2", "v1"]),
        ({"name": "v1"}, ["v1"]),
        ({"ordering": "name"}, ["v1", "v2"]),
        ({"ordering": "-created_at"}, ["v2", "v1"]),
    ],
)
def test_lists_are_filtered_by_the_newest_revision(
    here: Parts, author: Client, parameters: dict[str, str], names: list[str]
) -> None:
    first = frozen(here.cast, here.content, name="v1")
    edit_release(here.author, revision=first, content=ReleaseContent(channels=(here.cast.channel("ios"),)))
    frozen(here.cast, here.content, name="v2")
    ids = {channel.name: str(channel.id) for channel in here.content.channels}

    response = author.get(RELEASES, {key: ids.get(value, value) for key, value in parameters.items()})

    assert [row["name"] for row in response.json()["results"]] == names


def test_a_list_of_one_system_leaves_the_others_out(here: Parts) -> None:
    other = system_with_channels("another-system", ["android"])
    both = person("author_of_both")
    grant(both, Role.AUTHOR, system=here.system)
    grant(both, Role.AUTHOR, system=other)
    draft(here.cast, here.content)
    client = with_token(both)

    assert len(client.get(RELEASES, {"system": str(here.system.id)}).json()["results"]) == 1
    assert client.get(RELEASES, {"system": str(other.id)}).json()["results"] == []


@pytest.mark.parametrize("parameters", [{"state": "sleeping"}, {"channel": "x"}, {"ordering": "owner"}])
def test_a_filter_that_cannot_be_taken_is_named(
    here: Parts, author: Client, parameters: dict[str, str]
) -> None:
    response = author.get(RELEASES, parameters)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == next(iter(parameters))


def _drafts(here: Parts, *names: str) -> None:
    for name in names:
        draft(here.cast, here.content, name=name)


def test_a_longer_list_takes_no_more_queries(here: Parts, author: Client) -> None:
    go_live(
        actor(here.cast.release_manager),
        revision=frozen(here.cast, here.content, name="live"),
        channel=here.cast.channel("android"),
    )
    draft(here.cast, here.content, name="d0")
    author.get(RELEASES)
    with CaptureQueriesContext(connection) as few:
        author.get(RELEASES)
    _drafts(here, "d1", "d2", "d3", "d4")
    with CaptureQueriesContext(connection) as many:
        rows = author.get(RELEASES).json()["results"]

    assert len(rows) == 6
    assert len(many) == len(few)
