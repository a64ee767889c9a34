import math
from typing import Any

import pytest
from scipy import optimize, stats

from releases.statistics.clusters import ClusterPlan
from releases.statistics.paired import PairedCounts, compare_paired, paired_p_value
from releases.statistics.tango import score_bounds, score_statistic
from tests.releases.statistics.counts import Pair, Table, independent_pairs
from tests.releases.statistics.psychiatry import PSYCHIATRY

TABLES = [(1, 1, 7, 12), (4, 9, 3, 16), (53, 16, 8, 9), (7, 25, 2, 68), (8, 3, 1, 2)]
PUBLISHED = [(-0.517, -0.026), (-0.027, 0.390), (-0.020, 0.207), (0.139, 0.321)]


def statistic_by_search(b: float, c: float, n: float, difference: float) -> float:
    """The score statistic with its nuisance parameter found by maximising the likelihood numerically."""
    low, high = max(0.0, -difference), (1 - difference) / 2

    def loss(q: float) -> float:
        cells = ((b, q + difference), (c, q), (n - b - c, 1 - 2 * q - difference))
        return -sum(k * math.log(max(share, 1e-300)) for k, share in cells if k)

    q = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13}).x
    return (b - c - n * difference) / math.sqrt(n * (2 * q + difference * (1 - difference)))


def interval(table: Table, alpha: float) -> tuple[float | None, float | None]:
    result = compare_paired(
        independent_pairs(*table), ClusterPlan(), alpha_pass=alpha / 2, alpha_fail=alpha / 2
    )
    return result.lower, result.upper


@pytest.mark.parametrize(("table", "expected"), list(zip(TABLES[:4], PUBLISHED, strict=True)))
def test_tango_interval_equals_the_published_one(table: Table, expected: Pair) -> None:
    assert interval(table, 0.05) == pytest.approx(expected, abs=5e-4)


def test_tango_interval_equals_the_value_given_to_four_places() -> None:
    assert interval((8, 3, 1, 2), 0.05) == pytest.approx((-0.1670, 0.4327), abs=5e-5)


def test_tango_interval_at_90_percent_with_a_single_change_equals_the_published_one() -> None:
    assert interval((43, 0, 1, 0), 0.10) == pytest.approx((-0.096, 0.037), abs=5e-4)


@pytest.mark.parametrize("table", [*TABLES, (40, 7, 0, 3), (0, 30, 19, 51), (0, 1, 0, 499)])
@pytest.mark.parametrize("difference", [-0.6, -0.15, -0.01, 0.0, 0.02, 0.3])
def test_score_statistic_equals_a_numerical_maximum_of_the_likelihood(
    table: Table, difference: float
) -> None:
    _, b, c, _ = table
    oracle = statistic_by_search(b, c, sum(table), difference)

    assert score_statistic(b, c, sum(table), difference) == pytest.approx(oracle, rel=2e-4, abs=1e-4)


@pytest.mark.parametrize(("b", "c", "n"), [(21, 3, 87), (0.7, 2.3, 9.5), (1.2, 0, 55.5), (0, 3, 3.5)])
def test_the_statistic_at_each_bound_is_the_normal_quantile(b: float, c: float, n: float) -> None:
    lower, upper = score_bounds(b, c, n, alpha_lower=0.05, alpha_upper=0.01)

    assert score_statistic(b, c, n, lower) == pytest.approx(stats.norm.ppf(0.95), abs=1e-6)
    assert score_statistic(b, c, n, upper) == pytest.approx(stats.norm.ppf(0.01), abs=1e-6)


def test_bounds_on_clusters_are_tangos_at_counts_divided_by_the_design_effect() -> None:
    result = compare_paired(PSYCHIATRY, ClusterPlan(planned_icc=0.2))
    used = result.design.used or math.nan

    assert used == pytest.approx(1 + (sum(n * n for n in PSYCHIATRY.subject_rows) / 135 - 1) * 0.2)
    scaled = score_bounds(21 / used, 50 / used, 135 / used, alpha_lower=0.05, alpha_upper=0.05)
    assert (result.lower, result.upper) == pytest.approx(scaled)
    assert result.estimate == pytest.approx(-0.21481, abs=5e-6)


def test_worse_is_positive_and_only_the_candidates_errors_make_it_so() -> None:
    result = compare_paired(independent_pairs(a=5, b=21, c=3, d=58), ClusterPlan())

    assert (result.both, result.candidate_only, result.baseline_only, result.neither) == (5, 21, 3, 58)
    assert result.estimate == pytest.approx(18 / 87)
    assert result.candidate_rate == pytest.approx(26 / 87)
    assert result.baseline_rate == pytest.approx(8 / 87)
    assert result.discordant_rate == pytest.approx(24 / 87)
    assert result.lower is not None
    assert result.lower > 0


@pytest.mark.parametrize("both", [0, 40, 100])
def test_without_a_single_change_the_bounds_are_those_of_an_unseen_change(both: int) -> None:
    result = compare_paired(independent_pairs(both, 0, 0, 100 - both), ClusterPlan())

    unseen = 1 - 0.05 ** (1 / 100)
    assert (result.lower, result.upper) == pytest.approx((-unseen, unseen))
    assert paired_p_value(result, 0.0) == 1.0
    assert paired_p_value(result, 0.07) == 1.0


def test_without_a_single_change_clusters_widen_the_bounds_by_the_floor() -> None:
    counts = PairedCounts((10,) * 6, (0,) * 6, (0,) * 6, (0,) * 6)

    result = compare_paired(counts, ClusterPlan(planned_icc=0.2), alpha_pass=0.025, alpha_fail=0.05)

    assert result.n_eff == pytest.approx(60 / 2.8)
    assert result.upper == pytest.approx(1 - 0.025 ** (2.8 / 60))
    assert result.lower == pytest.approx(0.05 ** (2.8 / 60) - 1)


def test_without_a_single_change_p_below_zero_is_dual_to_the_lower_bound() -> None:
    result = compare_paired(independent_pairs(0, 0, 0, 100), ClusterPlan())

    assert result.lower is not None
    assert paired_p_value(result, result.lower) == pytest.approx(0.05)
    assert paired_p_value(result, -1.0) == 0.0


@pytest.mark.parametrize("table", TABLES)
def test_p_value_at_the_lower_bound_is_alpha_and_at_zero_is_mcnemars(table: Table) -> None:
    _, b, c, _ = table
    result = compare_paired(independent_pairs(*table), ClusterPlan())

    assert result.lower is not None
    assert paired_p_value(result, result.lower) == pytest.approx(0.05, abs=1e-7)
    assert paired_p_value(result, 0.0) == pytest.approx(stats.norm.sf((b - c) / math.sqrt(b + c)))


def test_when_everything_got_worse_the_upper_bound_is_one() -> None:
    result = compare_paired(independent_pairs(0, 12, 0, 0), ClusterPlan())

    z_squared = stats.norm.ppf(0.95) ** 2
    assert result.upper == 1.0
    assert result.lower == pytest.approx((12 - z_squared) / (12 + z_squared))


def test_when_everything_got_better_the_lower_bound_is_minus_one() -> None:
    result = compare_paired(independent_pairs(0, 0, 12, 0), ClusterPlan())

    z_squared = stats.norm.ppf(0.95) ** 2
    assert result.lower == -1.0
    assert result.upper == pytest.approx((z_squared - 12) / (12 + z_squared))


def test_no_rows_have_no_difference() -> None:
    result = compare_paired(PairedCounts(), ClusterPlan())

    assert (result.presentations, result.estimate, result.lower, result.upper) == (0, None, None, None)
    assert paired_p_value(result, 0.0) is None


def test_rows_without_an_id_and_no_plan_have_a_difference_but_no_bounds() -> None:
    counts = PairedCounts(rows_without_cluster=10, candidate_only_without_cluster=3)

    result = compare_paired(counts, ClusterPlan())

    assert (result.estimate, result.lower, result.upper) == (0.3, None, None)
    assert paired_p_value(result, 0.0) is None


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (((2,), (0,), (0, 1), (0,)), "differ in length"),
        (((2,), (0,), (-1,), (0,)), "subject_candidate_only holds -1"),
        (((0,), (0,), (0,), (0,)), "subject_rows holds a 0"),
        (((2,), (1,), (1,), (1,)), "exceeds subject_rows"),
        (((), (), (), (), 2, 1, 1, 1), r"exceed rows_without_cluster \(2\)"),
        (((), (), (), (), 2, 0, 0, -1), "baseline_only_without_cluster holds -1"),
    ],
)
def test_impossible_pairs_are_refused_by_name(columns: tuple[Any, ...], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        PairedCounts(*columns)
