"""Idempotency-Key: the same request twice changes things once, on every address that takes a POST."""

from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from governance.access.granting import revoke_grant
from governance.access.models import Account, Grant
from governance.access.roles import Role
from governance.ledger.canonical import canonical_bytes, digest_of_bytes
from governance.ledger.models import Entry, IdempotencyRecord
from governance.registry.models import System
from tests.factories.cast import PASSWORD, Cast, actor, everybody_in_one, grant, system_with_channels
from tests.factories.http import Answer, signed_in
from tests.factories.snapshot import once
from tests.governance.surface import CREATING, VERBS, World, bodies, populate, world

KEY = "3f1c-first"


def post(client: Client, address: str, body: Any, key: str = KEY) -> Answer:
    """A POST with JSON and a key."""
    return client.post(address, body, content_type="application/json", headers={"idempotency-key": key})


def _build() -> None:
    system = system_with_channels()
    account = everybody_in_one(system)
    grant(account, Role.ADMINISTRATOR)
    populate(system, account)


@pytest.fixture
def place(db: None) -> tuple[Client, World]:
    """A session of somebody with every role, and a world of objects."""
    once("somebody with every role", _build)
    return signed_in(Account.objects.get(username="allrounder")), world(System.objects.get())


@pytest.mark.parametrize("template", [*CREATING, *VERBS])
def test_the_same_key_and_body_change_things_once(place: tuple[Client, World], template: str) -> None:
    client, there = place
    body = bodies(there.ids)[template]
    first = post(client, there.address(template), body)
    entries = Entry.objects.count()

    second = post(client, there.address(template), body)

    assert first.status_code == second.status_code in {HTTPStatus.OK, HTTPStatus.CREATED}
    assert {**second.json(), "secret": None} == {**first.json(), "secret": None}
    assert Entry.objects.count() == entries


@pytest.mark.parametrize("template", CREATING)
def test_the_same_key_with_another_body_is_a_conflict(place: tuple[Client, World], template: str) -> None:
    client, there = place
    body = bodies(there.ids)[template]
    changed = {**body, next(reversed(body)): "2027-01-01T00:00:00Z", **TEXTS.get(template, {})}
    post(client, there.address(template), body)

    answer = post(client, there.address(template), changed)

    assert answer.status_code == HTTPStatus.CONFLICT
    assert answer.json()["code"] == "idempotency_key_reused"


TEXTS: dict[str, dict[str, Any]] = {
    "channels/": {"kind": "ios"},
    "components/": {"attributes": {"strategy": "rule", "inputs": ["depth"]}},
    "tokens/": {"expires_at": "2027-01-01T00:00:00Z"},
}


def test_a_token_issued_twice_by_one_key_shows_its_secret_once(place: tuple[Client, World]) -> None:
    client, there = place
    body = bodies(there.ids)["tokens/"]

    first, second = (post(client, "/api/v1/tokens/", body).json() for _ in range(2))

    assert first["secret"].startswith("cs_")
    assert second["secret"] is None
    assert first["id"] == second["id"]


def test_a_refused_call_keeps_no_key(team: Cast) -> None:
    client = signed_in(team.admin)
    refused = post(client, "/api/v1/systems/", {"slug": "Bad Slug", "name": "x"})

    answer = post(client, "/api/v1/systems/", {"slug": "branch-kiosk", "name": "Branch kiosk"})

    assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert answer.status_code == HTTPStatus.CREATED


def test_a_key_belongs_to_its_account(team: Cast) -> None:
    body = {"slug": "branch-kiosk", "name": "Branch kiosk"}
    first = post(signed_in(team.admin), "/api/v1/systems/", body)

    second = post(signed_in(team.admin_two), "/api/v1/systems/", body)

    assert first.status_code == HTTPStatus.CREATED
    assert second.json()["code"] == "already_registered"


def test_a_replayed_answer_is_not_shown_to_whoever_lost_the_right_to_read_it(team: Cast) -> None:
    client = signed_in(team.author)
    body = {
        "system": str(team.system.id),
        "kind": "fusion",
        "name": "f1",
        "version": "1",
        "attributes": {"strategy": "rule", "inputs": ["depth"]},
    }
    first = post(client, "/api/v1/components/", body)
    revoke_grant(actor(team.admin), grant=Grant.objects.get(account=team.author), reason="Left")

    second = post(client, "/api/v1/components/", body)

    assert first.status_code == HTTPStatus.CREATED
    assert second.status_code == HTTPStatus.BAD_REQUEST
    assert first.json()["id"] not in second.content.decode()


def test_a_replay_by_somebody_who_is_no_administrator_any_more_shows_nothing(team: Cast) -> None:
    client = signed_in(team.admin_two)
    body = {"slug": "branch-kiosk", "name": "Branch kiosk"}
    first = post(client, "/api/v1/systems/", body)
    revoke_grant(actor(team.admin), grant=Grant.objects.get(account=team.admin_two), reason="Left")

    second = post(client, "/api/v1/systems/", body)

    assert first.status_code == HTTPStatus.CREATED
    assert second.status_code == HTTPStatus.NOT_FOUND
    assert second.json()["detail"] == "What this call made lies outside your reach."


def test_what_is_stored_of_a_request_does_not_let_a_password_be_guessed(team: Cast) -> None:
    body = {"username": "newcomer", "password": PASSWORD}
    post(signed_in(team.admin), "/api/v1/accounts/", body)
    stored = IdempotencyRecord.objects.get(key=KEY).request_digest

    plain = digest_of_bytes(b"\n".join([b"POST", b"/api/v1/accounts/", canonical_bytes(body)]))

    assert stored.startswith("sha256:")
    assert stored != plain
