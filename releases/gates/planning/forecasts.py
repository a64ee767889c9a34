"""What the arithmetic says of one line, kind by kind: at the assumed numbers, and at best.

A kind that is not in the table has no plan, and the planner says so; one that counts nothing is in
``COUNTS_NOTHING``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from releases.gates.criteria.absolute import AbsoluteSpec
from releases.gates.criteria.calibration import CalibrationSpec
from releases.gates.criteria.disagreement import DisagreementSpec
from releases.gates.criteria.latency_quantile import LatencyQuantileSpec
from releases.gates.criteria.max_errors import MaxErrorsSpec
from releases.gates.criteria.noninferiority import NoninferioritySpec
from releases.gates.criteria.ratio_to_whole import RatioToWholeSpec
from releases.gates.criteria.retry_rate import RetryRateSpec
from releases.gates.judging.differences import DifferenceSpec
from releases.gates.planning.assumptions import Assumed
from releases.gates.planning.samples import Sample
from releases.gates.vocabulary import wording
from releases.statistics.binomial_power import largest_rate
from releases.statistics.paired import unseen_rate
from releases.statistics.planned_data import PlanLine
from releases.statistics.planning import (
    difference_reach,
    plan_calibration,
    plan_independent,
    plan_max_errors,
    plan_paired,
    plan_part,
    plan_quantile,
    plan_rate,
    plan_unseen,
)
from releases.statistics.rates import clopper_pearson_upper

NO_ERROR, NO_CHANGE = "with no error at all", "with no difference at all"


@dataclass(frozen=True, slots=True)
class Limit:
    """What the bound is held against: what it is called, as a number and in words, and how figures are
    written.
    """

    name: str
    value: float
    words: str
    write: Callable[[float], str] = wording.percent


@dataclass(frozen=True, slots=True)
class Forecast:
    """``plan`` is at the assumed numbers, None while ``wanted`` is unknown; ``best`` is what is needed where
    all comes out well, ``best_bound`` what the bound would then be, and ``at_best`` says what "well" is.

    ``meets``: whether the assumed numbers lie within the limit at all. ``effect`` is how far from the limit
    the truth must lie for a pass with the power, ``said`` what is assumed, in words.
    """

    limit: Limit
    plan: PlanLine | None = None
    best: PlanLine | None = None
    best_bound: float | None = None
    at_best: str = NO_ERROR
    wanted: str = ""
    said: str = ""
    meets: bool = True
    effect: float | None = None
    trivial: str = ""


Plan = Callable[[Any, Sample, Assumed, float], Forecast]


def _limited(
    spec: AbsoluteSpec | RetryRateSpec | DisagreementSpec,
    sample: Sample,
    rate: float | None,
    power: float,
    words: tuple[str, str],
) -> Forecast:
    """A rate against a limit; ``words`` are what is wanted, and the best there can be."""
    limit, (wanted, at_best) = Limit("limit", spec.limit, wording.limit_percent(spec.limit)), words
    minima, alpha = spec.minima, spec.alpha_pass
    best = plan_unseen(sample.data_at_best(), limit=spec.limit, minima=minima, alpha=alpha)
    bound = _unseen_bound(sample, spec.alpha_pass)
    if rate is None:
        return Forecast(limit, None, best, bound, at_best, wanted)
    reach = largest_rate(sample.n_eff or 0.0, spec.limit, spec.alpha_pass, power)
    return Forecast(
        limit=limit,
        plan=plan_rate(sample.data(), rate=rate, limit=spec.limit, minima=minima, alpha=alpha, power=power),
        best=best,
        best_bound=bound,
        at_best=at_best,
        said=f"at {_share(rate)} true {wanted}",
        meets=rate < spec.limit,
        effect=None if reach is None else spec.limit - reach,
    )


def _rate(spec: AbsoluteSpec | RetryRateSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    words = ("retries", "with no retry at all") if isinstance(spec, RetryRateSpec) else ("errors", NO_ERROR)
    return _limited(spec, sample, known.rate, power, words)


def _disagreement(spec: DisagreementSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    return _limited(spec, sample, known.discordance, power, ("differing decisions", NO_CHANGE))


def _difference(spec: DifferenceSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    return (_paired if spec.is_paired else _apart)(spec, sample, known, power)


def margin_of(spec: DifferenceSpec) -> float:
    """How much worse the candidate may be; superiority asks for less than nothing."""
    return spec.margin if isinstance(spec, NoninferioritySpec) else -spec.margin


def _paired(spec: DifferenceSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    margin, alpha = margin_of(spec), spec.alpha_pass
    limit = Limit("margin", margin, f"{wording.limit_points(margin)} points", wording.points)
    best = bound = None
    if margin > 0:
        best = plan_unseen(sample.data_at_best(), limit=margin, minima=spec.minima, alpha=alpha)
        bound = _unseen_bound(sample, alpha)
    difference = known.difference if known.difference is not None else (0.0 if margin > 0 else None)
    if difference is None or known.discordance is None:
        wanted = "how many decisions differ" if difference is not None else "by how much it is better"
        return Forecast(limit, None, best, bound, NO_CHANGE, wanted)
    share = max(known.discordance, abs(difference))
    plan = plan_paired(
        sample.data(),
        discordant_rate=share,
        difference=difference,
        margin=margin,
        minima=spec.minima,
        alpha=alpha,
        power=power,
    )
    effect = None
    if sample.n_eff:
        variance = share or unseen_rate(sample.n_eff, alpha)
        effect = margin - difference_reach(
            sample.n_eff, variance=variance, margin=margin, alpha=alpha, power=power
        )
    said = f"with {_share(share)} of decisions differing and {_points(difference)}"
    if not share:
        said = "if no decision differs"
    return Forecast(limit, plan, best, bound, NO_CHANGE, "", said, difference < margin, effect)


def _apart(spec: DifferenceSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    margin, alpha = margin_of(spec), spec.alpha_pass
    limit = Limit("margin", margin, f"{wording.limit_points(margin)} points", wording.points)
    difference = known.difference if known.difference is not None else (0.0 if margin > 0 else None)
    if difference is None or known.rate is None:
        wanted = "the error rate of what is live" if difference is not None else "by how much it is better"
        return Forecast(limit, at_best=NO_CHANGE, wanted=wanted)
    difference = min(max(difference, -known.rate), 1 - known.rate)
    plan = plan_independent(
        sample.data(),
        rate=known.rate,
        difference=difference,
        margin=margin,
        minima=spec.minima,
        alpha=alpha,
        power=power,
    )
    said = f"at {_share(known.rate)} true errors of what is live and {_points(difference)}"
    return Forecast(limit, plan, None, None, NO_CHANGE, "", said, difference < margin)


def _latency(spec: LatencyQuantileSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    tail = 1 - spec.probability
    limit = Limit("limit", tail, f"{_share(tail)} slower than {wording.milliseconds(spec.budget_ms)}")
    minima, alpha = spec.minima, spec.alpha_pass
    best = plan_unseen(sample.data_at_best(), limit=tail, minima=minima, alpha=alpha)
    bound, at_best = _unseen_bound(sample, spec.alpha_pass), "with no slow answer at all"
    if known.rate is None:
        return Forecast(limit, None, best, bound, at_best, "how many answers are slower than the budget")
    plan = plan_quantile(
        sample.data(),
        over_budget_rate=known.rate,
        probability=spec.probability,
        minima=minima,
        alpha=alpha,
        power=power,
    )
    said = f"at {_share(known.rate)} slow answers"
    return Forecast(limit, plan, best, bound, at_best, "", said, known.rate < tail)


def _max_errors(spec: MaxErrorsSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    limit = Limit("rule", spec.max_errors / spec.presentations, spec.says())
    rule, minima = spec.rule, spec.minima
    best = plan_max_errors(sample.data_at_best(), rate=0.0, rule=rule, minima=minima, power=power)
    bound = _unseen_bound(sample, spec.alpha_pass)
    if known.rate is None:
        return Forecast(limit, None, best, bound, NO_ERROR, "errors")
    plan = plan_max_errors(sample.data(), rate=known.rate, rule=rule, minima=minima, power=power)
    said = f"at {_share(known.rate)} true errors"
    return Forecast(limit, plan, best, bound, NO_ERROR, "", said, not plan.impossible)


def _ratio(spec: RatioToWholeSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    limit = Limit("limit", spec.max_ratio, f"{wording.times(spec.max_ratio)} all together", wording.times)
    if sample.share is None:
        return Forecast(limit, wanted="how many presentations there are all together")
    if not 0 < sample.share * spec.max_ratio < 1:
        return Forecast(limit, trivial="the group is most of the whole, and no plan exists for that")
    if known.rate is None:
        return Forecast(limit, wanted="errors")
    rest = sample.rest_rate if "rate" not in known.written and sample.rest_rate is not None else known.rate
    plan = plan_part(
        sample.data(),
        share=sample.share,
        part_rate=known.rate,
        rest_rate=rest,
        limit=spec.max_ratio,
        minima=spec.minima,
        alpha=spec.alpha_pass,
        power=power,
    )
    whole = sample.share * known.rate + (1 - sample.share) * rest
    said = f"at {_share(known.rate)} true errors, {_share(whole)} all together"
    meets = whole > 0 and known.rate < spec.max_ratio * whole
    return Forecast(limit, plan, None, None, "", "", said, meets)


def _calibration(spec: CalibrationSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    limit = Limit("margin", spec.margin, f"{wording.limit_points(spec.margin)} points", wording.points)
    if known.spread is None:
        return Forecast(limit, wanted="how far the scores of two stacks lie apart (spread)")
    difference = known.difference or 0.0
    plan = plan_calibration(
        sample.data(),
        difference_sd=known.spread,
        difference=difference,
        margin=spec.margin,
        minima=spec.minima,
        bins=spec.bins,
        alpha=spec.alpha_pass,
        power=power,
    )
    said = f"with scores {known.spread:g} apart and {_points(difference)}"
    return Forecast(limit, plan, None, None, "", "", said, difference < spec.margin)


PLANS: dict[str, Plan] = {
    "absolute": _rate,
    "retry_rate": _rate,
    "disagreement": _disagreement,
    "noninferiority": _difference,
    "superiority": _difference,
    "latency_quantile": _latency,
    "max_errors": _max_errors,
    "ratio_to_whole": _ratio,
    "calibration": _calibration,
}

COUNTS_NOTHING = frozenset({"attestation", "completeness"})
"""Kinds that decide on what is written down; completeness counts where its policy names groups."""


def _unseen_bound(sample: Sample, alpha: float) -> float | None:
    n_eff = sample.at_best
    return clopper_pearson_upper(0.0, n_eff, alpha) if n_eff else None


def _share(rate: float) -> str:
    return f"{100 * rate:.3g} %"


def _points(difference: float) -> str:
    return f"a true difference of {wording.points(difference)} points" if difference else "no true difference"
