"""What the arithmetic says of one line, kind by kind: at the assumed numbers, and at best.

A kind that is not in the table has no plan, and the planner says so; one that counts nothing is in
``COUNTS_NOTHING``.
"""

import math
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
from releases.statistics.difference_power import paired_reach
from releases.statistics.paired import unseen_rate
from releases.statistics.planned_data import PlanLine
from releases.statistics.planning import (
    max_errors_chance,
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
WIDEN = "widen the margin or assume fewer differences"


@dataclass(frozen=True, slots=True)
class Limit:
    """What the bound is held against: what it is called, as a number and in words, and how figures are
    written. ``remedy`` is what helps where captures do not.
    """

    name: str
    value: float
    words: str
    write: Callable[[float], str] = wording.percent
    remedy: str = "raise the limit or assume fewer errors"


@dataclass(frozen=True, slots=True)
class Forecast:
    """``plan`` is at the assumed numbers, None while ``wanted`` is unknown; ``best`` is what is needed where
    all comes out well, ``best_bound`` what the bound would then be, and ``at_best`` says what "well" is.

    ``meets``: whether the assumed numbers lie within the limit at all. ``effect`` is how far from the limit
    the truth must lie for a pass with the power, ``said`` what is assumed, in words. ``falls_from``: of a
    count rule, with how many captures a pass is likeliest and how likely; every further one takes from it.
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
    falls_from: tuple[int, float] | None = None


Plan = Callable[[Any, Sample, Assumed, float], Forecast]


def _limited(
    spec: AbsoluteSpec | RetryRateSpec | DisagreementSpec,
    sample: Sample,
    rate: float | None,
    power: float,
    words: tuple[str, str],
) -> Forecast:
    """A rate against a limit; ``words`` are what is wanted, and the best there can be."""
    wanted, at_best = words
    remedy = f"raise the limit or assume fewer {wanted}"
    limit = Limit("limit", spec.limit, wording.limit_percent(spec.limit), remedy=remedy)
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
    limit = Limit("margin", margin, f"{wording.limit_points(margin)} points", wording.points, WIDEN)
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
    effect = _paired_effect(sample.n_eff or 0.0, share, margin, alpha, power)
    said = f"with {_share(share)} of decisions differing and {_points(difference)}"
    if not share:
        said = "if no decision differs"
    return Forecast(limit, plan, best, bound, NO_CHANGE, "", said, difference < margin, effect)


def _paired_effect(n_eff: float, share: float, margin: float, alpha: float, power: float) -> float | None:
    """How far from the margin the truth must lie; where no decision differs, as if some did unseen."""
    size = math.floor(n_eff + 1e-9)
    if not size:
        return None
    reach = paired_reach(size, share or unseen_rate(size, alpha), margin, alpha=alpha, power=power)
    return None if reach is None else margin - reach


def _apart(spec: DifferenceSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    margin, alpha = margin_of(spec), spec.alpha_pass
    limit = Limit("margin", margin, f"{wording.limit_points(margin)} points", wording.points, WIDEN)
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
    words = f"{_share(tail)} slower than {wording.milliseconds(spec.budget_ms)}"
    limit = Limit("limit", tail, words, remedy="raise the budget or assume fewer slow answers")
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
    # In floats 1 - 0.95 lies above 0.05, and a share of slow answers that is the tail does not meet it.
    meets = known.rate < tail and not math.isclose(known.rate, tail)
    return Forecast(limit, plan, best, bound, at_best, "", said, meets)


def _max_errors(spec: MaxErrorsSpec, sample: Sample, known: Assumed, power: float) -> Forecast:
    limit = Limit("rule", spec.max_errors / spec.presentations, spec.says())
    rule, minima = spec.rule, spec.minima
    best = plan_max_errors(sample.data_at_best(), rate=0.0, rule=rule, minima=minima, power=power)
    if known.rate is None:
        return Forecast(limit, None, best, None, NO_ERROR, "errors")
    plan = plan_max_errors(sample.data(), rate=known.rate, rule=rule, minima=minima, power=power)
    likeliest = rule.presentations, max_errors_chance(rule, known.rate)
    said = f"at {_share(known.rate)} true errors"
    return Forecast(limit, plan, best, None, NO_ERROR, "", said, falls_from=likeliest)


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
    limit = Limit("margin", spec.margin, f"{wording.limit_points(spec.margin)} points", wording.points, WIDEN)
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
