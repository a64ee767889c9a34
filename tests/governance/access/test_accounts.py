"""Accounts: made by a verb only, closed but never deleted, and what the ledger knows of a person."""

import hashlib
import json
from http import HTTPStatus

import pytest
from django.contrib.auth import authenticate
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import ProtectedError
from django.http import HttpRequest
from django.test import Client, RequestFactory

from governance.access.models import Account
from governance.access.presence import ReauthenticationNeeded
from governance.access.queries import PermissionDenied
from governance.access.services import change_password, create_account, deactivate_account
from governance.actors import Actor, Authentication, AuthMethod
from governance.errors import InvalidInput
from governance.ledger.canonical import canonical_bytes
from governance.ledger.models import Entry, Salt
from governance.ledger.queries import entry_of
from tests.factories.cast import PASSWORD, Cast, actor, administrator, person
from tests.factories.http import signed_in

NEW_PASSWORD = "harbour-lantern-oak"
CANARY_NAME, CANARY_MAIL = "Jördis Canary-Quist", "jordis.canary@example.org"


def request_of(path: str = "/admin/login/") -> HttpRequest:
    """A request as Django's authentication wants one."""
    return RequestFactory().post(path)


def sign_in(username: str, password: str) -> Account | None:
    """What Django's authentication says of the credentials."""
    found = authenticate(request_of(), username=username, password=password)
    return found if isinstance(found, Account) else None


def test_a_closed_account_signs_in_no_longer(team: Cast) -> None:
    before = sign_in("author", PASSWORD)

    deactivate_account(actor(team.admin), account=team.author, reason="Left the company")

    assert before == team.author
    assert sign_in("author", PASSWORD) is None


def test_a_running_session_ends_when_its_account_is_closed(team: Cast) -> None:
    client = signed_in(team.author)
    before = client.get("/api/v1/systems/")

    deactivate_account(actor(team.admin), account=team.author, reason="Left the company")

    assert before.status_code == HTTPStatus.OK
    assert client.get("/api/v1/systems/").status_code == HTTPStatus.UNAUTHORIZED


def test_a_service_does_not_sign_in(team: Cast) -> None:
    assert not team.integration.has_usable_password()
    assert not team.integration.is_staff
    assert sign_in("integration", "") is None


def test_an_account_is_never_deleted(team: Cast) -> None:
    with pytest.raises(ProtectedError):
        team.author.delete()


@pytest.mark.parametrize("creator", ["create_user", "create_superuser"])
def test_the_model_manager_makes_no_account(db: None, creator: str) -> None:
    with pytest.raises(TypeError, match="create_account"):
        getattr(Account.objects, creator)("somebody", password=PASSWORD)


def test_the_database_knows_no_superuser(team: Cast) -> None:
    with pytest.raises(IntegrityError, match="account_no_superuser"), transaction.atomic():
        Account.objects.filter(id=team.admin.id).update(is_superuser=True)


def test_an_account_changed_past_the_verbs_is_refused_at_commit(committed_db: str) -> None:
    first = administrator()

    with pytest.raises(DatabaseError, match=r"ledger guard: UPDATE of .*account has no entry"):
        Account.objects.filter(id=first.id).update(email="intruder@example.org")
    first.set_password(NEW_PASSWORD)
    with pytest.raises(DatabaseError, match="ledger guard"):
        first.save()

    first.refresh_from_db()
    assert first.email == ""
    assert first.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"username": "author"}, "username"),
        ({"username": "two words"}, "username"),
        ({"username": ""}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"username": "n", "email": "not-an-address"}, "email"),
        ({"username": "n", "kind": "robot"}, "kind"),
        ({"username": "n", "password": "short"}, "password"),
        ({"username": "n", "password": "12345678901"}, "password"),
        ({"username": "n", "password": "password1"}, "password"),
        ({"username": "n", "kind": "service", "password": NEW_PASSWORD}, "password"),
    ],
)
def test_an_account_that_does_not_fit_is_refused_by_field(
    team: Cast, terms: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_account(actor(team.admin), **terms)

    assert [item.field for item in refused.value.field_errors] == [field]


@pytest.mark.parametrize("name", ["author", "release_manager", "auditor", "stranger"])
def test_only_administrators_make_and_close_accounts(team: Cast, name: str) -> None:
    acting = actor(getattr(team, name))

    with pytest.raises(PermissionDenied):
        create_account(acting, username="newcomer")
    with pytest.raises(PermissionDenied):
        deactivate_account(acting, account=team.approver, reason="Because")


def test_ones_own_password_takes_a_fresh_proof(team: Cast) -> None:
    stale = Actor(actor(team.author).kind, "author", Authentication(AuthMethod.SESSION), id=team.author.id)

    with pytest.raises(ReauthenticationNeeded, match="over 10 minutes old"):
        change_password(stale, account=team.author, password=NEW_PASSWORD)

    change_password(actor(team.author), account=team.author, password=NEW_PASSWORD)
    assert sign_in("author", NEW_PASSWORD) == team.author


def test_nobody_but_an_administrator_sets_anothers_password(team: Cast) -> None:
    with pytest.raises(PermissionDenied):
        change_password(actor(team.author), account=team.approver, password=NEW_PASSWORD)

    change_password(actor(team.admin), account=team.approver, password=NEW_PASSWORD)
    assert sign_in("approver", NEW_PASSWORD) == team.approver


def test_a_changed_password_ends_the_other_sessions(team: Cast) -> None:
    elsewhere = signed_in(team.author)

    change_password(actor(team.author), account=team.author, password=NEW_PASSWORD)

    assert elsewhere.get("/api/v1/systems/").status_code == HTTPStatus.UNAUTHORIZED


def make_canary() -> Account:
    """An account whose personal values are easy to find wherever they leak."""
    return create_account(
        actor(administrator()),
        username="canary",
        display_name=CANARY_NAME,
        email=CANARY_MAIL,
        password=NEW_PASSWORD,
    )


def test_neither_a_password_nor_a_persons_name_or_address_enters_the_ledger(team: Cast) -> None:
    account = make_canary()
    change_password(actor(team.admin), account=account, password=PASSWORD)
    account.refresh_from_db()

    whole = b"\n".join(bytes(body) for body in Entry.objects.values_list("body", flat=True))

    secrets = (PASSWORD, NEW_PASSWORD, account.password, CANARY_NAME, CANARY_MAIL)
    assert not [secret for secret in secrets if secret.encode() in whole]
    assert not [secret for secret in secrets if json.dumps(secret).encode() in whole]
    assert b"canary" in whole


def test_an_entry_commits_to_name_and_address_and_the_salt_opens_it(db: None) -> None:
    account = make_canary()

    entry = entry_of(account.stream(), "account.created")

    assert entry is not None
    salt = Salt.objects.get(value=CANARY_NAME)
    digest = hashlib.sha256(bytes(salt.salt) + CANARY_NAME.encode()).hexdigest()
    assert entry.document["after"]["display_name"] == f"sha256:{digest}" == salt.commitment


def test_two_commitments_to_one_value_differ(db: None) -> None:
    make_canary()
    create_account(actor(administrator()), username="namesake", display_name=CANARY_NAME)

    commitments = Salt.objects.filter(value=CANARY_NAME).values_list("commitment", flat=True)

    assert len(set(commitments)) == len(commitments) == 2


def test_forgetting_a_salt_leaves_the_entry_as_it_was(committed_db: str) -> None:
    account = make_canary()
    before = entry_body(account)

    forgotten, _ = Salt.objects.filter(value__in=[CANARY_NAME, CANARY_MAIL]).delete()

    assert forgotten == 2
    assert entry_body(account) == before
    assert canonical_bytes(json.loads(before)) == before
    assert CANARY_NAME.encode() not in before


def entry_body(account: Account) -> bytes:
    """The stored bytes of the entry that made the account."""
    entry = entry_of(account.stream(), "account.created")
    assert entry is not None
    return bytes(entry.body)


def test_a_newcomer_holds_no_right(db: None) -> None:
    newcomer = person("newcomer")

    answer = signed_in(newcomer).get("/api/v1/systems/")

    assert answer.json()["results"] == []


def test_an_unknown_visitor_is_asked_to_sign_in(db: None) -> None:
    answer = Client().get("/api/v1/systems/")

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.json()["next_step"].startswith("Send a token")
