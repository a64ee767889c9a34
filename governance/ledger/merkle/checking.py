"""Whether a proof holds: RFC 9162, sections 2.1.3.2 and 2.1.4.2, with every number and length checked.

Nothing is answered but by returning: what does not hold is raised, with the sentence that says why.
"""

from collections.abc import Sequence

from governance.ledger.merkle.hashing import EMPTY_ROOT, HASH_SIZE, node_hash


class ProofFails(ValueError):
    """The proof does not show what it is meant to show."""


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """That the tree of ``size`` leaves with this root holds the leaf hash at ``index``.

    Raises:
        ProofFails: it is not shown.
    """
    if not 0 <= index < size:
        raise ProofFails(f"Leaf {index} does not lie in a tree of {size} leaves.")
    _check_lengths(leaf, root, *proof)
    at, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise ProofFails("The inclusion proof is longer than its tree is high.")
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ProofFails("The inclusion proof is shorter than its tree is high.")
    if found != root:
        raise ProofFails(f"The inclusion proof leads to another root than that of the tree of {size} leaves.")


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """That the tree of ``new`` leaves begins with all leaves of the tree of ``old``, in their order.

    Raises:
        ProofFails: it is not shown.
    """
    _check_lengths(old_root, new_root, *proof)
    if not 0 <= old <= new:
        raise ProofFails(f"A tree of {old} leaves cannot have become one of {new}.")
    if old in (0, new):
        _check_nothing_to_prove(old, new, proof, old_root, new_root)
        return
    if not proof:
        raise ProofFails("The consistency proof is empty, and the trees differ in size.")
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    before, after = _rebuilt(old - 1, new - 1, steps)
    if before != old_root:
        raise ProofFails(f"The consistency proof leads to another root of the tree of {old} leaves.")
    if after != new_root:
        raise ProofFails(f"The consistency proof leads to another root of the tree of {new} leaves.")


def _check_nothing_to_prove(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    if proof:
        raise ProofFails("The consistency proof holds hashes where there is nothing to prove.")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofFails("The root of the tree without leaves is wrong.")
    if old == new and old_root != new_root:
        raise ProofFails(f"Two trees of {old} leaves have different roots: one of them was rewritten.")


def _rebuilt(at: int, last: int, steps: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Both roots, from the last leaf of the old tree upwards."""
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofFails("The consistency proof is longer than its trees are high.")
        if at & 1 or at == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, step)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ProofFails("The consistency proof is shorter than its trees are high.")
    return before, after


def _check_lengths(*hashes: bytes) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise ProofFails(f"A hash is not of {HASH_SIZE} bytes.")
