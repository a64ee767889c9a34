"""Proofs from the stored tree, against what was signed."""

from collections.abc import Iterable
from dataclasses import dataclass

from governance.errors import GovernanceError, NotFound, invalid
from governance.ledger.merkle.proofs import Range, consistency_plan, hash_over, inclusion_plan
from governance.ledger.merkle.tiles import Node, hash_in, tile_of
from governance.ledger.models import Leaf, SignedCheckpoint
from governance.ledger.proof_texts import proof_text
from governance.ledger.stored_tree import TreeIncomplete, hashes_of, root_at, tiles_at
from governance.ledger.witnesses.published import newest_cosigned, published


class NotSealed(GovernanceError):
    """No signed checkpoint covers this yet."""

    code = "not_sealed"
    status = 409
    title = "Not sealed yet"
    next_step = "Ask again in a few seconds; if it lasts, see 'seal' on /readyz."


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That ``leaf`` is number ``index`` of the signed tree of ``size``."""

    index: int
    size: int
    leaf: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str

    def text(self) -> str:
        """The proof as a text that stands alone."""
        return proof_text(self.index, self.hashes, self.checkpoint)


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the tree of ``new`` begins with the tree of ``old``."""

    old: int
    new: int
    old_root: bytes
    new_root: bytes
    hashes: tuple[bytes, ...]


def newest_note() -> SignedCheckpoint:
    """The checkpoint that was signed last.

    Raises:
        NotFound: none was signed yet.
    """
    found = SignedCheckpoint.objects.order_by("-checkpoint_id").first()
    if found is None:
        raise NotFound(
            "No checkpoint has been signed yet.",
            next_step="See 'seal' on /readyz, and manage.py check, which says whether there is a key.",
        )
    return found


def cosigned_note() -> SignedCheckpoint:
    """The newest checkpoint that a witness has cosigned.

    Raises:
        NotFound: none has cosigned any.
    """
    found = newest_cosigned()
    if found is None:
        raise NotFound(
            "No witness has cosigned a checkpoint.",
            next_step="See 'witnesses' on /readyz; docs/witness.md says how a witness is named.",
        )
    return found


def prove_inclusion(leaf: Leaf, note: SignedCheckpoint | None = None) -> Inclusion:
    """The proof that a leaf is in the tree of ``note``, without one in the tree that was signed last.

    Raises:
        NotSealed: it was numbered since.
        NotFound: nothing was signed yet.
    """
    note = note or newest_note()
    size = note.checkpoint_id
    if leaf.index >= size:
        raise NotSealed(f"Entry {leaf.index} is numbered; the last signed checkpoint is of {size} entries.")
    hashes = hashes_of(inclusion_plan(leaf.index, size))
    return Inclusion(leaf.index, size, bytes(leaf.hash), tuple(hashes), published(note))


def inclusion_texts(indices: Iterable[int], note: SignedCheckpoint) -> dict[int, str]:
    """Of many leaves the proofs that they are in the tree of the note, each as a text that stands alone.

    Their tiles are read in one go, and what proofs share is computed once.

    Raises:
        TreeIncomplete: a tile is missing or too short.
    """
    size = note.checkpoint_id
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
            index: proof_text(index, [over(one) for one in plan.ranges], note.note)
            for index, plan in plans.items()
        }
    except (KeyError, ValueError) as fault:
        raise TreeIncomplete(f"The tiles of the tree of {size} leaves: {fault}.") from fault


def prove_consistency(old: int, new: int) -> Consistency:
    """The proof that the tree of ``new`` entries begins with that of ``old``.

    Raises:
        InvalidInput: the sizes are not those of two trees up to the last signed one, the smaller first.
        NotFound: nothing was signed yet.
    """
    signed = newest_note().checkpoint_id
    if new > signed:
        raise invalid("to", f"the tree that was signed last has {signed} entries; found {new}.")
    if old > new:
        raise invalid("from", f"found {old}, which is more than to = {new}; give the smaller size first.")
    hashes = hashes_of(consistency_plan(old, new))
    return Consistency(old, new, root_at(old), root_at(new), tuple(hashes))
