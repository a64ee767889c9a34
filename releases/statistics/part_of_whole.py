"""Error rate of a part against that of the whole it belongs to: "no group more than 25 % worse than overall".

The ratio p_part / p_whole is at most ρ exactly when p_part − ρ·p_whole is at most 0. The whole contains the
part, so with w = rows of the part / rows of the whole that contrast is

    (1 − ρw)·p_part − ρ(1 − w)·p_rest,

a linear combination of two rates that share no presentation. It is bounded as Zou and Donner do
("Construction of confidence limits about effect measures: a general approach", Statistics in Medicine 27
(2008) 1693-1702): the distances from each rate to its own limits are joined as the legs of a right triangle.
The limits are Clopper and Pearson's at each side's effective sample size: with Wilson's the lower bound of a
small part with rare errors held the truth in only 92 of 100 simulated runs. The set of ratios that the
contrast does not reject (Fieller's way) gives the bounds of the ratio: ``upper <= limit`` exactly when the
contrast's upper bound at the limit is at most 0.

Where a subject has presentations on both sides, a positive correlation of the two rates is ignored (that only
widens the bounds) and a negative one is used. The mix w is taken as given.

No error anywhere leaves no ratio: the bounds are then 0 and 1/w, the largest ratio that any part of this size
can have, so such a stratum never passes a limit that it could violate.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from releases.statistics.clusters import ClusterPlan, DesignEffect, check_alpha, check_counts
from releases.statistics.decisions import Decision, Minima, Reason, Remedy, Verdict, decide_bounds
from releases.statistics.rates import (
    RateCounts,
    bound_rate,
    clopper_pearson_lower,
    clopper_pearson_upper,
)
from releases.statistics.subject_counts import PerSubject, SubjectCounts, as_array

PART_METHOD = "mover_clopper_pearson_n_eff"
PART_METHOD_VERSION = "1"
LARGEST_GROWTH = 1e9  # beyond this many times the present data a requirement is no plan


@dataclass(frozen=True, slots=True)
class PartCounts:
    """Errors and rows per subject, in the part and in the rest of the whole; one entry per subject in each.

    A subject may have rows on one side only (the other side is then 0), but not on neither. The last four
    count rows that name no subject.
    """

    subject_part_events: PerSubject = ()
    subject_part_rows: PerSubject = ()
    subject_rest_events: PerSubject = ()
    subject_rest_rows: PerSubject = ()
    part_events_without_cluster: int = 0
    part_rows_without_cluster: int = 0
    rest_events_without_cluster: int = 0
    rest_rows_without_cluster: int = 0

    def __post_init__(self) -> None:
        check_counts(
            subject_part_events=self.subject_part_events,
            subject_part_rows=self.subject_part_rows,
            subject_rest_events=self.subject_rest_events,
            subject_rest_rows=self.subject_rest_rows,
        )
        if (as_array(self.subject_part_rows) + as_array(self.subject_rest_rows) == 0).any():
            raise ValueError(
                "subject_part_rows and subject_rest_rows are both 0 for a subject: "
                "leave out subjects without a row"
            )
        _ = self.part, self.rest  # each side is checked as the rate that it is

    @property
    def part(self) -> RateCounts:
        """The part on its own."""
        return _side(
            self.subject_part_events,
            self.subject_part_rows,
            self.part_events_without_cluster,
            self.part_rows_without_cluster,
        )

    @property
    def rest(self) -> RateCounts:
        """The whole without the part."""
        return _side(
            self.subject_rest_events,
            self.subject_rest_rows,
            self.rest_events_without_cluster,
            self.rest_rows_without_cluster,
        )


@dataclass(frozen=True, slots=True)
class PartResult:
    """Ratio of the part's rate to the whole's, with one-sided bounds.

    ``presentations`` and ``events`` are those of the part. ``share`` is w. ``estimate`` is None without an
    error in the whole; the bounds are None without rows in the part or without an n_eff on a side with rows.
    ``correlation`` of the two rates over subjects is at most 0: positive ones are not used.
    """

    presentations: int
    events: int
    whole_presentations: int
    whole_events: int
    part_rate: float | None
    rest_rate: float | None
    whole_rate: float | None
    share: float | None
    estimate: float | None
    lower: float | None
    upper: float | None
    correlation: float
    part_design: DesignEffect
    rest_design: DesignEffect
    alpha_pass: float
    alpha_fail: float
    method: str = PART_METHOD
    method_version: str = PART_METHOD_VERSION

    @property
    def n_eff(self) -> float | None:
        """Of the part; None as well when only the rest has none."""
        known = self.rest_design.n_eff is not None or self.rest_design.presentations == 0
        return self.part_design.n_eff if known else None

    @property
    def subjects(self) -> float:
        return self.part_design.subjects


@dataclass(frozen=True, slots=True)
class _Contrast:
    """What the bounds of a ratio depend on; sizes are effective ones."""

    part_rate: float
    part_n: float
    rest_rate: float
    rest_n: float
    share: float
    correlation: float

    def upper(self, alpha: float) -> float:
        """The smallest ratio whose contrast is at most 0 even at its upper bound."""
        part, rest = self._legs_up(alpha)
        low, high = 0.0, 1 / self.share
        while (middle := (low + high) / 2) not in (low, high):
            if self._at(middle) + self._reach(middle, part, rest) <= 0:
                high = middle
            else:
                low = middle
        return high

    def lower(self, alpha: float) -> float:
        """The largest ratio whose contrast is at least 0 even at its lower bound."""
        if self.part_rate <= 0:
            return 0.0
        part = self.part_rate - clopper_pearson_lower(self.part_rate, self.part_n, alpha)
        rest = clopper_pearson_upper(self.rest_rate, self.rest_n, alpha) - self.rest_rate
        low, high = 0.0, 1 / self.share
        while (middle := (low + high) / 2) not in (low, high):
            if self._at(middle) - self._reach(middle, part, rest) >= 0:
                low = middle
            else:
                high = middle
        return low

    def meets(self, limit: float, alpha: float, times: float) -> bool:
        """Whether the bound would be at most the limit with so many times the present sizes."""
        grown = replace(self, part_n=self.part_n * times, rest_n=self.rest_n * times)
        part, rest = grown._legs_up(alpha)
        return grown._at(limit) + grown._reach(limit, part, rest) <= 0

    def _legs_up(self, alpha: float) -> tuple[float, float]:
        part = clopper_pearson_upper(self.part_rate, self.part_n, alpha) - self.part_rate
        return part, self.rest_rate - clopper_pearson_lower(self.rest_rate, self.rest_n, alpha)

    def _at(self, ratio: float) -> float:
        return (1 - ratio * self.share) * self.part_rate - ratio * (1 - self.share) * self.rest_rate

    def _reach(self, ratio: float, part: float, rest: float) -> float:
        first, second = (1 - ratio * self.share) * part, ratio * (1 - self.share) * rest
        return math.sqrt(first**2 + second**2 - 2 * self.correlation * first * second)


def compare_part(
    counts: PartCounts, plan: ClusterPlan, *, alpha_pass: float = 0.05, alpha_fail: float = 0.05
) -> PartResult:
    """Ratio of the part's error rate to the whole's with one-sided bounds on clustered counts."""
    check_alpha(alpha_pass=alpha_pass, alpha_fail=alpha_fail)
    part, rest = bound_rate(counts.part, plan), bound_rate(counts.rest, plan)
    rows, events = part.presentations + rest.presentations, part.events + rest.events
    share = part.presentations / rows if rows else None
    correlation = min(0.0, _correlation(counts))
    lower = upper = None
    if part.estimate is not None and part.n_eff is not None and share is not None:
        if rest.estimate is None:
            lower = upper = 1.0  # the part is the whole
        elif rest.n_eff is not None:
            sides = part.estimate, part.n_eff, rest.estimate, rest.n_eff
            contrast = _Contrast(*sides, share, correlation)
            lower, upper = contrast.lower(alpha_fail), contrast.upper(alpha_pass)
    return PartResult(
        presentations=part.presentations,
        events=part.events,
        whole_presentations=rows,
        whole_events=events,
        part_rate=part.estimate,
        rest_rate=rest.estimate,
        whole_rate=events / rows if rows else None,
        share=share,
        estimate=part.estimate * rows / events if part.estimate is not None and events else None,
        lower=lower,
        upper=upper,
        correlation=correlation,
        part_design=part.design,
        rest_design=rest.design,
        alpha_pass=alpha_pass,
        alpha_fail=alpha_fail,
    )


def decide_part(result: PartResult, limit: float, minima: Minima) -> Decision:
    """Verdict on a ratio that may be at most ``limit`` (25 % worse than the whole is 1.25).

    The minima count the part's own subjects and presentations. Without a single error in the whole nothing
    can be said about a ratio, and the line is inconclusive whatever the limit.
    """
    if not 0 < limit < math.inf:
        raise ValueError(f"limit is {limit!r}: state a ratio above 0 (25 % worse than the whole is 1.25)")
    if result.presentations and result.n_eff is not None and result.whole_events == 0:
        return Decision(Verdict.INCONCLUSIVE, Reason.STRADDLES_LIMIT, Remedy.NOT_ESTIMABLE)
    return decide_bounds(result, limit, minima, _n_eff_needed(result, limit))


def _side(events: PerSubject, rows: PerSubject, *without: int) -> RateCounts:
    errors, presentations = as_array(events), as_array(rows)
    kept = (presentations > 0) | (errors > 0)
    return RateCounts(SubjectCounts(errors[kept]), SubjectCounts(presentations[kept]), *without)


def _correlation(counts: PartCounts) -> float:
    """Correlation of the two rates over the subjects that have rows on both sides, 0 where there is none."""
    part, rest = counts.part, counts.rest
    if not part.presentations or not rest.presentations:
        return 0.0
    p, q = part.events / part.presentations, rest.events / rest.presentations
    u = as_array(counts.subject_part_events) - p * as_array(counts.subject_part_rows)
    v = as_array(counts.subject_rest_events) - q * as_array(counts.subject_rest_rows)
    both, spread = float(np.sum(u * v)), float(np.sum(u * u)) * float(np.sum(v * v))
    return both / math.sqrt(spread) if spread > 0 else 0.0


def _n_eff_needed(result: PartResult, limit: float) -> float | None:
    """Effective size of the part at which the bound reaches the limit if part and rest grow alike."""
    part_n, rest_n = result.part_design.n_eff, result.rest_design.n_eff
    if part_n is None or rest_n is None or result.estimate is None or result.estimate >= limit:
        return None
    rates = result.part_rate or 0.0, part_n, result.rest_rate or 0.0, rest_n
    contrast = _Contrast(*rates, result.share or 1.0, result.correlation)
    if result.upper is not None and result.upper <= limit:
        return part_n
    low, high = 1.0, 2.0
    while not contrast.meets(limit, result.alpha_pass, high):
        low, high = high, 2 * high
        if high > LARGEST_GROWTH:
            return None
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if contrast.meets(limit, result.alpha_pass, middle):
            high = middle
        else:
            low = middle
    return high * part_n
