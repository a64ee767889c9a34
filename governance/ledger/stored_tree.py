"""The tree as it is stored: tiles read in one go, leaves added to them, roots and proofs at any size."""

from collections.abc import Iterable, Sequence

from django.db import connection

from governance.ledger.merkle.growing import Place, edge_of, grown, root_from
from governance.ledger.merkle.proofs import Plan, root_plan
from governance.ledger.merkle.tiles import Tile

_READ = """
SELECT tile.level, tile.index, tile.hashes
FROM unnest(%s::smallint[], %s::bigint[]) AS wanted(level, index) JOIN tile USING (level, index)
"""
_WRITE = """
INSERT INTO tile (level, index, hashes)
SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])
ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes
"""


class TreeIncomplete(Exception):
    """A tile that the tree's size calls for is missing or too short: the record was damaged."""


def tiles_at(places: Iterable[Place]) -> dict[Place, bytes]:
    """The tiles that are stored at these places, as long as they are now."""
    wanted = sorted(set(places))
    with connection.cursor() as cursor:
        cursor.execute(_READ, [[level for level, _ in wanted], [index for _, index in wanted]])
        return {(level, index): bytes(hashes) for level, index, hashes in cursor.fetchall()}


def add_leaves(size: int, hashes: Sequence[bytes]) -> bytes:
    """Add one leaf hash or more to the stored tree of ``size``, in the caller's transaction; the new root.

    Raises:
        TreeIncomplete: the tree's edge is not what it was.
    """
    try:
        edge = tiles_at(edge_of(size))
        changed = grown(size, edge, hashes)
        root = root_from(size + len(hashes), edge | changed)
    except (KeyError, ValueError) as fault:
        raise TreeIncomplete(f"The tiles of the tree of {size} leaves: {fault}.") from fault
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [*map(list, zip(*changed, strict=True)), list(changed.values())])
    return root


def root_at(size: int) -> bytes:
    """The root of the tree when it had ``size`` leaves.

    Raises:
        TreeIncomplete: a tile is missing or too short.
    """
    return hashes_of(root_plan(size))[0]


def hashes_of(plan: Plan) -> list[bytes]:
    """The hashes of a proof.

    Raises:
        TreeIncomplete: a tile is missing or too short.
    """
    tiles: dict[Tile, Place] = {tile: (tile.level, tile.index) for tile in plan.tiles()}
    found = tiles_at(tiles.values())
    try:
        return plan.hashes({tile: found[place] for tile, place in tiles.items()})
    except (KeyError, ValueError) as fault:
        raise TreeIncomplete(f"The tiles of the tree of {plan.size} leaves: {fault}.") from fault
