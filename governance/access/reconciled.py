"""What entries say of accounts, grants, tokens and proposals."""

from typing import Any

from governance.access.models import Account, ApiToken, Grant, Proposal
from governance.ledger.canonical import digest_of, digest_of_bytes
from governance.ledger.reconciling.declared import (
    NOT_SAID,
    Committed,
    Heard,
    Reconciled,
    Told,
    Word,
    const,
    find,
    has,
)


def digest_of_text(value: Any) -> str:
    """The digest of a text."""
    return digest_of_bytes(str(value).encode())


def committed(path: str) -> Word:
    """The digest of a personal value, as long as its commitment can be opened; it is not shown."""

    def said(heard: Heard) -> Any:
        commitment = find(heard.said.after, path)
        if commitment is None:
            return digest_of_text("")
        return NOT_SAID if commitment is NOT_SAID else Committed(str(commitment))

    return said


def arguments_digest(heard: Heard) -> Any:
    """The digest of what was proposed."""
    return digest_of(find(heard.said.after, "arguments"))


ACCOUNTS = Reconciled(
    Account,
    told=(
        Told(
            ("account.created",),
            {
                "username": "username",
                "kind": "kind",
                "display_name": committed("display_name"),
                "email": committed("email"),
                "is_active": const(True),
                "is_superuser": const(False),
                "created_at": "@at",
            },
            is_first=True,
        ),
        Told(("account.created", "account.password_changed"), {"password": "password_digest"}),
        Told(("account.deactivated",), {"is_active": "is_active"}),
    ),
    through={"password": digest_of_text, "display_name": digest_of_text, "email": digest_of_text},
    left={"last_login": "Signing in is no act of governance and leaves no entry."},
)

GRANTS = Reconciled(
    Grant,
    told=(
        Told(
            ("grant.given",),
            {
                "role": "role",
                "system_id": "system",
                "channel_id": "channel",
                "starts_at": "starts_at",
                "ends_at": "ends_at",
                "reason": "@reason",
                "granted_by_username": "granted_by",
                "confirmed_by_username": "confirmed_by",
                "sole_administrator": "sole_administrator",
            },
            row="grant",
            is_first=True,
        ),
        Told(
            ("account.created",),
            {
                "role": "role",
                "system_id": const(None),
                "channel_id": const(None),
                "starts_at": "@at",
                "ends_at": const(None),
                "reason": "@reason",
                "granted_by_username": "@actor",
                "confirmed_by_username": const(None),
                "sole_administrator": "sole_administrator",
            },
            row="grant",
            only=has("grant"),
            is_first=True,
        ),
        Told(("grant.revoked",), {"ends_at": "ends_at"}, row="grant"),
    ),
    left={
        "granted_by_id": "A link for the database; the username beside it is what counts, and is followed."
    },
)

TOKENS = Reconciled(
    ApiToken,
    told=(
        Told(
            ("token.issued",),
            {
                "name": "name",
                "scopes": "scopes",
                "secret_hash": "secret_digest",
                "created_at": "@at",
                "expires_at": "expires_at",
                "revoked_at": const(None),
                "minted_with_mfa": "minted_with_mfa",
                "created_by_username": "@actor",
            },
            row="token",
            is_first=True,
        ),
        Told(("token.revoked",), {"revoked_at": "revoked_at"}, row="token"),
    ),
    through={"secret_hash": digest_of_text},
)

PROPOSALS = Reconciled(
    Proposal,
    told=(
        Told(
            ("proposal.stored",),
            {
                "verb": "verb",
                "arguments": "arguments",
                "arguments_digest": arguments_digest,
                "system_id": "system",
                "reason": "@reason",
                "proposed_by_id": "@actor_id",
                "proposed_by_username": "@actor",
                "proposed_at": "@at",
                "expires_at": "expires_at",
                "confirmed_by_id": const(None),
                "confirmed_by_username": const(None),
                "confirmed_at": const(None),
            },
            is_first=True,
        ),
        Told(
            ("proposal.confirmed",),
            {
                "confirmed_by_id": "@actor_id",
                "confirmed_by_username": "confirmed_by",
                "confirmed_at": "confirmed_at",
            },
        ),
    ),
)

RECONCILED = (ACCOUNTS, GRANTS, TOKENS, PROPOSALS)
