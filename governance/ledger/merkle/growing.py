"""The tree's right edge, and what becomes of its tiles when leaves are added.

The edge is the last tile of each level that is not full. It is all that adding leaves needs, and the root
follows from it.
"""

from collections.abc import Iterator, Mapping, Sequence

from governance.ledger.merkle.hashing import HASH_SIZE
from governance.ledger.merkle.proofs import root_plan
from governance.ledger.merkle.tiles import HEIGHT, LEVELS, WIDTH, Tile, complete, split

Place = tuple[int, int]
"""Level and index of a tile."""


def edge_of(size: int) -> list[Place]:
    """Where the tiles lie that are begun and not full in a tree of ``size`` leaves."""
    sizes = [size >> (level * HEIGHT) for level in range(LEVELS)]
    return [(level, many // WIDTH) for level, many in enumerate(sizes) if many % WIDTH]


def grown(size: int, edge: Mapping[Place, bytes], leaves: Sequence[bytes]) -> dict[Place, bytes]:
    """All tiles that change when ``leaves`` are added to a tree of ``size``, in their new form.

    ``edge`` holds the tiles of :func:`edge_of`; a form of them that is wider than at ``size`` is cut.

    Raises:
        KeyError: a tile of the edge is missing.
        ValueError: one is too narrow.
    """
    changed: dict[Place, bytes] = {}
    added, level = list(leaves), 0
    while added:
        first = size >> (level * HEIGHT)
        above: list[bytes] = []
        for place, hashes in _filled(level, first, added, edge):
            changed[place] = hashes
            if len(hashes) == WIDTH * HASH_SIZE:
                above.append(complete(split(hashes)))
        added, level = above, level + 1
    return changed


def _filled(
    level: int, first: int, added: Sequence[bytes], edge: Mapping[Place, bytes]
) -> Iterator[tuple[Place, bytes]]:
    """The tiles of a level that take the hashes numbered from ``first``."""
    end = first + len(added)
    for index in range(first // WIDTH, -(-end // WIDTH)):
        begins = index * WIDTH
        old = _cut(edge[level, index], first - begins) if begins < first else b""
        taken = added[max(0, begins - first) : begins + WIDTH - first]
        yield (level, index), old + b"".join(taken)


def _cut(hashes: bytes, width: int) -> bytes:
    if len(hashes) < width * HASH_SIZE:
        raise ValueError(f"The tile holds {len(hashes) // HASH_SIZE} hashes; {width} are wanted.")
    return hashes[: width * HASH_SIZE]


def root_from(size: int, tiles: Mapping[Place, bytes]) -> bytes:
    """The root of a tree of ``size`` leaves from the tiles of its edge, in any form that is wide enough.

    Raises:
        KeyError: a tile is missing.
        ValueError: one is too narrow.
    """
    plan = root_plan(size)
    needed: dict[Tile, bytes] = {tile: tiles[tile.level, tile.index] for tile in plan.tiles()}
    return plan.hashes(needed)[0]
