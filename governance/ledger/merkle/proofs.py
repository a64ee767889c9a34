"""Which nodes a proof consists of: RFC 6962, sections 2.1.1 and 2.1.2.

A proof is a list of hashes, each over a range of neighbouring leaves. A range that a tree holds whole is one
node; one at the tree's right edge is folded from several. So a proof is planned first, from numbers alone;
whoever stores the tiles then fetches those that are needed in one go.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from governance.ledger.merkle.hashing import EMPTY_ROOT, folded
from governance.ledger.merkle.tiles import Node, Tile, hash_in, tile_of

Range = tuple[int, int]
"""Leaves from the first number up to, and without, the second."""


class NotProvable(ValueError):
    """What is asked for does not lie in the tree."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A proof before its hashes are known."""

    size: int
    ranges: tuple[Range, ...]

    def tiles(self) -> frozenset[Tile]:
        """What must be fetched, each tile as wide as it is at ``size``."""
        return frozenset(tile_of(node, self.size) for one in self.ranges for node in nodes_of(*one))

    def hashes(self, tiles: Mapping[Tile, bytes]) -> list[bytes]:
        """The proof, from the bytes of its tiles.

        Raises:
            KeyError: a tile is missing.
            ValueError: a tile is too narrow.
        """

        def found(node: Node) -> bytes:
            return hash_in(node, tiles[tile_of(node, self.size)])

        return [hash_over(one, found) for one in self.ranges]


def hash_over(leaves: Range, found: Callable[[Node], bytes]) -> bytes:
    """The hash over a range of leaves; of none it is the empty root."""
    subtrees = [found(node) for node in nodes_of(*leaves)]
    return folded(subtrees) if subtrees else EMPTY_ROOT


def nodes_of(first: int, end: int) -> Iterator[Node]:
    """The complete subtrees that make up a range which begins where a subtree of its size may begin."""
    while first < end:
        height = (end - first).bit_length() - 1
        yield Node(height, first >> height)
        first += 1 << height


def root_plan(size: int) -> Plan:
    """The root of a tree of ``size`` leaves, as a proof of one hash."""
    return Plan(size, ((0, size),))


def inclusion_plan(index: int, size: int) -> Plan:
    """The audit path of leaf ``index`` in a tree of ``size`` leaves, from the leaf upwards.

    Raises:
        NotProvable: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise NotProvable(f"A tree of {size} leaves has no leaf {index}; its leaves are 0 to {size - 1}.")
    first, end = 0, size
    path: list[Range] = []
    while end - first > 1:
        middle = first + _left(end - first)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((first, middle))
            first = middle
    return Plan(size, tuple(reversed(path)))


def consistency_plan(old: int, new: int) -> Plan:
    """That the first ``old`` leaves of a tree of ``new`` are those of the tree of ``old``.

    Empty where both are of one size, and where the old tree is empty: there is nothing to prove.

    Raises:
        NotProvable: the old tree is larger than the new one.
    """
    if not 0 <= old <= new:
        raise NotProvable(f"A tree of {old} leaves cannot have become one of {new}: trees only grow.")
    if old in (0, new):
        return Plan(new, ())
    first, end, whole = 0, new, True
    path: list[Range] = []
    while end != old:
        middle = first + _left(end - first)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((first, middle))
            first, whole = middle, False
    # The verifier has the old root already where the old tree is one complete subtree.
    known = [] if whole else [(first, end)]
    return Plan(new, (*known, *reversed(path)))


def _left(many: int) -> int:
    """How many of so many leaves, two or more, lie in the left subtree: the largest power of two below."""
    result: int = 1 << (many - 1).bit_length() - 1
    return result
