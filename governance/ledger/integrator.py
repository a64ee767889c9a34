"""The integrator: gives every committed entry its place in the tree.

One transaction per batch: lock ``tree_state``, take pending entries in the order they were written,
insert their leaves, extend the tiles of the tree's edge, note size and root as a checkpoint, remove the
entries from ``pending``. Two integrators are safe, because the row lock fences them; a kill at any point
leaves either the whole batch or nothing. Within a stream the order of ``pending`` equals the stream's
numbers, since both are taken under the aggregate's row lock.
"""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.models import Checkpoint, Leaf, TreeState
from governance.ledger.stored_tree import TreeIncomplete, add_leaves

logger = logging.getLogger(__name__)

# By hand: the batch is most of what the integrator does, and objects would be most of the batch.
_WAITING = """
SELECT pending.position, pending.entry_id, entry.body, leaf.index
FROM pending JOIN entry ON entry.id = pending.entry_id LEFT JOIN leaf ON leaf.entry_id = entry.id
ORDER BY pending.position LIMIT %s
"""
_INSERT = """
INSERT INTO leaf (index, entry_id, hash, sealed_at)
SELECT place.index, place.entry_id, place.hash, %s
FROM unnest(%s::bigint[], %s::uuid[], %s::bytea[]) AS place(index, entry_id, hash)
"""
_FORGET = "DELETE FROM pending WHERE position = ANY(%s)"
Waiting = tuple[int, UUID, bytes, int | None]
"""Position in the queue, entry, body, and the leaf that the entry has already, if it has one."""

BATCH = 2048
CATCH_UP = 32 * 1024
"""Leaves that are put into tiles at once where leaves are older than the tiles."""


def integrate(batch: int = BATCH) -> int:
    """Number up to ``batch`` pending entries; answers how many were taken from ``pending``.

    Where leaves stand in no tile yet, which is so once after the upgrade that brought tiles, those come
    first, and nothing is taken from ``pending``: the answer is how many leaves found their tile. Where the
    tiles are damaged entries are numbered all the same, and stand in no tile until that is mended.
    """
    with transaction.atomic(durable=True):
        tree = TreeState.objects.select_for_update().get(id=1)
        is_behind = tree.tiled < tree.size
        if is_behind and (found := _tile(tree, _older(tree))):
            return found
        waiting = _waiting(batch)
        if not waiting:
            return 0
        hashes = _number(tree.size, waiting)
        tree.size += len(hashes)
        tree.save(update_fields=["size"])
        if hashes and not is_behind:
            _tile(tree, hashes)
        _execute(_FORGET, [[row[0] for row in waiting]])
        return len(waiting)


def _waiting(batch: int) -> list[Waiting]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [batch])
        return [(position, entry, bytes(body), index) for position, entry, body, index in cursor.fetchall()]


def _number(size: int, waiting: Sequence[Waiting]) -> list[bytes]:
    """Insert the leaves; their hashes. An entry that is queued twice keeps its place and stops nobody."""
    for _position, entry, _body, index in waiting:
        if index is not None:
            logger.error("entry %s was queued again although it is leaf %d; left where it is", entry, index)
    new = [(entry, leaf_hash(body)) for _position, entry, body, index in waiting if index is None]
    hashes = [hashed for _entry, hashed in new]
    _execute(_INSERT, [timezone.now(), [*range(size, size + len(new))], [entry for entry, _ in new], hashes])
    return hashes


def _execute(statement: str, parameters: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _older(tree: TreeState) -> list[bytes]:
    """Hashes of numbered leaves that stand in no tile yet, as many as are dealt with at once."""
    rows = Leaf.objects.filter(index__gte=tree.tiled, index__lt=tree.size).order_by("index")
    return [bytes(found) for found in rows.values_list("hash", flat=True)[:CATCH_UP]]


def _tile(tree: TreeState, hashes: list[bytes]) -> int:
    """Put leaves into tiles, and note the root where no numbered leaf is left. Answers how many; none where
    that is impossible, which stands in ``trouble`` and keeps the tree from being signed.
    """
    try:
        if not hashes:
            raise TreeIncomplete(f"Leaf {tree.tiled} is missing: {tree.size} leaves were numbered.")
        root = add_leaves(tree.tiled, hashes)
    except TreeIncomplete as damaged:
        logger.critical("numbered entries are put into no tile: %s", damaged)
        tree.trouble = str(damaged)
        tree.save(update_fields=["trouble"])
        return 0
    tree.tiled += len(hashes)
    tree.save(update_fields=["tiled"])
    if tree.tiled == tree.size:
        Checkpoint.objects.create(size=tree.size, root=root, made_at=timezone.now())
    return len(hashes)


def integrate_all() -> int:
    """Number everything that waits; answers how many entries, and older leaves that found their tile."""
    total = 0
    while taken := integrate():
        total += taken
    return total
