from typing import Any

import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from releases.statistics.clusters import ClusterPlan
from releases.statistics.rates import (
    RateCounts,
    bound_rate,
    clopper_pearson_interval,
    clopper_pearson_lower,
    clopper_pearson_upper,
    rate_p_value,
    rate_p_value_at,
    wilson_interval,
)
from tests.releases.statistics.counts import Pair, independent_rate

PUBLISHED = [
    (81, 263, (0.2527, 0.3676), (0.2553, 0.3662)),
    (15, 148, (0.0578, 0.1617), (0.0624, 0.1605)),
    (0, 20, (0.0, 0.1684), (0.0, 0.1611)),
    (1, 29, (0.0009, 0.1776), (0.0061, 0.1718)),
]
ONE_SIDED_UPPER_PERCENT = [
    (0, 30, 9.50),
    (0, 50, 5.82),
    (0, 100, 2.95),
    (0, 150, 1.98),
    (1, 150, 3.12),
    (2, 150, 4.14),
    (3, 150, 5.09),
    (0, 300, 0.99),
    (0, 900, 0.33),
]
FRACTIONAL = [(0.3, 12.7), (0.01, 87.25), (0.999, 3.5), (0.5, 0.4), (2 / 3, 1234.5)]


@pytest.mark.parametrize(("events", "n", "exact", "score"), PUBLISHED)
def test_two_sided_intervals_equal_published_values(events: int, n: float, exact: Pair, score: Pair) -> None:
    clopper_pearson = clopper_pearson_interval(events, n, 0.05)
    wilson = wilson_interval(events, n, 0.05)

    assert clopper_pearson == pytest.approx(exact, abs=5e-5)
    assert wilson == pytest.approx(score, abs=5e-5)


@pytest.mark.parametrize(("events", "n", "percent"), ONE_SIDED_UPPER_PERCENT)
def test_one_sided_upper_limit_equals_published_value(events: int, n: float, percent: float) -> None:
    upper = clopper_pearson_upper(events / n, n, 0.05)

    assert 100 * upper == pytest.approx(percent, abs=5e-3)


@pytest.mark.parametrize(("rows", "cluster", "percent"), [(150, 1, 1.98), (150, 10, 5.4), (150, 25, 10.9)])
def test_no_error_in_150_presentations_means_less_when_subjects_repeat(
    rows: int, cluster: int, percent: float
) -> None:
    subjects = rows // cluster
    counts = RateCounts((0,) * subjects, (cluster,) * subjects)

    result = bound_rate(counts, ClusterPlan(planned_icc=0.2))

    assert result.upper is not None
    assert 100 * result.upper == pytest.approx(percent, abs=0.05)


@pytest.mark.parametrize(("events", "n"), [(0, 20), (1, 29), (15, 148), (148, 148), (81, 263)])
def test_exact_bounds_equal_scipys_binomial_test(events: int, n: int) -> None:
    oracle = stats.binomtest(events, n).proportion_ci(0.90, method="exact")

    bounds = clopper_pearson_lower(events / n, n, 0.05), clopper_pearson_upper(events / n, n, 0.05)

    assert bounds == pytest.approx((oracle.low, oracle.high), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("rate", "n"), FRACTIONAL)
def test_exact_bounds_at_a_fractional_size_equal_statsmodels_and_beta_quantiles(
    rate: float, n: float
) -> None:
    oracle = proportion_confint(rate * n, n, alpha=0.10, method="beta")
    quantiles = (
        stats.beta.ppf(0.05, rate * n, n - rate * n + 1),
        stats.beta.ppf(0.95, rate * n + 1, n - rate * n),
    )

    bounds = clopper_pearson_lower(rate, n, 0.05), clopper_pearson_upper(rate, n, 0.05)

    assert bounds == pytest.approx(oracle, rel=1e-9)
    assert bounds == pytest.approx(quantiles, rel=1e-9)


@pytest.mark.parametrize(("rate", "n"), FRACTIONAL)
def test_wilson_at_a_fractional_size_equals_statsmodels(rate: float, n: float) -> None:
    oracle = proportion_confint(rate * n, n, alpha=0.10, method="wilson")

    assert wilson_interval(rate * n, n, 0.10) == pytest.approx(oracle, rel=1e-9)


@pytest.mark.parametrize(
    ("events", "n", "limit"), [(3, 150, 0.01), (20, 20, 0.8), (1, 29, 0.2), (0, 20, 0.1)]
)
def test_p_value_equals_the_exact_binomial_test(events: int, n: int, limit: float) -> None:
    oracle = stats.binomtest(events, n, limit, alternative="greater").pvalue

    p = rate_p_value(bound_rate(independent_rate(events, n), ClusterPlan()), limit)

    assert p == pytest.approx(oracle, rel=1e-9)


@pytest.mark.parametrize(("rate", "n"), FRACTIONAL)
def test_p_value_at_the_lower_bound_is_alpha(rate: float, n: float) -> None:
    lower = clopper_pearson_lower(rate, n, 0.05)

    assert rate_p_value_at(rate, n, lower) == pytest.approx(0.05, rel=1e-7)


@pytest.mark.parametrize(("limit", "p"), [(-0.5, 0.0), (1.5, 1.0)])
def test_p_value_beyond_the_possible_rates_is_certain(limit: float, p: float) -> None:
    assert rate_p_value_at(0.3, 20, limit) == p


def test_no_events_give_a_lower_bound_of_exactly_zero_and_p_one() -> None:
    result = bound_rate(RateCounts((0, 0, 0), (4, 5, 6)), ClusterPlan())

    assert result.lower == 0.0
    assert rate_p_value(result, 0.0) == 1.0


def test_only_events_give_an_upper_bound_of_exactly_one() -> None:
    result = bound_rate(RateCounts((4, 5, 6), (4, 5, 6)), ClusterPlan())

    assert result.upper == 1.0
    assert result.lower is not None
    assert 0 < result.lower < 1


def test_each_bound_holds_at_its_own_alpha() -> None:
    counts = independent_rate(15, 148)

    result = bound_rate(counts, ClusterPlan(), alpha_pass=0.01, alpha_fail=0.10)

    assert result.upper == clopper_pearson_upper(15 / 148, 148, 0.01)
    assert result.lower == clopper_pearson_lower(15 / 148, 148, 0.10)


def test_no_rows_have_no_rate_and_no_bounds() -> None:
    result = bound_rate(RateCounts(), ClusterPlan())

    assert (result.presentations, result.estimate, result.lower, result.upper) == (0, None, None, None)
    assert rate_p_value(result, 0.1) is None


def test_result_names_its_method_and_version() -> None:
    result = bound_rate(independent_rate(1, 29), ClusterPlan())

    assert (result.method, result.method_version) == ("clopper_pearson_n_eff", "1")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"subject_events": (1,), "subject_rows": (1, 2)}, "differ in length"),
        ({"subject_events": (-1,), "subject_rows": (1,)}, "subject_events holds -1"),
        ({"subject_events": (0,), "subject_rows": (0,)}, "subject_rows holds a 0"),
        ({"subject_events": (3,), "subject_rows": (2,)}, "subject_events exceeds subject_rows"),
        ({"events_without_cluster": 2, "rows_without_cluster": 1}, "events_without_cluster is 2 of 1"),
        ({"rows_without_cluster": -1}, "rows_without_cluster holds -1"),
    ],
)
def test_impossible_counts_are_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        RateCounts(**fields)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, -0.1, float("nan")])
def test_an_impossible_alpha_is_refused_by_name(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha_pass is"):
        bound_rate(independent_rate(1, 29), ClusterPlan(), alpha_pass=alpha)
