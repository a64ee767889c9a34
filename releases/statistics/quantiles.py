"""Bounds of a quantile of clustered values: "95 % of answers within 400 ms, shown with 95 % confidence".

The p-quantile is at most x exactly when the share of values above x is at most 1 − p. So each bound is an
order statistic, chosen by Clopper and Pearson's bound of that share at the effective sample size (for
independent values this is the classical interval: W. J. Conover, "Practical Nonparametric Statistics", 3rd
ed. (1999) section 3.2, the one that scipy's quantile_test gives). Order statistics picked as if the values
were independent hold the truth in only .66 to .91 of runs on clustered data. Below an effective size of 59
there is no upper bound of p95 at alpha .05, and the line is inconclusive.

The design effect is that of the indicator "above the sample quantile", with its floor.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

from releases.statistics.clusters import ClusterPlan, DesignEffect, check_alpha
from releases.statistics.decisions import Decision, Minima, decide_bounds
from releases.statistics.rates import RateCounts, bound_rate
from releases.statistics.sizes import rate_n_eff_needed
from releases.statistics.subject_counts import SubjectCounts

QUANTILE_METHOD = "order_statistic_n_eff"
QUANTILE_DIFFERENCE_METHOD = "mover_order_statistic_n_eff"
QUANTILE_METHOD_VERSION = "1"
DENSE_CODES = 4  # subject codes up to so many times the rows are counted without sorting

Values = npt.NDArray[np.float64]
Clusters = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class QuantileResult:
    """A quantile in the unit of the values, with one-sided bounds that are observed values.

    ``upper`` (at alpha_pass) or ``lower`` (at alpha_fail) is None where the sample is too small to have one.
    ``over_budget`` counts the values above ``budget``; both are None when no budget was given.
    """

    presentations: int
    probability: float
    estimate: float | None
    lower: float | None
    upper: float | None
    budget: float | None
    over_budget: int | None
    design: DesignEffect
    alpha_pass: float
    alpha_fail: float
    method: str = QUANTILE_METHOD
    method_version: str = QUANTILE_METHOD_VERSION

    @property
    def n_eff(self) -> float | None:
        return self.design.n_eff

    @property
    def subjects(self) -> float:
        return self.design.subjects


@dataclass(frozen=True, slots=True)
class QuantileDifference:
    """Quantile of the candidate minus that of the baseline, in the unit of the values."""

    candidate: QuantileResult
    baseline: QuantileResult
    estimate: float | None
    lower: float | None
    upper: float | None
    method: str = QUANTILE_DIFFERENCE_METHOD
    method_version: str = QUANTILE_METHOD_VERSION

    @property
    def presentations(self) -> int:
        return min(self.candidate.presentations, self.baseline.presentations)

    @property
    def n_eff(self) -> float | None:
        """The smaller of the two arms' effective sizes; None when one has none."""
        if self.candidate.n_eff is None or self.baseline.n_eff is None:
            return None
        return min(self.candidate.n_eff, self.baseline.n_eff)

    @property
    def subjects(self) -> float:
        return min(self.candidate.subjects, self.baseline.subjects)


def bound_quantile(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike,
    plan: ClusterPlan,
    *,
    probability: float = 0.95,
    budget: float | None = None,
    alpha_pass: float = 0.05,
    alpha_fail: float = 0.05,
) -> QuantileResult:
    """Quantile of clustered values with one-sided bounds.

    ``values``: finite doubles, one per presentation. ``clusters``: as many whole numbers, equal for one
    subject, −1 for a row without an id. The estimate is the ⌈p·n⌉-th smallest value. Raises ValueError for
    values that are not finite, lengths that differ, or a probability outside (0, 1).
    """
    check_alpha(alpha_pass=alpha_pass, alpha_fail=alpha_fail)
    if not 0 < probability < 1:
        raise ValueError(f"probability is {probability!r}: state a share between 0 and 1 (p95 is 0.95)")
    measured, codes = _columns(values, clusters)
    n = measured.size
    estimate = _nth(measured, max(1, math.ceil(probability * n - 1e-9)) if n else None)
    above = measured > (estimate if estimate is not None else 0.0)
    design = bound_rate(_exceedances(above, codes), plan).design
    lower = upper = None
    if design.n_eff is not None:
        lower = _nth(measured, _lower_rank(n, design.n_eff, 1 - probability, alpha_fail))
        upper = _nth(measured, _upper_rank(n, design.n_eff, 1 - probability, alpha_pass))
    return QuantileResult(
        presentations=n,
        probability=probability,
        estimate=estimate,
        lower=lower,
        upper=upper,
        budget=budget,
        over_budget=None if budget is None else int(np.count_nonzero(measured > budget)),
        design=design,
        alpha_pass=alpha_pass,
        alpha_fail=alpha_fail,
    )


def one_value_per_subject(
    values: npt.ArrayLike, clusters: npt.ArrayLike, *, seed: int
) -> tuple[Values, Clusters]:
    """One value of each subject, drawn at random from the seed: independent values, at the cost of most.

    Rows without an id (−1) are left out. The subjects come back in the order of their codes, and the draw
    does not depend on the order of the rows but for rows of the same subject.
    """
    measured, codes = _columns(values, clusters)
    kept = codes >= 0
    measured, codes = measured[kept], codes[kept]
    order = np.lexsort((measured, codes))
    subjects, first, rows = np.unique(codes[order], return_index=True, return_counts=True)
    picks = first + np.floor(np.random.default_rng(seed).random(subjects.size) * rows).astype(np.int64)
    return measured[order][picks], subjects


def decide_quantile(result: QuantileResult, minima: Minima) -> Decision:
    """Verdict on a quantile that may be at most its budget.

    The number of subjects missing is at the share of values above the budget seen so far. Raises
    ValueError when the quantile was bounded without a budget.
    """
    if result.budget is None or result.over_budget is None:
        raise ValueError("budget is None: pass the budget to bound_quantile, in the unit of the values")
    needed = None
    if result.presentations:
        share = result.over_budget / result.presentations
        needed = rate_n_eff_needed(share, 1 - result.probability, result.alpha_pass)
    return decide_bounds(result, result.budget, minima, needed)


def compare_quantiles(candidate: QuantileResult, baseline: QuantileResult) -> QuantileDifference:
    """Candidate minus baseline, the two taken as independent.

    The distances from each quantile to its own bounds are joined as the legs of a right triangle (Zou and
    Donner, Statistics in Medicine 27 (2008) 1693-1702). Values measured on the same presentations are
    positively correlated, which makes the bounds too wide rather than too narrow. The alphas are those of the
    two results; raises ValueError when they or the probabilities differ.
    """
    settings = [(arm.probability, arm.alpha_pass, arm.alpha_fail) for arm in (candidate, baseline)]
    if settings[0] != settings[1]:
        raise ValueError(
            f"candidate and baseline differ in probability or alphas: {settings}; bound both alike"
        )
    estimate = lower = upper = None
    q1, q2 = candidate.estimate, baseline.estimate
    if q1 is not None and q2 is not None:
        estimate = q1 - q2
        if candidate.lower is not None and baseline.upper is not None:
            lower = estimate - math.hypot(q1 - candidate.lower, baseline.upper - q2)
        if candidate.upper is not None and baseline.lower is not None:
            upper = estimate + math.hypot(candidate.upper - q1, q2 - baseline.lower)
    return QuantileDifference(candidate, baseline, estimate, lower, upper)


def decide_quantile_difference(result: QuantileDifference, margin: float, minima: Minima) -> Decision:
    """Verdict on a difference that may be at most ``margin``, in the unit of the values.

    The size needed assumes that the upper bound's distance shrinks with the root of the effective size.
    """
    if not math.isfinite(margin):
        raise ValueError(f"margin is {margin!r}: state a finite number in the unit of the values")
    needed = None
    if result.estimate is not None and result.estimate < margin and result.n_eff is not None:
        arm = result.candidate
        smallest = rate_n_eff_needed(0.0, 1 - arm.probability, arm.alpha_pass) or 0.0
        reach = math.inf if result.upper is None else result.upper - result.estimate
        by_root = result.n_eff * (reach / (margin - result.estimate)) ** 2 if math.isfinite(reach) else 0.0
        needed = max(smallest, by_root)
    return decide_bounds(result, margin, minima, needed)


def _columns(values: npt.ArrayLike, clusters: npt.ArrayLike) -> tuple[Values, Clusters]:
    measured = np.asarray(values, dtype=np.float64)
    codes = np.asarray(clusters, dtype=np.int64)
    if measured.shape != codes.shape or measured.ndim != 1:
        raise ValueError(
            f"values and clusters have shapes {measured.shape} and {codes.shape}: give one each per row"
        )
    if not np.isfinite(measured).all():
        raise ValueError("values holds one that is not finite: leave out rows without a measurement")
    return measured, codes


def _exceedances(above: npt.NDArray[np.bool_], codes: Clusters) -> RateCounts:
    named = codes >= 0
    subject = codes[named]
    if subject.max(initial=0) > DENSE_CODES * codes.size + DENSE_CODES:
        subject = np.unique(subject, return_inverse=True)[1].astype(
            np.int64
        )  # sorting is slow: only if sparse
    rows = np.bincount(subject)
    events = np.bincount(subject[above[named]], minlength=rows.size)
    return RateCounts(
        subject_events=SubjectCounts(events[rows > 0]),
        subject_rows=SubjectCounts(rows[rows > 0]),
        events_without_cluster=int(np.count_nonzero(above & ~named)),
        rows_without_cluster=int(np.count_nonzero(~named)),
    )


def _nth(values: Values, rank: int | None) -> float | None:
    return None if rank is None else float(np.partition(values, rank - 1)[rank - 1])


def _upper_rank(n: int, n_eff: float, tail: float, alpha: float) -> int | None:
    """The smallest rank at which the values above it still show a share of at most the tail."""

    def shows(rank: int) -> bool:
        share = (n - rank) / n
        return float(betainc(share * n_eff + 1, (1 - share) * n_eff, tail)) >= 1 - alpha

    return _first_rank(n, shows)


def _lower_rank(n: int, n_eff: float, tail: float, alpha: float) -> int | None:
    """The largest rank at which the values from it upwards show a share of at least the tail."""

    def shows_no_more(rank: int) -> bool:
        share = (n - rank + 1) / n
        return float(betainc(share * n_eff, (1 - share) * n_eff + 1, tail)) > alpha

    first = _first_rank(n, shows_no_more)
    rank = n if first is None else first - 1
    return rank or None


def _first_rank(n: int, holds: Callable[[int], bool]) -> int | None:
    """The smallest rank from 1 to n for which a condition holds that holds for all higher ones."""
    low, high = 0, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return None if high > n else high
