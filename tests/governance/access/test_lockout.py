"""Guessing passwords: five wrong ones lock a name out from an address, on the page and in the API."""

from datetime import timedelta
from http import HTTPStatus

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from governance.access.requests import PROVED_AT
from tests.factories.cast import PASSWORD, Cast
from tests.factories.http import Answer, signed_in, with_token

LOGIN = "/admin/login/"
REAUTHENTICATE = "/api/v1/reauthenticate/"
WRONG = "not the password"


def attempt(client: Client, password: str, **headers: str) -> Answer:
    """Sign in on the admin's page as the author."""
    form = {"username": "author", "password": password, "next": "/healthz"}
    return client.post(LOGIN, form, headers=headers)


def prove(client: Client, password: str) -> Answer:
    """Prove again who one is."""
    return client.post(REAUTHENTICATE, {"password": password}, content_type="application/json")


def test_the_right_password_signs_in(team: Cast) -> None:
    client = Client()

    answer = attempt(client, PASSWORD)

    assert answer.status_code == HTTPStatus.FOUND
    assert client.session[PROVED_AT] <= timezone.now().isoformat()


def test_after_five_wrong_passwords_the_right_one_is_refused_too(team: Cast) -> None:
    client = Client()

    answers = [attempt(client, password).status_code for password in [*[WRONG] * 5, PASSWORD]]

    assert answers == [200, 200, 200, 200, 429, 429]
    assert client.get("/api/v1/systems/").status_code == HTTPStatus.UNAUTHORIZED


def test_a_lockout_says_how_long_it_lasts(team: Cast) -> None:
    client = Client()
    answers = [attempt(client, WRONG) for _ in range(6)]

    assert answers[-1]["Retry-After"] == "900"
    assert b"Try again in 15 minutes" in answers[-1].content


def test_a_forged_forwarding_header_does_not_evade_the_lockout(team: Cast) -> None:
    client = Client()

    answers = [
        attempt(client, WRONG, **{"x-forwarded-for": f"203.0.113.{number}"}).status_code
        for number in range(6)
    ]

    assert answers[-1] == HTTPStatus.TOO_MANY_REQUESTS


def test_one_name_is_locked_out_and_not_the_next(team: Cast) -> None:
    client = Client()
    locked = [attempt(client, WRONG).status_code for _ in range(5)][-1]

    other = client.post(LOGIN, {"username": "auditor", "password": PASSWORD, "next": "/healthz"})

    assert locked == HTTPStatus.TOO_MANY_REQUESTS
    assert other.status_code == HTTPStatus.FOUND


def test_a_lockout_ends(team: Cast) -> None:
    client = Client()
    locked = [attempt(client, WRONG).status_code for _ in range(5)][-1]

    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        after = attempt(client, PASSWORD)

    assert locked == HTTPStatus.TOO_MANY_REQUESTS
    assert after.status_code == HTTPStatus.FOUND


def test_a_right_password_forgets_the_wrong_ones(team: Cast) -> None:
    client = Client()

    answers = [attempt(client, password).status_code for password in [*[WRONG] * 4, PASSWORD, *[WRONG] * 4]]

    assert HTTPStatus.TOO_MANY_REQUESTS not in answers


def test_proving_again_makes_the_session_fresh(team: Cast) -> None:
    client = signed_in(team.author)
    session = client.session
    session[PROVED_AT] = "2026-01-01T00:00:00+00:00"
    session.save()

    answer = prove(client, PASSWORD)

    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["fresh_until"] > timezone.now().isoformat()
    assert client.session[PROVED_AT] > "2026-01-01T00:00:00+00:00"


def test_wrong_passwords_in_the_api_count_and_lock_out_with_a_problem_document(team: Cast) -> None:
    client = signed_in(team.author)

    answers = [prove(client, password) for password in [*[WRONG] * 5, PASSWORD]]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 403, 429, 429]
    assert answers[0].json()["code"] == "wrong_password"
    assert answers[-1]["Content-Type"] == "application/problem+json"
    assert answers[-1].json()["code"] == "locked_out"


def test_wrong_passwords_in_the_api_lock_the_page_too(team: Cast) -> None:
    client = signed_in(team.author)
    locked = [prove(client, WRONG).status_code for _ in range(5)][-1]

    answer = attempt(Client(), PASSWORD)

    assert locked == HTTPStatus.TOO_MANY_REQUESTS
    assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_a_token_proves_nobody(team: Cast) -> None:
    answer = prove(with_token(team.author), PASSWORD)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.json()["code"] == "session_needed"


def test_a_session_proves_only_its_own_account(team: Cast) -> None:
    answer = signed_in(team.author).post(
        REAUTHENTICATE,
        {"password": PASSWORD, "username": "approver"},
        content_type="application/json",
    )

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert [error["field"] for error in answer.json()["errors"]] == ["username"]


@pytest.mark.parametrize("path", ["/api/v1/systems/", REAUTHENTICATE])
def test_a_session_without_its_csrf_token_writes_nothing(team: Cast, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(team.admin, backend="django.contrib.auth.backends.ModelBackend")

    answer = client.post(path, {"slug": "x", "name": "x"}, content_type="application/json")

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "CSRF" in answer.json()["detail"]
