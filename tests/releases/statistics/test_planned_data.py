"""A stratum as it is planned: measured likeness, the best case, what can be told apart, arms of their own."""

import numpy as np
import pytest
from scipy import stats

from releases.statistics.binomial_power import largest_rate, rate_power, rate_size
from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Minima
from releases.statistics.independent import compare_independent
from releases.statistics.planned_data import PlannedData
from releases.statistics.planning import plan_independent, plan_rate, plan_unseen
from releases.statistics.rates import bound_rate
from tests.releases.statistics.counts import independent_rate

NONE = Minima(0, 0)
SIZES = [(0.01, 299), (0.02, 149), (0.03, 99), (0.05, 59), (0.07, 42), (0.10, 29), (0.15, 19)]


def test_a_measured_design_effect_stands_in_place_of_the_planned_one() -> None:
    data = PlannedData(40, 160, planned_icc=0.2, known_design_effect=2.5)

    line = plan_rate(data, rate=0.0, limit=0.03, minima=NONE)

    assert data.n_eff == pytest.approx(64)
    assert data.correlation == pytest.approx(0.5)
    assert line.subjects_needed == 62  # ceil(99 * 2.5 / 4)
    assert line.rows_per_subject_needed is None  # 40 subjects at 0.5 are worth 80 at most


def test_a_design_effect_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="planned_deff"):
        PlannedData(40, 160, known_design_effect=0.5)


@pytest.mark.parametrize(("limit", "n"), SIZES)
def test_not_a_single_error_shows_a_limit_from_the_published_size_on(limit: float, n: int) -> None:
    enough = plan_unseen(PlannedData(n, n), limit=limit, minima=NONE)
    short = plan_unseen(PlannedData(n - 1, n - 1), limit=limit, minima=NONE)

    assert (enough.decidable, enough.presentations_needed) == (True, n)
    assert (short.decidable, short.presentations_missing) == (False, 1)


def test_the_best_case_is_asked_at_the_fractional_size_that_a_verdict_takes() -> None:
    data = PlannedData(300, 300, known_design_effect=300 / 298.5)

    line = plan_unseen(data, limit=0.01, minima=NONE)

    assert line.decidable
    assert rate_power(298.5, 0.0, 0.01, 0.05) == 0


@pytest.mark.parametrize(("n", "limit"), [(299, 0.01), (500, 0.03), (60, 0.05), (5000, 0.07)])
def test_the_largest_rate_that_passes_has_exactly_the_power(n: int, limit: float) -> None:
    rate = largest_rate(n, limit, 0.05, 0.8) or 0.0

    assert rate_power(n, rate, limit, 0.05) == pytest.approx(0.8)
    assert rate < limit


def test_a_sample_that_passes_with_no_rate_at_all_tells_nothing_apart() -> None:
    assert largest_rate(298, 0.01, 0.05, 0.8) is None


def test_the_largest_rate_passes_as_often_as_it_says() -> None:
    rate = largest_rate(500, 0.03, 0.05, 0.8) or 0.0
    errors = np.random.default_rng(20261126).binomial(500, rate, size=20_000)

    passed = stats.beta.ppf(0.95, errors + 1, 500 - errors) <= 0.03

    assert float(np.mean(passed)) == pytest.approx(0.8, abs=0.01)


def test_beyond_the_smallest_size_the_next_one_with_the_power_is_found() -> None:
    first = rate_size(0.02, 0.05, 0.05, 0.8) or 0
    dips = [n for n in range(first, first + 200) if rate_power(n, 0.02, 0.05, 0.05) < 0.8]

    found = rate_size(0.02, 0.05, 0.05, 0.8, at_least=dips[0]) or 0

    assert found > dips[0] > first
    assert rate_power(found, 0.02, 0.05, 0.05) >= 0.8
    assert all(rate_power(n, 0.02, 0.05, 0.05) < 0.8 for n in range(dips[0], found))


def test_a_plan_in_a_dip_of_the_power_says_how_many_more() -> None:
    first = rate_size(0.02, 0.05, 0.05, 0.8) or 0
    dip = next(n for n in range(first, first + 200) if rate_power(n, 0.02, 0.05, 0.05) < 0.8)

    line = plan_rate(PlannedData(dip, dip), rate=0.02, limit=0.05, minima=NONE)

    assert not line.decidable
    assert (line.subjects_missing or 0) > 0


def test_arms_of_their_own_need_about_the_published_sizes() -> None:
    chow = plan_independent(PlannedData(9, 9), rate=0.35, difference=-0.20, margin=0.10, minima=NONE)
    equal = plan_independent(PlannedData(9, 9), rate=0.20, difference=0.0, margin=0.10, minima=NONE)

    assert chow.subjects_needed == 24  # Chow, Shao, Wang 2008, 4.2, by the normal formula: 25
    assert equal.subjects_needed == 197  # by the normal formula: 198


def test_arms_without_an_error_need_what_their_bound_needs() -> None:
    line = plan_independent(PlannedData(9, 9), rate=0.0, difference=0.0, margin=0.10, minima=NONE)
    many = line.subjects_needed or 0

    enough, short = (bound_rate(independent_rate(0, n), ClusterPlan()) for n in (many, many - 1))

    assert (compare_independent(enough, enough).upper or 1) <= 0.10
    assert (compare_independent(short, short).upper or 0) > 0.10
