"""Verbs on accounts and tokens. Verbs on grants stand in :mod:`governance.access.granting`."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from governance.access.administrators import lock_administrators, refuse_without_administrator
from governance.access.models import Account, AccountKind, ApiToken, Grant
from governance.access.presence import IN_PERSON, require_fresh_session
from governance.access.projection import project_grants
from governance.access.queries import active_administrators, require
from governance.access.roles import Permission, Role, Scope
from governance.access.scopes import INSTALLATION
from governance.actors import Actor, ActorKind, moment
from governance.errors import GovernanceError, InvalidInput, invalid
from governance.ledger.canonical import digest_of_bytes
from governance.ledger.commitments import commit
from governance.ledger.verbs import Unchanged, record, verb

LONGEST_TOKEN = timedelta(days=366)
TOKEN_PREFIX = "cs_"  # noqa: S105 - a recognisable beginning, so that leaked tokens can be searched for


class AdministratorExists(GovernanceError):
    """The shell makes the first administrator only; further ones are granted by administrators."""

    code = "administrator_exists"
    title = "There is an administrator"
    next_step = "Ask an administrator for an account and a grant."


def _check_password(account: Account, password: str) -> None:
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise invalid("password", " ".join(error.messages)) from error


def _new_account(username: str, kind: str, display_name: str, email: str, password: str | None) -> Account:
    account = Account(
        username=Account.normalize_username(username),
        kind=kind,
        display_name=display_name,
        email=email,
        created_at=moment(),
    )
    if kind not in AccountKind.values:
        raise invalid(
            "kind", f"{kind!r} is no kind of account; it is one of {', '.join(AccountKind.values)}."
        )
    if kind == AccountKind.SERVICE or password is None:
        account.set_unusable_password()
    else:
        _check_password(account, password)
        account.set_password(password)
    try:
        account.full_clean(exclude=["password"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise invalid(field, " ".join(messages)) from error
    account.save(force_insert=True)
    return account


def _account_document(account: Account) -> dict[str, Any]:
    return {
        "username": account.username,
        "kind": account.kind,
        "display_name": commit(account.display_name),
        "email": commit(account.email),
        "password_digest": _password_digest(account),
    }


def _password_digest(account: Account) -> str:
    """The digest of the salted hash as it is stored, so that a hash put in its place is noticed."""
    return digest_of_bytes(account.password.encode())


@verb("account.created")
def create_account(
    actor: Actor,
    *,
    username: str,
    kind: str = AccountKind.PERSON,
    display_name: str = "",
    email: str = "",
    password: str | None = None,
) -> Account:
    """Create an account without any right; grants are verbs of their own.

    Raises:
        InvalidInput: a name that is taken or malformed, a weak password, a password for a service.
    """
    require(actor, Permission.MANAGE_ACCOUNTS, INSTALLATION)
    if kind == AccountKind.SERVICE and password is not None:
        raise invalid("password", "a service signs in with tokens only.")
    account = _new_account(username, kind, display_name, email, password)
    record(account.stream(), after=_account_document(account))
    return account


@verb("account.created")
def create_first_administrator(actor: Actor, *, username: str, password: str) -> Account:
    """Create the installation's first administrator; only the operator at the shell may.

    Raises:
        AdministratorExists: somebody holds or held the role.
    """
    require(actor, Permission.MANAGE_ACCOUNTS, INSTALLATION)
    if actor.kind is not ActorKind.COMMAND:
        raise AdministratorExists("Only the command create_admin makes the first administrator.")
    lock_administrators()
    if Grant.objects.filter(role=Role.ADMINISTRATOR).exists():
        raise AdministratorExists("The installation has had an administrator before.")
    account = _new_account(username, AccountKind.PERSON, "", "", password)
    grant = Grant.objects.create(
        account=account,
        role=Role.ADMINISTRATOR,
        starts_at=moment(),
        reason="First administrator of the installation",
        granted_by_username=actor.username,
        sole_administrator=True,
    )
    record(
        account.stream(),
        after={
            **_account_document(account),
            "grant": grant.id,
            "role": grant.role,
            "sole_administrator": True,
        },
        reason=grant.reason,
    )
    return account


@verb("account.deactivated")
def deactivate_account(actor: Actor, *, account: Account, reason: str) -> Account | Unchanged[Account]:
    """Close an account: it signs in no longer and its grants count no longer; its record stays.

    Raises:
        InvalidInput: one's own account, or no reason.
        LastAdministrator: nobody would be left to administer the installation.
    """
    require(actor, Permission.MANAGE_ACCOUNTS, INSTALLATION)
    if not reason.strip():
        raise invalid("reason", "say why the account is closed.")
    lock_administrators()
    account = Account.objects.select_for_update(no_key=True).get(id=account.id)
    if not account.is_active:
        return Unchanged(account)
    if account.id == actor.id:
        raise InvalidInput("Nobody deactivates their own account.", next_step="Ask another administrator.")
    administers = active_administrators(moment()).filter(id=account.id).exists()
    account.is_active = False
    account.save(update_fields=["is_active"])
    if administers:
        refuse_without_administrator()
    project_grants(account)
    record(account.stream(), before={"is_active": True}, after={"is_active": False}, reason=reason)
    return account


@verb("account.password_changed")
def change_password(actor: Actor, *, account: Account, password: str) -> Account:
    """Set a password: one's own, or another's as administrator. The password never enters the ledger.

    Raises:
        ReauthenticationNeeded, NotInPerson: one's own takes a session proved within ten minutes, so that
            neither a token nor a screen left open can take the account over.
        InvalidInput: a service, or a weak password.
    """
    if actor.id == account.id:
        require_fresh_session(actor, "change your password")
    else:
        require(actor, Permission.MANAGE_ACCOUNTS, INSTALLATION)
    account = Account.objects.select_for_update(no_key=True).get(id=account.id)
    if account.kind == AccountKind.SERVICE:
        raise invalid("password", "a service signs in with tokens only.")
    _check_password(account, password)
    account.set_password(password)
    account.save(update_fields=["password"])
    after = {"password": "changed", "password_digest": _password_digest(account)}
    record(account.stream(), after=after)
    return account


def hash_token(secret: str) -> str:
    """SHA-256 of a token; its 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check_scopes(scopes: Iterable[str]) -> list[str]:
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in set(Scope)]
    if unknown or not wanted:
        raise invalid("scopes", f"{unknown or 'none given'}; choose from {', '.join(Scope)}.")
    return wanted


@verb("token.issued")
def issue_token(
    actor: Actor, *, account: Account, name: str, scopes: Iterable[str], expires_at: datetime
) -> ApiToken:
    """Issue a token for one's own account or, as administrator, for another.

    The secret is on the returned object's ``secret`` and nowhere else; a repeated call with the same
    idempotency key answers the token without it.

    Raises:
        InvalidInput: unknown scopes, an expiry in the past or more than 366 days away.
    """
    # A token never makes another for its own account: it would outgrow its scopes and outlive its end.
    if actor.id != account.id or actor.auth.method not in IN_PERSON:
        require(actor, Permission.MANAGE_TOKENS, INSTALLATION)
    account = Account.objects.select_for_update(no_key=True).get(id=account.id)
    if not account.is_active:
        raise invalid("account", f"{account.username} is deactivated.")
    wanted = _check_scopes(scopes)
    if not moment() < expires_at <= moment() + LONGEST_TOKEN:
        raise invalid("expires_at", f"{expires_at:%F %R} is not within the next {LONGEST_TOKEN.days} days.")
    if not name.strip():
        raise invalid("name", "a token needs a name that says what it is for.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        account=account,
        name=name,
        secret_hash=hash_token(secret),
        scopes=wanted,
        created_at=moment(),
        expires_at=expires_at,
        minted_with_mfa=actor.id == account.id and actor.auth.mfa,
        created_by_username=actor.username,
    )
    record(account.stream(), after=_token_document(token))
    token.secret = secret
    return token


def _token_document(token: ApiToken) -> dict[str, Any]:
    """A token in an entry; of its secret only the digest of the hash that is stored."""
    return {
        "token": token.id,
        "name": token.name,
        "scopes": token.scopes,
        "expires_at": token.expires_at,
        "minted_with_mfa": token.minted_with_mfa,
        "secret_digest": digest_of_bytes(token.secret_hash.encode()),
    }


@verb("token.revoked")
def revoke_token(actor: Actor, *, token: ApiToken, reason: str = "") -> ApiToken | Unchanged[ApiToken]:
    """Revoke a token of one's own account or, as administrator, of another."""
    if actor.id != token.account_id:
        require(actor, Permission.MANAGE_TOKENS, INSTALLATION)
    Account.objects.select_for_update(no_key=True).get(id=token.account_id)
    token = ApiToken.objects.get(id=token.id)
    if token.revoked_at is not None:
        return Unchanged(token)
    token.revoked_at = moment()
    token.save(update_fields=["revoked_at"])
    record(token.stream(), after={"token": token.id, "revoked_at": token.revoked_at}, reason=reason)
    return token
