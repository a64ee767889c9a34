import math
from collections.abc import Callable
from typing import Any

import pytest
from scipy import stats

from releases.statistics.binomial_power import most_errors, rate_power, rate_size
from releases.statistics.decisions import Minima
from releases.statistics.max_errors import MaxErrorsRule
from releases.statistics.planned_data import PlannedData
from releases.statistics.planning import (
    max_errors_chance,
    plan_calibration,
    plan_max_errors,
    plan_paired,
    plan_part,
    plan_quantile,
    plan_rate,
    stratum_power,
)
from releases.statistics.rates import clopper_pearson_upper
from tests.releases.statistics.seen import seen_pairs

MINIMA = Minima()
Z = stats.norm.ppf(0.95) + stats.norm.ppf(0.80)
ALONE = PlannedData(100, 100)


def test_planned_data_are_worth_their_effective_size() -> None:
    data = PlannedData(subjects=15, presentations=150, planned_icc=0.2)

    assert data.design_effect == pytest.approx(2.8)
    assert data.n_eff == pytest.approx(150 / 2.8)
    assert PlannedData(0, 0).n_eff == 0


def test_each_of_several_strata_is_planned_with_its_share_of_the_misses() -> None:
    assert stratum_power(0.8, 1) == pytest.approx(0.8)
    assert stratum_power(0.8, 8) == pytest.approx(0.975)


@pytest.mark.parametrize(
    ("limit", "n"), [(0.01, 299), (0.02, 149), (0.03, 99), (0.05, 59), (0.07, 42), (0.10, 29), (0.15, 19)]
)
def test_without_errors_the_size_needed_is_the_published_one(limit: float, n: int) -> None:
    assert rate_size(0.0, limit, 0.05, 0.8) == n
    assert plan_rate(ALONE, rate=0.0, limit=limit, minima=Minima(0, 0)).n_eff_needed == n


@pytest.mark.parametrize(
    ("trials", "limit"), [(58, 0.05), (59, 0.05), (150, 0.05), (1000, 0.07), (299, 0.01)]
)
def test_as_many_errors_are_allowed_as_leave_the_exact_bound_within_the_limit(
    trials: int, limit: float
) -> None:
    most = most_errors(trials, limit, 0.05)

    assert most == -1 or clopper_pearson_upper(most / trials, trials, 0.05) <= limit
    assert clopper_pearson_upper((most + 1) / trials, trials, 0.05) > limit


@pytest.mark.parametrize(("rate", "limit"), [(0.01, 0.05), (0.02, 0.05), (0.3, 0.45), (0.001, 0.02)])
def test_the_size_needed_is_the_smallest_with_the_power(rate: float, limit: float) -> None:
    size = rate_size(rate, limit, 0.05, 0.8)

    powers = [stats.binom.cdf(most_errors(n, limit, 0.05), n, rate) for n in range(1, (size or 0) + 1)]
    assert powers[-1] >= 0.8
    assert max(powers[:-1]) < 0.8
    assert rate_power(size or 0, rate, limit, 0.05) == pytest.approx(powers[-1])


def test_no_size_reaches_a_limit_that_the_rate_does_not_keep() -> None:
    assert rate_size(0.05, 0.05, 0.05, 0.8) is None
    line = plan_rate(ALONE, rate=0.06, limit=0.05, minima=MINIMA)

    assert (line.impossible, line.decidable, line.n_eff_needed, line.subjects_missing) == (
        True,
        False,
        None,
        None,
    )


def test_a_size_beyond_any_plan_is_none() -> None:
    assert rate_size(0.05 - 1e-9, 0.05, 0.05, 0.8) is None


def test_what_is_missing_is_said_in_subjects_and_presentations_of_the_planned_kind() -> None:
    line = plan_rate(PlannedData(20, 40), rate=0.0, limit=0.05, minima=MINIMA)

    assert line.n_eff == pytest.approx(40 / 1.2)
    assert (line.subjects_needed, line.presentations_needed) == (math.ceil(59 * 1.2 / 2), 72)
    assert (line.subjects_missing, line.presentations_missing) == (16, 32)
    assert PlannedData(36, 72).n_eff >= 59 > PlannedData(35, 70).n_eff


def test_more_captures_of_the_same_subjects_help_only_up_to_subjects_over_icc() -> None:
    enough = plan_rate(PlannedData(20, 40), rate=0.0, limit=0.05, minima=MINIMA)
    never = plan_rate(PlannedData(11, 22), rate=0.0, limit=0.05, minima=MINIMA)

    assert enough.rows_per_subject_needed == 6
    assert PlannedData(20, 120).n_eff >= 59 > PlannedData(20, 100).n_eff
    assert never.rows_per_subject_needed is None


def test_a_plan_with_what_is_missing_can_be_decided() -> None:
    line = plan_rate(PlannedData(30, 90), rate=0.02, limit=0.08, minima=MINIMA)
    filled = PlannedData(line.subjects_needed or 0, line.presentations_needed or 0)

    again = plan_rate(filled, rate=0.02, limit=0.08, minima=MINIMA)

    assert not line.decidable
    assert again.power >= 0.75  # the saw-tooth of the binomial, just after the size needed
    assert again.subjects_missing == 0


def test_minima_are_part_of_the_plan() -> None:
    line = plan_rate(PlannedData(3, 60, 0.0), rate=0.0, limit=0.3, minima=MINIMA)

    assert (line.decidable, line.power) == (False, 0.0)
    assert (line.subjects_needed, line.subjects_missing) == (5, 2)


@pytest.mark.parametrize("discordant_rate", [0.01, 0.02, 0.05])
def test_pairs_that_hardly_differ_need_more_than_those_that_never_do(discordant_rate: float) -> None:
    line = plan_paired(
        PlannedData(59, 59), discordant_rate=discordant_rate, difference=0.0, margin=0.05, minima=MINIMA
    )

    needed = int(line.n_eff_needed or 0)
    again = plan_paired(
        PlannedData(needed, needed),
        discordant_rate=discordant_rate,
        difference=0.0,
        margin=0.05,
        minima=MINIMA,
    )
    assert not line.decidable
    assert line.power == pytest.approx(seen_pairs(59, discordant_rate, 0.0, 0.05), abs=1e-4)
    assert again.decidable
    assert seen_pairs(needed, discordant_rate, 0.0, 0.05) >= 0.8


def test_pairs_that_never_differ_need_what_an_unseen_change_needs() -> None:
    line = plan_paired(ALONE, discordant_rate=0.0, difference=0.0, margin=0.05, minima=MINIMA)

    assert line.n_eff_needed == pytest.approx(math.log(0.05) / math.log(0.95))
    assert (line.power, line.decidable) == (1.0, True)
    assert not plan_paired(
        PlannedData(58, 58), discordant_rate=0.0, difference=0.0, margin=0.05, minima=MINIMA
    ).decidable


def test_superiority_needs_a_difference_below_zero() -> None:
    better = plan_paired(ALONE, discordant_rate=0.2, difference=-0.1, margin=0.0, minima=MINIMA)
    equal = plan_paired(ALONE, discordant_rate=0.2, difference=0.0, margin=0.0, minima=MINIMA)

    assert better.power == pytest.approx(seen_pairs(100, 0.2, -0.1, 0.0), abs=1e-4)
    assert better.n_eff_needed == pytest.approx(Z**2 * (0.2 - 0.1**2) / 0.1**2, rel=0.05)
    assert equal.impossible


def test_a_stack_that_is_better_by_much_needs_fewer_pairs_than_an_unseen_change() -> None:
    line = plan_paired(PlannedData(30, 30), discordant_rate=0.3, difference=-0.3, margin=0.05, minima=MINIMA)

    assert line.decidable
    assert line.power == pytest.approx(seen_pairs(30, 0.3, -0.3, 0.05), abs=1e-4)
    assert (line.presentations_missing, (line.n_eff_needed or 0) <= 30) == (0, True)


def test_pairs_in_a_dip_of_the_power_are_told_the_next_size() -> None:
    before, within = (
        plan_paired(PlannedData(many, many), discordant_rate=0.02, difference=0.0, margin=0.05, minima=MINIMA)
        for many in (87, 100)
    )

    assert (before.decidable, before.presentations_needed) == (True, 87)
    assert (within.decidable, within.presentations_needed, within.presentations_missing) == (False, 101, 1)


def test_a_quantile_is_the_share_of_values_above_the_budget() -> None:
    line = plan_quantile(ALONE, over_budget_rate=0.0, minima=MINIMA)

    assert line.n_eff_needed == 59
    assert line.decidable


@pytest.mark.parametrize(
    ("presentations", "rate", "decidable", "impossible"),
    [(150, 0.001, True, False), (120, 0.001, False, False), (150, 0.01, False, True)],
)
def test_a_count_rule_is_planned_by_its_presentations(
    presentations: int, rate: float, decidable: bool, impossible: bool
) -> None:
    data = PlannedData(presentations, presentations)
    line = plan_max_errors(data, rate=rate, rule=MaxErrorsRule(0, 150), minima=MINIMA)

    assert (line.decidable, line.impossible) == (decidable, impossible)
    assert line.power == pytest.approx((1 - rate) ** 150 if presentations == 150 else 0.0)


def test_a_part_is_planned_by_its_contrast_with_the_whole() -> None:
    data = PlannedData(100, 100)
    line = plan_part(data, share=0.1, part_rate=0.05, rest_rate=0.05, limit=1.25, minima=MINIMA)

    a, b = 1 - 0.125, 1.25 * 0.9
    variance = 0.05 * 0.95 * (a**2 + b**2 / 9)
    normal = Z**2 * variance / (0.25 * 0.05) ** 2
    assert normal < (line.n_eff_needed or 0) < 1.15 * normal  # exact bounds ask for a little more
    assert plan_part(data, share=0.1, part_rate=0.1, rest_rate=0.05, limit=1.25, minima=MINIMA).impossible


def test_a_count_rule_is_met_most_often_with_just_what_it_asks_for() -> None:
    rule = MaxErrorsRule(1, 150)

    assert max_errors_chance(rule, 0.01) == pytest.approx(stats.binom.cdf(1, 150, 0.01))


def test_calibration_needs_room_for_the_noise_of_its_bins() -> None:
    line = plan_calibration(ALONE, difference_sd=0.1, difference=0.0, margin=0.02, minima=MINIMA)

    expected = ((Z * 0.1 + math.sqrt(30 / math.pi) * 0.3) / 0.02) ** 2
    assert line.n_eff_needed == pytest.approx(expected)
    many = PlannedData(math.ceil(expected), math.ceil(expected))
    there = plan_calibration(many, difference_sd=0.1, difference=0.0, margin=0.02, minima=MINIMA)
    assert there.power == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (lambda: PlannedData(5, 4), "subjects is 5 of 4"),
        (lambda: PlannedData(0, 4), "subjects is 0 of 4"),
        (lambda: PlannedData(1, 4, 1.5), "planned_icc is 1.5"),
        (lambda: stratum_power(0.8, 0), "strata is 0"),
        (lambda: plan_rate(ALONE, rate=-0.1, limit=0.05, minima=MINIMA), "rate is -0.1"),
        (lambda: plan_rate(ALONE, rate=0.1, limit=5, minima=MINIMA), "limit is 5"),
        (
            lambda: plan_paired(ALONE, discordant_rate=0.1, difference=0.2, margin=0.3, minima=MINIMA),
            "margin is 0.3",
        ),
        (
            lambda: plan_part(ALONE, share=0.9, part_rate=0.1, rest_rate=0.1, limit=1.25, minima=MINIMA),
            "limit is 1.25 with share 0.9",
        ),
        (
            lambda: plan_calibration(ALONE, difference_sd=2, difference=0, margin=0.02, minima=MINIMA),
            "difference_sd is 2",
        ),
    ],
)
def test_an_impossible_plan_is_refused_by_name(refused: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        refused()
