"""What a person sees where the admin has no page, and that it tells what to do."""

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client

from tests.database import servers
from tests.factories.cast import administrator, service
from tests.factories.http import signed_in, with_token


@pytest.mark.django_db
def test_an_address_that_does_not_exist_leads_back_to_the_inbox(client: Client) -> None:
    answer = client.get("/nowhere/")

    assert answer.status_code == 404
    assert "There is nothing at this address that you may see." in answer.content.decode()
    assert 'href="/admin/"' in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_says_that_nothing_was_changed() -> None:
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a", "password": "b"})

    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()


@pytest.mark.parametrize("page", ["400.html", "403.html", "404.html", "500.html", "503.html"])
def test_every_error_page_stands_without_a_request(page: str) -> None:
    shown = render_to_string(page)

    assert "<h1>" in shown
    assert "Open the inbox" in shown


def raising_nothing(client: Client) -> Client:
    """A client that gets the answer that a visitor gets, instead of the error behind it."""
    client.raise_request_exception = False
    return client


def test_while_the_database_is_away_programs_and_people_are_told_to_wait(
    committed_db: str,
) -> None:
    program, person = (
        raising_nothing(with_token(service("asking"))),
        raising_nothing(signed_in(administrator())),
    )
    connection.close()
    servers().drop(committed_db)

    asked = program.get("/api/v1/systems/")
    flag = program.post("/ofrep/v1/evaluate/flags/a", "{}", content_type="application/json")
    page = person.get("/admin/")

    servers().clone(committed_db)
    assert {answer.status_code for answer in (asked, flag, page)} == {503}
    assert {answer["Retry-After"] for answer in (asked, flag, page)} == {"5"}
    assert asked.json()["code"] == flag.json()["code"] == "database_away"
    assert "The database does not answer" in page.content.decode()


@pytest.mark.django_db
def test_a_refusal_of_the_database_that_nobody_caught_is_no_reason_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("governance.registry.api.SystemViewSet.list", refused)

    answer = raising_nothing(with_token(administrator())).get("/api/v1/systems/")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert not answer.has_header("Retry-After")


def refused(*_args: object, **_kwargs: object) -> None:
    """A statement that the server does not understand."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nothing")
