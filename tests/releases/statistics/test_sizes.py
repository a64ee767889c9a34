import math

import pytest
from scipy import stats

from releases.statistics.clusters import ClusterPlan
from releases.statistics.paired import compare_paired, paired_bounds
from releases.statistics.rates import bound_rate, clopper_pearson_upper
from releases.statistics.sizes import (
    paired_detectable_effect,
    paired_n_eff_needed,
    paired_sample_size,
    rate_detectable_effect,
    rate_n_eff_needed,
    subjects_missing,
    zero_error_sample_size,
)
from tests.releases.statistics.counts import independent_pairs, independent_rate
from tests.releases.statistics.psychiatry import PSYCHIATRY

Z = stats.norm.ppf(0.95) + stats.norm.ppf(0.80)
ZERO_ERROR = [(0.01, 299), (0.02, 149), (0.03, 99), (0.05, 59), (0.07, 42), (0.10, 29), (0.15, 19)]


@pytest.mark.parametrize(("limit", "n"), ZERO_ERROR)
def test_zero_error_sample_sizes_equal_published_values(limit: float, n: int) -> None:
    assert zero_error_sample_size(limit) == n


@pytest.mark.parametrize(("limit", "n"), ZERO_ERROR)
def test_zero_error_sample_size_is_the_smallest_whose_bound_reaches_the_limit(limit: float, n: int) -> None:
    assert clopper_pearson_upper(0, n, 0.05) <= limit < clopper_pearson_upper(0, n - 1, 0.05)


@pytest.mark.parametrize("limit", [0.0, 1.0, -0.1])
def test_zero_error_sample_size_refuses_a_limit_no_sample_reaches(limit: float) -> None:
    with pytest.raises(ValueError, match="limit is"):
        zero_error_sample_size(limit)


@pytest.mark.parametrize(
    ("rate", "limit"), [(0.0, 0.05), (0.3, 0.45), (0.01, 0.02), (0.44, 0.45), (0.05, 0.9), (0.4499, 0.45)]
)
def test_at_the_size_needed_the_upper_bound_of_a_rate_is_the_limit(rate: float, limit: float) -> None:
    n = rate_n_eff_needed(rate, limit, 0.05)

    assert n is not None
    assert clopper_pearson_upper(rate, n, 0.05) == pytest.approx(limit, rel=1e-7)


@pytest.mark.parametrize(
    ("b", "c", "margin"), [(0.1, 0.1, 0.07), (0.0, 0.0, 0.07), (0.02, 0.3, 0.0), (0.2, 0.14, 0.1)]
)
def test_at_the_size_needed_the_upper_bound_of_a_difference_is_the_margin(
    b: float, c: float, margin: float
) -> None:
    n = paired_n_eff_needed(b, c, margin, 0.05)

    assert n is not None
    assert paired_bounds(b, c, n, alpha_lower=0.05, alpha_upper=0.05)[1] == pytest.approx(margin, abs=1e-9)


@pytest.mark.parametrize("rate", [0.05, 0.06, 1.0])
def test_no_size_helps_a_rate_that_is_not_below_the_limit(rate: float) -> None:
    assert rate_n_eff_needed(rate, 0.05, 0.05) is None


@pytest.mark.parametrize(("b", "c"), [(0.25, 0.125), (0.5, 0.1)])
def test_no_size_helps_a_difference_that_is_not_below_the_margin(b: float, c: float) -> None:
    assert paired_n_eff_needed(b, c, 0.125, 0.05) is None


def test_a_limit_that_nothing_can_exceed_needs_no_data() -> None:
    assert rate_n_eff_needed(0.5, 1.0, 0.05) == 0.0
    assert paired_n_eff_needed(0.5, 0.1, 1.0, 0.05) == 0.0


def test_a_requirement_beyond_any_plan_is_none() -> None:
    assert rate_n_eff_needed(0.3, 0.3 + 1e-9, 0.05) is None
    assert paired_n_eff_needed(0.3, 0.1, 0.2 + 1e-9, 0.05) is None


def test_a_difference_equal_to_the_margin_but_for_rounding_is_not_below_it() -> None:
    assert 0.12 - 0.02 < 0.1
    assert paired_n_eff_needed(0.12, 0.02, 0.1, 0.05) is None


@pytest.mark.parametrize("margin", [5e-324, 2.3e-308, 1e-200])
def test_a_margin_a_hair_above_the_difference_is_a_requirement_beyond_any_plan(margin: float) -> None:
    assert paired_n_eff_needed(0.1, 0.1, margin, 0.05) is None
    assert paired_n_eff_needed(0.0, 0.0, margin, 0.05) is None
    assert rate_n_eff_needed(0.0, margin, 0.05) is None


def test_subjects_missing_rounds_up_and_is_never_negative() -> None:
    assert subjects_missing(20, 50, 101) == 21
    assert subjects_missing(20, 50, 50) == 0
    assert subjects_missing(20, 50, 10) == 0


def test_paired_sample_size_is_the_formula() -> None:
    assert paired_sample_size(0.2, 0.07) == pytest.approx(Z**2 * 0.2 / 0.07**2)


@pytest.mark.parametrize("margin", [0.0, -0.1, 1.1])
def test_paired_sample_size_refuses_an_impossible_margin(margin: float) -> None:
    with pytest.raises(ValueError, match="margin is"):
        paired_sample_size(0.2, margin)


def test_detectable_effect_of_pairs_uses_the_effective_size() -> None:
    result = compare_paired(PSYCHIATRY, ClusterPlan(planned_icc=0.2))

    assert paired_detectable_effect(result) == pytest.approx(
        Z * math.sqrt(71 / 135 / (result.n_eff or math.nan))
    )


def test_detectable_effect_without_a_change_uses_the_unseen_rate() -> None:
    result = compare_paired(independent_pairs(3, 0, 0, 97), ClusterPlan())

    assert paired_detectable_effect(result) == pytest.approx(Z * math.sqrt((1 - 0.05 ** (1 / 100)) / 100))


def test_detectable_effect_of_a_rate_is_taken_at_the_limit() -> None:
    result = bound_rate(independent_rate(3, 100), ClusterPlan())

    assert rate_detectable_effect(result, 0.1) == pytest.approx(Z * math.sqrt(0.1 * 0.9 / 100))
