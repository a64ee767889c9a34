"""Familiar figures shown beside a paired difference. None of them decides anything.

McNemar's test ignores that captures repeat subjects; the clustered t test respects it but trusts a normal
approximation; Newcombe's paired interval is the one many readers know from other reports.
"""

import math
from dataclasses import dataclass

from scipy.special import bdtr, chdtrc, stdtr

from releases.statistics.paired import PairedCounts, paired_sums
from releases.statistics.rates import wilson_interval


@dataclass(frozen=True, slots=True)
class McNemarTest:
    """Two-sided. ``statistic`` is (b − c)²/(b + c) without continuity correction, 0 without a change."""

    statistic: float
    chi_square_p_value: float
    exact_p_value: float


@dataclass(frozen=True, slots=True)
class ClusteredMcNemar:
    """Two-sided, each about chi-square with one degree of freedom."""

    obuchowski: float
    obuchowski_p_value: float
    durkalski: float
    durkalski_p_value: float


@dataclass(frozen=True, slots=True)
class ClusterTTest:
    """Difference with its cluster-robust standard error and the one-sided p of "not worse"."""

    estimate: float
    standard_error: float
    degrees_of_freedom: float
    p_value: float


def mcnemar(candidate_only: int, baseline_only: int) -> McNemarTest:
    """McNemar's test of "as many got worse as got better" on whole counts of presentations."""
    changed = candidate_only + baseline_only
    if changed == 0:
        return McNemarTest(0.0, 1.0, 1.0)
    statistic = (candidate_only - baseline_only) ** 2 / changed
    exact = min(1.0, 2 * float(bdtr(min(candidate_only, baseline_only), changed, 0.5)))
    return McNemarTest(statistic, float(chdtrc(1, statistic)), exact)


def clustered_mcnemar(counts: PairedCounts) -> ClusteredMcNemar | None:
    """McNemar's test for pairs that repeat subjects, in its two well-known forms.

    With D_i = worse − better and n_i rows of subject i: Obuchowski's (ΣD_i)² / (K/(K − 1)·ΣD_i²) (Statistics
    in Medicine 17 (1998) 1495-1507) weighs rows alike, Durkalski's (ΣD_i/n_i)² / Σ(D_i/n_i)² (Statistics in
    Medicine 22 (2003) 2417-2428) subjects alike. Rows without an id are subjects of their own. None with
    fewer than two subjects or without a change.
    """
    worse, better = counts.candidate_only_without_cluster, counts.baseline_only_without_cluster
    pairs = zip(counts.subject_candidate_only, counts.subject_baseline_only, strict=True)
    changes = [b - c for b, c in pairs] + [1] * worse + [-1] * better
    subjects = len(counts.subject_rows) + counts.rows_without_cluster
    if subjects < 2 or not any(changes):
        return None
    rows = [*counts.subject_rows, *[1] * (worse + better)]
    shares = [change / n for change, n in zip(changes, rows, strict=True)]
    squares = sum(change * change for change in changes)
    obuchowski = sum(changes) ** 2 * (subjects - 1) / (subjects * squares)
    durkalski = math.fsum(shares) ** 2 / math.fsum(share * share for share in shares)
    return ClusteredMcNemar(obuchowski, float(chdtrc(1, obuchowski)), durkalski, float(chdtrc(1, durkalski)))


def cluster_t_test(counts: PairedCounts, planned_deff: float | None = None) -> ClusterTTest | None:
    """Clustered t test of the paired difference; None where no standard error exists.

    That is without rows, with at most one subject, or with rows that name no subject while planned_deff is
    unset. The standard error is 0 when all subjects agree; p is then 0 for a positive difference, else 1.
    """
    rows, without = counts.presentations, counts.rows_without_cluster
    if rows == 0 or (without and planned_deff is None):
        return None
    subjects = len(counts.subject_rows) + without / (planned_deff or 1.0)
    if subjects <= 1:
        return None
    sums = paired_sums(counts)
    squares = (
        sums.squared_residuals_known / rows**4
        + (planned_deff or 0.0) * sums.squared_residuals_without / rows**4
    )
    error = math.sqrt(subjects / (subjects - 1) * squares)
    estimate = (counts.candidate_only - counts.baseline_only) / rows
    if error == 0:
        return ClusterTTest(estimate, 0.0, subjects - 1, 0.0 if estimate > 0 else 1.0)
    return ClusterTTest(estimate, error, subjects - 1, float(stdtr(subjects - 1, -estimate / error)))


def newcombe_paired_interval(a: float, b: float, c: float, d: float, *, alpha: float) -> tuple[float, float]:
    """Newcombe's paired interval, method 10, two-sided (alpha/2 on each side), for (b − c)/n.

    Source: R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions
    based on paired data", Statistics in Medicine 17 (1998) 2635-2650: two Wilson intervals joined with a
    correlation that is corrected for continuity. The four counts may be fractional.
    """
    n = a + b + c + d
    rate1, rate2 = (a + b) / n, (a + c) / n
    low1, high1 = wilson_interval(a + b, n, alpha)
    low2, high2 = wilson_interval(a + c, n, alpha)
    phi = _correlation(a, b, c, d)
    difference = (b - c) / n

    def reach(first: float, second: float) -> float:
        return math.sqrt(max(first**2 - 2 * phi * first * second + second**2, 0.0))

    return difference - reach(rate1 - low1, high2 - rate2), difference + reach(high1 - rate1, rate2 - low2)


def _correlation(a: float, b: float, c: float, d: float) -> float:
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    product = a * d - b * c
    if product > 0:
        product = max(product - (a + b + c + d) / 2, 0.0)
    return product / math.sqrt(margins)
