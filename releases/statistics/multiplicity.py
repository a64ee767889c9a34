"""Many strata in one criterion: Holm's adjustment, marks of regression, bounds of the worst stratum.

A gate fails and passes on unadjusted bounds (all strata must pass, so false passes need no correction).
Holm's step-down adjustment acts only on the claim "a regression was detected", and is shown beside a fail.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from releases.statistics.clusters import ClusterPlan, check_alpha
from releases.statistics.paired import PairedResult, paired_p_value
from releases.statistics.rates import RateCounts, bound_rate


@dataclass(frozen=True, slots=True)
class RegressionMark:
    """What one stratum says about "worse than the baseline at all" (margin 0).

    ``detected``: the lower bound is above 0 even after Holm's adjustment within the family. ``marked``: it is
    above 0 unadjusted, which with many strata happens often when nothing changed; a mark, nothing more.
    """

    p_value: float
    adjusted_p_value: float
    marked: bool
    detected: bool


@dataclass(frozen=True, slots=True)
class WorstBounds:
    """Bounds of the highest rate over the strata, each with the stratum it comes from.

    ``upper`` is the largest unadjusted upper bound (not the upper bound of the highest estimate). ``lower``
    is the largest lower bound taken at alpha_fail / strata, since unadjusted it would not hold.
    """

    strata: int
    upper: float
    upper_stratum: str
    lower: float
    lower_stratum: str


def holm_adjusted(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjusted p values, in the order given."""
    for p in p_values:
        if not 0 <= p <= 1:
            raise ValueError(
                f"p_values holds {p!r}: a p value lies between 0 and 1; leave out strata without one"
            )
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return tuple(adjusted)


def detect_regressions(family: Mapping[str, PairedResult]) -> dict[str, RegressionMark]:
    """Regression marks of one family: the strata of one criterion (metric × stratifier × margin).

    Strata without an effective sample size are not in the answer. Leave out those below the minima before
    calling: they would only weaken the others.
    """
    p_values = {name: p for name, result in family.items() if (p := paired_p_value(result, 0.0)) is not None}
    adjusted = holm_adjusted(tuple(p_values.values()))
    return {
        name: RegressionMark(
            p_value=p,
            adjusted_p_value=p_adjusted,
            marked=p < family[name].alpha_fail,
            detected=p_adjusted < family[name].alpha_fail,
        )
        for (name, p), p_adjusted in zip(p_values.items(), adjusted, strict=True)
    }


def worst_bounds(
    counts: Mapping[str, RateCounts], plan: ClusterPlan, *, alpha_pass: float = 0.05, alpha_fail: float = 0.05
) -> WorstBounds | None:
    """Bounds of the highest rate over strata; None when one of them has no bound, or there is none at all."""
    check_alpha(alpha_pass=alpha_pass, alpha_fail=alpha_fail)
    if not counts:
        return None
    share = alpha_fail / len(counts)
    upper, lower = (-math.inf, ""), (-math.inf, "")
    for name, stratum in counts.items():
        result = bound_rate(stratum, plan, alpha_pass=alpha_pass, alpha_fail=share)
        if result.upper is None or result.lower is None:
            return None
        upper, lower = max(upper, (result.upper, name)), max(lower, (result.lower, name))
    return WorstBounds(len(counts), upper[0], upper[1], lower[0], lower[1])
