from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Decision, Minima, Reason, Remedy, Verdict
from releases.statistics.quantiles import (
    QuantileResult,
    bound_quantile,
    compare_quantiles,
    decide_quantile,
    decide_quantile_difference,
    one_value_per_subject,
)
from releases.statistics.rates import RateCounts, bound_rate

PLAN, MINIMA = ClusterPlan(planned_icc=0.2), Minima()
Numbers = npt.NDArray[np.float64]


def latencies(n: int, seed: int = 1) -> Numbers:
    return np.random.default_rng(seed).gamma(2, 100, n)


def alone(values: npt.ArrayLike, budget: float | None = None) -> QuantileResult:
    """Every value is of a subject of its own."""
    return bound_quantile(values, np.arange(np.size(values)), PLAN, budget=budget)


@pytest.mark.parametrize(("n", "upper"), [(58, None), (59, 59.0)])
def test_p95_has_no_upper_bound_below_59_values_and_the_largest_one_at_59(
    n: int, upper: float | None
) -> None:
    assert alone(np.arange(1.0, n + 1)).upper == upper


@pytest.mark.parametrize("n", [20, 59, 93, 150, 473, 2000])
@pytest.mark.parametrize("p", [0.5, 0.9, 0.95])
def test_bounds_of_independent_values_equal_scipys_quantile_test(n: int, p: float) -> None:
    values = latencies(n)
    below: Any = stats.quantile_test(values, q=1.0, p=p, alternative="less").confidence_interval(0.95)
    above: Any = stats.quantile_test(values, q=1.0, p=p, alternative="greater").confidence_interval(0.95)

    result = bound_quantile(values, np.arange(n), PLAN, probability=p)

    assert result.lower == (above.low if np.isfinite(above.low) else None)
    assert result.upper == (below.high if np.isfinite(below.high) else None)


def test_the_estimate_is_the_order_statistic_and_not_interpolated() -> None:
    assert alone(np.arange(1.0, 101)).estimate == 95.0
    assert alone([7.0]).estimate == 7.0
    assert bound_quantile(np.arange(1.0, 11), np.arange(10), PLAN, probability=0.5).estimate == 5.0


def test_subjects_with_many_values_widen_the_bounds_by_the_design_effect() -> None:
    values, clusters = latencies(600), np.repeat(np.arange(60), 10)
    independent, clustered = alone(values), bound_quantile(values, clusters, PLAN)

    assert clustered.n_eff == pytest.approx(600 / 2.8)
    assert (clustered.lower or 0) < (independent.lower or 0)
    assert (clustered.upper or 0) > (independent.upper or 0)


def test_n_below_59_reads_as_effective_size() -> None:
    values = latencies(100)

    assert bound_quantile(values, np.repeat(np.arange(50), 2), ClusterPlan(planned_icc=1.0)).upper is None


def test_the_verdict_on_a_budget_is_that_of_the_share_above_it() -> None:
    values = latencies(400)
    budgets = np.quantile(values, np.linspace(0.9, 0.995, 40))

    verdicts = [decide_quantile(alone(values, b), MINIMA).verdict for b in budgets]

    shares = [int((values > b).sum()) for b in budgets]
    bounds = [bound_rate(RateCounts((1,) * k + (0,) * (400 - k), (1,) * 400), PLAN) for k in shares]
    expected = [
        Verdict.PASS
        if (one.upper or 0) <= 1 - 0.95
        else Verdict.FAIL
        if (one.lower or 0) > 1 - 0.95
        else Verdict.INCONCLUSIVE
        for one in bounds
    ]
    assert verdicts == expected
    assert set(verdicts) == {Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL}


def test_a_budget_that_equals_the_upper_bound_passes_and_one_at_the_lower_bound_does_not_fail() -> None:
    values = latencies(300)
    result = alone(values)

    assert decide_quantile(alone(values, result.upper), MINIMA) == Decision(
        Verdict.PASS, Reason.MEETS, Remedy.NONE
    )
    assert decide_quantile(alone(values, result.lower), MINIMA).verdict is Verdict.INCONCLUSIVE
    assert decide_quantile(alone(values, np.nextafter(result.lower or 0, 0)), MINIMA).verdict is Verdict.FAIL


def test_too_few_values_for_a_bound_say_how_many_subjects_are_missing() -> None:
    decision = decide_quantile(alone(np.full(40, 100.0), budget=400.0), MINIMA)

    assert decision == Decision(Verdict.INCONCLUSIVE, Reason.TOO_FEW_SUBJECTS, Remedy.MORE_SUBJECTS, 19)


def test_ten_of_ten_values_above_the_budget_fail_however_few() -> None:
    assert decide_quantile(alone(np.full(10, 900.0), budget=400.0), MINIMA).verdict is Verdict.FAIL


def test_values_above_the_budget_as_often_as_allowed_are_not_helped_by_more_data() -> None:
    values = np.r_[np.full(7, 500.0), np.full(93, 100.0)]

    assert decide_quantile(alone(values, budget=400.0), MINIMA).remedy is Remedy.MORE_DATA_WILL_NOT_PASS


def test_a_value_at_the_budget_is_within_it() -> None:
    assert alone([399.0, 400.0, 400.5], budget=400.0).over_budget == 1


def test_no_values_and_no_ids_are_told_apart() -> None:
    nobody = bound_quantile(latencies(100), np.full(100, -1), PLAN, budget=400.0)

    assert decide_quantile(alone([], budget=400.0), MINIMA).remedy is Remedy.BRING_DATA
    assert decide_quantile(nobody, MINIMA).remedy is Remedy.STATE_CLUSTER_IDS
    assert bound_quantile(latencies(400), np.full(400, -1), ClusterPlan(planned_deff=4)).n_eff == 100


def test_large_and_sparse_subject_codes_change_nothing() -> None:
    values, clusters = latencies(300), np.repeat(np.arange(100), 3)

    assert bound_quantile(values, clusters * 10**12, PLAN) == bound_quantile(values, clusters, PLAN)


def test_one_value_per_subject_comes_from_that_subject_whatever_the_order_of_the_rows() -> None:
    values, clusters = latencies(300), np.r_[np.repeat(np.arange(50), 5), np.full(50, -1)]
    order = np.random.default_rng(0).permutation(300)

    picked, subjects = one_value_per_subject(values, clusters, seed=7)
    again, _ = one_value_per_subject(values[order], clusters[order], seed=7)
    other, _ = one_value_per_subject(values, clusters, seed=8)

    assert subjects.tolist() == list(range(50))
    assert all(value in values[clusters == subject] for value, subject in zip(picked, subjects, strict=True))
    assert picked.tolist() == again.tolist()
    assert picked.tolist() != other.tolist()


def test_a_difference_joins_the_distances_to_the_bounds_as_legs_of_a_triangle() -> None:
    ours, theirs = alone(latencies(400) + 20), alone(latencies(300, seed=2))

    result = compare_quantiles(ours, theirs)

    assert result.estimate == (ours.estimate or 0) - (theirs.estimate or 0)
    legs = (ours.upper or 0) - (ours.estimate or 0), (theirs.estimate or 0) - (theirs.lower or 0)
    assert result.upper == pytest.approx(result.estimate + np.hypot(*legs))
    mirrored = compare_quantiles(theirs, ours)
    assert (mirrored.lower, mirrored.upper) == pytest.approx((-(result.upper or 0), -(result.lower or 0)))


@pytest.mark.parametrize(
    ("slower", "margin", "verdict"),
    [(0, 200.0, Verdict.PASS), (400, 200.0, Verdict.FAIL), (60, 50.0, Verdict.INCONCLUSIVE)],
)
def test_a_difference_is_decided_against_its_margin(slower: float, margin: float, verdict: Verdict) -> None:
    result = compare_quantiles(alone(latencies(500) + slower), alone(latencies(500, seed=2)))

    assert decide_quantile_difference(result, margin, MINIMA).verdict is verdict


def test_a_difference_of_few_values_is_inconclusive_and_says_what_is_missing() -> None:
    few = compare_quantiles(alone(np.full(30, 100.0)), alone(np.full(500, 100.0)))

    assert decide_quantile_difference(few, 50.0, MINIMA) == Decision(
        Verdict.INCONCLUSIVE, Reason.TOO_FEW_SUBJECTS, Remedy.MORE_SUBJECTS, 29
    )


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (lambda: alone([1.0, np.nan]), "values holds"),
        (lambda: bound_quantile([1.0], [0, 1], PLAN), "values and clusters"),
        (lambda: bound_quantile([1.0], [0], PLAN, probability=95), "probability is 95"),
        (lambda: decide_quantile(alone([1.0]), MINIMA), "budget is None"),
        (
            lambda: decide_quantile_difference(compare_quantiles(alone([1.0]), alone([1.0])), np.inf, MINIMA),
            "margin is",
        ),
        (
            lambda: compare_quantiles(alone([1.0]), bound_quantile([1.0], [0], PLAN, probability=0.5)),
            "differ in",
        ),
    ],
)
def test_impossible_input_of_a_quantile_is_refused_by_name(refused: Callable[[], object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        refused()


def covered(
    rows: tuple[int, ...], *, icc: float, runs: int, single: bool = False, lost: float = 0.0
) -> Numbers:
    """How often each bound holds the true p95 of normal values with that correlation within subjects."""
    random, held = np.random.default_rng(20260724), np.zeros(2)
    subjects, truth = np.repeat(np.arange(len(rows)), rows), stats.norm.ppf(0.95)
    for run in range(runs):
        own = np.repeat(random.normal(size=len(rows)), rows)
        values = own * icc**0.5 + random.normal(size=subjects.size) * (1 - icc) ** 0.5
        clusters = np.where(random.random(subjects.size) < lost, -1, subjects)
        columns = one_value_per_subject(values, clusters, seed=run) if single else (values, clusters)
        result = bound_quantile(columns[0], columns[1], ClusterPlan(planned_deff=4, planned_icc=0.2))
        held += (
            (-np.inf if result.lower is None else result.lower) <= truth,
            truth <= (np.inf if result.upper is None else result.upper),
        )
    return held / runs


@pytest.mark.parametrize("single", [False, True])
def test_bounds_of_a_clustered_quantile_hold_the_truth(single: bool) -> None:
    assert covered((8,) * 100, icc=0.3, runs=300, single=single).min() >= 0.93


def test_order_statistics_as_if_values_were_independent_do_not_hold_the_truth() -> None:
    random, truth = np.random.default_rng(1), stats.norm.ppf(0.95)
    values = np.repeat(random.normal(size=(200, 40)), 15, axis=1) * 0.5**0.5
    values += random.normal(size=values.shape) * 0.5**0.5

    held = [(alone(one).upper or np.inf) >= truth for one in values]

    assert np.mean(held) < 0.91


@pytest.mark.slow
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize(
    ("rows", "icc", "lost"),
    [
        pytest.param((5,) * 100, 0.2, 0.0, id="even"),
        pytest.param((30,) * 60, 0.3, 0.0, id="many rows each"),
        pytest.param((40,) * 20, 0.2, 0.0, id="few subjects"),
        pytest.param((5,) * 200, 0.5, 0.0, id="above the plan"),
        pytest.param((90, 70, 50) + (2,) * 200, 0.2, 0.0, id="heavy"),
        pytest.param((10,) * 100, 0.2, 0.75, id="lost"),
    ],
)
def test_bounds_of_a_clustered_quantile_hold_the_truth_in_many_settings(
    rows: tuple[int, ...], icc: float, lost: float, single: bool
) -> None:
    assert covered(rows, icc=icc, runs=2000, single=single, lost=lost).min() >= 0.93
