"""Tango's score interval for the difference of two proportions on the same presentations.

Source: T. Tango, "Equivalence test and confidence interval for the difference in proportions for the
paired-sample design", Statistics in Medicine 17 (1998) 891-908. The nuisance parameter (share of
presentations where only the baseline errs) is replaced by its maximum likelihood value at the tested
difference, which solves a quadratic; the interval holds every difference that the score test does not reject.

Counts may be fractional: they are the paired counts divided by the design effect. The statistic falls
strictly in the tested difference, so each end is found by bisection inside a bracket that always holds it.
"""

import math

from scipy.special import ndtr, ndtri


def score_statistic(b: float, c: float, n: float, difference: float) -> float:
    """Tango's statistic for b (only the candidate errs) and c (only the baseline errs) of n, at a difference.

    Positive when the observed difference (b − c)/n is above the tested one. Minus or plus infinity where the
    tested difference (±1) leaves no variance and is not the observed one; 0 where it is.
    """
    if difference < 0:  # mirrored, so that the small root below never loses digits
        return -score_statistic(c, b, n, -difference)
    gap = b - c - n * difference
    variance = n * (2 * _baseline_only_share(b, c, n, difference) + difference * (1 - difference))
    if gap == 0:
        return 0.0
    if variance <= 0:
        return math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)


def score_p_value(b: float, c: float, n: float, margin: float) -> float:
    """One-sided p of "the difference is at most the margin"."""
    return float(ndtr(-score_statistic(b, c, n, margin)))


def score_bounds(
    b: float, c: float, n: float, *, alpha_lower: float, alpha_upper: float
) -> tuple[float, float]:
    """One-sided lower and upper bound for the difference, each at its own alpha."""
    observed = (b - c) / n
    lower = _crossing(b, c, n, target=float(-ndtri(alpha_lower)), outer=-1.0, inner=observed)
    upper = _crossing(b, c, n, target=float(ndtri(alpha_upper)), outer=1.0, inner=observed)
    return lower, upper


def _baseline_only_share(b: float, c: float, n: float, difference: float) -> float:
    """Restricted maximum likelihood share of "only the baseline errs", for a difference of at least 0."""
    linear = (2 * n - b + c) * difference - (b + c)
    constant = -c * difference * (1 - difference)
    root = math.sqrt(max(linear * linear - 8 * n * constant, 0.0))
    if linear > 0:
        return -2 * constant / (linear + root)
    return (root - linear) / (4 * n)


def _crossing(b: float, c: float, n: float, *, target: float, outer: float, inner: float) -> float:
    """The difference between the observed one and ±1 at which the statistic equals the target.

    Returns the last double on the outer side, so a bound is never too short by rounding. When even ±1 is not
    rejected (all presentations changed the same way), ±1 is the bound.
    """
    if abs(score_statistic(b, c, n, outer)) < abs(target):
        return outer
    while True:
        middle = (inner + outer) / 2
        if middle in (inner, outer):
            return outer
        if abs(score_statistic(b, c, n, middle)) < abs(target):
            inner = middle
        else:
            outer = middle
