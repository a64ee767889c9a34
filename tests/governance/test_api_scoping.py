"""Somebody with every role on one system: there everything works, of the other system nothing is there."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern

from governance.access.api import routes as access_routes
from governance.access.models import Account, ApiToken, Grant
from governance.access.rest import router_of
from governance.identifiers import new_id
from governance.registry.api import routes as registry_routes
from governance.registry.models import Channel, ComponentVersion, Segment, System
from tests.factories.cast import everybody_in_one, system_with_channels
from tests.factories.http import Answer, signed_in
from tests.factories.snapshot import once
from tests.governance.surface import (
    CREATING,
    LISTS,
    OBJECTS,
    VERBS,
    World,
    bodies,
    populate,
    world,
)

OWN, OTHER = "onboarding-liveness", "branch-kiosk"
OF_THE_INSTALLATION = (
    "accounts/{account}/deactivate/",
    "accounts/{account}/password/",
    "tokens/{token}/revoke/",
)
"""Verbs that an administrator of the installation does; one of a system alone does not."""


def _build() -> None:
    own, other = system_with_channels(OWN), system_with_channels(OTHER)
    populate(own, everybody_in_one(own, "of_own"))
    populate(other, everybody_in_one(other, "of_other"))


@pytest.fixture
def worlds(db: None) -> tuple[Client, World, World]:
    """A session of ``of_own``, its own world and the other one."""
    once("two systems", _build)
    own, other = System.objects.get(slug=OWN), System.objects.get(slug=OTHER)
    return signed_in(Account.objects.get(username="of_own")), world(own), world(other)


def post(client: Client, address: str, body: Any) -> Answer:
    """A POST with JSON."""
    return client.post(address, body, content_type="application/json")


@pytest.mark.parametrize("plural", ["systems", "channels", "segments", "components", "grants"])
def test_an_object_of_the_own_system_is_there(worlds: tuple[Client, World, World], plural: str) -> None:
    client, own, _ = worlds

    answer = client.get(own.object_address(plural))

    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["id"] == str(own.ids[plural.removesuffix("s")])


@pytest.mark.parametrize("plural", OBJECTS)
def test_an_object_of_the_other_system_is_not_there(worlds: tuple[Client, World, World], plural: str) -> None:
    client, _, other = worlds

    answer = client.get(other.object_address(plural))

    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("path", LISTS)
def test_a_list_shows_nothing_of_the_other_system(worlds: tuple[Client, World, World], path: str) -> None:
    client, _, other = worlds
    hidden = {str(identifier) for identifier in other.ids.values()}

    answer = client.get(f"/api/v1/{path}?page_size=200")

    assert answer.status_code == HTTPStatus.OK
    assert not [identifier for identifier in hidden if identifier in answer.content.decode()]
    assert OTHER not in answer.content.decode()


@pytest.mark.parametrize("path", ["channels/", "segments/", "components/", "grants/"])
def test_a_filter_by_the_other_system_answers_as_for_one_that_is_not_there(
    worlds: tuple[Client, World, World], path: str
) -> None:
    client, _, other = worlds

    hidden = client.get(f"/api/v1/{path}?system={other.ids['system']}")
    absent = client.get(f"/api/v1/{path}?system={new_id()}")

    assert hidden.status_code == absent.status_code == HTTPStatus.OK
    assert hidden.json() == absent.json() == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize("template", [verb for verb in VERBS if verb not in OF_THE_INSTALLATION])
def test_a_verb_works_on_the_own_system(worlds: tuple[Client, World, World], template: str) -> None:
    client, own, _ = worlds
    others_grant = Grant.objects.get(system_id=own.ids["system"], account__username="of_own", role="auditor")
    there = World({**own.ids, "grant": others_grant.id})

    answer = post(client, there.address(template), bodies(there.ids)[template])

    assert answer.status_code == HTTPStatus.OK


@pytest.mark.parametrize("template", VERBS)
def test_a_verb_finds_nothing_of_the_other_system(worlds: tuple[Client, World, World], template: str) -> None:
    client, _, other = worlds
    before = state()

    answer = post(client, other.address(template), bodies(other.ids)[template])

    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert state() == before


@pytest.mark.parametrize("path", ["channels/", "segments/", "components/"])
def test_the_own_system_is_extended(worlds: tuple[Client, World, World], path: str) -> None:
    client, own, _ = worlds

    answer = post(client, f"/api/v1/{path}", bodies(own.ids)[path])

    assert answer.status_code == HTTPStatus.CREATED
    assert client.get(answer["Location"]).json() == answer.json()


@pytest.mark.parametrize("path", ["channels/", "segments/", "components/", "grants/"])
def test_a_body_that_names_the_other_system_is_answered_as_for_one_that_is_not_there(
    worlds: tuple[Client, World, World], path: str
) -> None:
    client, own, other = worlds
    body, absent = bodies(own.ids)[path], str(new_id())
    before = state()

    hidden = post(client, f"/api/v1/{path}", {**body, "system": str(other.ids["system"])})
    unknown = post(client, f"/api/v1/{path}", {**body, "system": absent})

    assert hidden.status_code == HTTPStatus.BAD_REQUEST
    assert [error["field"] for error in hidden.json()["errors"]] == ["system"]
    assert hidden.json() == renamed(unknown, absent, other.ids["system"])
    assert state() == before


@pytest.mark.parametrize(
    ("path", "field", "kind"),
    [
        ("grants/", "channel", "channel"),
        ("components/", "parents", "component"),
        ("tokens/", "account", "account"),
    ],
)
def test_a_body_that_names_another_object_of_the_other_system_changes_nothing(
    worlds: tuple[Client, World, World], path: str, field: str, kind: str
) -> None:
    client, own, other = worlds
    named: Any = {"parents": [str(other.ids[kind])]}.get(field) or str(other.ids[kind])
    body = {
        key: value for key, value in bodies(own.ids)[path].items() if (path, key) != ("grants/", "system")
    }
    before = state()

    answer = post(client, f"/api/v1/{path}", {**body, field: named})

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert state() == before


@pytest.mark.parametrize("path", ["systems/", "accounts/"])
def test_what_belongs_to_the_installation_is_not_made_by_an_administrator_of_a_system(
    worlds: tuple[Client, World, World], path: str
) -> None:
    client, own, _ = worlds
    before = state()

    answer = post(client, f"/api/v1/{path}", bodies(own.ids)[path])

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert state() == before


def state() -> list[int]:
    """How many rows there are of everything that a call could make or end."""
    return [
        System.objects.count(),
        Channel.objects.count(),
        Segment.objects.count(),
        ComponentVersion.objects.filter(status="active").count(),
        Account.objects.filter(is_active=True).count(),
        Grant.objects.filter(ends_at=None).count(),
        ApiToken.objects.filter(revoked_at=None).count(),
    ]


def renamed(answer: Answer, old: str, new: UUID) -> Any:
    """An answer with one id in place of another, so that two refusals can be compared."""
    body = answer.json()
    errors = [{**error, "message": error["message"].replace(old, str(new))} for error in body["errors"]]
    return {**body, "detail": body["detail"].replace(old, str(new)), "errors": errors}


def test_every_address_of_the_router_has_its_cases() -> None:
    patterns = [
        item for item in router_of(registry_routes, access_routes).urls if isinstance(item, URLPattern)
    ]
    known = {*LISTS, *(f"{plural}/<pk>/" for plural in OBJECTS), *map(_shape, VERBS)}

    routed = {_shape_of(pattern) for pattern in patterns}

    assert routed == known
    assert set(CREATING) <= routed


def _shape(template: str) -> str:
    start, _, rest = template.partition("{")
    return f"{start}<pk>{rest.partition('}')[2]}"


def _shape_of(pattern: URLPattern) -> str:
    text = str(pattern.pattern).strip("^$").replace("\\Z", "")
    start, found, rest = text.partition("(?P<pk>")
    return f"{start}<pk>/{rest.partition(')/')[2]}" if found else start
