"""What a planned dataset can decide, and how many subjects and presentations are missing.

It assumes rates, subjects and presentations of a stratum, and the intraclass correlation. At the assumed
rates a criterion passes with some probability, its power; a line is decidable when that reaches the power
asked for.

All strata of a criterion must pass. Then S strata pass together with probability at least ``power`` when each
passes with 1 − (1 − power)/S, whatever their dependence (Bonferroni on the misses): see ``stratum_power``.
"""

import math

from scipy.special import bdtr, ndtr, ndtri

from releases.statistics.binomial_power import rate_power, rate_size
from releases.statistics.clusters import check_alpha
from releases.statistics.decisions import Minima
from releases.statistics.max_errors import MaxErrorsRule
from releases.statistics.planned_data import (
    PlanLine,
    PlannedData,
    check_share,
    line_of,
    normal_line,
    z_of,
)
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

    The two stacks decide differently on a share ``discordant_rate`` (ψ) of the presentations. n_eff =
    (z_alpha + z_power)²·ψ / (margin − difference)², and never less than what an unseen change needs,
    ln alpha / ln(1 − margin). Superiority is a margin of 0 or below.
    """
    check_alpha(alpha=alpha)
    check_share(discordant_rate=discordant_rate)
    if not -1 < margin < 1 or not abs(difference) <= discordant_rate:
        raise ValueError(
            f"margin is {margin!r} and difference {difference!r} with discordant_rate {discordant_rate!r}: "
            "a margin lies within (−1, 1), and the difference is at most the discordant rate"
        )
    unseen = math.log(alpha) / math.log1p(-margin) if margin > 0 else 0.0
    return normal_line(
        data,
        variance=discordant_rate,
        distance=margin - difference,
        least=unseen,
        minima=minima,
        alpha=alpha,
        power=power,
    )


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

    n_eff per arm = (z_alpha + z_power)²·(p₁(1 − p₁) + p₂(1 − p₂)) / (margin − difference)², and never less
    than Wilson's bound needs without an error, z_alpha²·(1 − margin)/margin. Source: S.-C. Chow, J. Shao and
    H. Wang, Sample Size Calculations in Clinical Research, 2nd ed. (2008), section 4.2.
    """
    check_alpha(alpha=alpha)
    ours = rate + difference
    check_share(rate=rate, candidate_rate=ours)
    if not -1 < margin < 1:
        raise ValueError(f"margin is {margin!r}: a margin lies within (−1, 1)")
    return normal_line(
        data,
        variance=rate * (1 - rate) + ours * (1 - ours),
        distance=margin - difference,
        least=least_apart(margin, alpha) if margin > 0 else 0.0,
        minima=minima,
        alpha=alpha,
        power=power,
    )


def least_apart(margin: float, alpha: float) -> float:
    """n_eff of each of two arms at which the difference is within the margin if neither errs (Newcombe)."""
    return z_of(alpha) ** 2 * (1 - margin) / margin


def difference_reach(
    n_eff: float, *, variance: float, margin: float, alpha: float = 0.05, power: float = POWER
) -> float:
    """The largest true difference that passes with the power, at ``variance`` per presentation."""
    return margin - (z_of(alpha) + float(ndtri(power))) * math.sqrt(variance / n_eff)


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
    needed = None if bdtr(rule.max_errors, rule.presentations, rate) < power else float(rule.presentations)
    enough = data.presentations >= rule.presentations
    chance = float(bdtr(rule.max_errors, data.presentations, rate)) if enough else 0.0
    return line_of(PlannedData(data.subjects, data.presentations, 0.0), needed, chance, minima, power)


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
    Normal approximation of the contrast p_part − limit·p_whole.
    """
    check_alpha(alpha=alpha)
    check_share(part_rate=part_rate, rest_rate=rest_rate, share=share)
    if not 0 < share < 1 or not 0 < limit < 1 / share:
        raise ValueError(
            f"limit is {limit!r} with share {share!r}: a part can exceed ratios below 1/share only"
        )
    of_part, of_rest = 1 - limit * share, limit * (1 - share)
    variance = of_part**2 * part_rate * (1 - part_rate)
    variance += of_rest**2 * rest_rate * (1 - rest_rate) * share / (1 - share)
    distance = of_rest * rest_rate - of_part * part_rate
    return normal_line(
        data, variance=variance, distance=distance, least=0.0, minima=minima, alpha=alpha, power=power
    )


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
