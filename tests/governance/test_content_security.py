"""The Content-Security-Policy: strict everywhere, two named exceptions under /admin/."""

import pytest
from django.test import Client


def directives(header: str) -> dict[str, list[str]]:
    """The policy as a table: directive to its sources."""
    words = [part.split() for part in header.split(";")]
    return {first: sorted(rest) for first, *rest in words}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/api/docs/", "/api/schema/", "/admin", "/administrator"])
def test_pages_outside_the_admin_may_run_their_own_files_only(path: str) -> None:
    policy = directives(Client().get(path)["Content-Security-Policy"])

    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["object-src"] == ["'none'"]


@pytest.mark.django_db
def test_the_admin_may_evaluate_attributes_and_style_inline_but_not_script_inline() -> None:
    policy = directives(Client().get("/admin/login/")["Content-Security-Policy"])

    assert policy["script-src"] == ["'self'", "'unsafe-eval'"]
    assert policy["style-src"] == ["'self'", "'unsafe-inline'"]
    assert policy["frame-ancestors"] == ["'none'"]


def test_the_front_door_leads_to_the_admin() -> None:
    response = Client().get("/")

    assert response.status_code == 302
    assert response["Location"] == "/admin/"
