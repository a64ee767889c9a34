"""The three-valued verdict on one line: bounds against a limit, and what would settle it.

Pass needs the upper bound at or below the limit and the minima met; fail needs the lower bound above the
limit, however few the data; everything else is inconclusive. The decision never looks at a point estimate,
except to say whether more data could help.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from releases.statistics.paired import PairedResult
from releases.statistics.rates import RateResult
from releases.statistics.sizes import paired_n_eff_needed, rate_n_eff_needed, subjects_missing


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Reason(StrEnum):
    """The reason codes that follow from counts; a gate has more, for what surrounds them."""

    MEETS = "meets"
    VIOLATES = "violates"
    STRADDLES_LIMIT = "straddles_limit"
    TOO_FEW_SUBJECTS = "too_few_subjects"
    NO_CLUSTER_ID = "no_cluster_id"
    NO_DATA = "no_data"


class Remedy(StrEnum):
    """What would settle an inconclusive line."""

    NONE = "none"  # settled: pass or fail
    MORE_SUBJECTS = "more_subjects"
    MORE_DATA_WILL_NOT_PASS = "more_data_will_not_pass"  # noqa: S105 - a remedy, no password
    STATE_CLUSTER_IDS = "state_cluster_ids"
    BRING_DATA = "bring_data"
    NOT_ESTIMABLE = "not_estimable"  # a ratio to a whole in which no error was seen


@dataclass(frozen=True, slots=True)
class Minima:
    """Least data for a pass, counted on the rows used."""

    min_subjects: int = 5
    min_presentations: int = 20

    def __post_init__(self) -> None:
        for name, value in (
            ("min_subjects", self.min_subjects),
            ("min_presentations", self.min_presentations),
        ):
            if value < 0:
                raise ValueError(f"{name} is {value}: state 0 or more")


@dataclass(frozen=True, slots=True)
class Decision:
    """Verdict, why, and what would settle it; ``more_subjects`` is set exactly when the remedy is that."""

    verdict: Verdict
    reason: Reason
    remedy: Remedy
    more_subjects: int | None = None


class Bounded(Protocol):
    """Anything measured on clustered presentations with two one-sided bounds, worse being larger.

    ``subjects`` is K as the design effect counts it; ``n_eff`` and the bounds are None where there are none.
    """

    @property
    def presentations(self) -> int: ...
    @property
    def subjects(self) -> float: ...
    @property
    def n_eff(self) -> float | None: ...
    @property
    def lower(self) -> float | None: ...
    @property
    def upper(self) -> float | None: ...


def decide_rate(result: RateResult, limit: float, minima: Minima) -> Decision:
    """Verdict on a rate that may be at most ``limit``, a share in [0, 1]."""
    if not 0 <= limit <= 1:
        raise ValueError(f"limit is {limit!r}: state a share between 0 and 1 (5 % is 0.05)")
    if result.estimate is None or result.n_eff is None:
        return decide_bounds(result, limit, minima, None)
    return decide_bounds(result, limit, minima, rate_n_eff_needed(result.estimate, limit, result.alpha_pass))


def decide_paired(result: PairedResult, margin: float, minima: Minima) -> Decision:
    """Verdict on a difference that may be at most ``margin``, in absolute units (7 points is 0.07)."""
    if not -1 <= margin <= 1:
        raise ValueError(f"margin is {margin!r}: state a difference between -1 and 1 (7 points is 0.07)")
    if result.n_eff is None:
        return decide_bounds(result, margin, minima, None)
    rows = result.presentations
    needed = paired_n_eff_needed(
        result.candidate_only / rows, result.baseline_only / rows, margin, result.alpha_pass
    )
    return decide_bounds(result, margin, minima, needed)


def worst_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """Fail over inconclusive over pass; nothing at all is inconclusive."""
    found = set(verdicts)
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return Verdict.PASS if found == {Verdict.PASS} else Verdict.INCONCLUSIVE


def decide_bounds(result: Bounded, limit: float, minima: Minima, n_eff_needed: float | None) -> Decision:
    """Verdict on any bounded measurement that may be at most ``limit``, in its own units.

    ``n_eff_needed`` is the effective sample size at which the upper bound would reach the limit if the
    estimate stayed as it is; None when no size would. A missing bound although n_eff is known means that the
    sample is too small to have one: it then neither passes nor fails on that side.
    """
    if result.presentations == 0:
        return Decision(Verdict.INCONCLUSIVE, Reason.NO_DATA, Remedy.BRING_DATA)
    if result.n_eff is None:
        return Decision(Verdict.INCONCLUSIVE, Reason.NO_CLUSTER_ID, Remedy.STATE_CLUSTER_IDS)
    # One subject says nothing about the spread between subjects: its bounds are shown, but decide nothing.
    one_subject = result.subjects <= 1
    if result.lower is not None and result.lower > limit and not one_subject:
        return Decision(Verdict.FAIL, Reason.VIOLATES, Remedy.NONE)
    below_minima = one_subject or is_below(result, minima)
    if result.upper is not None and result.upper <= limit and not below_minima:
        return Decision(Verdict.PASS, Reason.MEETS, Remedy.NONE)
    if result.upper is None:
        below_minima = True
    reason = Reason.TOO_FEW_SUBJECTS if below_minima else Reason.STRADDLES_LIMIT
    if n_eff_needed is None:
        return Decision(Verdict.INCONCLUSIVE, reason, Remedy.MORE_DATA_WILL_NOT_PASS)
    missing = max(
        1,  # reached by rounding when the bound lies a hair above the limit, and by a single subject
        subjects_missing(result.subjects, result.n_eff, n_eff_needed),
        missing_for_minima(result, minima),
    )
    return Decision(Verdict.INCONCLUSIVE, reason, Remedy.MORE_SUBJECTS, missing)


def is_below(result: Bounded, minima: Minima) -> bool:
    """Whether a pass is blocked because a minimum is not met."""
    return result.subjects < minima.min_subjects or result.presentations < minima.min_presentations


def missing_for_minima(result: Bounded, minima: Minima) -> int:
    """Subjects needed for both minima, new subjects bringing as many rows each as the present ones do."""
    for_subjects = math.ceil(minima.min_subjects - result.subjects)
    rows_missing = minima.min_presentations - result.presentations
    return max(for_subjects, math.ceil(rows_missing * result.subjects / result.presentations))
