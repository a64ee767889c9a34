import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from releases.statistics.clusters import ClusterPlan
from releases.statistics.multiplicity import detect_regressions, holm_adjusted, worst_bounds
from releases.statistics.paired import PairedCounts, PairedResult, compare_paired, paired_p_value
from releases.statistics.rates import RateCounts, bound_rate, clopper_pearson_lower
from tests.releases.statistics.counts import independent_pairs, independent_rate

PLAN = ClusterPlan(planned_icc=0.2)


def pairs(b: int, c: int) -> PairedResult:
    return compare_paired(independent_pairs(0, b, c, 100 - b - c), PLAN)


def test_holm_equals_the_published_values() -> None:
    assert holm_adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


@pytest.mark.parametrize("seed", range(5))
def test_holm_equals_statsmodels(seed: int) -> None:
    p_values = np.random.default_rng(seed).uniform(size=9) ** 3

    oracle = multipletests(p_values, method="holm")[1]

    assert holm_adjusted(p_values.tolist()) == pytest.approx(oracle.tolist())


def test_holm_of_nothing_is_nothing() -> None:
    assert holm_adjusted([]) == ()


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_holm_refuses_what_is_no_p_value(p: float) -> None:
    with pytest.raises(ValueError, match="p_values holds"):
        holm_adjusted([0.5, p])


def test_a_regression_is_detected_only_after_holm_within_the_family() -> None:
    family = {"clear": pairs(20, 2), "weak": pairs(9, 2), "same": pairs(5, 5), "better": pairs(2, 20)}

    marks = detect_regressions(family)

    assert {name: (m.marked, m.detected) for name, m in marks.items()} == {
        "clear": (True, True),
        "weak": (True, False),
        "same": (False, False),
        "better": (False, False),
    }
    assert marks["weak"].p_value == paired_p_value(family["weak"], 0.0)
    assert marks["weak"].adjusted_p_value == pytest.approx(3 * marks["weak"].p_value)


def test_a_stratum_alone_needs_no_adjustment() -> None:
    marks = detect_regressions({"weak": pairs(9, 2)})

    assert marks["weak"].detected
    assert marks["weak"].adjusted_p_value == marks["weak"].p_value


def test_strata_without_an_effective_size_stay_out_of_the_family() -> None:
    unnamed = compare_paired(PairedCounts(rows_without_cluster=9, candidate_only_without_cluster=9), PLAN)
    empty = compare_paired(PairedCounts(), PLAN)

    marks = detect_regressions({"weak": pairs(9, 2), "unnamed": unnamed, "empty": empty})

    assert set(marks) == {"weak"}
    assert marks["weak"].detected


def test_the_worst_upper_bound_need_not_be_of_the_highest_estimate() -> None:
    counts = {"large": independent_rate(100, 1000), "small": independent_rate(1, 20)}

    worst = worst_bounds(counts, PLAN)

    assert worst is not None
    assert (worst.upper_stratum, worst.lower_stratum) == ("small", "large")
    assert worst.upper == bound_rate(counts["small"], PLAN).upper
    assert worst.lower == bound_rate(counts["large"], PLAN, alpha_fail=0.05 / 2).lower


def test_the_worst_of_strata_has_no_bound_when_one_has_none_or_there_is_none() -> None:
    assert worst_bounds({}, PLAN) is None
    assert worst_bounds({"known": independent_rate(1, 20), "empty": RateCounts()}, PLAN) is None


def lowers_hold(alpha: float, *, species: int, n: int = 400, rate: float = 0.2) -> float:
    """Probability that no species has a lower bound above the rate that all of them share; exact."""
    events = np.arange(n + 1)
    held = [clopper_pearson_lower(k / n, n, alpha) <= rate for k in events.tolist()]
    return float(stats.binom.pmf(events, n, rate) @ held) ** species


def test_the_largest_lower_bound_of_six_species_holds_only_when_alpha_is_shared() -> None:
    assert lowers_hold(0.05, species=6) < 0.81
    assert lowers_hold(0.05 / 6, species=6) >= 0.95


def test_a_regression_is_marked_in_many_runs_where_nothing_changed_and_detected_in_few() -> None:
    drawn = np.random.default_rng(1).multinomial(100, [0.1, 0.1, 0.8], size=(60, 8)).tolist()
    runs = [
        detect_regressions(
            {
                str(i): compare_paired(independent_pairs(0, b, c, same), PLAN)
                for i, (b, c, same) in enumerate(run)
            }
        )
        for run in drawn
    ]

    marked = np.mean([any(mark.marked for mark in run.values()) for run in runs])
    detected = np.mean([any(mark.detected for mark in run.values()) for run in runs])
    assert 0.25 <= marked <= 0.54
    assert detected <= 0.10
