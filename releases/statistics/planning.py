"""What a planned dataset can decide, and how many subjects and presentations are missing.

It assumes rates, subjects and presentations of a stratum, and the intraclass correlation. Clusters of size m
give the design effect 1 + (m − 1)·planned_icc, so K subjects are never worth more than K / planned_icc
presentations. At the assumed rates a criterion passes with some probability, its power; a line is decidable
when that reaches the power asked for.

All strata of a criterion must pass. Then S strata pass together with probability at least ``power`` when each
passes with 1 − (1 − power)/S, whatever their dependence (Bonferroni on the misses): see ``stratum_power``.
"""

import math
from dataclasses import dataclass

from scipy.special import bdtr, ndtr, ndtri

from releases.statistics.binomial_power import rate_power, rate_size
from releases.statistics.clusters import ClusterPlan, check_alpha
from releases.statistics.decisions import Minima
from releases.statistics.max_errors import MaxErrorsRule
from releases.statistics.sizes import LARGEST_N_EFF, POWER


@dataclass(frozen=True, slots=True)
class PlannedData:
    """Subjects and presentations of one stratum, equally many presentations of each subject.

    Raises ValueError for negative numbers, fewer presentations than subjects, or an impossible correlation.
    """

    subjects: int
    presentations: int
    planned_icc: float = 0.2

    def __post_init__(self) -> None:
        ClusterPlan(planned_icc=self.planned_icc)
        if not 0 <= self.subjects <= self.presentations or (self.presentations and not self.subjects):
            raise ValueError(
                f"subjects is {self.subjects} of {self.presentations} presentations: "
                "each subject has at least one, and each presentation a subject"
            )

    @property
    def rows_per_subject(self) -> float:
        """Presentations per subject; 1 where none are planned yet."""
        return self.presentations / self.subjects if self.subjects else 1.0

    @property
    def design_effect(self) -> float:
        return 1 + (self.rows_per_subject - 1) * self.planned_icc

    @property
    def n_eff(self) -> float:
        return self.presentations / self.design_effect


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What the planned data can decide in one stratum.

    ``power`` is the probability of a pass with the data as planned. ``n_eff_needed`` reaches the power asked
    for; it and all that follows from it are None when the assumed rates do not meet the limit
    (``impossible``: no amount of data passes). ``subjects_needed`` and ``presentations_needed`` keep the
    presentations per subject; ``rows_per_subject_needed`` keeps the subjects instead, None where that cannot
    help.
    """

    n_eff: float
    n_eff_needed: float | None
    power: float
    decidable: bool
    impossible: bool
    subjects_needed: int | None
    subjects_missing: int | None
    presentations_needed: int | None
    presentations_missing: int | None
    rows_per_subject_needed: int | None


def stratum_power(power: float, strata: int) -> float:
    """Power for each of ``strata`` strata that must all pass: 1 − (1 − power)/strata."""
    if strata < 1:
        raise ValueError(f"strata is {strata}: state 1 or more")
    _check_share(power=power)
    return 1 - (1 - power) / strata


def plan_rate(
    data: PlannedData, *, rate: float, limit: float, minima: Minima, alpha: float = 0.05, power: float = POWER
) -> PlanLine:
    """A rate that may be at most ``limit``, when it truly is ``rate``.

    For APCER, BPCER, non-response, retry and disagreement alike. Exact: the probability that Clopper and
    Pearson's upper bound stays within the limit, at whole effective sizes. The size needed is the smallest
    with the power; the saw-tooth of the binomial means that a size a little larger can have a little less.
    """
    _check_share(rate=rate, limit=limit)
    check_alpha(alpha=alpha)
    needed = rate_size(rate, limit, alpha, power)
    return _line(data, needed, rate_power(data.n_eff, rate, limit, alpha), minima, power)


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
    _check_share(discordant_rate=discordant_rate)
    if not -1 < margin < 1 or not abs(difference) <= discordant_rate:
        raise ValueError(
            f"margin is {margin!r} and difference {difference!r} with discordant_rate {discordant_rate!r}: "
            "a margin lies within (−1, 1), and the difference is at most the discordant rate"
        )
    unseen = math.log(alpha) / math.log1p(-margin) if margin > 0 else 0.0
    return _normal(
        data,
        variance=discordant_rate,
        distance=margin - difference,
        least=unseen,
        minima=minima,
        alpha=alpha,
        power=power,
    )


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
    _check_share(rate=rate)
    needed = None if bdtr(rule.max_errors, rule.presentations, rate) < power else float(rule.presentations)
    enough = data.presentations >= rule.presentations
    chance = float(bdtr(rule.max_errors, data.presentations, rate)) if enough else 0.0
    return _line(PlannedData(data.subjects, data.presentations, 0.0), needed, chance, minima, power)


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
    _check_share(part_rate=part_rate, rest_rate=rest_rate, share=share)
    if not 0 < share < 1 or not 0 < limit < 1 / share:
        raise ValueError(
            f"limit is {limit!r} with share {share!r}: a part can exceed ratios below 1/share only"
        )
    of_part, of_rest = 1 - limit * share, limit * (1 - share)
    variance = of_part**2 * part_rate * (1 - part_rate)
    variance += of_rest**2 * rest_rate * (1 - rest_rate) * share / (1 - share)
    distance = of_rest * rest_rate - of_part * part_rate
    return _normal(
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
    _check_share(margin=margin, difference_sd=difference_sd, residual_sd=residual_sd)
    frame = math.sqrt(2 * bins / math.pi) * residual_sd
    distance = margin - difference
    reach = (_z(alpha) + float(ndtri(power))) * difference_sd + frame
    needed = None if distance <= 0 else (reach / distance) ** 2
    shift = distance * math.sqrt(data.n_eff) - frame - _z(alpha) * difference_sd
    chance = float(ndtr(shift / difference_sd)) if difference_sd else float(shift >= 0)
    return _line(data, needed, chance, minima, power)


def _normal(
    data: PlannedData,
    *,
    variance: float,
    distance: float,
    least: float,
    minima: Minima,
    alpha: float,
    power: float,
) -> PlanLine:
    """A pass = an estimate that lies z_alpha standard errors below the limit, ``distance`` away in truth."""
    if variance == 0:
        needed = None if distance <= 0 else least
        chance = float(distance > 0 and data.n_eff >= least)
        return _line(data, needed, chance, minima, power)
    needed = (
        None if distance <= 0 else max(least, (_z(alpha) + float(ndtri(power))) ** 2 * variance / distance**2)
    )
    chance = float(ndtr(distance * math.sqrt(data.n_eff / variance) - _z(alpha)))
    return _line(data, needed, chance if data.n_eff >= least else 0.0, minima, power)


def _line(data: PlannedData, needed: float | None, chance: float, minima: Minima, power: float) -> PlanLine:
    """Everything that follows from the size needed, minima included."""
    blocked = data.subjects < max(2, minima.min_subjects) or data.presentations < minima.min_presentations
    chance = 0.0 if blocked else chance
    if needed is None or needed > LARGEST_N_EFF:
        return PlanLine(data.n_eff, None, chance, False, True, None, None, None, None, None)
    rows = data.rows_per_subject
    subjects = max(
        _ceil(needed * data.design_effect / rows),
        minima.min_subjects,
        _ceil(minima.min_presentations / rows),
        2,  # one subject says nothing about the spread between subjects
    )
    presentations = _ceil(subjects * rows)
    return PlanLine(
        n_eff=data.n_eff,
        n_eff_needed=needed,
        power=chance,
        decidable=chance >= power,
        impossible=False,
        subjects_needed=subjects,
        subjects_missing=max(0, subjects - data.subjects),
        presentations_needed=presentations,
        presentations_missing=max(0, presentations - data.presentations),
        rows_per_subject_needed=_rows_needed(data, needed, minima),
    )


def _rows_needed(data: PlannedData, needed: float, minima: Minima) -> int | None:
    """Captures of each present subject that give the size, from m·K/(1 + (m − 1)·icc) = n."""
    spare = data.subjects - needed * data.planned_icc
    if data.subjects < max(2, minima.min_subjects) or spare <= 0:
        return None
    return max(
        1, _ceil(needed * (1 - data.planned_icc) / spare), _ceil(minima.min_presentations / data.subjects)
    )


def _ceil(number: float) -> int:
    return math.ceil(number - 1e-9)


def _z(alpha: float) -> float:
    return float(-ndtri(alpha))


def _check_share(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{name} is {share!r}: state a share between 0 and 1")
