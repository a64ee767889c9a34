"""Difference of error rates between candidate and baseline on the same presentations.

Per presentation: a = both err, b = only the candidate errs, c = only the baseline errs, d = neither. The
difference is (b − c)/n = candidate − baseline, so positive is worse. Bounds are Tango's score interval on
(b, c, n) divided by the design effect of the per-subject differences. Differences are shares in [−1, 1].
"""

from dataclasses import dataclass

from releases.statistics.clusters import (
    ClusterPlan,
    ClusterSums,
    DesignEffect,
    check_alpha,
    check_counts,
    design_effect,
)
from releases.statistics.subject_counts import PerSubject, as_array, product_sum, total
from releases.statistics.tango import score_bounds, score_p_value

PAIRED_METHOD = "tango_n_eff"
PAIRED_METHOD_VERSION = "1"


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """Paired errors of one stratum, over the rows both stacks answered: one entry per subject in each tuple.

    The last four count rows that name no subject. Subjects without a row are left out.
    """

    subject_rows: PerSubject = ()
    subject_both: PerSubject = ()
    subject_candidate_only: PerSubject = ()
    subject_baseline_only: PerSubject = ()
    rows_without_cluster: int = 0
    both_without_cluster: int = 0
    candidate_only_without_cluster: int = 0
    baseline_only_without_cluster: int = 0

    def __post_init__(self) -> None:
        check_counts(
            subject_rows=self.subject_rows,
            subject_both=self.subject_both,
            subject_candidate_only=self.subject_candidate_only,
            subject_baseline_only=self.subject_baseline_only,
        )
        check_counts(
            rows_without_cluster=(self.rows_without_cluster,),
            both_without_cluster=(self.both_without_cluster,),
            candidate_only_without_cluster=(self.candidate_only_without_cluster,),
            baseline_only_without_cluster=(self.baseline_only_without_cluster,),
        )
        rows = as_array(self.subject_rows)
        if (rows == 0).any():
            raise ValueError("subject_rows holds a 0: leave out subjects without a row")
        changed = as_array(self.subject_candidate_only) + as_array(self.subject_baseline_only)
        if (as_array(self.subject_both) + changed > rows).any():
            raise ValueError(
                "subject_both + subject_candidate_only + subject_baseline_only exceeds subject_rows "
                "for a subject: each row falls in one cell"
            )
        if self.both_without_cluster + self._changed_without_cluster > self.rows_without_cluster:
            raise ValueError(
                "both, candidate_only and baseline_only _without_cluster together exceed "
                f"rows_without_cluster ({self.rows_without_cluster}): each row falls in one cell"
            )

    @property
    def _changed_without_cluster(self) -> int:
        return self.candidate_only_without_cluster + self.baseline_only_without_cluster

    @property
    def presentations(self) -> int:
        return total(self.subject_rows) + self.rows_without_cluster

    @property
    def both(self) -> int:
        """a: presentations on which both err."""
        return total(self.subject_both) + self.both_without_cluster

    @property
    def candidate_only(self) -> int:
        """b: presentations on which only the candidate errs."""
        return total(self.subject_candidate_only) + self.candidate_only_without_cluster

    @property
    def baseline_only(self) -> int:
        """c: presentations on which only the baseline errs."""
        return total(self.subject_baseline_only) + self.baseline_only_without_cluster

    @property
    def neither(self) -> int:
        """d: presentations on which neither errs."""
        return self.presentations - self.both - self.candidate_only - self.baseline_only


@dataclass(frozen=True, slots=True)
class PairedResult:
    """The paired difference with its bounds; a, b, c, d as in the module's text.

    ``estimate``, the rates and ``discordant_rate`` ψ = (b + c)/n are None without rows; the bounds are None
    without an n_eff as well. ``upper`` holds at ``alpha_pass``, ``lower`` at ``alpha_fail``, each one-sided.
    """

    presentations: int
    both: int
    candidate_only: int
    baseline_only: int
    neither: int
    candidate_rate: float | None
    baseline_rate: float | None
    discordant_rate: float | None
    estimate: float | None
    lower: float | None
    upper: float | None
    design: DesignEffect
    alpha_pass: float
    alpha_fail: float
    method: str = PAIRED_METHOD
    method_version: str = PAIRED_METHOD_VERSION

    @property
    def n_eff(self) -> float | None:
        return self.design.n_eff

    @property
    def subjects(self) -> float:
        return self.design.subjects


def compare_paired(
    counts: PairedCounts, plan: ClusterPlan, *, alpha_pass: float = 0.05, alpha_fail: float = 0.05
) -> PairedResult:
    """Candidate minus baseline in one stratum, with one-sided bounds on clustered pairs."""
    check_alpha(alpha_pass=alpha_pass, alpha_fail=alpha_fail)
    design = design_effect(paired_sums(counts), plan)
    n, a, b, c = counts.presentations, counts.both, counts.candidate_only, counts.baseline_only
    lower = upper = None
    if design.n_eff is not None:
        lower, upper = paired_bounds(
            b / n, c / n, design.n_eff, alpha_lower=alpha_fail, alpha_upper=alpha_pass
        )
    return PairedResult(
        presentations=n,
        both=a,
        candidate_only=b,
        baseline_only=c,
        neither=counts.neither,
        candidate_rate=(a + b) / n if n else None,
        baseline_rate=(a + c) / n if n else None,
        discordant_rate=(b + c) / n if n else None,
        estimate=(b - c) / n if n else None,
        lower=lower,
        upper=upper,
        design=design,
        alpha_pass=alpha_pass,
        alpha_fail=alpha_fail,
    )


def paired_bounds(
    candidate_only_rate: float,
    baseline_only_rate: float,
    n_eff: float,
    *,
    alpha_lower: float,
    alpha_upper: float,
) -> tuple[float, float]:
    """One-sided bounds at n_eff independent presentations.

    Without a single change Tango's interval is too short; the bounds are then those of a change that was not
    seen in n_eff trials, to either side.
    """
    if candidate_only_rate == 0 and baseline_only_rate == 0:
        return -unseen_rate(n_eff, alpha_lower), unseen_rate(n_eff, alpha_upper)
    b, c = candidate_only_rate * n_eff, baseline_only_rate * n_eff
    return score_bounds(b, c, n_eff, alpha_lower=alpha_lower, alpha_upper=alpha_upper)


def unseen_rate(n_eff: float, alpha: float) -> float:
    """Upper bound of the rate of something that did not happen in n_eff trials: 1 − alpha^(1/n_eff)."""
    return float(1 - alpha ** (1 / n_eff))


def paired_p_value(result: PairedResult, margin: float) -> float | None:
    """One-sided p of "the difference is at most the margin".

    It is below alpha_fail exactly when ``lower`` exceeds the margin; margin 0 gives the p of a regression.
    Without a single change it is 1 for every margin from 0 upwards; below 0 it is the probability of seeing
    no change in n_eff trials, which is the dual of that lower bound. None without an n_eff.
    """
    if result.n_eff is None:
        return None
    n, n_eff = result.presentations, result.n_eff
    if result.candidate_only + result.baseline_only == 0:
        return 1.0 if margin >= 0 else float(max(1 + margin, 0.0) ** n_eff)
    b, c = result.candidate_only / n * n_eff, result.baseline_only / n * n_eff
    return score_p_value(b, c, n_eff, margin)


def paired_sums(counts: PairedCounts) -> ClusterSums:
    """The sums from which the design effect of the per-subject differences follows."""
    n, b, c = counts.presentations, counts.candidate_only, counts.baseline_only
    net = b - c
    b_without, c_without = counts.candidate_only_without_cluster, counts.baseline_only_without_cluster
    unchanged_without = counts.rows_without_cluster - b_without - c_without
    without = b_without * (n - net) ** 2 + c_without * (n + net) ** 2 + unchanged_without * net**2
    x, y, m = counts.subject_candidate_only, counts.subject_baseline_only, counts.subject_rows
    changes = product_sum(x, x) - 2 * product_sum(x, y) + product_sum(y, y)  # Σ (b_i − c_i)²
    known = n**2 * changes - 2 * n * net * (product_sum(x, m) - product_sum(y, m))
    known += net**2 * product_sum(m, m)
    return ClusterSums(
        cluster_rows=counts.subject_rows,
        rows_without_cluster=counts.rows_without_cluster,
        squared_residuals_known=known,
        squared_residuals_without=without,
        spread=(b + c) * n - net**2,
    )
