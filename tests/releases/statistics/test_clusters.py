import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from scipy import stats

from releases.statistics.clusters import ClusterPlan, DesignSource, choose_cluster
from releases.statistics.paired import PairedCounts, compare_paired
from releases.statistics.rates import RateCounts, bound_rate, clopper_pearson_upper
from tests.releases.statistics.counts import independent_rate
from tests.releases.statistics.psychiatry import PSYCHIATRY

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

EVENTS, ROWS = (3, 0, 1, 0, 5, 2, 0, 0), (6, 4, 5, 1, 7, 2, 3, 8)


def cluster_robust_variance(values: Floats, groups: Integers) -> float:
    fit = sm.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": groups}, use_t=True
    )
    return float(fit.bse[0]) ** 2


def t_ratio(subjects: float, rows: int) -> float:
    return float(stats.t.ppf(0.95, subjects - 1) / stats.t.ppf(0.95, rows - 1)) ** 2


def test_design_effect_of_a_rate_equals_the_cluster_robust_variance_over_the_binomial_one() -> None:
    values = np.concatenate([[1.0] * x + [0.0] * (n - x) for x, n in zip(EVENTS, ROWS, strict=True)])
    variance = cluster_robust_variance(values, np.repeat(np.arange(8), ROWS))
    rate, rows = sum(EVENTS) / sum(ROWS), sum(ROWS)

    design = bound_rate(RateCounts(EVENTS, ROWS), ClusterPlan(planned_icc=0)).design

    expected = variance / (rate * (1 - rate) / rows) * t_ratio(8, rows)
    assert design.estimated == pytest.approx(expected, rel=1e-10)
    assert design.used == design.estimated
    assert design.n_eff == pytest.approx(rows / expected, rel=1e-10)
    assert design.source is DesignSource.ESTIMATED


def test_design_effect_of_pairs_equals_the_cluster_robust_variance_over_the_multinomial_one() -> None:
    counts = PSYCHIATRY
    columns = zip(
        counts.subject_candidate_only, counts.subject_baseline_only, counts.subject_rows, strict=True
    )
    values = np.concatenate([[1.0] * b + [-1.0] * c + [0.0] * (n - b - c) for b, c, n in columns])
    variance = cluster_robust_variance(values, np.repeat(np.arange(29), counts.subject_rows))
    psi, d = 71 / 135, -29 / 135

    design = compare_paired(counts, ClusterPlan(planned_icc=0)).design

    assert math.sqrt(variance) == pytest.approx(0.06729, abs=5e-6)
    assert design.estimated == pytest.approx(variance / ((psi - d * d) / 135) * t_ratio(29, 135), rel=1e-10)


def test_floor_uses_the_row_weighted_mean_cluster_size() -> None:
    counts = RateCounts((0, 1, 0, 1, 0, 0), (95, 1, 1, 1, 1, 1))

    design = bound_rate(counts, ClusterPlan(planned_icc=0.2)).design

    assert design.weighted_cluster_size == pytest.approx((95**2 + 5) / 100)
    assert design.floor == pytest.approx(1 + ((95**2 + 5) / 100 - 1) * 0.2)
    assert design.used == design.floor
    assert design.source is DesignSource.FLOOR


def test_a_design_effect_below_one_is_never_used() -> None:
    counts = RateCounts((1,) * 10, (2,) * 10)  # every subject errs on exactly half: no spread at all

    design = bound_rate(counts, ClusterPlan(planned_icc=0)).design

    assert design.estimated == 0.0
    assert (design.used, design.n_eff, design.source) == (1.0, 20.0, DesignSource.MINIMUM)


def test_rows_without_an_id_weigh_a_share_of_a_subject() -> None:
    plan = ClusterPlan(planned_deff=4, planned_icc=0.1)
    counts = RateCounts(EVENTS, ROWS, events_without_cluster=5, rows_without_cluster=14)
    rows, rate = 50, 16 / 50
    subjects = 8 + 14 / 4
    squares = sum((x - rate * n) ** 2 for x, n in zip(EVENTS, ROWS, strict=True))
    squares += 4 * (5 * (1 - rate) ** 2 + 9 * rate**2)
    variance = subjects / (subjects - 1) * squares / rows**2

    design = bound_rate(counts, plan).design

    assert design.subjects == subjects
    assert design.estimated == pytest.approx(variance / (rate * (1 - rate) / rows) * t_ratio(subjects, rows))
    assert design.weighted_cluster_size == pytest.approx((sum(n * n for n in ROWS) + 4 * 14) / rows)
    assert (design.clusters_known, design.rows_without_cluster) == (8, 14)


def test_paired_rows_without_an_id_weigh_a_share_of_a_subject() -> None:
    plan = ClusterPlan(planned_deff=3, planned_icc=0)
    counts = PairedCounts((6, 4, 5), (1, 0, 0), (3, 0, 1), (0, 1, 1), 12, 2, 4, 1)
    rows, d, psi = 27, 5 / 27, 11 / 27
    subjects = 3 + 12 / 3
    squares = (3 - 6 * d) ** 2 + (-1 - 4 * d) ** 2 + (0 - 5 * d) ** 2
    squares += 3 * (4 * (1 - d) ** 2 + 1 * (1 + d) ** 2 + 7 * d**2)
    variance = subjects / (subjects - 1) * squares / rows**2

    design = compare_paired(counts, plan).design

    assert design.estimated == pytest.approx(variance / ((psi - d * d) / rows) * t_ratio(subjects, rows))


def test_planned_deff_of_one_makes_each_row_without_an_id_its_own_subject() -> None:
    without = RateCounts(EVENTS, ROWS, events_without_cluster=2, rows_without_cluster=6)
    named = RateCounts((*EVENTS, 1, 1, 0, 0, 0, 0), (*ROWS, 1, 1, 1, 1, 1, 1))

    first = bound_rate(without, ClusterPlan(planned_deff=1))
    second = bound_rate(named, ClusterPlan(planned_deff=1))

    assert first.design.used == second.design.used
    assert (first.lower, first.upper, first.subjects) == (second.lower, second.upper, 14)


def test_no_row_with_an_id_uses_planned_deff_alone() -> None:
    counts = RateCounts(events_without_cluster=3, rows_without_cluster=60)

    result = bound_rate(counts, ClusterPlan(planned_deff=4, planned_icc=0.9))

    assert (result.n_eff, result.subjects) == (15, 15)
    assert result.design.source is DesignSource.PLANNED
    assert result.design.floor is None
    assert result.upper == clopper_pearson_upper(0.05, 15, 0.05)


def test_rows_without_an_id_and_no_plan_have_an_estimate_but_no_bounds() -> None:
    counts = RateCounts(EVENTS, ROWS, events_without_cluster=1, rows_without_cluster=1)

    result = bound_rate(counts, ClusterPlan(planned_deff=None))

    assert result.design.source is DesignSource.UNKNOWN
    assert (result.n_eff, result.lower, result.upper) == (None, None, None)
    assert result.estimate == pytest.approx(12 / 37)


def test_every_row_its_own_cluster_has_a_design_effect_of_exactly_one() -> None:
    result = bound_rate(independent_rate(15, 148), ClusterPlan(planned_icc=1))

    assert (result.design.used, result.n_eff) == (1.0, 148)
    assert result.design.source is DesignSource.SINGLETONS


@pytest.mark.parametrize("events", [(0, 0, 0), (4, 5, 6)])
def test_a_rate_of_zero_or_one_leaves_the_floor_alone(events: tuple[int, ...]) -> None:
    design = bound_rate(RateCounts(events, (4, 5, 6)), ClusterPlan(planned_icc=0.2)).design

    assert design.estimated is None
    assert design.used == pytest.approx(1 + ((16 + 25 + 36) / 15 - 1) * 0.2)
    assert design.source is DesignSource.FLOOR


def test_a_single_subject_has_bounds_with_the_floor() -> None:
    result = bound_rate(RateCounts((4,), (10,)), ClusterPlan(planned_icc=0.2))

    assert result.design.estimated is None
    assert result.design.used == pytest.approx(2.8)
    assert result.upper == clopper_pearson_upper(0.4, 10 / 2.8, 0.05)


def test_pairs_that_all_changed_the_same_way_leave_the_floor_alone() -> None:
    counts = PairedCounts((4, 5), (0, 0), (4, 5), (0, 0))

    result = compare_paired(counts, ClusterPlan(planned_icc=0.2))

    assert result.design.estimated is None
    assert result.design.source is DesignSource.FLOOR
    assert result.upper == 1.0
    assert result.lower is not None
    assert 0 < result.lower < 1


@pytest.mark.parametrize(
    ("subjects", "instruments", "chosen"),
    [(20, 5, "instrument"), (5, 20, "subject"), (7, 7, "subject"), (9, 0, "subject"), (0, 3, "instrument")],
)
def test_the_coarser_id_clusters_attacks_and_a_tie_goes_to_the_subject(
    subjects: int, instruments: int, chosen: str
) -> None:
    assert choose_cluster(distinct_subjects=subjects, distinct_instruments=instruments) == chosen


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"planned_deff": 0.5}, "planned_deff is 0.5"),
        ({"planned_deff": float("inf")}, "planned_deff is inf"),
        ({"planned_deff": float("nan")}, "planned_deff is nan"),
        ({"planned_icc": -0.1}, "planned_icc is -0.1"),
        ({"planned_icc": 1.1}, "planned_icc is 1.1"),
    ],
)
def test_an_impossible_plan_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        ClusterPlan(**fields)
