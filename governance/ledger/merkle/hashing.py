"""Hashes of the tree: RFC 6962, section 2.1 (the same in RFC 9162, section 2.1.1).

A leaf and an inner node are hashed with different first bytes, so that none can be passed off as the other.
"""

import hashlib
from collections.abc import Sequence

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a tree without leaves."""

LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"


def leaf_hash(body: bytes) -> bytes:
    """SHA-256(0x00 ‖ body)."""
    return hashlib.sha256(LEAF_PREFIX + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def folded(subtrees: Sequence[bytes]) -> bytes:
    """The hash over neighbouring complete subtrees of falling size, which is how a tree's right edge looks.

    Raises:
        ValueError: there is none.
    """
    if not subtrees:
        raise ValueError("Nothing to fold: a range of leaves has at least one subtree.")
    result = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        result = node_hash(left, result)
    return result


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, by adding them one after the other to the tree's right edge.

    This is the slow and plain way, which what is stored in tiles is compared with.
    """
    edge: list[tuple[int, bytes]] = []
    for leaf in leaves:
        height, added = 0, leaf
        while edge and edge[-1][0] == height:
            added = node_hash(edge.pop()[1], added)
            height += 1
        edge.append((height, added))
    return folded([found for _, found in edge]) if edge else EMPTY_ROOT
