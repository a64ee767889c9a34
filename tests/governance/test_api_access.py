"""Accounts, grants and tokens over HTTP: from a newcomer to a role that two administrators gave."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.access.models import Account, Grant
from tests.factories.cast import PASSWORD, Cast, token_for
from tests.factories.http import Answer, signed_in, with_secret
from tests.governance.surface import PASSWORD_AFTER

REASON = "A member of the team"


def post(client: Client, path: str, body: Any, **headers: str) -> Answer:
    """A POST with JSON."""
    return client.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)


def grant_body(team: Cast, account: str, role: str, **more: Any) -> dict[str, Any]:
    """The body of a grant on the team's system."""
    return {"account": account, "role": role, "system": str(team.system.id), "reason": REASON, **more}


def test_two_administrators_make_a_newcomer_an_approver(team: Cast) -> None:
    first, second = signed_in(team.admin), signed_in(team.admin_two)
    newcomer = post(first, "accounts/", {"username": "newcomer", "password": PASSWORD_AFTER}).json()
    body = grant_body(team, newcomer["id"], "approver")

    proposed = post(first, "grants/", body)
    alone = post(first, "grants/", {**body, "proposal": proposed.json()["proposal"]})
    waiting = second.get("/api/v1/grants/proposals/").json()["results"]
    given = post(second, "grants/", {**body, "proposal": proposed.json()["proposal"]})

    assert proposed.status_code == HTTPStatus.ACCEPTED
    assert proposed.json()["next_step"].startswith("Another administrator repeats this call")
    assert alone.status_code == HTTPStatus.FORBIDDEN
    assert alone.json()["code"] == "proposer_confirms"
    assert [proposal["proposal"] for proposal in waiting] == [proposed.json()["proposal"]]
    assert waiting[0]["arguments"]["account"] == newcomer["id"]
    assert given.status_code == HTTPStatus.CREATED
    assert (given.json()["granted_by"], given.json()["confirmed_by"]) == ("admin", "admin_two")
    assert given.json()["in_force"] is True
    assert second.get("/api/v1/grants/proposals/").json()["results"] == []


def test_an_ordinary_role_is_given_at_once_and_taken_at_once(team: Cast) -> None:
    client = signed_in(team.admin)
    given = post(client, "grants/", grant_body(team, str(team.stranger.id), "auditor"))
    visitor = signed_in(team.stranger)
    during = visitor.get(f"/api/v1/systems/{team.system.id}/")

    taken = post(client, f"grants/{given.json()['id']}/revoke/", {"reason": "The audit is over"})

    assert during.status_code == HTTPStatus.OK
    assert taken.json()["in_force"] is False
    assert visitor.get(f"/api/v1/systems/{team.system.id}/").status_code == HTTPStatus.NOT_FOUND


def test_a_grant_on_a_channel_is_given_by_its_id(team: Cast) -> None:
    body = grant_body(team, str(team.stranger.id), "auditor", channel=str(team.channel().id))

    both = post(signed_in(team.admin), "grants/", body)
    given = post(signed_in(team.admin), "grants/", {**body, "system": None})

    assert [error["field"] for error in both.json()["errors"]] == ["channel"]
    assert (given.json()["system"], given.json()["channel"]) == (None, str(team.channel().id))


def test_grants_are_listed_as_they_counted_at_a_time(team: Cast) -> None:
    client = signed_in(team.admin)
    held = Grant.objects.get(account=team.author)
    post(client, f"grants/{held.id}/revoke/", {"reason": "Left"})
    held.refresh_from_db()
    assert held.ends_at is not None
    query = {"account": str(team.author.id)}

    before = client.get("/api/v1/grants/", {**query, "at": held.starts_at.isoformat()})
    after = client.get("/api/v1/grants/", {**query, "at": held.ends_at.isoformat()})

    assert [grant["id"] for grant in before.json()["results"]] == [str(held.id)]
    assert after.json()["results"] == []


def test_somebody_without_the_role_is_told_who_has_it(team: Cast) -> None:
    answer = post(signed_in(team.auditor), "accounts/", {"username": "newcomer"})

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.json()["detail"] == (
        "auditor may not manage accounts here: it takes administrator on this scope."
    )
    assert answer["Content-Type"] == "application/problem+json"


def test_an_account_is_closed_with_a_reason(team: Cast) -> None:
    client = signed_in(team.admin)

    without = post(client, f"accounts/{team.author.id}/deactivate/", {})
    closed = post(client, f"accounts/{team.author.id}/deactivate/", {"reason": "Left the company"})

    assert [error["field"] for error in without.json()["errors"]] == ["reason"]
    assert closed.json()["is_active"] is False


def test_an_answer_never_shows_a_password(team: Cast) -> None:
    client = signed_in(team.admin)

    made = post(client, "accounts/", {"username": "newcomer", "password": PASSWORD_AFTER})
    listed = client.get("/api/v1/accounts/")

    hashed = Account.objects.get(username="newcomer").password
    assert PASSWORD_AFTER not in made.content.decode()
    assert hashed not in listed.content.decode()
    assert "password" not in made.json()


def test_ones_own_password_is_changed_and_the_session_lives_on(team: Cast) -> None:
    client = signed_in(team.author)

    changed = post(client, f"accounts/{team.author.id}/password/", {"password": PASSWORD_AFTER})

    assert changed.status_code == HTTPStatus.OK
    assert client.get("/api/v1/systems/").status_code == HTTPStatus.OK
    team.author.refresh_from_db()
    assert team.author.check_password(PASSWORD_AFTER)


def test_a_password_keeps_its_blanks(team: Cast) -> None:
    padded = f"  {PASSWORD_AFTER}  "

    post(signed_in(team.admin), f"accounts/{team.author.id}/password/", {"password": padded})

    team.author.refresh_from_db()
    assert team.author.check_password(padded)


def test_a_token_is_shown_once_used_and_revoked(team: Cast) -> None:
    client = signed_in(team.author)
    body = {"name": "For CI", "scopes": ["read", "registry:write"], "expires_at": "2999-01-01T00:00:00Z"}
    too_long = post(client, "tokens/", body)
    issued = post(client, "tokens/", {**body, "expires_at": in_a_month()})
    token = issued.json()
    by_token = with_secret(token["secret"])

    used = by_token.get("/api/v1/systems/")
    again = client.get(f"/api/v1/tokens/{token['id']}/").json()
    revoked = post(client, f"tokens/{token['id']}/revoke/", {})

    assert [error["field"] for error in too_long.json()["errors"]] == ["expires_at"]
    assert used.status_code == HTTPStatus.OK
    assert "secret" not in again
    assert again["last_used_at"] is not None
    assert revoked.json()["revoked_at"] is not None
    assert by_token.get("/api/v1/systems/").status_code == HTTPStatus.UNAUTHORIZED


def in_a_month() -> str:
    """A time in a month."""
    return (timezone.now() + timedelta(days=30)).isoformat()


def test_an_administrator_issues_a_token_for_a_service(team: Cast) -> None:
    body = {
        "account": str(team.integration.id),
        "name": "CI",
        "scopes": ["read"],
        "expires_at": in_a_month(),
    }

    issued = post(signed_in(team.admin), "tokens/", body)

    assert issued.status_code == HTTPStatus.CREATED
    assert (issued.json()["username"], issued.json()["created_by"]) == ("integration", "admin")
    assert with_secret(issued.json()["secret"]).get("/api/v1/systems/").status_code == HTTPStatus.OK


def test_a_token_gives_no_role(team: Cast) -> None:
    secret = token_for(team.admin)

    answer = post(with_secret(secret), "grants/", grant_body(team, str(team.stranger.id), "auditor"))

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.json()["code"] == "session_needed"


@pytest.mark.parametrize("field", ["is_superuser", "is_staff", "id", "created_at", "groups"])
def test_a_field_that_a_body_does_not_take_is_refused_by_name(team: Cast, field: str) -> None:
    answer = post(signed_in(team.admin), "accounts/", {"username": "newcomer", field: True})

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert "This body takes username, kind" in answer.json()["detail"]
    assert not Account.objects.filter(username="newcomer").exists()


def test_accounts_are_paged_without_gap_or_repetition(team: Cast) -> None:
    client = signed_in(team.admin)
    first = client.get("/api/v1/accounts/?page_size=5&ordering=username").json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()

    names = [account["username"] for page in (first, second, third) for account in page["results"]]

    assert names == list(Account.objects.order_by("username").values_list("username", flat=True))
    assert third["next"] is None
    assert client.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("usrname=author", "usrname"),
        ("ordering=password", "ordering"),
        ("cursor=cD1ub3QtYS11dWlk", "cursor"),
        ("is_active=perhaps", "is_active"),
        ("kind=robot", "kind"),
    ],
)
def test_a_query_that_nothing_reads_is_refused_by_name(team: Cast, query: str, field: str) -> None:
    answer = signed_in(team.admin).get(f"/api/v1/accounts/?{query}")

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("cursor", ["x", "a"])
def test_a_cursor_that_no_list_gave_out_is_named_with_what_to_do(team: Cast, cursor: str) -> None:
    answer = signed_in(team.admin).get("/api/v1/accounts/", {"cursor": cursor})

    said = answer.json()
    assert (answer.status_code, said["errors"][0]["field"]) == (400, "cursor")
    assert "follow 'next' and 'previous', or leave it out" in said["detail"]


def test_a_page_holds_at_most_two_hundred(team: Cast) -> None:
    answer = signed_in(team.admin).get("/api/v1/accounts/?page_size=100000")

    assert answer.status_code == HTTPStatus.OK
    assert len(answer.json()["results"]) == Account.objects.count() <= 200


def test_a_service_is_refused_in_the_admin(team: Cast) -> None:
    answer = with_secret(token_for(team.integration)).get("/admin/")

    assert answer.status_code == HTTPStatus.FOUND
    assert answer["Location"].startswith("/admin/login/")
    assert not team.integration.check_password(PASSWORD)
