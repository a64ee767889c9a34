from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from releases.statistics.bootstrap import (
    bootstrap_ratios,
    bootstrap_sums,
    draw,
    exact_blocks,
    interval,
    poisson_table,
)

Integers = npt.NDArray[np.int64]
ERRORS, ROWS = [[1], [0]], [[0], [1]]  # the columns of "clustered"


def clustered(subjects: int, seed: int = 1) -> Integers:
    """Errors and rows per subject, subjects differing from each other."""
    random = np.random.default_rng(seed)
    rows = random.integers(1, 20, subjects)
    return np.column_stack([random.binomial(rows, random.beta(1, 4, subjects)), rows])


def multiplicities(replicates: int, subjects: int, seed: int) -> Integers:
    """Every draw on its own, as whole numbers."""
    drawn = np.empty((replicates, subjects), dtype=np.int64)
    for replicate in range(replicates):
        draw(replicate, seed=seed, frequencies=poisson_table().astype(np.int64), out=drawn[replicate])
    return drawn


@pytest.mark.parametrize(("threads", "chunk_bytes"), [(1, 2**25), (2, 2**25), (3, 2**25), (2, 4000), (1, 1)])
def test_replicates_are_bit_identical_at_any_number_of_threads_and_any_chunks(
    threads: int, chunk_bytes: int
) -> None:
    counts = clustered(300)

    sums = bootstrap_sums(counts, replicates=70, seed=7, threads=threads, chunk_bytes=chunk_bytes)

    assert sums.tobytes() == bootstrap_sums(counts, replicates=70, seed=7).tobytes()


@pytest.mark.parametrize("size", [1, 10**4, 10**9])
def test_sums_are_exact_whole_numbers_in_single_and_in_double_precision(size: int) -> None:
    counts = np.random.default_rng(2).integers(0, size + 1, (500, 3))

    sums = bootstrap_sums(counts, replicates=20, seed=3)

    assert np.array_equal(sums, multiplicities(20, 500, 3) @ counts)


def test_counts_too_large_for_one_sum_in_single_precision_are_added_in_blocks() -> None:
    counts = np.full((1000, 2), 10_000)

    assert len(exact_blocks(counts) or []) == 10
    assert exact_blocks(np.full((3, 1), 2**21)) is None
    assert np.array_equal(bootstrap_sums(counts, replicates=9, seed=1), multiplicities(9, 1000, 1) @ counts)


def test_more_replicates_begin_with_the_same_ones_and_another_seed_gives_others() -> None:
    counts = clustered(100)
    few, many = (bootstrap_sums(counts, replicates=n, seed=5) for n in (10, 200))

    assert np.array_equal(many[:10], few)
    assert not np.array_equal(bootstrap_sums(counts, replicates=10, seed=6), few)


def test_the_first_draws_of_a_seed_never_change() -> None:
    assert multiplicities(2, 12, 20260724).tolist() == [
        [0, 1, 1, 1, 2, 2, 1, 3, 1, 2, 1, 1],
        [1, 0, 1, 1, 0, 2, 1, 2, 0, 1, 0, 2],
    ]


def test_draws_follow_the_poisson_distribution() -> None:
    table = poisson_table()

    shares = np.bincount(table, minlength=9)[:9] / 65536
    assert shares == pytest.approx(stats.poisson.pmf(np.arange(9), 1), abs=2e-5)
    assert table.mean() == pytest.approx(1, rel=1e-4)
    assert table.var() == pytest.approx(1, rel=1e-4)


def test_standard_error_is_the_cluster_robust_one() -> None:
    counts = clustered(400)
    errors, rows = counts.T
    rate = errors.sum() / rows.sum()
    robust = np.sqrt(np.sum((errors - rate * rows) ** 2)) / rows.sum()

    found = bootstrap_ratios(counts, ERRORS, ROWS, replicates=2000, seed=1)

    assert found.estimate == pytest.approx([rate])
    assert found.standard_error == pytest.approx([robust], rel=0.06)
    assert found.lower[0] == pytest.approx(rate - 1.645 * robust, abs=0.3 * robust)
    assert found.upper[0] == pytest.approx(rate + 1.645 * robust, abs=0.3 * robust)


def test_intervals_agree_with_scipys_bootstrap_over_subjects() -> None:
    counts = clustered(150)
    oracle = stats.bootstrap(
        (counts[:, 0], counts[:, 1]),
        lambda x, n, axis: x.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=2000,
        confidence_level=0.90,
        method="percentile",
        rng=np.random.default_rng(1),
    )

    found = bootstrap_ratios(counts, ERRORS, ROWS, replicates=2000, seed=1)

    width = oracle.confidence_interval.high - oracle.confidence_interval.low
    assert found.lower[0] == pytest.approx(oracle.confidence_interval.low, abs=0.06 * width)
    assert found.upper[0] == pytest.approx(oracle.confidence_interval.high, abs=0.06 * width)


def test_differences_rates_and_several_strata_come_out_of_one_matrix() -> None:
    random = np.random.default_rng(1)
    counts = random.integers(0, 4, (80, 4)) + np.array([0, 0, 0, 20])  # b, c, both, rows
    numerators = np.array([[1, 1, 0], [-1, 0, 1], [0, 1, 1], [0, 0, 0]])
    denominators = np.array([[0] * 3] * 3 + [[1] * 3])

    found = bootstrap_ratios(counts, numerators, denominators, replicates=50, seed=2)

    b, c, both, rows = counts.sum(axis=0)
    assert found.estimate == pytest.approx([(b - c) / rows, (both + b) / rows, (both + c) / rows])
    drawn = multiplicities(50, 80, 2) @ counts
    difference = np.sort((drawn[:, 0] - drawn[:, 1]) / drawn[:, 3])
    assert (found.lower[0], found.upper[0]) == pytest.approx((difference[1], difference[-2]))


def test_a_metric_without_rows_has_no_numbers_and_rare_subjects_leave_replicates_out() -> None:
    counts = np.zeros((40, 4), dtype=np.int64)
    counts[:, 1], counts[0, 3], counts[0, 2] = 5, 4, 1

    found = bootstrap_ratios(
        counts[:, [0, 1, 2, 3, 0]],
        np.eye(5, dtype=int)[:, [0, 2, 4]],
        np.eye(5, dtype=int)[:, [1, 3, 4]],
        replicates=200,
        seed=1,
    )

    assert found.usable.tolist() == [200, pytest.approx(200 * (1 - np.exp(-1)), abs=25), 0]
    assert found.estimate[:2] == pytest.approx([0.0, 0.25])
    assert np.isnan([found.estimate[2], found.lower[2], found.upper[2], found.standard_error[2]]).all()


def test_percentile_bounds_are_observed_replicates_and_basic_ones_their_reflection() -> None:
    drawn = np.arange(1.0, 200)  # 199 replicates: the 10th from either end at alpha .05

    assert interval(drawn, 90.0, alpha=0.05, kind="percentile") == (10.0, 190.0)
    assert interval(drawn, 90.0, alpha=0.05, kind="basic") == (-10.0, 170.0)
    assert interval([3.0, 1.0, 2.0], 2.0, alpha=0.05, kind="percentile") == (1.0, 3.0)


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (lambda: bootstrap_sums([[0.5]], replicates=1, seed=1), "counts is float64"),
        (lambda: bootstrap_sums([1, 2], replicates=1, seed=1), r"shape \(2,\)"),
        (lambda: bootstrap_sums([[-1]], replicates=1, seed=1), "counts holds -1"),
        (lambda: bootstrap_sums([[2**60]], replicates=1, seed=1), "sums to more than"),
        (lambda: bootstrap_sums([[1]], replicates=0, seed=1), "replicates is 0"),
        (lambda: bootstrap_sums([[1]], replicates=1, seed=1, threads=0), "threads is 0"),
        (
            lambda: bootstrap_ratios([[1, 2]], [[1]], [[1]], replicates=1, seed=1),
            "numerators and denominators",
        ),
    ],
)
def test_impossible_input_of_a_bootstrap_is_refused_by_name(refused: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        refused()
