"""The three-valued verdict on one line: bounds against a limit, and what would settle it.

Pass needs the upper bound at or below the limit and the minima met; fail needs the lower bound above the
limit, however few the data; everything else is inconclusive. The decision never looks at a point estimate,
except to say whether more data could help.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

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


def decide_rate(result: RateResult, limit: float, minima: Minima) -> Decision:
    """Verdict on a rate that may be at most ``limit``, a share in [0, 1]."""
    if not 0 <= limit <= 1:
        raise ValueError(f"limit is {limit!r}: state a share between 0 and 1 (5 % is 0.05)")
    if result.estimate is None or result.n_eff is None:
        return _decide(result, limit, minima, None)
    return _decide(result, limit, minima, rate_n_eff_needed(result.estimate, limit, result.alpha_pass))


def decide_paired(result: PairedResult, margin: float, minima: Minima) -> Decision:
    """Verdict on a difference that may be at most ``margin``, in absolute units (7 points is 0.07)."""
    if not -1 <= margin <= 1:
        raise ValueError(f"margin is {margin!r}: state a difference between -1 and 1 (7 points is 0.07)")
    if result.n_eff is None:
        return _decide(result, margin, minima, None)
    rows = result.presentations
    needed = paired_n_eff_needed(
        result.candidate_only / rows, result.baseline_only / rows, margin, result.alpha_pass
    )
    return _decide(result, margin, minima, needed)


def worst_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """Fail over inconclusive over pass; nothing at all is inconclusive."""
    found = set(verdicts)
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return Verdict.PASS if found == {Verdict.PASS} else Verdict.INCONCLUSIVE


def _decide(
    result: RateResult | PairedResult, limit: float, minima: Minima, n_eff_needed: float | None
) -> Decision:
    if result.presentations == 0:
        return Decision(Verdict.INCONCLUSIVE, Reason.NO_DATA, Remedy.BRING_DATA)
    if result.n_eff is None or result.lower is None or result.upper is None:
        return Decision(Verdict.INCONCLUSIVE, Reason.NO_CLUSTER_ID, Remedy.STATE_CLUSTER_IDS)
    # One subject says nothing about the spread between subjects: its bounds are shown, but decide nothing.
    one_subject = result.subjects <= 1
    if result.lower > limit and not one_subject:
        return Decision(Verdict.FAIL, Reason.VIOLATES, Remedy.NONE)
    below_minima = (
        one_subject
        or result.subjects < minima.min_subjects
        or result.presentations < minima.min_presentations
    )
    if result.upper <= limit and not below_minima:
        return Decision(Verdict.PASS, Reason.MEETS, Remedy.NONE)
    reason = Reason.TOO_FEW_SUBJECTS if below_minima else Reason.STRADDLES_LIMIT
    if n_eff_needed is None:
        return Decision(Verdict.INCONCLUSIVE, reason, Remedy.MORE_DATA_WILL_NOT_PASS)
    missing = max(
        1,  # reached by rounding when the bound lies a hair above the limit, and by a single subject
        subjects_missing(result.subjects, result.n_eff, n_eff_needed),
        _missing_for_minima(result, minima),
    )
    return Decision(Verdict.INCONCLUSIVE, reason, Remedy.MORE_SUBJECTS, missing)


def _missing_for_minima(result: RateResult | PairedResult, minima: Minima) -> int:
    """Subjects needed for both minima, new subjects bringing as many rows each as the present ones do."""
    for_subjects = math.ceil(minima.min_subjects - result.subjects)
    rows_missing = minima.min_presentations - result.presentations
    return max(for_subjects, math.ceil(rows_missing * result.subjects / result.presentations))
