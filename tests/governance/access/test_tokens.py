"""Bearer tokens: only their hash is kept; they open what their scopes and their account's roles allow."""

from datetime import timedelta
from http import HTTPStatus

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from governance.access.models import ApiToken, TokenUse
from governance.access.queries import PermissionDenied
from governance.access.roles import Scope
from governance.access.services import (
    LONGEST_TOKEN,
    change_password,
    deactivate_account,
    hash_token,
    issue_token,
    revoke_token,
)
from governance.actors import Actor, ActorKind, Authentication, AuthMethod
from governance.errors import GovernanceError, InvalidInput
from governance.ledger.models import Entry
from tests.factories.cast import PASSWORD, Cast, actor, token_for
from tests.factories.http import Answer, with_secret, with_token
from tests.factories.registry import ATTRIBUTES

SYSTEMS = "/api/v1/systems/"


def register_fusion(client: Client, team: Cast) -> Answer:
    """A call that takes the scope registry:write."""
    body = {
        "system": str(team.system.id),
        "kind": "fusion",
        "name": "f1",
        "version": "1",
        "attributes": ATTRIBUTES["fusion"],
    }
    return client.post("/api/v1/components/", body, content_type="application/json")


def by_token(team: Cast, name: str, *scopes: str) -> Actor:
    """An actor of the team at the interface, by a token with the scopes."""
    account = getattr(team, name)
    proof = Authentication(AuthMethod.TOKEN, proved_at=timezone.now(), scopes=frozenset(scopes))
    return Actor(ActorKind.USER, account.username, proof, id=account.id)


def test_only_the_hash_of_a_token_is_stored(team: Cast) -> None:
    secret = token_for(team.author)

    token = ApiToken.objects.get(account=team.author)

    assert token.secret_hash == hash_token(secret)
    assert token.secret == ""
    stored = [str(value) for value in ApiToken.objects.values_list()]
    bodies = [bytes(body) for body in Entry.objects.values_list("body", flat=True)]
    assert not [row for row in stored if secret in row]
    assert not [body for body in bodies if secret.encode() in body or token.secret_hash.encode() in body]


def test_a_token_opens_the_interface_and_its_use_is_noted(team: Cast) -> None:
    answer = with_token(team.author).get(SYSTEMS)

    assert answer.status_code == HTTPStatus.OK
    assert [row["slug"] for row in answer.json()["results"]] == ["onboarding-liveness"]
    assert TokenUse.objects.get().token.account == team.author


def test_an_expired_token_opens_nothing(team: Cast) -> None:
    client = with_secret(token_for(team.author, days=1))

    with time_machine.travel(ApiToken.objects.get().expires_at, tick=False):
        answer = client.get(SYSTEMS)

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "authentication_failed"


def test_a_revoked_token_opens_nothing_from_then_on(team: Cast) -> None:
    client = with_token(team.author)
    before = client.get(SYSTEMS)

    revoke_token(actor(team.author), token=ApiToken.objects.get(), reason="Lost a laptop")

    assert before.status_code == HTTPStatus.OK
    assert client.get(SYSTEMS).status_code == HTTPStatus.UNAUTHORIZED


def test_tokens_of_a_closed_account_open_nothing(team: Cast) -> None:
    client = with_token(team.author)

    deactivate_account(actor(team.admin), account=team.author, reason="Left the company")

    assert client.get(SYSTEMS).status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer one two", "Bearer cs_unknown", "bearer \xe4\xf6", "Token x"]
)
def test_a_header_that_names_no_token_is_not_let_in(team: Cast, header: str) -> None:
    answer = Client(headers={"authorization": header}).get(SYSTEMS)

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.json()["next_step"]


def test_scopes_narrow_what_the_account_may(team: Cast) -> None:
    answer = register_fusion(with_token(team.author, Scope.READ, Scope.RELEASES), team)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.json()["detail"] == "The token lacks the scope registry:write."


def test_the_right_scope_lets_the_account_do_it(team: Cast) -> None:
    answer = register_fusion(with_token(team.author, Scope.READ, Scope.REGISTRY), team)

    assert answer.status_code == HTTPStatus.CREATED


def test_every_call_needs_the_scope_read(team: Cast) -> None:
    answer = register_fusion(with_token(team.author, Scope.REGISTRY), team)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "lacks the scope read" in answer.json()["detail"]


def test_all_scopes_give_an_account_nothing_beyond_its_roles(team: Cast) -> None:
    answer = register_fusion(with_token(team.auditor), team)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "it takes author, integration" in answer.json()["detail"]


@pytest.mark.parametrize("scopes", [["emperor"], [], ["read", "emperor"]])
def test_a_token_is_for_known_scopes(team: Cast, scopes: list[str]) -> None:
    with pytest.raises(InvalidInput, match=r"scopes: .* choose from read"):
        issue_token(
            actor(team.author),
            account=team.author,
            name="x",
            scopes=scopes,
            expires_at=timezone.now() + timedelta(days=1),
        )


@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=-1), LONGEST_TOKEN + timedelta(seconds=1)])
def test_a_token_ends_within_a_year(team: Cast, after: timedelta) -> None:
    with time_machine.travel(timezone.now(), tick=False), pytest.raises(InvalidInput, match="expires_at"):
        issue_token(
            actor(team.author),
            account=team.author,
            name="x",
            scopes=[Scope.READ],
            expires_at=timezone.now() + after,
        )


def test_a_token_makes_no_further_token_for_its_own_account(team: Cast) -> None:
    with pytest.raises(PermissionDenied):
        issue_token(
            by_token(team, "author", "read"),
            account=team.author,
            name="Wider and longer",
            scopes=tuple(Scope),
            expires_at=timezone.now() + timedelta(days=300),
        )


@pytest.mark.parametrize("name", ["author", "admin"])
def test_a_token_does_not_set_the_password_of_its_own_account(team: Cast, name: str) -> None:
    acting = by_token(team, name, *Scope)

    with pytest.raises(GovernanceError, match="takes a signed-in person"):
        change_password(acting, account=getattr(team, name), password="a new pass phrase")

    getattr(team, name).refresh_from_db()
    assert getattr(team, name).check_password(PASSWORD)


@pytest.mark.parametrize("name", ["author", "release_manager", "stranger"])
def test_only_administrators_issue_and_revoke_tokens_of_others(team: Cast, name: str) -> None:
    token_for(team.integration)
    acting = actor(getattr(team, name))

    with pytest.raises(PermissionDenied):
        issue_token(
            acting,
            account=team.integration,
            name="x",
            scopes=[Scope.READ],
            expires_at=timezone.now() + timedelta(days=1),
        )
    with pytest.raises(PermissionDenied):
        revoke_token(acting, token=ApiToken.objects.get(account=team.integration))


def test_a_closed_account_receives_no_token(team: Cast) -> None:
    deactivate_account(actor(team.admin), account=team.integration, reason="Replaced")

    with pytest.raises(InvalidInput, match="integration is deactivated"):
        token_for(team.integration)


def test_only_a_token_one_mints_oneself_carries_the_second_factor(team: Cast) -> None:
    with_mfa = Actor(
        ActorKind.USER,
        "admin",
        Authentication(AuthMethod.SESSION, mfa=True, proved_at=timezone.now()),
        id=team.admin.id,
    )
    ends = timezone.now() + timedelta(days=1)

    own = issue_token(with_mfa, account=team.admin, name="own", scopes=[Scope.VOTE], expires_at=ends)
    others = issue_token(with_mfa, account=team.approver, name="x", scopes=[Scope.VOTE], expires_at=ends)

    assert own.minted_with_mfa is True
    assert others.minted_with_mfa is False
