"""The integrator: gives every committed entry its place in the tree.

One transaction per batch: lock ``tree_state``, take pending entries in the order they were written,
insert their leaves, extend the tiles of the tree's edge, note size and root as a checkpoint, remove the
entries from ``pending``. Two integrators are safe, because the row lock fences them; a kill at any point
leaves either the whole batch or nothing. Within a stream the order of ``pending`` equals the stream's
numbers, since both are taken under the aggregate's row lock.
"""

import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.models import Checkpoint, Leaf, Pending, TreeState
from governance.ledger.stored_tree import TreeIncomplete, add_leaves

logger = logging.getLogger(__name__)

BATCH = 2048
CATCH_UP = 32 * 1024
"""Leaves that are put into tiles at once where leaves are older than the tiles."""


def integrate(batch: int = BATCH) -> int:
    """Number up to ``batch`` pending entries; answers how many were taken from ``pending``.

    Where leaves stand in no tile yet, which is so once after the upgrade that brought tiles, those come
    first, and nothing is taken from ``pending``: the answer is how many leaves found their tile.
    """
    with transaction.atomic(durable=True):
        tree = TreeState.objects.select_for_update().get(id=1)
        if tree.tiled < tree.size:
            return _catch_up(tree)
        waiting = list(
            Pending.objects.order_by("position").values_list(
                "position", "entry_id", "entry__body", "entry__leaf__index"
            )[:batch]
        )
        if not waiting:
            return 0
        leaves = list(_leaves(tree.size, waiting))
        Leaf.objects.bulk_create(leaves)
        _add(tree, [bytes(leaf.hash) for leaf in leaves])
        Pending.objects.filter(position__in=[position for position, *_ in waiting]).delete()
        return len(waiting)


def _leaves(size: int, waiting: list[Any]) -> Iterator[Leaf]:
    sealed_at = timezone.now()
    for index, (entry_id, body) in enumerate(_not_numbered(waiting), start=size):
        yield Leaf(index=index, entry_id=entry_id, hash=leaf_hash(body), sealed_at=sealed_at)


def _not_numbered(waiting: list[Any]) -> Iterator[tuple[UUID, bytes]]:
    """The entries that have no leaf yet: one queued twice keeps its place and stops nobody."""
    for _position, entry_id, body, index in waiting:
        if index is None:
            yield entry_id, bytes(body)
        else:
            logger.error(
                "entry %s was queued again although it is leaf %d; left where it is", entry_id, index
            )


def _catch_up(tree: TreeState) -> int:
    """Put leaves that were numbered before there were tiles into them; a checkpoint follows the last."""
    rows = Leaf.objects.filter(index__gte=tree.tiled, index__lt=tree.size).order_by("index")
    hashes = [bytes(found) for found in rows.values_list("hash", flat=True)[:CATCH_UP]]
    if not hashes:
        raise TreeIncomplete(f"Leaf {tree.tiled} is missing: {tree.size} leaves were numbered.")
    _add(tree, hashes)
    return len(hashes)


def _add(tree: TreeState, hashes: list[bytes]) -> None:
    """Extend the tiles, and note the root where every numbered leaf is in them."""
    if not hashes:
        return
    root, tiled = add_leaves(tree.tiled, hashes), tree.tiled + len(hashes)
    size = max(tree.size, tiled)
    if tiled == size:
        Checkpoint.objects.create(size=size, root=root, made_at=timezone.now())
    TreeState.objects.filter(id=1).update(size=size, tiled=tiled)


def integrate_all() -> int:
    """Number everything that waits; answers how many entries, and older leaves that found their tile."""
    total = 0
    while taken := integrate():
        total += taken
    return total
