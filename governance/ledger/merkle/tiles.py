"""Which tiles a tree of a size consists of, where they lie, and which node stands where in them.

Tiles as C2SP's ``tlog-tiles`` has them (https://c2sp.org/tlog-tiles): a tile of level L holds up to 256
hashes of nodes of height 8 L, so the root over a whole tile is one hash of a tile on the level above. What
a tile lacks of 256 stands in its width; a narrower form is the beginning of every wider one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from governance.ledger.merkle.hashing import HASH_SIZE, NODE_PREFIX

HEIGHT = 8
WIDTH = 1 << HEIGHT
LEVELS = 8
"""2^64 leaves are of eight levels."""


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A complete subtree: ``height`` 0 is a leaf, ``index`` counts the nodes of that height from the left."""

    height: int
    index: int


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """The place of a tile; ``width`` is how many hashes the form that is meant has, 1 to 256."""

    level: int
    index: int
    width: int = WIDTH

    def path(self) -> str:
        """The address below ``tile/``: ``0/x001/x234/067``, of a partial tile with ``.p/112`` behind it."""
        return f"{self.level}/{number_path(self.index)}{'' if self.width == WIDTH else f'.p/{self.width}'}"


def number_path(number: int) -> str:
    """A number in groups of three digits, of which all but the last begin with x."""
    groups: list[str] = []
    while True:
        number, group = divmod(number, 1000)
        groups.append(f"x{group:03}" if groups else f"{group:03}")
        if not number:
            return "/".join(reversed(groups))


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """The tiles of a tree of ``size`` leaves that a tree of ``since`` has not, or has narrower."""
    for level in range(LEVELS):
        now, then = size >> (level * HEIGHT), since >> (level * HEIGHT)
        if now == then:
            return
        for index in range(then // WIDTH, -(-now // WIDTH)):
            yield Tile(level, index, min(WIDTH, now - index * WIDTH))


def tile_of(node: Node, size: int) -> Tile:
    """The tile that the node's hash follows from, as wide as it is in a tree of ``size``."""
    level, below = divmod(node.height, HEIGHT)
    index = (node.index << below) // WIDTH
    return Tile(level, index, min(WIDTH, (size >> (level * HEIGHT)) - index * WIDTH))


def hash_in(node: Node, hashes: bytes) -> bytes:
    """The node's hash from the bytes of its tile, in any form that is wide enough.

    Raises:
        ValueError: the tile is too narrow for the node.
    """
    below = node.height % HEIGHT
    first = (node.index << below) % WIDTH
    found = split(hashes[first * HASH_SIZE : (first + (1 << below)) * HASH_SIZE])
    if len(found) != 1 << below:
        raise ValueError(f"The tile holds {len(hashes) // HASH_SIZE} hashes, too few for {node}.")
    return complete(found)


def complete(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of neighbouring hashes."""
    row = list(hashes)
    while len(row) > 1:
        # node_hash, without the call: this is most of what a check of the whole tree does.
        row = [
            sha256(NODE_PREFIX + left + right).digest()
            for left, right in zip(row[::2], row[1::2], strict=True)
        ]
    return row[0]


def split(hashes: bytes) -> list[bytes]:
    """The single hashes of a tile."""
    return [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
