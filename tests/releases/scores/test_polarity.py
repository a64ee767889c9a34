import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.scores.polarity import check_polarity, share_in_order
from releases.scores.refusals import PolarityContradicted
from releases.statistics.thresholds import Polarity
from tests.releases.scores.tables import frame_of

SCORES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=15)


def naive_share(attacks: list[float], bona_fide: list[float]) -> float:
    pairs = [(a > b) + (a == b) / 2 for a in attacks for b in bona_fide]
    return sum(pairs) / len(pairs)


@given(SCORES, SCORES)
def test_share_in_order_equals_the_count_over_all_pairs(attacks: list[float], bona_fide: list[float]) -> None:
    assert share_in_order(np.array(attacks), np.array(bona_fide)) == pytest.approx(
        naive_share(attacks, bona_fide), abs=1e-12
    )


ROWS = [
    ("a1", "", "fake", "print", "0.9"),
    ("a2", "", "fake", "print", "0.4"),
    ("b1", "", "real", "", "0.4"),
    ("b2", "", "real", "", "0.1"),
    ("b3", "", "real", "", "nan"),
]


def test_check_polarity_gives_the_area_over_answered_rows() -> None:
    found = check_polarity(frame_of(ROWS), Polarity.HIGHER_IS_ATTACK)

    assert (found.auroc, found.attacks, found.bona_fide, found.note) == (0.875, 2, 2, "")


def test_a_polarity_against_the_scores_is_refused_with_the_area() -> None:
    with pytest.raises(
        PolarityContradicted, match=r"higher scores mean bona fide.*AUROC 0\.1250, below 0\.5"
    ):
        check_polarity(frame_of(ROWS), Polarity.HIGHER_IS_BONA_FIDE)


def test_scores_that_tell_nothing_are_taken_with_a_note() -> None:
    rows = [("a1", "", "fake", "print", "0.5"), ("b1", "", "real", "", "0.5")]

    found = check_polarity(frame_of(rows), Polarity.HIGHER_IS_BONA_FIDE)

    assert found.auroc == 0.5
    assert "AUROC 0.5" in found.note


@pytest.mark.parametrize(("rows", "absent"), [(ROWS[:2], "bona fide"), (ROWS[2:], "attack")])
def test_one_class_alone_is_noted_as_not_checkable(rows: list[tuple[str, ...]], absent: str) -> None:
    found = check_polarity(frame_of(rows), Polarity.HIGHER_IS_BONA_FIDE)

    assert found.auroc is None
    assert found.note == f"No {absent} row has a score, so the declared polarity could not be checked."
