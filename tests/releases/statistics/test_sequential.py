import math
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from releases.statistics.sequential import (
    TwoArmBlock,
    TwoArmProcess,
    anytime_p_value,
    e_threshold,
    log_below_e_value,
    log_rate_e_value,
    noninferiority_block,
    noninferiority_process,
    paired_e_value,
    rate_e_value,
    sample_ratio_e_value,
)


@pytest.mark.parametrize(("events", "expected"), [(0, 0.00332), (9, 0.0149), (18, 1.318), (21, 16.06)])
def test_the_e_value_of_a_rate_equals_the_published_values(events: int, expected: float) -> None:
    assert rate_e_value(events, 300 - events, 0.03) == pytest.approx(expected, rel=5e-3)


def test_sequential_mcnemar_equals_the_published_value() -> None:
    assert paired_e_value(12, 2) == pytest.approx(23.917, abs=5e-4)


@pytest.mark.parametrize(("counts", "expected"), [((5300, 4700), 5520680.466), ((5100, 4900), 0.71927)])
def test_the_e_value_of_a_sample_ratio_equals_the_published_values(
    counts: tuple[int, int], expected: float
) -> None:
    assert sample_ratio_e_value(counts, (0.5, 0.5)) == pytest.approx(expected, rel=1e-5)


def test_the_e_value_of_a_rate_is_the_mean_likelihood_ratio_over_worse_rates() -> None:
    def ratio(rate: float) -> float:
        return float(stats.binom.pmf(7, 60, rate) / stats.binom.pmf(7, 60, 0.05))

    mean = integrate.quad(ratio, 0.05, 1, points=(0.12, 0.3))[0] / 0.95

    assert rate_e_value(7, 53, 0.05) == pytest.approx(mean, rel=1e-8)


@pytest.mark.parametrize("limit", [0.02, 0.05, 0.3, 0.5])
@pytest.mark.parametrize("n", [1, 5, 40])
def test_the_expected_e_value_is_at_most_one_while_the_rate_keeps_the_limit(limit: float, n: int) -> None:
    events = np.arange(n + 1)
    values = np.array([rate_e_value(k, n - k, limit) for k in range(n + 1)])

    at_limit = stats.binom.pmf(events, n, limit) @ values
    below = stats.binom.pmf(events, n, limit / 2) @ values

    assert at_limit == pytest.approx(1)
    assert below < 1


def test_an_improvement_leaves_next_to_no_evidence_and_never_overflows() -> None:
    assert rate_e_value(0, 10**6, 0.03) == 0.0
    assert log_rate_e_value(10**6, 10, 0.03) > 709
    assert rate_e_value(10**6, 10, 0.03) == math.inf
    assert rate_e_value(0, 0, 0.03) == pytest.approx(1)


def run(blocks: Iterable[TwoArmBlock], margin: float = 0.0) -> TwoArmProcess:
    return reduce(lambda process, block: process.updated(block), blocks, TwoArmProcess.start(margin))


@pytest.mark.parametrize("margin", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("sizes", [(1, 1), (3, 1), (2, 6), (4, 4)])
@pytest.mark.parametrize("control", [0.01, 0.2, 0.6])
def test_the_expected_factor_of_two_arms_is_at_most_one_all_over_the_null(
    margin: float, sizes: tuple[int, int], control: float
) -> None:
    n, m = sizes
    values = np.array(
        [[run([TwoArmBlock(s, n, k, m)], margin).e_value for k in range(m + 1)] for s in range(n + 1)]
    )

    def expected(treatment: float) -> float:
        mass = np.outer(
            stats.binom.pmf(np.arange(n + 1), n, treatment), stats.binom.pmf(np.arange(m + 1), m, control)
        )
        return float(np.sum(mass * values))

    assert expected(control + margin) <= 1 + 1e-9
    assert expected(control / 2) <= 1 + 1e-9
    assert expected(0.99) > expected(control + margin)


def test_a_treatment_that_is_worse_builds_evidence_and_one_that_is_better_loses_it() -> None:
    worse = run([TwoArmBlock(8, 50, 3, 50)] * 10)
    better = run([TwoArmBlock(1, 50, 6, 50)] * 10)

    assert worse.e_value > 20
    assert better.e_value < 0.1
    assert worse.blocks == 10


def test_the_effect_floor_is_not_evidence() -> None:
    blocks = [TwoArmBlock(5, 100, 3, 100)] * 40

    assert run(blocks, margin=0.0).e_value > 20
    assert run(blocks, margin=0.02).e_value < 1


def shown(blocks: Iterable[TwoArmBlock], margin: float) -> TwoArmProcess:
    return reduce(
        lambda process, block: process.updated(noninferiority_block(block)),
        blocks,
        noninferiority_process(margin),
    )


@pytest.mark.parametrize("sizes", [(1, 1), (3, 1), (2, 6), (4, 4)])
@pytest.mark.parametrize(("control", "margin"), [(0.0, 0.02), (0.01, 0.3), (0.2, 0.05), (0.6, 0.3)])
def test_the_expected_factor_is_at_most_one_wherever_the_candidate_is_worse_by_the_margin(
    sizes: tuple[int, int], control: float, margin: float
) -> None:
    n, m = sizes
    values = np.array(
        [[shown([TwoArmBlock(s, n, k, m)], margin).e_value for k in range(m + 1)] for s in range(n + 1)]
    )

    def expected(treatment: float) -> float:
        mass = np.outer(
            stats.binom.pmf(np.arange(n + 1), n, treatment), stats.binom.pmf(np.arange(m + 1), m, control)
        )
        return float(np.sum(mass * values))

    assert expected(control + margin) <= 1 + 1e-9
    assert expected(min(0.99, control + 2 * margin)) <= 1 + 1e-9
    assert expected(control) > expected(control + margin)


def test_equal_arms_are_shown_to_be_within_a_margin_and_worse_ones_are_not() -> None:
    equal = shown([TwoArmBlock(9, 100, 9, 100)] * 60, margin=0.05)
    worse = shown([TwoArmBlock(14, 100, 9, 100)] * 60, margin=0.05)
    wider = shown([TwoArmBlock(9, 100, 9, 100)] * 60, margin=0.1)

    assert equal.e_value > 20
    assert worse.e_value < 1
    assert wider.log_e > equal.log_e


def test_few_units_show_nothing_whatever_they_say() -> None:
    assert shown([TwoArmBlock(0, 20, 0, 20)], margin=0.02).e_value < 2
    assert shown([], margin=0.02).e_value == pytest.approx(1)
    assert shown([TwoArmBlock(45, 500, 0, 0)], margin=0.02).e_value <= 1


def test_a_candidate_whose_rate_is_below_the_margin_cannot_be_worse_by_it() -> None:
    assert shown([TwoArmBlock(0, 500, 0, 0)], margin=0.02).e_value > 20


def test_a_rate_is_shown_to_be_below_a_limit_by_the_same_test_turned_round() -> None:
    assert log_below_e_value(1, 999, 0.03) > math.log(20)
    assert log_below_e_value(30, 970, 0.03) < math.log(20)
    assert log_below_e_value(0, 0, 0.03) == pytest.approx(0)


def test_equal_blocks_may_be_added_up_or_not() -> None:
    apart, together = run([TwoArmBlock(3, 40, 1, 40)] * 5), run([TwoArmBlock(15, 200, 5, 200)])

    assert apart.log_e == pytest.approx(together.log_e)


def test_a_block_without_a_control_and_an_empty_one_say_nothing() -> None:
    assert run(
        [TwoArmBlock(30, 50, 0, 0), TwoArmBlock(0, 0, 10, 50), TwoArmBlock(0, 0, 0, 0)]
    ).log_e == pytest.approx(0, abs=1e-9)


def test_shares_of_subjects_never_give_more_evidence_than_the_better_of_their_roundings() -> None:
    shares = run([TwoArmBlock(0.5, 1, 0.0, 1)])
    whole = [run([TwoArmBlock(k, 1, 0.0, 1)]) for k in (0, 1)]

    assert np.all(
        np.array(shares.log_values)
        <= np.log(0.5 * np.exp(whole[0].log_values) + 0.5 * np.exp(whole[1].log_values)) + 1e-12
    )


def test_a_mixture_of_many_arms_is_invariant_to_their_order() -> None:
    assert sample_ratio_e_value((50, 30, 20), (0.4, 0.4, 0.2)) == pytest.approx(
        sample_ratio_e_value((20, 50, 30), (0.2, 0.4, 0.4))
    )
    assert sample_ratio_e_value((0, 0), (0.5, 0.5)) == pytest.approx(1)


def test_a_threshold_grows_with_the_tests_that_may_act_and_p_is_its_inverse() -> None:
    assert e_threshold(0.05) == 20
    assert e_threshold(0.05, tests=6) == pytest.approx(120)
    assert anytime_p_value(20) == 0.05
    assert anytime_p_value(0.3) == 1


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (lambda: rate_e_value(-1, 5, 0.1), "events is -1"),
        (lambda: rate_e_value(1, math.nan, 0.1), "non_events is nan"),
        (lambda: rate_e_value(1, 5, 1.0), "limit is 1.0"),
        (lambda: TwoArmBlock(3, 2, 0, 0), "treatment_events is 3 of 2"),
        (lambda: TwoArmBlock(0, 2, -1, 2), "control_events is -1"),
        (lambda: TwoArmProcess.start(0.6), "margin is 0.6"),
        (lambda: noninferiority_process(0), "margin is 0"),
        (lambda: sample_ratio_e_value((1, 2), (1.0,)), "counts and shares differ"),
        (lambda: sample_ratio_e_value((1, -2), (0.5, 0.5)), "counts must be"),
        (lambda: sample_ratio_e_value((1, 2), (0.5, 0.6)), "shares sum to"),
        (lambda: sample_ratio_e_value((1, 2), (0.5, 0.5), concentration=0), "concentration is 0"),
        (lambda: e_threshold(1.5), "alpha is 1.5"),
    ],
)
def test_impossible_input_of_an_e_process_is_refused_by_name(refused: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        refused()


def tripped(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Share of runs (rows) whose evidence reached 20 at any look."""
    return float(np.mean((values >= math.log(20)).any(axis=1)))


def test_peeking_at_every_event_trips_rarely_while_a_repeated_z_test_does_often() -> None:
    worse = (np.random.default_rng(1).random((400, 300)) < 0.5).cumsum(axis=1)
    looks = np.arange(20, 300, 5)
    b, n = worse[:, looks], looks + 1

    e_process = np.vectorize(log_rate_e_value)(b, n - b, 0.5)
    z = (2 * b - n) / np.sqrt(n)

    assert tripped(e_process) <= 0.05
    assert np.mean((z > stats.norm.ppf(0.95)).any(axis=1)) > 0.2


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "limit"), [(0.03, 0.03), (0.2, 0.2), (0.5, 0.5), (0.01, 0.03)])
def test_a_rate_within_its_limit_trips_at_most_as_often_as_promised(rate: float, limit: float) -> None:
    events = (np.random.default_rng(7).random((1000, 3000)) < rate).cumsum(axis=1)[:, 29::30]
    n = np.arange(30, 3001, 30)

    assert tripped(np.vectorize(log_rate_e_value)(events, n - events, limit)) <= 0.06


@pytest.mark.slow
@pytest.mark.parametrize(
    ("treatment", "control", "margin"), [(0.05, 0.03, 0.02), (0.3, 0.3, 0.0), (0.02, 0.05, 0.0)]
)
def test_two_arms_within_the_margin_trip_at_most_as_often_as_promised(
    treatment: float, control: float, margin: float
) -> None:
    random = np.random.default_rng(7)

    def path() -> list[float]:
        process, seen = TwoArmProcess.start(margin), []
        for _ in range(40):
            n, m = (int(size) for size in random.integers(1, 60, 2))
            block = TwoArmBlock(random.binomial(n, treatment), n, random.binomial(m, control), m)
            process = process.updated(block)
            seen.append(process.log_e)
        return seen

    assert tripped(np.array([path() for _ in range(200)])) <= 0.065


@pytest.mark.slow
@pytest.mark.parametrize(("treatment", "control", "margin"), [(0.11, 0.09, 0.02), (0.02, 0.0, 0.02)])
def test_what_is_worse_by_the_margin_is_shown_to_be_within_it_at_most_as_often_as_promised(
    treatment: float, control: float, margin: float
) -> None:
    random = np.random.default_rng(7)

    def path() -> list[float]:
        process, seen = noninferiority_process(margin), []
        for _ in range(40):
            n, m = (int(size) for size in random.integers(1, 60, 2))
            block = TwoArmBlock(random.binomial(n, treatment), n, random.binomial(m, control), m)
            process = process.updated(noninferiority_block(block))
            seen.append(process.log_e)
        return seen

    assert tripped(np.array([path() for _ in range(200)])) <= 0.065


@pytest.mark.slow
def test_a_sample_ratio_as_planned_trips_at_most_as_often_as_promised() -> None:
    heads = np.random.default_rng(7).binomial(20, 0.5, (1000, 200)).cumsum(axis=1)
    totals = 20 * np.arange(1, 201)

    values = np.vectorize(lambda a, n: math.log(sample_ratio_e_value((a, n - a), (0.5, 0.5))))(heads, totals)

    assert tripped(values) <= 0.06
