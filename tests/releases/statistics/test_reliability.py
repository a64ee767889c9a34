from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from releases.statistics.reliability import (
    brier_score,
    equal_mass_bins,
    expected_calibration_error,
    reliability,
)


def test_ece_equals_the_worked_example() -> None:
    ece = expected_calibration_error([0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 1], bins=2)

    assert ece == pytest.approx(0.2900, abs=1e-12)


def test_brier_score_equals_the_published_example() -> None:
    assert brier_score([0.1, 0.9, 0.8, 0.3], [0, 1, 1, 0]) == pytest.approx(0.0375)


@pytest.mark.parametrize(
    ("probabilities", "bins", "expected"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5], 2, [0, 0, 1, 1, 1]),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], 3, [0, 0, 1, 1, 2, 2, 2]),
        ([0.5, 0.4, 0.3, 0.2, 0.1], 2, [1, 1, 1, 0, 0]),
        ([0.1, 0.2, 0.2, 0.2, 0.5], 2, [0, 0, 0, 0, 1]),
        ([0.3] * 6, 3, [0] * 6),
        ([0.1, 0.9], 5, [2, 4]),
        ([], 5, []),
    ],
)
def test_bins_hold_equal_numbers_and_equal_probabilities_stay_together(
    probabilities: list[float], bins: int, expected: list[int]
) -> None:
    assert equal_mass_bins(probabilities, bins).tolist() == expected


def test_bins_follow_the_rule_written_out() -> None:
    p = np.round(np.random.default_rng(3).random(500), 2)
    order = np.argsort(p, kind="stable")
    nominal = {i: j for j in range(15) for i in range(j * 500 // 15, (j + 1) * 500 // 15)}
    first = {value: nominal[int(np.flatnonzero(p[order] == value)[0])] for value in set(p.tolist())}

    assert equal_mass_bins(p).tolist() == [first[value] for value in p.tolist()]


def test_the_curve_gives_each_bin_with_its_rows_range_and_wilson_limits() -> None:
    curve = reliability([0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 0], bins=2)

    low, high = curve.bins
    assert (low.rows, low.lowest, low.highest, low.mean_probability, low.observed_rate) == (
        2,
        0.25,
        0.25,
        0.25,
        0.0,
    )
    assert (high.rows, high.lowest, high.highest) == (3, 0.55, 0.75)
    assert high.observed_rate == pytest.approx(2 / 3)
    assert (high.lower, high.upper) == pytest.approx(proportion_confint(2, 3, method="wilson"))


def test_ece_is_the_weighted_distance_of_the_curve_from_the_diagonal() -> None:
    random = np.random.default_rng(1)
    p = random.random(2000)
    curve = reliability(p, random.random(2000) < p**2)

    assert len(curve.bins) == 15
    assert sum(one.rows for one in curve.bins) == 2000
    weighted = sum(one.rows * abs(one.observed_rate - one.mean_probability) for one in curve.bins) / 2000
    assert curve.ece == pytest.approx(weighted)
    assert curve.ece == pytest.approx(1 / 6, abs=0.02)


@pytest.mark.parametrize(
    ("p", "y", "ece", "brier"), [(1.0, 1, 0.0, 0.0), (0.0, 1, 1.0, 1.0), (0.5, 1, 0.5, 0.25)]
)
def test_certain_and_wrong_and_undecided_probabilities(p: float, y: int, ece: float, brier: float) -> None:
    curve = reliability([p] * 10, [y] * 10)

    assert (curve.ece, curve.brier) == (ece, brier)


def test_no_rows_have_no_scores() -> None:
    curve = reliability([], [])

    assert (curve.presentations, curve.ece, curve.brier, curve.bins) == (0, None, None, ())


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (lambda: reliability([1.2], [1]), "probabilities holds"),
        (lambda: reliability([np.nan], [1]), "probabilities holds"),
        (lambda: reliability([[0.5]], [1]), "probabilities has shape"),
        (lambda: reliability([0.5], [2]), "outcomes holds"),
        (lambda: reliability([0.5], [1, 0]), "lengths 1 and 2"),
        (lambda: reliability([0.5], [1], bins=0), "bins is 0"),
    ],
)
def test_what_is_no_probability_is_refused_by_name(refused: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        refused()
