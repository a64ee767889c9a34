import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from releases.statistics.clusters import ClusterPlan
from releases.statistics.independent import compare_independent, newcombe_independent_interval
from releases.statistics.rates import RateCounts, bound_rate
from tests.releases.statistics.counts import independent_rate

ARMS = [(5, 56, 0, 29), (0, 29, 5, 56), (12, 40, 30, 90), (20, 20, 1, 30), (3.7, 18.2, 9.1, 55.5)]


def test_newcombe_equals_the_published_value() -> None:
    assert newcombe_independent_interval(5 / 56, 56, 0, 29, alpha=0.05) == pytest.approx(
        (-0.0381, 0.1926), abs=5e-5
    )


@pytest.mark.parametrize(("k1", "n1", "k2", "n2"), ARMS)
def test_newcombe_equals_statsmodels(k1: float, n1: float, k2: float, n2: float) -> None:
    oracle = confint_proportions_2indep(k1, n1, k2, n2, method="newcomb", compare="diff", alpha=0.10)

    interval = newcombe_independent_interval(k1 / n1, n1, k2 / n2, n2, alpha=0.10)

    assert interval == pytest.approx(oracle, rel=1e-9)


def test_each_arm_is_taken_at_its_own_effective_size_and_each_bound_at_its_own_alpha() -> None:
    plan = ClusterPlan(planned_icc=0.2)
    candidate = bound_rate(RateCounts((3, 0, 1, 4), (6, 5, 4, 9)), plan)
    baseline = bound_rate(RateCounts((1, 0, 2), (10, 10, 12)), plan)
    arms = [x for r in (candidate, baseline) for x in ((r.estimate or 0) * (r.n_eff or 0), r.n_eff)]

    result = compare_independent(candidate, baseline, alpha_pass=0.05, alpha_fail=0.025)

    upper = confint_proportions_2indep(*arms, method="newcomb", compare="diff", alpha=0.10)[1]
    lower = confint_proportions_2indep(*arms, method="newcomb", compare="diff", alpha=0.05)[0]
    assert (result.lower, result.upper) == pytest.approx((lower, upper))
    assert result.estimate == pytest.approx(8 / 24 - 3 / 32)


def test_an_arm_without_data_leaves_no_difference() -> None:
    plan = ClusterPlan()

    result = compare_independent(bound_rate(independent_rate(1, 29), plan), bound_rate(RateCounts(), plan))

    assert (result.estimate, result.lower, result.upper) == (None, None, None)


def test_an_arm_without_an_effective_size_leaves_no_bounds() -> None:
    plan = ClusterPlan()
    unnamed = bound_rate(RateCounts(events_without_cluster=1, rows_without_cluster=4), plan)

    result = compare_independent(unnamed, bound_rate(independent_rate(0, 20), plan))

    assert (result.estimate, result.lower, result.upper) == (0.25, None, None)
