"""Which tiles there are and where they lie: C2SP ``tlog-tiles``, whose own example is a tree of 70,000."""

from collections import Counter

import pytest

from governance.ledger.merkle.tiles import Node, Tile, hash_in, number_path, tiles_of
from tests.governance.ledger.merkle.trees import leaves_of, tiles_over


def test_a_tree_of_70_000_has_the_tiles_of_the_specification() -> None:
    tiles = list(tiles_of(70_000))

    assert Counter((tile.level, tile.width == 256) for tile in tiles) == {
        (0, True): 273,
        (0, False): 1,
        (1, True): 1,
        (1, False): 1,
        (2, False): 1,
    }
    assert [tile for tile in tiles if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]


@pytest.mark.parametrize(
    ("number", "path"), [(0, "000"), (999, "999"), (1000, "x001/000"), (1_234_067, "x001/x234/067")]
)
def test_numbers_are_written_in_groups_of_three_digits(number: int, path: str) -> None:
    assert number_path(number) == path


def test_a_partial_tile_says_its_width_in_its_path() -> None:
    assert Tile(0, 273, 112).path() == "0/273.p/112"
    assert Tile(1, 1_000).path() == "1/x001/000"


def test_only_what_grew_is_named_again() -> None:
    assert list(tiles_of(515, since=511)) == [Tile(0, 1), Tile(0, 2, 3), Tile(1, 0, 2)]
    assert not list(tiles_of(515, since=515))


def test_a_node_is_read_from_a_wider_form_of_its_tile_too() -> None:
    leaves = leaves_of(200)
    narrow, wide = tiles_over(leaves[:100])[Tile(0, 0, 100)], tiles_over(leaves)[Tile(0, 0, 200)]

    assert hash_in(Node(5, 2), narrow) == hash_in(Node(5, 2), wide)


def test_a_node_beyond_its_tile_is_refused() -> None:
    with pytest.raises(ValueError, match="holds 3 hashes, too few"):
        hash_in(Node(2, 0), b"".join(leaves_of(3)))
