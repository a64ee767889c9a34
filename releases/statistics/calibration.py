"""Difference of expected calibration errors between candidate and baseline, on the same rows.

ECE is a sum of absolute values, and noise makes absolute values larger: a well calibrated stack looks worse
than it is by about √(2/π) standard errors in each bin, a badly calibrated one hardly at all. So the plain
difference flatters a candidate that is worse than a good baseline, and resampling does not mend it: in
simulations of the kind the gate meets, a cluster bootstrap of the plain difference held the truth in 0 to 27
of 100 runs where 95 were promised.

The bounds here err on the safe side instead. With r the sum of (outcome − probability) in a bin and s its
clustered standard error, two numbers frame the true |θ| in expectation, whatever θ is (r normal about θ):

    |r| is never below it (Jensen), and
    g = r·(2Φ(r/s) − 1) − 2s·φ(r/s) never above it: it is the mean over random halves of the data of
    "sign of the one half times the sum of the other", and a wrong sign can only lower the product;
    its expectation is |θ|·(2Φ(|θ|/(s√2)) − 1).

The upper bound of the difference takes |r| for the candidate and g for the baseline, the lower bound the
other way round; to each comes the t quantile times the clustered standard error of the linearised sum, with
the design effect and floor of every other bound. Bins far from 0 cost nothing, bins at 0 cost what cannot be
known from so few rows. That is an argument of this module, checked by simulation; its parts are Jensen's
inequality, half-sample signs, and the variance of a ratio estimator (W. Cochran, "Sampling Techniques" (1977)
section 6.4).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtrit

from releases.statistics.clusters import (
    T_QUANTILE,
    ClusterPlan,
    ClusterSums,
    DesignEffect,
    check_alpha,
    design_effect,
)
from releases.statistics.decisions import Decision, Minima, decide_bounds
from releases.statistics.reliability import (
    BINS,
    Bins,
    Numbers,
    checked_outcomes,
    checked_probabilities,
    equal_mass_bins,
)
from releases.statistics.subject_counts import SubjectCounts

CALIBRATION_METHOD = "ece_difference_framed"
CALIBRATION_METHOD_VERSION = "1"


@dataclass(frozen=True, slots=True)
class CalibrationDifference:
    """ECE of the candidate minus that of the baseline, with one-sided bounds; shares in [−1, 1].

    ``estimate`` is the plain difference and may lie off the middle of the bounds. ``design`` is the design
    effect by its floor alone (what is estimated differs by bound and enters the bounds directly). Bounds are
    None where the effective size is, or with fewer than two subjects.
    """

    presentations: int
    candidate_ece: float | None
    baseline_ece: float | None
    candidate_brier: float | None
    baseline_brier: float | None
    estimate: float | None
    lower: float | None
    upper: float | None
    design: DesignEffect
    alpha_pass: float
    alpha_fail: float
    method: str = CALIBRATION_METHOD
    method_version: str = CALIBRATION_METHOD_VERSION

    @property
    def n_eff(self) -> float | None:
        return self.design.n_eff

    @property
    def subjects(self) -> float:
        return self.design.subjects


@dataclass(frozen=True, slots=True)
class _Clusters:
    """Dense codes of the rows that name a subject, and how rows without one weigh."""

    codes: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    subjects: float
    planned_deff: float
    deff_floor: float

    def square_of(self, values: Numbers, mean: float) -> float:
        """Σ over subjects of (sum of values − mean · rows)², a row without an id weighing planned_deff."""
        named = self.codes >= 0
        sums = np.bincount(self.codes[named], weights=values[named], minlength=self.rows.size)
        known = float(np.sum((sums - mean * self.rows) ** 2))
        return known + self.planned_deff * float(np.sum((values[~named] - mean) ** 2))

    def errors_by_bin(self, values: Numbers, bin_of: Bins, bins: int) -> Numbers:
        """Standard error of each bin's sum of values, by subject and at least that of independent rows."""
        named = self.codes >= 0
        without, many_without = bin_of[~named], int(np.count_nonzero(~named))
        places = self.codes[named] * bins + bin_of[named]
        cells = np.bincount(places, weights=values[named], minlength=self.rows.size * bins)
        mean = np.bincount(bin_of, weights=values, minlength=bins) / values.size
        known = np.sum((cells.reshape(-1, bins) - mean * self.rows[:, None]) ** 2, axis=0)
        lost = np.bincount(without, weights=values[~named] ** 2, minlength=bins) + mean**2 * many_without
        lost -= 2 * mean * np.bincount(without, weights=values[~named], minlength=bins)
        clustered = self.subjects / (self.subjects - 1) * (known + self.planned_deff * lost)
        independent = np.bincount(bin_of, weights=values**2, minlength=bins) - values.size * mean**2
        errors: Numbers = np.sqrt(np.maximum(np.maximum(clustered, independent), 0.0))
        return errors

    def reach_of(self, values: Numbers, alpha: float) -> float:
        """Quantile times standard error of the sum (t for the estimated, the floor for the planned)."""
        mean = float(values.mean())
        independent = float(np.sum((values - mean) ** 2))
        clustered = self.subjects / (self.subjects - 1) * self.square_of(values, mean)
        ratio = float(stdtrit(self.subjects - 1, T_QUANTILE)) / float(stdtrit(values.size - 1, T_QUANTILE))
        used = max(clustered * ratio**2, independent * max(1.0, self.deff_floor))
        return float(-ndtri(alpha)) * math.sqrt(used)


@dataclass(frozen=True, slots=True)
class _Arm:
    """Sums over bins that frame the arm's ECE · rows, and what each row adds to them."""

    plain: float
    above: float
    below: float
    row_above: Numbers
    row_below: Numbers
    brier: float


def compare_calibration(
    candidate: npt.ArrayLike,
    baseline: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    clusters: npt.ArrayLike,
    plan: ClusterPlan,
    *,
    bins: int = BINS,
    alpha_pass: float = 0.05,
    alpha_fail: float = 0.05,
) -> CalibrationDifference:
    """Candidate minus baseline in ECE, each in equal-mass bins of its own, with one-sided bounds.

    All four columns have one entry per presentation that both stacks answered: the two probabilities in
    [0, 1] of the same outcome, the outcome 0 or 1, and the subject as a whole number (−1: no id). Raises
    ValueError for other numbers or lengths that differ.
    """
    check_alpha(alpha_pass=alpha_pass, alpha_fail=alpha_fail)
    ours, theirs = checked_probabilities(candidate=candidate), checked_probabilities(baseline=baseline)
    truth, codes = checked_outcomes(outcomes), np.asarray(clusters, dtype=np.int64)
    _check_lengths(candidate=ours, baseline=theirs, outcomes=truth, clusters=codes)
    design, grouped = _grouped(codes, plan)
    if ours.size == 0:
        return CalibrationDifference(0, *(None,) * 7, design, alpha_pass, alpha_fail)
    c, b = (_arm(p, truth, equal_mass_bins(p, bins), bins, grouped) for p in (ours, theirs))
    lower = None if grouped is None else -_above(b, c, grouped, alpha_fail)
    upper = None if grouped is None else _above(c, b, grouped, alpha_pass)
    return CalibrationDifference(
        presentations=ours.size,
        candidate_ece=c.plain / ours.size,
        baseline_ece=b.plain / ours.size,
        candidate_brier=c.brier,
        baseline_brier=b.brier,
        estimate=(c.plain - b.plain) / ours.size,
        lower=lower,
        upper=upper,
        design=design,
        alpha_pass=alpha_pass,
        alpha_fail=alpha_fail,
    )


def decide_calibration(result: CalibrationDifference, margin: float, minima: Minima) -> Decision:
    """Verdict on a difference of ECE that may be at most ``margin`` (2 points is 0.02).

    The size needed assumes that the distance from estimate to bound shrinks with the root of the effective
    size.
    """
    if not 0 <= margin <= 1:
        raise ValueError(f"margin is {margin!r}: state a difference between 0 and 1 (2 points is 0.02)")
    needed = None
    if result.n_eff is not None and result.estimate is not None and result.estimate < margin:
        reach = 0.0 if result.upper is None else result.upper - result.estimate
        needed = result.n_eff * (reach / (margin - result.estimate)) ** 2
    return decide_bounds(result, margin, minima, needed)


def _above(one: _Arm, other: _Arm, clusters: _Clusters, alpha: float) -> float:
    """Upper bound of the one's ECE minus the other's."""
    reach = clusters.reach_of(one.row_above - other.row_below, alpha)
    return min(1.0, (one.above - other.below + reach) / one.row_above.size)


def _check_lengths(**columns: npt.NDArray[np.generic]) -> None:
    shapes = {name: column.shape for name, column in columns.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"columns differ in length: {shapes}; give one entry per row in each")


def _grouped(codes: npt.NDArray[np.int64], plan: ClusterPlan) -> tuple[DesignEffect, _Clusters | None]:
    named = codes >= 0
    dense = np.full(codes.shape, -1, dtype=np.int64)
    _, dense[named], rows = np.unique(codes[named], return_inverse=True, return_counts=True)
    without = int(np.count_nonzero(~named))
    # A spread of 0 leaves the design effect to the plan: the variance is taken from the rows themselves.
    design = design_effect(ClusterSums(SubjectCounts(rows), without, 0, 0, 0), plan)
    if design.used is None or design.subjects <= 1:
        return design, None
    return design, _Clusters(dense, rows, design.subjects, plan.planned_deff or 1.0, design.used)


def _arm(p: Numbers, y: Numbers, codes: Bins, bins: int, clusters: _Clusters | None) -> _Arm:
    residual = y - p
    sums = np.bincount(codes, weights=residual, minlength=bins)
    plain = float(np.abs(sums).sum())
    brier = float(np.mean(residual**2))
    if clusters is None:
        return _Arm(plain, plain, plain, residual, residual, brier)
    errors = clusters.errors_by_bin(residual, codes, bins)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.where(errors > 0, sums / errors, 0.0)
    density = np.exp(-(scaled**2) / 2) / math.sqrt(2 * math.pi)
    towards = 2 * ndtr(scaled) - 1
    below = sums * towards - 2 * errors * density
    slope = towards + 4 * scaled * density
    row_above, row_below = np.sign(sums)[codes] * residual, slope[codes] * residual
    return _Arm(plain, plain, float(below.sum()), row_above, row_below, brier)
