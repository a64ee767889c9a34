"""Inclusion proofs of many entries into one tree: tiles read in one go, what proofs share computed once."""

from collections.abc import Iterable

from governance.ledger.merkle.proofs import Range, consistency_plan, hash_over, inclusion_plan
from governance.ledger.merkle.tiles import Node, hash_in, tile_of
from governance.ledger.proof_texts import proof_text
from governance.ledger.stored_tree import TreeIncomplete, hashes_of, tiles_at


def inclusion_texts(indices: Iterable[int], size: int, checkpoint: str) -> dict[int, str]:
    """The proof of each leaf, as a text that stands alone.

    Raises:
        TreeIncomplete: a tile is missing or too short.
    """
    plans = {index: inclusion_plan(index, size) for index in indices}
    tiles = {tile: (tile.level, tile.index) for plan in plans.values() for tile in plan.tiles()}
    stored = tiles_at(tiles.values())
    nodes: dict[Node, bytes] = {}
    ranges: dict[Range, bytes] = {}

    def node(one: Node) -> bytes:
        if one not in nodes:
            nodes[one] = hash_in(one, stored[tiles[tile_of(one, size)]])
        return nodes[one]

    def over(one: Range) -> bytes:
        if one not in ranges:
            ranges[one] = hash_over(one, node)
        return ranges[one]

    try:
        return {
            index: proof_text(index, [over(one) for one in plan.ranges], checkpoint)
            for index, plan in plans.items()
        }
    except (KeyError, ValueError) as fault:
        raise TreeIncomplete(f"The tiles of the tree of {size} leaves: {fault}.") from fault


def consistency_hashes(old: int, new: int) -> list[bytes]:
    """That the tree of ``new`` leaves begins with that of ``old``."""
    return hashes_of(consistency_plan(old, new))
