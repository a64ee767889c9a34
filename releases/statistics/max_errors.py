"""Count rules of published schemes: "at most 0 accepted of 150", decided on the count and shown with a bound.

A rule such as "0 of 150" asks for a count, and no upper bound can be at or below 0, so it is a kind of its
own: the count decides, and the bound that the count demonstrates stands beside it. That bound depends on how
many subjects gave the presentations: no error in 150 shows at most 1.98 % when they come from 150 subjects,
10.9 % when 6 subjects gave 25 each (planned_icc 0.2).
"""

import math
from dataclasses import dataclass

from releases.statistics.clusters import ClusterPlan, check_alpha
from releases.statistics.decisions import (
    Decision,
    Minima,
    Reason,
    Remedy,
    Verdict,
    is_below,
    missing_for_minima,
)
from releases.statistics.rates import RateCounts, RateResult, bound_rate, clopper_pearson_upper

MAX_ERRORS_METHOD = "max_errors"
MAX_ERRORS_METHOD_VERSION = "1"


@dataclass(frozen=True, slots=True)
class MaxErrorsRule:
    """At most ``max_errors`` errors in at least ``presentations`` presentations, both whole numbers.

    Raises ValueError for a negative number of errors and for a rule that every count meets.
    """

    max_errors: int
    presentations: int

    def __post_init__(self) -> None:
        if self.max_errors < 0:
            raise ValueError(f"max_errors is {self.max_errors}: state 0 or more")
        if self.presentations <= self.max_errors:
            raise ValueError(
                f"presentations is {self.presentations}: a rule that allows {self.max_errors} errors "
                "must ask for more presentations than that"
            )


@dataclass(frozen=True, slots=True)
class MaxErrorsResult:
    """The count under a rule, and the rate with its bounds for what the count demonstrates."""

    rule: MaxErrorsRule
    rate: RateResult
    method: str = MAX_ERRORS_METHOD
    method_version: str = MAX_ERRORS_METHOD_VERSION

    @property
    def events(self) -> int:
        return self.rate.events

    @property
    def presentations(self) -> int:
        return self.rate.presentations


def check_max_errors(
    counts: RateCounts,
    rule: MaxErrorsRule,
    plan: ClusterPlan,
    *,
    alpha_pass: float = 0.05,
    alpha_fail: float = 0.05,
) -> MaxErrorsResult:
    """Errors of one stratum beside the rule, with the rate's one-sided bounds (see ``bound_rate``)."""
    return MaxErrorsResult(rule, bound_rate(counts, plan, alpha_pass=alpha_pass, alpha_fail=alpha_fail))


def decide_max_errors(result: MaxErrorsResult, minima: Minima) -> Decision:
    """Verdict of the count rule.

    One error too many fails, however few the data and whoever they come from. A pass needs the presentations
    that the rule names, the minima, and clusters that can be counted; the bound plays no part.
    """
    rate, rule = result.rate, result.rule
    if rate.presentations == 0:
        return Decision(Verdict.INCONCLUSIVE, Reason.NO_DATA, Remedy.BRING_DATA)
    if rate.events > rule.max_errors:
        return Decision(Verdict.FAIL, Reason.VIOLATES, Remedy.NONE)
    if rate.n_eff is None:
        return Decision(Verdict.INCONCLUSIVE, Reason.NO_CLUSTER_ID, Remedy.STATE_CLUSTER_IDS)
    rows_missing = rule.presentations - rate.presentations
    if rows_missing <= 0 and rate.subjects > 1 and not is_below(rate, minima):
        return Decision(Verdict.PASS, Reason.MEETS, Remedy.NONE)
    for_rule = math.ceil(rows_missing * rate.subjects / rate.presentations)
    missing = max(1, for_rule, missing_for_minima(rate, minima))
    return Decision(Verdict.INCONCLUSIVE, Reason.TOO_FEW_SUBJECTS, Remedy.MORE_SUBJECTS, missing)


def rule_bound(
    rule: MaxErrorsRule, *, subjects: int | None = None, planned_icc: float = 0.2, alpha: float = 0.05
) -> float:
    """The rate that a rule, when it is just met, shows at most: one-sided upper bound, a share.

    ``subjects`` gave equally many presentations each; None means one presentation per subject. Clopper and
    Pearson's bound at n / (1 + (m − 1)·planned_icc), m presentations per subject. Raises ValueError for fewer
    than one subject or more subjects than presentations.
    """
    check_alpha(alpha=alpha)
    many = rule.presentations if subjects is None else subjects
    if not 1 <= many <= rule.presentations:
        raise ValueError(f"subjects is {many}: state between 1 and {rule.presentations} (one row each)")
    design = 1 + (rule.presentations / many - 1) * ClusterPlan(planned_icc=planned_icc).planned_icc
    return clopper_pearson_upper(rule.max_errors / rule.presentations, rule.presentations / design, alpha)
