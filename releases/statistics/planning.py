"""What a planned dataset can decide, and how many subjects and presentations are missing.

It assumes rates, subjects and presentations of a stratum, and the intraclass correlation. At the assumed
rates a criterion passes with some probability, its power; a line is decidable when that reaches the power
asked for.

All strata of a criterion must pass. Then S strata pass together with probability at least ``power`` when each
passes with 1 − (1 − power)/S, whatever their dependence (Bonferroni on the misses): see ``stratum_power``.
"""

import math

from scipy.special import bdtr, ndtr, ndtri

from releases.statistics.binomial_power import LARGEST_COUNT, rate_power, rate_size
from releases.statistics.clusters import check_alpha
from releases.statistics.decisions import Minima
from releases.statistics.difference_power import Arms, Pairs, Part
from releases.statistics.exact_power import Design, chance_at, size_needed
from releases.statistics.max_errors import MaxErrorsRule
from releases.statistics.planned_data import PlanLine, PlannedData, check_share, line_of, z_of
from releases.statistics.sizes import POWER


def stratum_power(power: float, strata: int) -> float:
    """Power for each of ``strata`` strata that must all pass: 1 − (1 − power)/strata."""
    if strata < 1:
        raise ValueError(f"strata is {strata}: state 1 or more")
    check_share(power=power)
    return 1 - (1 - power) / strata


def plan_unseen(data: PlannedData, *, limit: float, minima: Minima, alpha: float = 0.05) -> PlanLine:
    """What can be shown at best: not a single error, or with a margin as the limit, not a single change.

    n_eff = ln alpha / ln(1 − limit), fractional as a verdict takes it; the power is 1 or 0. Less data can
    pass with no outcome whatever. For rates, paired differences and, with 1 − probability as the limit,
    quantiles.
    """
    check_alpha(alpha=alpha)
    if not 0 < limit < 1:
        raise ValueError(f"limit is {limit!r}: state a share within (0, 1)")
    needed = math.log(alpha) / math.log1p(-limit)
    return line_of(data, needed, float(data.n_eff >= needed), minima, 1.0)


def plan_rate(
    data: PlannedData, *, rate: float, limit: float, minima: Minima, alpha: float = 0.05, power: float = POWER
) -> PlanLine:
    """A rate that may be at most ``limit``, when it truly is ``rate``.

    For APCER, BPCER, non-response, retry and disagreement alike. Exact: the probability that Clopper and
    Pearson's upper bound stays within the limit, at whole effective sizes. The size needed is the smallest
    with the power; the binomial's saw-tooth means that a size a little larger can have a little less, and
    then the size needed is the next that has it.
    """
    check_share(rate=rate, limit=limit)
    check_alpha(alpha=alpha)
    needed, chance = rate_size(rate, limit, alpha, power), rate_power(data.n_eff, rate, limit, alpha)
    if needed is not None and chance < power and data.n_eff >= needed:
        needed = rate_size(rate, limit, alpha, power, at_least=math.floor(data.n_eff + 1e-9))
    return line_of(data, needed, chance, minima, power)


def plan_paired(
    data: PlannedData,
    *,
    discordant_rate: float,
    difference: float,
    margin: float,
    minima: Minima,
    alpha: float = 0.05,
    power: float = POWER,
) -> PlanLine:
    """A paired difference that may be at most ``margin``, when it truly is ``difference``.

    The two stacks decide differently on a share ``discordant_rate`` (ψ) of the presentations; superiority is
    a margin of 0 or below. Exact: the probability that Tango's upper bound stays within the margin, at whole
    effective sizes. Where no decision ever differs, what an unseen change needs, ln alpha / ln(1 − margin).
    """
    check_alpha(alpha=alpha)
    check_share(discordant_rate=discordant_rate)
    if not -1 < margin < 1 or not abs(difference) <= discordant_rate:
        raise ValueError(
            f"margin is {margin!r} and difference {difference!r} with discordant_rate {discordant_rate!r}: "
            "a margin lies within (−1, 1), and the difference is at most the discordant rate"
        )
    least = math.log(alpha) / math.log1p(-margin) if margin > 0 else 0.0
    if discordant_rate == 0:
        return _settled(data, margin > 0, least, minima, power)
    about = _about(discordant_rate, margin - difference, alpha, power)
    design = Pairs(discordant_rate, difference, margin, alpha)
    return _counted(data, design, max(about, least if difference >= 0 else 0.0), minima, power)


def plan_independent(
    data: PlannedData,
    *,
    rate: float,
    difference: float,
    margin: float,
    minima: Minima,
    alpha: float = 0.05,
    power: float = POWER,
) -> PlanLine:
    """A difference of two rates on captures of their own, at most ``margin``, when it truly is
    ``difference``; ``rate`` is the baseline's and ``data`` one arm's, the other being as large.

    Exact: the probability that Newcombe's upper bound stays within the margin, at whole effective sizes.
    Where neither ever errs, what that bound needs without an error, z_alpha²·(1 − margin)/margin.
    """
    check_alpha(alpha=alpha)
    ours = rate + difference
    check_share(rate=rate, candidate_rate=ours)
    if not -1 < margin < 1:
        raise ValueError(f"margin is {margin!r}: a margin lies within (−1, 1)")
    variance, least = _variance(rate) + _variance(ours), least_apart(margin, alpha) if margin > 0 else 0.0
    if variance == 0:
        return _settled(data, difference < margin, least, minima, power)
    about = _about(variance, margin - difference, alpha, power)
    about = max(about, least if difference >= 0 else 0.0)
    return _counted(data, Arms(rate, difference, margin, alpha), about, minima, power)


def _counted(data: PlannedData, design: Design, about: float, minima: Minima, power: float) -> PlanLine:
    """A line by the probability of a pass, summed over all that can be seen; ``about`` is infinite where no
    size passes.
    """
    trials = math.floor(data.n_eff + 1e-9)
    needed, chance = None, chance_at(design, trials)
    if about < LARGEST_COUNT:
        needed = size_needed(design, about, power)
    if needed is not None and chance >= power:
        needed = min(needed, trials)
    elif needed is not None and trials >= needed:
        needed = size_needed(design, about, power, at_least=trials)
    return line_of(data, needed, chance, minima, power)


def _settled(data: PlannedData, meets: bool, least: float, minima: Minima, power: float) -> PlanLine:
    """A line where nothing is left to chance: it passes from a size on, fractional as a verdict takes it."""
    needed = least if meets else None
    return line_of(data, needed, float(meets and data.n_eff >= least), minima, power)


def _about(variance: float, distance: float, alpha: float, power: float) -> float:
    """(z_alpha + z_power)²·variance / distance², by the normal approximation: where to look for the size."""
    if distance <= 0:
        return math.inf
    return float((z_of(alpha) + float(ndtri(power))) ** 2 * variance / distance**2)


def _variance(rate: float) -> float:
    return rate * (1 - rate)


def least_apart(margin: float, alpha: float) -> float:
    """n_eff of each of two arms at which the difference is within the margin if neither errs (Newcombe)."""
    return z_of(alpha) ** 2 * (1 - margin) / margin


def plan_quantile(
    data: PlannedData,
    *,
    over_budget_rate: float,
    probability: float = 0.95,
    minima: Minima,
    alpha: float = 0.05,
    power: float = POWER,
) -> PlanLine:
    """A quantile that may be at most its budget, when a share ``over_budget_rate`` truly lies above it."""
    return plan_rate(
        data, rate=over_budget_rate, limit=1 - probability, minima=minima, alpha=alpha, power=power
    )


def plan_max_errors(
    data: PlannedData, *, rate: float, rule: MaxErrorsRule, minima: Minima, power: float = POWER
) -> PlanLine:
    """A count rule, when the error rate truly is ``rate``; errors taken as independent.

    ``n_eff`` and ``n_eff_needed`` are presentations here: the rule counts, it does not weigh. ``impossible``
    means that the rule's own number of presentations is met with less than the power.
    """
    check_share(rate=rate)
    needed = None if max_errors_chance(rule, rate) < power else float(rule.presentations)
    enough = data.presentations >= rule.presentations
    chance = float(bdtr(rule.max_errors, data.presentations, rate)) if enough else 0.0
    return line_of(PlannedData(data.subjects, data.presentations, 0.0), needed, chance, minima, power)


def max_errors_chance(rule: MaxErrorsRule, rate: float) -> float:
    """How likely a count rule is met with just the presentations that it asks for; with more it is less."""
    return float(bdtr(rule.max_errors, rule.presentations, rate))


def plan_part(
    data: PlannedData,
    *,
    share: float,
    part_rate: float,
    rest_rate: float,
    limit: float,
    minima: Minima,
    alpha: float = 0.05,
    power: float = POWER,
) -> PlanLine:
    """The ratio of a part's rate to the whole's, which may be at most ``limit``; ``data`` is the part's.

    ``share`` is the part's share of all rows; the rest grows with the part and has the same design effect.
    Exact for subjects that are in the part or in the rest: the probability that the contrast's upper bound at
    the limit stays at 0, at whole effective sizes.
    """
    check_alpha(alpha=alpha)
    check_share(part_rate=part_rate, rest_rate=rest_rate, share=share)
    if not 0 < share < 1 or not 0 < limit < 1 / share:
        raise ValueError(
            f"limit is {limit!r} with share {share!r}: a part can exceed ratios below 1/share only"
        )
    of_part, of_rest = 1 - limit * share, limit * (1 - share)
    distance = of_rest * rest_rate - of_part * part_rate
    variance = of_part**2 * _variance(part_rate) + of_rest**2 * _variance(rest_rate) * share / (1 - share)
    about = _about(variance, distance, alpha, power)
    return _counted(data, Part(share, part_rate, rest_rate, limit, alpha), about, minima, power)


def plan_calibration(
    data: PlannedData,
    *,
    difference_sd: float,
    difference: float,
    margin: float,
    minima: Minima,
    bins: int = 15,
    residual_sd: float = 0.3,
    alpha: float = 0.05,
    power: float = POWER,
) -> PlanLine:
    """A difference of ECE that may be at most ``margin``, when it truly is ``difference``.

    ``difference_sd``: standard deviation, per presentation, of candidate probability minus baseline
    probability; ``residual_sd``: of outcome minus probability (0.3 for a good classifier). The bound carries
    the noise of bins at 0 besides, √(2·bins/π)·residual_sd/√n_eff, so n_eff = ((z_alpha + z_power)·
    difference_sd + √(2·bins/π)·residual_sd)² / (margin − difference)².
    """
    check_alpha(alpha=alpha)
    check_share(margin=margin, difference_sd=difference_sd, residual_sd=residual_sd)
    frame = math.sqrt(2 * bins / math.pi) * residual_sd
    distance = margin - difference
    reach = (z_of(alpha) + float(ndtri(power))) * difference_sd + frame
    needed = None if distance <= 0 else (reach / distance) ** 2
    shift = distance * math.sqrt(data.n_eff) - frame - z_of(alpha) * difference_sd
    chance = float(ndtr(shift / difference_sd)) if difference_sd else float(shift >= 0)
    return line_of(data, needed, chance, minima, power)
