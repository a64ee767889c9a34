"""Identifiers: UUIDv7, made in Python, ordered by the time they were made."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562)."""
    return uuid7()
