"""Paired differences that may be looked at after every window: valid all over the null, and able to see."""

import math

import numpy as np
import pytest

from releases.statistics.paired_sequential import (
    PairedSums,
    log_paired_excess,
    log_paired_noninferiority,
)
from releases.statistics.sequential import e_threshold, paired_e_value

ALPHA = 0.05


def expected_factor(margin: float, worse: float, better: float, *, is_above: bool) -> float:
    """Expectation of the value after one subject, under these shares."""
    value = log_paired_excess if is_above else log_paired_noninferiority
    classes = (PairedSums(1, 0, 0), PairedSums(0, 1, 0), PairedSums(0, 0, 1))
    shares = (worse, better, 1 - worse - better)
    return sum(share * math.exp(value(one, margin)) for share, one in zip(shares, classes, strict=True))


@pytest.mark.parametrize("margin", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("better", [0.0001, 0.01, 0.2])
def test_the_expected_value_is_at_most_one_all_over_the_null(margin: float, better: float) -> None:
    at_margin = [expected_factor(margin, better + margin, better, is_above=up) for up in (True, False)]
    less = expected_factor(margin, better, better, is_above=True)
    more = expected_factor(margin, better + margin + 0.1, better, is_above=False)

    assert max(*at_margin, less, more) <= 1 + 1e-9


def test_looking_after_every_hundred_alarms_and_shows_no_oftener_than_the_risk() -> None:
    sums = np.random.default_rng(7).multinomial(100, (0.03, 0.01, 0.96), size=(200, 60)).cumsum(axis=1)
    looks = [[PairedSums(*map(float, row)) for row in run] for run in sums]
    needed = math.log(e_threshold(ALPHA))

    alarms = sum(any(log_paired_excess(one, 0.02) >= needed for one in run) for run in looks)
    shows = sum(any(log_paired_noninferiority(one, 0.02) >= needed for one in run) for run in looks)

    assert alarms <= 200 * ALPHA
    assert shows <= 200 * ALPHA


def test_equal_releases_are_shown_to_be_and_a_worse_one_is_shown_not_to_be() -> None:
    equal, worse = PairedSums(20, 20, 1960), PairedSums(120, 20, 1860)

    assert log_paired_noninferiority(equal, 0.02) > math.log(e_threshold(ALPHA))
    assert log_paired_excess(worse, 0.02) > math.log(e_threshold(ALPHA))
    assert log_paired_excess(equal, 0.02) < 0
    assert log_paired_noninferiority(worse, 0.02) < 0


def test_at_a_margin_of_nothing_it_agrees_with_the_test_of_the_pairs_that_differ() -> None:
    assert log_paired_excess(PairedSums(60, 20, 1920), 0.0) > 3
    assert paired_e_value(60, 20) > math.exp(3)
    assert log_paired_excess(PairedSums(40, 40, 1920), 0.0) < 0


@pytest.mark.parametrize("sums", [(-1, 0, 0), (0, math.nan, 0), (0, 0, math.inf)])
def test_counts_that_are_none_are_refused(sums: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="a count is at least 0 and finite"):
        PairedSums(*sums)


def test_a_margin_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="state a difference from 0 to"):
        log_paired_excess(PairedSums(1, 1, 1), 0.6)
