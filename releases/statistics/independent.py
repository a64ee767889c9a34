"""Difference of two rates measured on different presentations (Newcombe's hybrid of two Wilson intervals).

Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics
in Medicine 17 (1998) 873-890, method 10 there. Each arm is taken at its own effective sample size. Use it
only where the same presentations were not seen by both stacks: pairing removes most of the noise.
"""

import math
from dataclasses import dataclass

from releases.statistics.clusters import check_alpha
from releases.statistics.rates import RateResult, wilson_interval

INDEPENDENT_METHOD = "newcombe_wilson_n_eff"
INDEPENDENT_METHOD_VERSION = "1"


@dataclass(frozen=True, slots=True)
class IndependentResult:
    """Candidate minus baseline on independent presentations; bounds are None where an arm has no n_eff."""

    candidate: RateResult
    baseline: RateResult
    estimate: float | None
    lower: float | None
    upper: float | None
    alpha_pass: float
    alpha_fail: float
    method: str = INDEPENDENT_METHOD
    method_version: str = INDEPENDENT_METHOD_VERSION


def compare_independent(
    candidate: RateResult, baseline: RateResult, *, alpha_pass: float = 0.05, alpha_fail: float = 0.05
) -> IndependentResult:
    """Difference of two clustered rates with one-sided bounds."""
    check_alpha(alpha_pass=alpha_pass, alpha_fail=alpha_fail)
    estimate = lower = upper = None
    if candidate.estimate is not None and baseline.estimate is not None:
        estimate = candidate.estimate - baseline.estimate
        if candidate.n_eff is not None and baseline.n_eff is not None:
            arms = candidate.estimate, candidate.n_eff, baseline.estimate, baseline.n_eff
            lower = newcombe_independent_interval(*arms, alpha=2 * alpha_fail)[0]
            upper = newcombe_independent_interval(*arms, alpha=2 * alpha_pass)[1]
    return IndependentResult(candidate, baseline, estimate, lower, upper, alpha_pass, alpha_fail)


def newcombe_independent_interval(
    candidate_rate: float, candidate_n: float, baseline_rate: float, baseline_n: float, *, alpha: float
) -> tuple[float, float]:
    """Two-sided interval (alpha/2 on each side) for candidate − baseline; sizes may be fractional."""
    low1, high1 = wilson_interval(candidate_rate * candidate_n, candidate_n, alpha)
    low2, high2 = wilson_interval(baseline_rate * baseline_n, baseline_n, alpha)
    difference = candidate_rate - baseline_rate
    lower = difference - math.hypot(candidate_rate - low1, high2 - baseline_rate)
    return lower, difference + math.hypot(high1 - candidate_rate, baseline_rate - low2)
