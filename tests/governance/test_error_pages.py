"""What a person sees where the admin has no page, and that it tells what to do."""

import pytest
from django.template.loader import render_to_string
from django.test import Client


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


@pytest.mark.parametrize("page", ["400.html", "403.html", "404.html", "500.html"])
def test_every_error_page_stands_without_a_request(page: str) -> None:
    shown = render_to_string(page)

    assert "<h1>" in shown
    assert "Open the inbox" in shown
