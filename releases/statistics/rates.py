"""Error rates (APCER of a species, BPCER of a segment, non-response) with exact one-sided bounds.

A bound is Clopper and Pearson's, taken at the effective sample size of the clustered counts: with rate p and
n_eff, the beta quantiles of p·n_eff events in n_eff trials. ``lower`` is exceeded by the true rate, and
``upper`` not exceeded, with confidence 1 − alpha each. Rates are shares in [0, 1].
"""

import math
from dataclasses import dataclass

from scipy.special import betainc, betaincinv, ndtri

from releases.statistics.clusters import (
    ClusterPlan,
    ClusterSums,
    DesignEffect,
    check_alpha,
    check_counts,
    design_effect,
)
from releases.statistics.subject_counts import PerSubject, as_array, product_sum, total

RATE_METHOD = "clopper_pearson_n_eff"
RATE_METHOD_VERSION = "1"


@dataclass(frozen=True, slots=True)
class RateCounts:
    """Errors and rows of one stratum of one stack: one entry per subject, and the rows that name no subject.

    Rows are those the stack answered. Subjects without a row are left out.
    """

    subject_events: PerSubject = ()
    subject_rows: PerSubject = ()
    events_without_cluster: int = 0
    rows_without_cluster: int = 0

    def __post_init__(self) -> None:
        check_counts(subject_events=self.subject_events, subject_rows=self.subject_rows)
        check_counts(
            events_without_cluster=(self.events_without_cluster,),
            rows_without_cluster=(self.rows_without_cluster,),
        )
        rows = as_array(self.subject_rows)
        if (rows == 0).any():
            raise ValueError("subject_rows holds a 0: leave out subjects without a row")
        if (as_array(self.subject_events) > rows).any():
            raise ValueError(
                "subject_events exceeds subject_rows for a subject: an error is counted once per row"
            )
        if self.events_without_cluster > self.rows_without_cluster:
            raise ValueError(
                f"events_without_cluster is {self.events_without_cluster} of {self.rows_without_cluster} "
                "rows_without_cluster: an error is counted once per row"
            )

    @property
    def presentations(self) -> int:
        return total(self.subject_rows) + self.rows_without_cluster

    @property
    def events(self) -> int:
        return total(self.subject_events) + self.events_without_cluster


@dataclass(frozen=True, slots=True)
class RateResult:
    """A rate with its bounds. ``estimate`` is None without rows; bounds are None without an n_eff as well.

    ``upper`` holds at ``alpha_pass``, ``lower`` at ``alpha_fail``, each one-sided.
    """

    presentations: int
    events: int
    estimate: float | None
    lower: float | None
    upper: float | None
    design: DesignEffect
    alpha_pass: float
    alpha_fail: float
    method: str = RATE_METHOD
    method_version: str = RATE_METHOD_VERSION

    @property
    def n_eff(self) -> float | None:
        return self.design.n_eff

    @property
    def subjects(self) -> float:
        return self.design.subjects


def bound_rate(
    counts: RateCounts, plan: ClusterPlan, *, alpha_pass: float = 0.05, alpha_fail: float = 0.05
) -> RateResult:
    """Rate of one stratum with its one-sided bounds on clustered counts."""
    check_alpha(alpha_pass=alpha_pass, alpha_fail=alpha_fail)
    design = design_effect(_sums(counts), plan)
    rows, events = counts.presentations, counts.events
    estimate = events / rows if rows else None
    lower = upper = None
    if estimate is not None and design.n_eff is not None:
        lower = clopper_pearson_lower(estimate, design.n_eff, alpha_fail)
        upper = clopper_pearson_upper(estimate, design.n_eff, alpha_pass)
    return RateResult(rows, events, estimate, lower, upper, design, alpha_pass, alpha_fail)


def rate_p_value(result: RateResult, limit: float) -> float | None:
    """One-sided p of "the rate is at most the limit"; below alpha_fail exactly when ``lower`` exceeds it."""
    if result.estimate is None or result.n_eff is None:
        return None
    return rate_p_value_at(result.estimate, result.n_eff, limit)


def rate_p_value_at(rate: float, n: float, limit: float) -> float:
    """Probability of at least rate·n events in n trials at the limit, n not necessarily whole."""
    if rate <= 0:
        return 1.0
    return float(betainc(rate * n, (1 - rate) * n + 1, min(max(limit, 0.0), 1.0)))


def clopper_pearson_lower(rate: float, n: float, alpha: float) -> float:
    """Exact lower bound at one-sided alpha for an observed rate in n trials; 0 when none were events."""
    if rate <= 0:
        return 0.0
    return float(betaincinv(rate * n, (1 - rate) * n + 1, alpha))


def clopper_pearson_upper(rate: float, n: float, alpha: float) -> float:
    """Exact upper bound at one-sided alpha for an observed rate in n trials; 1 when all were events."""
    if rate >= 1:
        return 1.0
    return float(betaincinv(rate * n + 1, (1 - rate) * n, 1 - alpha))


def clopper_pearson_interval(events: float, n: float, alpha: float) -> tuple[float, float]:
    """Two-sided exact interval: alpha/2 on each side."""
    return clopper_pearson_lower(events / n, n, alpha / 2), clopper_pearson_upper(events / n, n, alpha / 2)


def wilson_interval(events: float, n: float, alpha: float) -> tuple[float, float]:
    """Wilson's two-sided score interval (alpha/2 on each side) for events of n; either may be fractional."""
    rate, z = events / n, float(-ndtri(alpha / 2))
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    lower = 0.0 if rate <= 0 else centre - half
    upper = 1.0 if rate >= 1 else centre + half
    return lower, upper


def _sums(counts: RateCounts) -> ClusterSums:
    rows, events = counts.presentations, counts.events
    x, n = counts.subject_events, counts.subject_rows
    known = (
        rows**2 * product_sum(x, x) - 2 * rows * events * product_sum(x, n) + events**2 * product_sum(n, n)
    )
    without = counts.events_without_cluster * (rows - events) ** 2
    without += (counts.rows_without_cluster - counts.events_without_cluster) * events**2
    return ClusterSums(
        cluster_rows=counts.subject_rows,
        rows_without_cluster=counts.rows_without_cluster,
        squared_residuals_known=known,
        squared_residuals_without=without,
        spread=events * (rows - events),
    )
