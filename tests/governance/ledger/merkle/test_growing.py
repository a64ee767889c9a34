"""Leaves added in batches of any size give the tiles and roots of the whole (L2)."""

from itertools import accumulate, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from governance.ledger.merkle.growing import Place, edge_of, grown, root_from
from governance.ledger.merkle.hashing import EMPTY_ROOT, root_of
from tests.governance.ledger.merkle.trees import leaves_of, tiles_over

LEAVES = leaves_of(66_000)
"""Enough for a third level of tiles."""


def grown_in(batches: list[int]) -> dict[Place, bytes]:
    """All tiles after the batches, each of which was given the edge alone."""
    tiles: dict[Place, bytes] = {}
    for first, end in pairwise(accumulate(batches, initial=0)):
        edge = {place: tiles[place] for place in edge_of(first)}
        tiles |= grown(first, edge, LEAVES[first:end])
    return tiles


def whole(size: int) -> dict[Place, bytes]:
    return {(tile.level, tile.index): hashes for tile, hashes in tiles_over(LEAVES[:size]).items()}


@given(st.lists(st.integers(0, 600), max_size=8))
@example([255, 1, 1])
@example([256, 256])
def test_random_batches_give_the_tiles_and_the_root_of_one(batches: list[int]) -> None:
    size = sum(batches)

    tiles = grown_in(batches)

    assert tiles == whole(size)
    assert root_from(size, {place: tiles[place] for place in edge_of(size)}) == root_of(LEAVES[:size])


def test_a_third_level_begins_with_the_65_536th_leaf() -> None:
    before, after = grown_in([65_535]), grown_in([65_535, 2])

    assert {level for level, _ in before} == {0, 1}
    assert after == whole(65_537)
    assert (2, 0) in after


def test_the_edge_is_cut_where_somebody_else_has_written_on() -> None:
    wider = whole(300)

    assert grown(100, {(0, 0): wider[0, 0]}, LEAVES[100:120]) == whole(120)
    assert root_from(100, wider) == root_of(LEAVES[:100])


def test_an_edge_that_lacks_hashes_is_not_built_on() -> None:
    with pytest.raises(ValueError, match="holds 99 hashes; 100 are wanted"):
        grown(100, whole(99), LEAVES[100:120])


def test_the_empty_tree_has_no_edge_and_the_empty_root() -> None:
    assert edge_of(0) == []
    assert root_from(0, {}) == EMPTY_ROOT
