"""Commitments: a personal value stands in an entry as ``sha256(salt ‖ value)`` and can be forgotten.

The salt and the value lie in an erasable table. While they are there anybody with access can check the
commitment; once erased, the entry and its proofs stay valid and the value is unknowable.
"""

import secrets

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


def opened(commitment: str) -> str | None:
    """The value behind a commitment; None once it is erased, or where what is kept does not open it."""
    kept = Salt.objects.filter(commitment=commitment).first()
    if kept is None or digest_of_bytes(bytes(kept.salt) + kept.value.encode()) != commitment:
        return None
    return kept.value
