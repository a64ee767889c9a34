"""Proofs from tiles against the definitions of RFC 6962, and what a changed proof shows: nothing."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.ledger.merkle.checking import ProofFails, check_consistency, check_inclusion
from governance.ledger.merkle.hashing import EMPTY_ROOT, HASH_SIZE, root_of
from governance.ledger.merkle.proofs import NotProvable, consistency_plan, inclusion_plan, root_plan
from tests.governance.ledger.merkle.trees import (
    flipped,
    leaves_of,
    path,
    proof,
    proof_of,
    root,
    tiles_over,
)

SIZES = st.integers(1, 300)
"""Two levels of tiles, with a partial one of each."""

ALL = leaves_of(300)
ROOTS = [root_of(ALL[:size]) for size in range(301)]


@st.composite
def a_leaf(draw: st.DrawFn) -> tuple[int, int]:
    """A leaf's number and its tree's size."""
    size = draw(SIZES)
    return draw(st.integers(0, size - 1)), size


@st.composite
def two_trees(draw: st.DrawFn) -> tuple[int, int]:
    """The sizes of a tree and of one that it became."""
    new = draw(SIZES)
    return draw(st.integers(1, new)), new


@given(SIZES)
def test_the_root_from_tiles_is_that_of_the_definition(size: int) -> None:
    leaves = leaves_of(size)

    assert proof_of(root_plan(size), leaves) == [root(leaves)] == [root_of(leaves)]


@given(a_leaf())
def test_an_inclusion_proof_is_that_of_the_definition_and_holds(leaf: tuple[int, int]) -> None:
    index, size = leaf
    leaves = leaves_of(size)

    found = proof_of(inclusion_plan(index, size), leaves)

    assert found == path(index, leaves)
    check_inclusion(index, size, leaves[index], found, root(leaves))


@given(two_trees())
def test_a_consistency_proof_is_that_of_the_definition_and_holds(sizes: tuple[int, int]) -> None:
    old, new = sizes
    leaves = leaves_of(new)

    found = proof_of(consistency_plan(old, new), leaves)

    assert found == proof(old, leaves)
    check_consistency(old, new, found, root(leaves[:old]), root(leaves))


@given(a_leaf(), st.data())
def test_an_inclusion_proof_with_one_bit_turned_over_fails(
    leaf: tuple[int, int], data: st.DataObject
) -> None:
    index, size = leaf
    leaves = leaves_of(size)
    hashes = [leaves[index], root(leaves), *path(index, leaves)]
    changed, top, *steps = flipped(hashes, data.draw(st.integers(0, len(hashes) * HASH_SIZE * 8 - 1)))

    with pytest.raises(ProofFails):
        check_inclusion(index, size, changed, steps, top)


@given(two_trees(), st.data())
def test_a_consistency_proof_with_one_bit_turned_over_fails(
    sizes: tuple[int, int], data: st.DataObject
) -> None:
    old, new = sizes
    leaves = leaves_of(new)
    hashes = [root(leaves[:old]), root(leaves), *proof(old, leaves)]
    before, after, *steps = flipped(hashes, data.draw(st.integers(0, len(hashes) * HASH_SIZE * 8 - 1)))

    with pytest.raises(ProofFails):
        check_consistency(old, new, steps, before, after)


@given(a_leaf(), st.data())
def test_a_proof_for_another_leaf_or_another_size_fails(leaf: tuple[int, int], data: st.DataObject) -> None:
    index, size = leaf
    leaves = leaves_of(size)
    other = data.draw(st.integers(0, size + 1).filter(lambda number: number != index))
    check = partial(check_inclusion, leaf=leaves[index], proof=path(index, leaves), root=root(leaves))

    with pytest.raises(ProofFails):
        check(other, size)


@given(a_leaf(), st.sampled_from([-1, 1]))
def test_a_proof_of_another_length_fails(leaf: tuple[int, int], longer: int) -> None:
    index, size = leaf
    leaves = leaves_of(size)
    steps = path(index, leaves)
    changed = [*steps, EMPTY_ROOT] if longer > 0 or not steps else steps[:-1]

    with pytest.raises(ProofFails):
        check_inclusion(index, size, leaves[index], changed, root(leaves))


@pytest.mark.parametrize(
    ("old", "new", "old_root", "new_root"),
    [
        pytest.param(0, 3, EMPTY_ROOT, root_of(leaves_of(3)), id="the empty tree became any"),
        pytest.param(3, 3, root_of(leaves_of(3)), root_of(leaves_of(3)), id="nothing was added"),
        pytest.param(0, 0, EMPTY_ROOT, EMPTY_ROOT, id="both are empty"),
    ],
)
def test_where_nothing_is_to_be_proved_the_proof_is_empty(
    old: int, new: int, old_root: bytes, new_root: bytes
) -> None:
    check_consistency(old, new, [], old_root, new_root)
    assert consistency_plan(old, new).ranges == ()

    with pytest.raises(ProofFails, match="nothing to prove"):
        check_consistency(old, new, [EMPTY_ROOT], old_root, new_root)


@pytest.mark.parametrize(
    ("old", "new", "old_root", "new_root", "sentence"),
    [
        pytest.param(3, 3, EMPTY_ROOT, root_of(leaves_of(3)), "one of them was rewritten", id="same size"),
        pytest.param(0, 3, leaves_of(1)[0], root_of(leaves_of(3)), "without leaves", id="no empty root"),
        pytest.param(4, 3, EMPTY_ROOT, EMPTY_ROOT, "cannot have become", id="the tree shrank"),
        pytest.param(2, 3, EMPTY_ROOT, EMPTY_ROOT, "is empty", id="no proof"),
        pytest.param(2, 3, b"short", EMPTY_ROOT, "not of 32 bytes", id="no hash"),
    ],
)
def test_trees_that_do_not_fit_are_told_apart(
    old: int, new: int, old_root: bytes, new_root: bytes, sentence: str
) -> None:
    with pytest.raises(ProofFails, match=sentence):
        check_consistency(old, new, [], old_root, new_root)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_no_proof_is_planned_for_a_leaf_outside_its_tree(index: int, size: int) -> None:
    with pytest.raises(NotProvable, match=f"has no leaf {index}"):
        inclusion_plan(index, size)


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3)])
def test_no_proof_is_planned_for_a_tree_that_shrank(old: int, new: int) -> None:
    with pytest.raises(NotProvable, match="only grow"):
        consistency_plan(old, new)


LARGEST, EVERY_BIT_UP_TO = 300, 14


def shown(size: int) -> int:
    """How many proofs a tree of ``size`` gives; each leads from its leaf or an older root to the root."""
    leaves = ALL[:size]
    tiles = tiles_over(leaves)
    for index in range(size):
        found = inclusion_plan(index, size).hashes(tiles)
        check_inclusion(index, size, leaves[index], found, ROOTS[size])
    for old in range(1, size + 1):
        found = consistency_plan(old, size).hashes(tiles)
        check_consistency(old, size, found, ROOTS[old], ROOTS[size])
    return 2 * size


def holds(check: Callable[[list[bytes]], None], hashes: list[bytes]) -> bool:
    try:
        check(hashes)
    except ProofFails:
        return False
    return True


def still_holding(size: int) -> list[tuple[str, int, int]]:
    """Kind, number and bit of each proof of a tree that holds although a bit of it was turned over."""
    leaves = ALL[:size]
    asked: list[tuple[str, int, list[bytes], Callable[[list[bytes]], None]]] = []
    for at in range(size):
        hashes = [leaves[at], ROOTS[size], *path(at, leaves)]
        asked.append(("inclusion", at, hashes, partial(_includes, at, size)))
        hashes = [ROOTS[at + 1], ROOTS[size], *proof(at + 1, leaves)]
        asked.append(("consistency", at + 1, hashes, partial(_continues, at + 1, size)))
    return [
        (kind, number, bit)
        for kind, number, hashes, check in asked
        for bit in range(len(hashes) * HASH_SIZE * 8)
        if holds(check, flipped(hashes, bit))
    ]


def _includes(index: int, size: int, hashes: list[bytes]) -> None:
    check_inclusion(index, size, hashes[0], hashes[2:], hashes[1])


def _continues(old: int, new: int, hashes: list[bytes]) -> None:
    check_consistency(old, new, hashes[2:], hashes[0], hashes[1])


@pytest.mark.slow
def test_every_proof_of_every_tree_up_to_three_hundred_leaves_holds() -> None:
    assert sum(map(shown, range(1, LARGEST + 1))) == LARGEST * (LARGEST + 1)


@pytest.mark.slow
def test_no_proof_of_a_small_tree_holds_with_any_bit_turned_over() -> None:
    assert [found for size in range(1, EVERY_BIT_UP_TO + 1) for found in still_holding(size)] == []
