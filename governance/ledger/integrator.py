"""The integrator: gives every committed entry its place in the tree.

One transaction per batch: lock ``tree_state``, take pending entries in the order they were written,
insert their leaves, move the size, remove them from ``pending``. Two integrators are safe, because the
row lock fences them; a kill at any point leaves either the whole batch or nothing. Within a stream the
order of ``pending`` equals the stream's numbers, since both are taken under the aggregate's row lock.
"""

import hashlib
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.ledger.models import Leaf, Pending, TreeState

logger = logging.getLogger(__name__)

BATCH = 2048
LEAF_PREFIX = b"\x00"


def leaf_hash(body: bytes) -> bytes:
    """SHA-256(0x00 ‖ body), the leaf hash of RFC 6962, section 2.1."""
    return hashlib.sha256(LEAF_PREFIX + body).digest()


def integrate(batch: int = BATCH) -> int:
    """Number up to ``batch`` pending entries; answers how many were taken from ``pending``."""
    with transaction.atomic(durable=True):
        tree = TreeState.objects.select_for_update().get(id=1)
        waiting = list(
            Pending.objects.order_by("position").values_list(
                "position", "entry_id", "entry__body", "entry__leaf__index"
            )[:batch]
        )
        if not waiting:
            return 0
        sealed_at = timezone.now()
        leaves = [
            Leaf(index=index, entry_id=entry_id, hash=leaf_hash(bytes(body)), sealed_at=sealed_at)
            for index, (entry_id, body) in enumerate(_not_numbered(waiting), start=tree.size)
        ]
        Leaf.objects.bulk_create(leaves)
        Pending.objects.filter(position__in=[position for position, *_ in waiting]).delete()
        TreeState.objects.filter(id=1).update(size=tree.size + len(leaves))
        return len(waiting)


def _not_numbered(waiting: list[Any]) -> Iterator[tuple[UUID, bytes]]:
    """The entries that have no leaf yet: one queued twice keeps its place and stops nobody."""
    for _position, entry_id, body, index in waiting:
        if index is None:
            yield entry_id, body
        else:
            logger.error(
                "entry %s was queued again although it is leaf %d; left where it is", entry_id, index
            )


def integrate_all() -> int:
    """Number everything that waits; answers how many entries."""
    total = 0
    while taken := integrate():
        total += taken
    return total
