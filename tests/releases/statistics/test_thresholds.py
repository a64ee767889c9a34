from typing import TypedDict

import numpy as np
import pytest

from releases.statistics.thresholds import (
    AtThreshold,
    Polarity,
    closest_errors_threshold,
    is_rejected,
)


class Rule(TypedDict):
    polarity: Polarity
    at_threshold: AtThreshold


UP, DOWN = Polarity.HIGHER_IS_ATTACK, Polarity.HIGHER_IS_BONA_FIDE
BONA_FIDE, ATTACK = AtThreshold.BONA_FIDE, AtThreshold.ATTACK


@pytest.mark.parametrize(
    ("polarity", "at_threshold", "rejected"),
    [
        (UP, BONA_FIDE, [False, False, True]),
        (UP, ATTACK, [False, True, True]),
        (DOWN, BONA_FIDE, [True, False, False]),
        (DOWN, ATTACK, [True, True, False]),
    ],
)
def test_a_score_equal_to_the_threshold_goes_where_the_policy_says(
    polarity: Polarity, at_threshold: AtThreshold, rejected: list[bool]
) -> None:
    decided = is_rejected([0.4, 0.5, 0.6], 0.5, polarity=polarity, at_threshold=at_threshold)

    assert decided.tolist() == rejected


@pytest.mark.parametrize("polarity", list(Polarity))
@pytest.mark.parametrize("at_threshold", list(AtThreshold))
@pytest.mark.parametrize("seed", range(4))
def test_the_threshold_is_the_lowest_observed_score_with_the_closest_errors(
    polarity: Polarity, at_threshold: AtThreshold, seed: int
) -> None:
    random = np.random.default_rng(seed)
    bona_fide = random.integers(0, 12, size=23) / 10
    attacks = random.integers(4, 18, size=17) / 10
    how = Rule(polarity=polarity, at_threshold=at_threshold)
    observed = sorted({*bona_fide.tolist(), *attacks.tolist()})
    gaps = [
        abs(
            int((~is_rejected(attacks, t, **how)).sum()) * 23
            - int(is_rejected(bona_fide, t, **how).sum()) * 17
        )
        for t in observed
    ]

    point = closest_errors_threshold(bona_fide=bona_fide, attacks=attacks, **how)

    assert point.threshold == observed[gaps.index(min(gaps))]
    assert point.attacks_accepted == int((~is_rejected(attacks, point.threshold, **how)).sum())
    assert point.bona_fide_rejected == int(is_rejected(bona_fide, point.threshold, **how).sum())
    assert (point.attacks, point.bona_fide) == (17, 23)


def test_equal_minima_take_the_lowest_score() -> None:
    point = closest_errors_threshold(
        bona_fide=[0.1, 0.2], attacks=[0.8, 0.9], polarity=UP, at_threshold=BONA_FIDE
    )

    assert point.threshold == 0.2
    assert (point.attacks_accepted, point.bona_fide_rejected) == (0, 0)


def test_minima_that_are_equal_but_for_rounding_take_the_lowest_score() -> None:
    # |1/3 − 2/4| = |2/3 − 2/4| as whole numbers; in doubles the second comes out smaller.
    rounded = [abs(accepted / 3 - 2 / 4) for accepted in (1, 2)]

    point = closest_errors_threshold(
        bona_fide=[0.1, 0.1, 0.5, 0.5], attacks=[0.1, 0.2, 0.9], polarity=UP, at_threshold=BONA_FIDE
    )

    assert rounded[1] < rounded[0]
    assert point.threshold == 0.1
    assert (point.attacks_accepted, point.bona_fide_rejected) == (1, 2)


def test_neighbouring_doubles_are_different_candidates() -> None:
    low = 0.5
    high = float(np.nextafter(low, 1))

    point = closest_errors_threshold(
        bona_fide=[low, low], attacks=[high, high], polarity=UP, at_threshold=BONA_FIDE
    )

    assert point.threshold == low
    assert (point.attacks_accepted, point.bona_fide_rejected) == (0, 0)


@pytest.mark.parametrize("missing", [float("nan"), float("inf"), float("-inf")])
def test_scores_that_are_not_finite_are_refused_by_name(missing: float) -> None:
    with pytest.raises(ValueError, match="attacks holds a score that is not finite"):
        closest_errors_threshold(bona_fide=[0.1], attacks=[0.2, missing], polarity=UP, at_threshold=BONA_FIDE)


@pytest.mark.parametrize(("empty", "scores"), [("attacks", ([0.1], [])), ("bona_fide", ([], [0.1]))])
def test_a_class_without_scores_is_refused_by_name(
    empty: str, scores: tuple[list[float], list[float]]
) -> None:
    with pytest.raises(ValueError, match=f"{empty} is empty"):
        closest_errors_threshold(bona_fide=scores[0], attacks=scores[1], polarity=UP, at_threshold=BONA_FIDE)
