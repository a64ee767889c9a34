import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from releases.statistics.drift import (
    bin_counts,
    kolmogorov_smirnov,
    kolmogorov_smirnov_binned,
    population_stability_index,
    psi_limit,
    quantile_edges,
    wasserstein_1,
)

Numbers = npt.NDArray[np.float64]


def normal(size: int, mean: float = 0.0, seed: int = 1) -> Numbers:
    return np.random.default_rng(seed).normal(mean, 1, size)


def test_psi_equals_the_worked_example() -> None:
    assert population_stability_index([0.40, 0.30, 0.30], [0.35, 0.25, 0.40]) == pytest.approx(
        0.04456, abs=5e-6
    )
    assert population_stability_index([400, 300, 300], [70, 50, 80]) == pytest.approx(0.04456, abs=5e-6)


def test_psi_is_zero_without_a_shift_symmetric_and_finite_with_an_empty_bin() -> None:
    assert population_stability_index([1, 2, 3], [10, 20, 30]) == 0
    assert population_stability_index([1, 2, 3], [3, 2, 1]) == population_stability_index(
        [3, 2, 1], [1, 2, 3]
    )
    halves = population_stability_index([10.5, 0.5], [5.5, 5.5])
    assert population_stability_index([10, 0], [5, 5]) == pytest.approx(halves)


def test_psi_limit_is_a_tenth_unless_the_samples_are_too_small_for_that() -> None:
    assert psi_limit(100_000, 100_000) == 0.1
    assert psi_limit(100, 100) == pytest.approx(0.02 * stats.chi2.ppf(0.95, 9))


def test_a_tenth_is_exceeded_mostly_by_chance_in_small_samples_and_the_limit_is_not() -> None:
    random = np.random.default_rng(1)
    edges = tuple(np.linspace(0.1, 0.9, 9))
    drawn = [
        population_stability_index(
            bin_counts(random.random(100), edges), bin_counts(random.random(100), edges)
        )
        for _ in range(400)
    ]

    assert np.mean(np.array(drawn) > 0.1) > 0.8
    assert np.mean(np.array(drawn) > psi_limit(100, 100)) <= 0.12  # chi-square is approximate


def test_deciles_of_the_reference_hold_a_tenth_each() -> None:
    values = normal(1000)
    edges = quantile_edges(values)

    assert len(edges) == 9
    assert bin_counts(values, edges) == (100,) * 10


def test_equal_values_leave_fewer_bins_and_lose_no_row() -> None:
    values = np.r_[np.zeros(70), np.arange(1.0, 31)]

    edges = quantile_edges(values)

    assert edges == (0.0, 10.0, 20.0)
    assert bin_counts(values, edges) == (70, 10, 10, 10)
    assert bin_counts([-5.0, 99.0], edges) == (1, 0, 0, 1)


@pytest.mark.parametrize(("n", "m"), [(40, 60), (7, 7), (1, 1), (100, 100), (13, 5)])
@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_ks_of_small_samples_is_exact_as_scipys(n: int, m: int, shift: float) -> None:
    x, y = normal(n), normal(m, shift, seed=2)
    oracle = stats.ks_2samp(x, y, method="exact")

    test = kolmogorov_smirnov(x, y)

    assert (test.statistic, test.p_value) == pytest.approx((oracle.statistic, oracle.pvalue), rel=1e-9)
    assert test.exact


def test_ks_of_large_samples_follows_the_limit_law() -> None:
    x, y = normal(2000), normal(3000, 0.05, seed=2)
    oracle = stats.ks_2samp(x, y, method="asymp")

    test = kolmogorov_smirnov(x, y)

    assert test.statistic == pytest.approx(oracle.statistic)
    assert test.p_value == pytest.approx(stats.kstwobign.sf(math.sqrt(1200) * test.statistic))
    assert test.p_value == pytest.approx(oracle.pvalue, abs=0.02)
    assert not test.exact


def test_weights_count_like_repeated_values_in_the_statistic_but_not_as_more_data() -> None:
    x, y = normal(300), normal(200, 0.4, seed=2)
    weights = np.random.default_rng(3).integers(1, 5, 300)

    weighted = kolmogorov_smirnov(x, y, reference_weights=weights)

    assert weighted.statistic == pytest.approx(kolmogorov_smirnov(np.repeat(x, weights), y).statistic)
    assert weighted.reference_n_eff == pytest.approx(weights.sum() ** 2 / np.sum(weights**2))
    assert weighted.reference_n_eff < 300


def test_ks_of_bins_is_the_distance_at_their_edges() -> None:
    x, y = np.round(normal(500), 1), np.round(normal(400, 0.3, seed=2), 1)
    edges = tuple(np.unique(np.r_[x, y])[:-1].tolist())

    binned = kolmogorov_smirnov_binned(bin_counts(x, edges), bin_counts(y, edges))

    assert binned.statistic == pytest.approx(kolmogorov_smirnov(x, y).statistic)
    assert binned.p_value == pytest.approx(kolmogorov_smirnov(x, y).p_value)


def test_wasserstein_equals_scipys_with_and_without_weights() -> None:
    x, y = normal(300), normal(200, 0.4, seed=2)
    u, v = np.random.default_rng(3).random(300), np.random.default_rng(4).random(200)

    assert wasserstein_1(x, y) == pytest.approx(stats.wasserstein_distance(x, y))
    assert wasserstein_1(x, y, reference_weights=u, current_weights=v) == pytest.approx(
        stats.wasserstein_distance(x, y, u, v)
    )


def test_a_shift_moves_wasserstein_by_itself_and_nothing_moves_nothing() -> None:
    x = normal(100)

    assert wasserstein_1(x, x + 2.5) == pytest.approx(2.5)
    assert wasserstein_1(x, x) == 0
    assert kolmogorov_smirnov(x, x).p_value == 1.0


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (lambda: population_stability_index([1, 2], [1, 2, 3]), "2 and 3 bins"),
        (lambda: population_stability_index([1, -2], [1, 2]), "reference must hold"),
        (lambda: population_stability_index([1, 2], [0, 0]), "current must hold"),
        (lambda: kolmogorov_smirnov_binned([1, 2], [1]), "2 and 1 bins"),
        (lambda: psi_limit(0, 100), "reference_size and current_size"),
        (lambda: psi_limit(100, 100, bins=1), "bins is 1"),
        (lambda: kolmogorov_smirnov([], [1.0]), "reference must hold"),
        (lambda: wasserstein_1([1.0], [np.nan]), "current must hold"),
        (lambda: wasserstein_1([1.0], [2.0], current_weights=[1, 1]), "current_weights has length 2"),
    ],
)
def test_impossible_input_of_a_drift_is_refused_by_name(refused: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        refused()
