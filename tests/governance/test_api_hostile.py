"""Nothing that a client can send is answered with a 5xx; every refusal is a problem document."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from governance.access.models import Account
from governance.access.roles import Role
from governance.registry.models import System
from tests.factories.cast import everybody_in_one, grant, system_with_channels
from tests.factories.http import Answer, signed_in
from tests.factories.snapshot import once
from tests.governance.surface import LISTS, OBJECTS, POSTS, VERBS, World, bodies, populate, world

HUGE = "9" * 5000
HOSTILE_BODIES: tuple[bytes, ...] = (
    b"",
    b"null",
    b"[]",
    b"[{}]",
    b'"text"',
    b"7",
    b"true",
    b"{",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"reason":' + b"[" * 70 + b"]" * 70 + b"}",
    b'{"reason": NaN}',
    b'{"reason": -Infinity}',
    b'{"reason": 1e999}',
    b'{"reason": ' + HUGE.encode() + b"}",
    b'{"reason": 9007199254740993}',
    b'{"reason": "\\u0000"}',
    b'{"reason": "\\ud800"}',
    b'{"\\u0000": 1}',
    b'{"reason": "a", "reason": "b"}',
    b'{"reason": "' + b"x" * 40_000 + b'"}',
    b'{"is_superuser": true, "id": "x", "state": "approved"}',
)
HOSTILE_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**53 - 1,
    1e308,
    " ",
    "x" * 5000,
    "00000000-0000-0000-0000-000000000000",
    "' OR 1=1 --",
    "\u202egnp.exe\u0001",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    [],
    [None, {}, [], "read"],
    {"": ""},
    {"attribute": [], "operator": {}, "value": []},
)
OPTIONAL_FIELDS = {
    "systems/": ("description", "dataset_change_limit_rate", "starter_may_cast_last_vote"),
    "channels/": ("drill",),
    "components/": ("digest", "uri", "parents", "owner", "artefact"),
    "accounts/": ("kind", "display_name", "email"),
    "grants/": ("ends_at", "proposal", "channel"),
    "tokens/": ("account",),
}
HOSTILE_QUERIES: tuple[str, ...] = (
    "page_size=-1",
    f"page_size={HUGE}",
    "page_size=x",
    "cursor=x",
    "cursor=%00",
    "cursor=%F0%9F%92%A9",
    "cursor=cD1ub3QtYS11dWlk",
    "cursor=cD0lMDA%3D",
    "cursor=cj14",
    f"cursor={'A' * 4000}",
    "ordering=nonsense",
    "ordering=account__password",
    "ordering=-id,id",
    "ordering=%00",
    "ordering=,",
    "system=not-a-uuid",
    "system=%00",
    "account=7",
    "channel=",
    "username=%00",
    "username[]=a",
    "slug=%FF",
    "kind=%27",
    "drill=perhaps",
    f"version={HUGE}",
    "version=-1",
    "version=1e400",
    "at=yesterday",
    "at=9999-12-31T23:59:59-23:59",
    "at=0001-01-01T00:00:00%2B23:59",
    "all_versions=%00",
    "is_superuser=true",
    "password__startswith=a",
    "format=xml",
)
HOSTILE_TYPES: tuple[tuple[str, bytes], ...] = (
    ("text/plain", b"{}"),
    ("application/xml", b"<a/>"),
    ("application/x-www-form-urlencoded", b"reason=%00"),
    ("application/json; charset=klingon", b'{"reason": "a"}'),
    ("application/json; charset=utf-16", b'{"reason": "a"}'),
    ("multipart/form-data", b"--x--"),
    ("multipart/form-data; boundary=", b"----"),
    (f"multipart/form-data; boundary={'b' * 5000}", b"--b"),
    (MULTIPART_CONTENT, encode_multipart(BOUNDARY, {"reason": "\x00", "attributes": "[" * 50_000})),
    (MULTIPART_CONTENT, encode_multipart(BOUNDARY, {str(number): "x" for number in range(1200)})),
    ("", b"{}"),
    ("\x7f", b"{}"),
)
HOSTILE_HEADERS: tuple[dict[str, str], ...] = (
    {"authorization": "Bearer"},
    {"authorization": "Bearer a b"},
    {"authorization": "Bearer \xff\x00"},
    {"authorization": "Basic YTpi"},
    {"accept": "application/xml"},
    {"idempotency-key": "x" * 201},
    {"idempotency-key": "\x00"},
    {"idempotency-key": "ключ".encode().decode("latin-1")},
    {"x-request-id": "a\r\nSet-Cookie: b=c"},
)
HOSTILE_IDS = (
    "00000000-0000-0000-0000-000000000000",
    "0" * 32,
    "-" * 36,
    "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
    "1",
    "%00",
    "..%2F..%2Fetc",
    "x" * 3000,
    "%F0%9F%92%A9",
    "' OR 1=1",
)


def _build() -> None:
    system = system_with_channels()
    account = everybody_in_one(system)
    grant(account, Role.ADMINISTRATOR)
    populate(system, account)


@pytest.fixture
def place(db: None) -> tuple[Client, World]:
    """A session of somebody with every role, and a world of objects; a 500 is answered, not raised."""
    once("somebody with every role", _build)
    client = signed_in(Account.objects.get(username="allrounder"))
    client.raise_request_exception = False
    return client, world(System.objects.get())


def refusals_without_problem(answers: Sequence[Answer]) -> list[tuple[int, bytes]]:
    """Answers that are 5xx, or refusals that are no problem document."""
    return [
        (answer.status_code, answer.content[:300])
        for answer in answers
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        or (answer.status_code >= HTTPStatus.BAD_REQUEST and not _is_problem(answer))
    ]


def _is_problem(answer: Answer) -> bool:
    if answer["Content-Type"] != "application/problem+json":
        return False
    body = json.loads(answer.content)
    stated = body["status"] == answer.status_code and body["detail"] and body["next_step"]
    return bool(stated) and {"type", "title", "code", "errors"} <= set(body)


@pytest.mark.parametrize("template", POSTS)
def test_no_body_breaks_a_post(place: tuple[Client, World], template: str) -> None:
    client, there = place
    address = there.address(template)

    answers = [client.post(address, body, content_type="application/json") for body in HOSTILE_BODIES]

    assert refusals_without_problem(answers) == []
    assert {answer.status_code for answer in answers[1:20]} <= {400, 413, 429}


@pytest.mark.parametrize("template", POSTS)
def test_no_value_of_any_field_breaks_a_post(place: tuple[Client, World], template: str) -> None:
    client, there = place
    address = there.address(template)
    fitting = bodies(there.ids)[template]
    fields = (*fitting, *OPTIONAL_FIELDS.get(template, ()))
    changed = [{**fitting, field: value} for field in fields for value in HOSTILE_VALUES]

    answers = [client.post(address, body, content_type="application/json") for body in changed]

    assert refusals_without_problem(answers) == []


def test_no_content_type_breaks_a_post(place: tuple[Client, World]) -> None:
    client, there = place
    calls = product(POSTS, HOSTILE_TYPES)

    answers = [
        client.generic("POST", there.address(template), body, content_type=name)
        for template, (name, body) in calls
    ]

    assert refusals_without_problem(answers) == []


@pytest.mark.parametrize("path", LISTS)
def test_no_query_breaks_a_list(place: tuple[Client, World], path: str) -> None:
    client, _ = place

    answers = [client.get(f"/api/v1/{path}?{query}") for query in HOSTILE_QUERIES]

    assert refusals_without_problem(answers) == []


def test_no_header_breaks_a_list(place: tuple[Client, World]) -> None:
    client, _ = place
    calls = product(LISTS, HOSTILE_HEADERS)

    answers = [client.get(f"/api/v1/{path}", headers=headers) for path, headers in calls]

    assert refusals_without_problem(answers) == []


def test_no_id_breaks_a_lookup(place: tuple[Client, World]) -> None:
    client, _ = place
    calls = product(OBJECTS, HOSTILE_IDS)

    answers = [client.get(f"/api/v1/{plural}/{identifier}/") for plural, identifier in calls]

    assert refusals_without_problem(answers) == []
    assert {answer.status_code for answer in answers} == {HTTPStatus.NOT_FOUND}


def test_verbs_take_post_only(place: tuple[Client, World]) -> None:
    client, there = place
    calls = product(("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"), VERBS)

    answers = [client.generic(method, there.address(template)) for method, template in calls]

    assert refusals_without_problem(answers) == []
    assert {answer.status_code for answer in answers} == {HTTPStatus.METHOD_NOT_ALLOWED}


def test_what_is_recorded_is_neither_changed_nor_deleted(place: tuple[Client, World]) -> None:
    client, there = place
    calls = product(("PUT", "PATCH", "DELETE", "OPTIONS"), OBJECTS)

    answers = [client.generic(method, there.object_address(plural)) for method, plural in calls]

    assert refusals_without_problem(answers) == []
    assert {answer.status_code for answer in answers} == {HTTPStatus.METHOD_NOT_ALLOWED}


@pytest.mark.parametrize("path", ["nonsense/", "systems", "systems/x/y/z/", "../systems/", "%00", ""])
def test_an_address_that_is_not_there_is_a_problem_document(db: None, path: str) -> None:
    answer = Client().get(f"/api/v1/{path}")

    assert refusals_without_problem([answer]) == []
    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_a_body_larger_than_allowed_is_refused_without_reading_it_all(place: tuple[Client, World]) -> None:
    client, _ = place
    body = b'{"slug": "' + b"a" * (10 * 1024 * 1024) + b'"}'

    answer = client.post("/api/v1/systems/", body, content_type="application/json")

    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert answer.json()["code"] == "too_large"
