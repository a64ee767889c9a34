"""Which decisions are replayed: a function of their ids, so that anybody can say which ones were. Pure."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

from releases.monitoring.vocabulary.series import WINDOW

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_sampled(decision: UUID, rate: float) -> bool:
    """Whether the decision belongs to the sample: the first 8 bytes of SHA-256 of its id, as a share."""
    return int.from_bytes(hashlib.sha256(decision.bytes).digest()[:8], "big") < rate * 2**64


def window_of(at: datetime) -> datetime:
    """The beginning of the window that the moment falls into."""
    return EPOCH + (at - EPOCH) // WINDOW * WINDOW


def made_at(identifier: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond."""
    return EPOCH + timedelta(milliseconds=identifier.int >> 80)


def first_of(at: datetime) -> UUID:
    """The smallest UUIDv7-like value of a millisecond, to compare ids with."""
    return UUID(int=((at - EPOCH) // timedelta(milliseconds=1)) << 80)
