"""Trees for the tests, and the definitions of RFC 6962 as they stand there, to compare with."""

from collections.abc import Mapping

from governance.ledger.merkle.hashing import EMPTY_ROOT, HASH_SIZE, leaf_hash, node_hash
from governance.ledger.merkle.proofs import Plan
from governance.ledger.merkle.tiles import HEIGHT, WIDTH, Tile, complete, tiles_of


def leaves_of(size: int) -> list[bytes]:
    """Hashes of the leaves "0", "1", …"""
    return [leaf_hash(str(number).encode()) for number in range(size)]


def tiles_over(leaves: list[bytes]) -> dict[Tile, bytes]:
    """Every tile of the tree, made from its leaves level by level."""
    rows = [leaves]
    while len(rows[-1]) >= WIDTH:
        row = rows[-1]
        whole = range(0, len(row) - len(row) % WIDTH, WIDTH)
        rows.append([complete(row[at : at + WIDTH]) for at in whole])
    return {
        tile: b"".join(rows[tile.level][tile.index * WIDTH :][: tile.width]) for tile in tiles_of(len(leaves))
    }


def proof_of(plan: Plan, leaves: list[bytes]) -> list[bytes]:
    """The proof's hashes, from the tiles that it says it needs and no other."""
    tiles: Mapping[Tile, bytes] = tiles_over(leaves)
    return plan.hashes({tile: tiles[tile] for tile in plan.tiles()})


def root(leaves: list[bytes]) -> bytes:
    """MTH(D), section 2.1, over hashes of leaves."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    left = _left(len(leaves))
    return node_hash(root(leaves[:left]), root(leaves[left:]))


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]), section 2.1.1."""
    if len(leaves) < 2:
        return []
    left = _left(len(leaves))
    if index < left:
        return [*path(index, leaves[:left]), root(leaves[left:])]
    return [*path(index - left, leaves[left:]), root(leaves[:left])]


def proof(old: int, leaves: list[bytes], *, is_whole: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b), section 2.1.2."""
    if old == len(leaves):
        return [] if is_whole else [root(leaves)]
    left = _left(len(leaves))
    if old <= left:
        return [*proof(old, leaves[:left], is_whole=is_whole), root(leaves[left:])]
    return [*proof(old - left, leaves[left:], is_whole=False), root(leaves[:left])]


def _left(many: int) -> int:
    left = 1
    while left * 2 < many:
        left *= 2
    return left


def flipped(hashes: list[bytes], bit: int) -> list[bytes]:
    """The hashes with one bit turned over, counted over all of them."""
    which, within = divmod(bit, HASH_SIZE * 8)
    changed = bytearray(hashes[which])
    changed[within // 8] ^= 1 << (within % HEIGHT)
    return [*hashes[:which], bytes(changed), *hashes[which + 1 :]]
