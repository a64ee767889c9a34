"""Commitments: a personal value stands in an entry as ``sha256(salt ‖ value)`` and can be forgotten.

The salt and the value lie in an erasable table. While they are there anybody with access can check the
commitment; once erased, the entry and its proofs stay valid and the value is unknowable.
"""

import secrets
from collections.abc import Collection

from governance.ledger.canonical import digest_of_bytes
from governance.ledger.models import Salt

SALT_BYTES = 32


def commit(value: str) -> str | None:
    """The commitment to ``value``, opened in the table of salts; None for an empty value."""
    if not value:
        return None
    salt = secrets.token_bytes(SALT_BYTES)
    commitment = digest_of_bytes(salt + value.encode())
    Salt.objects.create(commitment=commitment, salt=salt, value=value)
    return commitment


def opened_all(commitments: Collection[str]) -> dict[str, str]:
    """The values behind those that are kept and open their commitment, in one query."""
    return {
        kept.commitment: kept.value
        for kept in Salt.objects.filter(commitment__in=commitments)
        if digest_of_bytes(bytes(kept.salt) + kept.value.encode()) == kept.commitment
    }


def opened(commitment: str) -> str | None:
    """The value behind a commitment; None once it is erased, or where what is kept does not open it."""
    return opened_all([commitment]).get(commitment)
