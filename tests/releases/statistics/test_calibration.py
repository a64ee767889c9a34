from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import expit
from scipy.stats import norm

from releases.statistics.calibration import CalibrationDifference, compare_calibration, decide_calibration
from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Decision, Minima, Reason, Remedy, Verdict
from releases.statistics.reliability import brier_score, expected_calibration_error

PLAN, MINIMA = ClusterPlan(planned_deff=4, planned_icc=0.2), Minima()
Numbers = npt.NDArray[np.float64]


class Captures:
    """Captures of subjects whose true log odds are known; the stacks shift or stretch them."""

    def __init__(self, subjects: int, rows: int, seed: int = 1) -> None:
        random = np.random.default_rng(seed)
        self.clusters = np.repeat(np.arange(subjects), rows)
        self.odds = 1.5 * random.normal(size=subjects * rows) + random.normal(size=subjects)[self.clusters]
        self.outcomes = (random.random(self.odds.size) < expit(self.odds)).astype(float)

    def compared(
        self, *, ours: float, theirs: float, plan: ClusterPlan = PLAN, **more: Any
    ) -> CalibrationDifference:
        clusters = more.pop("clusters", self.clusters)
        candidate, baseline = expit(self.odds + ours), expit(self.odds + theirs)
        return compare_calibration(candidate, baseline, self.outcomes, clusters, plan, **more)


def test_the_difference_is_that_of_the_two_errors() -> None:
    captures = Captures(200, 5)
    result = captures.compared(ours=0.4, theirs=0.0)

    ours, theirs = expit(captures.odds + 0.4), expit(captures.odds)
    assert result.candidate_ece == pytest.approx(expected_calibration_error(ours, captures.outcomes))
    assert result.baseline_ece == pytest.approx(expected_calibration_error(theirs, captures.outcomes))
    assert result.candidate_brier == pytest.approx(brier_score(ours, captures.outcomes))
    assert result.baseline_brier == pytest.approx(brier_score(theirs, captures.outcomes))
    assert result.estimate == pytest.approx((result.candidate_ece or 0) - (result.baseline_ece or 0))


def test_candidate_and_baseline_changing_places_mirrors_the_bounds_of_calibration() -> None:
    captures = Captures(200, 5)
    one, other = captures.compared(ours=0.4, theirs=0.1), captures.compared(ours=0.1, theirs=0.4)

    assert (one.lower, one.upper) == pytest.approx((-(other.upper or 0), -(other.lower or 0)))
    assert (one.lower or 0) < (one.estimate or 0) < (one.upper or 0)


def test_the_frame_of_one_bin_is_the_formula_written_out() -> None:
    """With a baseline without any error the upper bound is |r| + z·s, the lower one g − z·(slope·s)."""
    outcomes = np.array([1.0] * 60 + [0.0] * 40)
    result = compare_calibration(
        np.full(100, 0.45), outcomes, outcomes, np.arange(100), ClusterPlan(), bins=1
    )

    r, residual = 60 - 45, outcomes - 0.45
    s = np.sqrt(100 / 99 * np.sum((residual - residual.mean()) ** 2))
    z, x = norm.ppf(0.95), r / s
    g, slope = r * (2 * norm.cdf(x) - 1) - 2 * s * norm.pdf(x), 2 * norm.cdf(x) - 1 + 4 * x * norm.pdf(x)
    t = norm.ppf(0.95) * s  # singletons: the ratio of t quantiles is 1
    assert result.upper == pytest.approx((r + t) / 100)
    assert result.lower == pytest.approx((g - slope * t) / 100)
    assert z > 0


def test_equal_stacks_pass_a_margin_with_enough_captures_and_not_with_few() -> None:
    many, few = (
        Captures(1500, 6).compared(ours=0.0, theirs=0.0),
        Captures(50, 4).compared(ours=0.0, theirs=0.0),
    )

    assert (many.estimate, few.estimate) == (0.0, 0.0)
    assert decide_calibration(many, 0.02, MINIMA) == Decision(Verdict.PASS, Reason.MEETS, Remedy.NONE)
    assert decide_calibration(few, 0.02, MINIMA).remedy is Remedy.MORE_SUBJECTS


def test_a_badly_calibrated_candidate_fails_and_a_better_one_passes() -> None:
    captures = Captures(400, 5)

    assert decide_calibration(captures.compared(ours=1.2, theirs=0.0), 0.02, MINIMA).verdict is Verdict.FAIL
    assert decide_calibration(captures.compared(ours=0.0, theirs=1.2), 0.02, MINIMA).verdict is Verdict.PASS


def test_a_worse_estimate_is_not_helped_by_more_data() -> None:
    decision = decide_calibration(Captures(60, 5).compared(ours=0.45, theirs=0.0), 0.01, MINIMA)

    assert decision.remedy is Remedy.MORE_DATA_WILL_NOT_PASS


def test_repeated_captures_widen_the_bounds_by_the_floor() -> None:
    captures = Captures(100, 10)
    alone = captures.compared(ours=0.4, theirs=0.0, clusters=np.arange(1000))
    repeated = captures.compared(ours=0.4, theirs=0.0)
    planned = captures.compared(ours=0.4, theirs=0.0, plan=ClusterPlan(planned_icc=0.9))

    assert width(planned) > 1.3 * width(repeated)
    assert repeated.n_eff == pytest.approx(1000 / 2.8)
    assert (repeated.upper or 0) > (alone.upper or 0)
    assert (repeated.lower or 0) < (alone.lower or 0)


def test_lost_ids_weigh_as_planned() -> None:
    captures = Captures(100, 10)
    lost = np.where(np.arange(1000) % 4 == 0, captures.clusters, -1)
    cautious = captures.compared(ours=0.4, theirs=0.0, clusters=lost, plan=ClusterPlan(4, 0.0))
    careless = captures.compared(ours=0.4, theirs=0.0, clusters=lost, plan=ClusterPlan(1, 0.0))
    nobody = captures.compared(ours=0.4, theirs=0.0, clusters=np.full(1000, -1))

    assert cautious.subjects == 100 + 750 / 4
    assert width(cautious) > 1.5 * width(careless)
    assert nobody.n_eff == 250


def width(result: CalibrationDifference) -> float:
    return (result.upper or 0.0) - (result.lower or 0.0)


def test_no_rows_no_ids_and_a_single_subject_decide_nothing() -> None:
    empty = compare_calibration([], [], [], [], PLAN)
    nobody = Captures(30, 4).compared(ours=0, theirs=0, clusters=np.full(120, -1), plan=ClusterPlan())
    one = Captures(1, 100).compared(ours=2.0, theirs=0.0)

    assert decide_calibration(empty, 0.02, MINIMA).remedy is Remedy.BRING_DATA
    assert decide_calibration(nobody, 0.02, MINIMA).remedy is Remedy.STATE_CLUSTER_IDS
    assert (one.lower, one.upper) == (None, None)
    assert decide_calibration(one, 0.02, Minima(0, 0)).reason is Reason.TOO_FEW_SUBJECTS


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (lambda: compare_calibration([1.1], [0.5], [1], [0], PLAN), "candidate holds"),
        (lambda: compare_calibration([0.5], [-0.1], [1], [0], PLAN), "baseline holds"),
        (lambda: compare_calibration([0.5], [0.5], [3], [0], PLAN), "outcomes holds"),
        (lambda: compare_calibration([0.5], [0.5], [1], [0, 1], PLAN), "columns differ in length"),
        (lambda: decide_calibration(compare_calibration([], [], [], [], PLAN), -0.1, MINIMA), "margin is"),
    ],
)
def test_impossible_input_of_a_calibration_is_refused_by_name(refused: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        refused()


def covered(*, subjects: int, rows: int, ours: float, theirs: float, runs: int, lost: float = 0.0) -> Numbers:
    """How often each bound holds the difference that a very large sample shows."""
    large = Captures(20_000, 10, seed=99)
    ours_ece, theirs_ece = (
        expected_calibration_error(expit(large.odds + shift), large.outcomes) or 0.0
        for shift in (ours, theirs)
    )
    truth = ours_ece - theirs_ece
    held = np.zeros(2)
    for run in range(runs):
        captures = Captures(subjects, rows, seed=run)
        drop = np.random.default_rng(run).random(captures.clusters.size) < lost
        result = captures.compared(ours=ours, theirs=theirs, clusters=np.where(drop, -1, captures.clusters))
        held += ((result.lower or 0.0) <= truth, truth <= (result.upper or 0.0))
    return held / runs


def test_bounds_hold_where_the_plain_difference_flatters_the_candidate() -> None:
    assert covered(subjects=100, rows=5, ours=0.25, theirs=0.0, runs=100).min() >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("lost", [0.0, 0.75])
@pytest.mark.parametrize(
    ("subjects", "rows", "ours", "theirs"),
    [
        (100, 10, 0.2, 0.0),
        (20, 20, 0.2, 0.0),
        (300, 5, 0.1, 0.0),
        (1000, 5, 0.1, 0.0),
        (50, 4, 0.3, 0.1),
        (300, 5, 1.0, 0.5),
    ],
)
def test_bounds_of_a_calibration_hold_the_truth_in_many_settings(
    subjects: int, rows: int, ours: float, theirs: float, lost: float
) -> None:
    held = covered(subjects=subjects, rows=rows, ours=ours, theirs=theirs, runs=600, lost=lost)

    assert held.min() >= 0.93
