"""Comparing counts: limits by people, categories that stay comparable, bins merged from a histogram."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.monitoring.drift.comparing import (
    MOST_CATEGORIES,
    OTHER,
    Side,
    aligned,
    compare_ordered,
    compare_shares,
    counts_in,
    merged,
    why_not,
)

COUNTS = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 1000), min_size=1, max_size=60)


def test_the_same_counts_have_not_moved() -> None:
    side = Side((100,) * 10, 500)

    found = compare_ordered(side, side)

    assert (found.psi, found.ks, found.moved) == (0.0, 0.0, False)


def test_the_limit_grows_where_few_people_stand_behind_many_captures() -> None:
    before, now = Side((100,) * 10, 1000), Side((160, 40, 100, 100, 100, 100, 100, 100, 100, 100), 1000)

    many = compare_shares(before, now)
    few = compare_shares(Side(before.counts, 60), Side(now.counts, 60))

    assert many.psi == few.psi
    assert many.limit == 0.1
    assert few.limit == pytest.approx((1 / 60 + 1 / 60) * 16.919, abs=1e-3)


def test_a_clear_shift_lies_above_its_limit() -> None:
    found = compare_ordered(Side((100,) * 10, 900), Side((0, 0, 0, 50, 50, 100, 200, 200, 200, 200), 900))

    assert found.moved
    assert found.ks_p_value is not None
    assert found.ks_p_value < 1e-6


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (Side((100,), 100), Side((100,), 100), "of one kind"),
        (Side((100, 100), 49), Side((100, 100), 100), "reference holds 49 people"),
        (Side((100, 100), 100), Side((10, 10), 20), "period holds 20 people"),
        (Side((100, 100), 100), Side((0, 0), 0), "period holds 0 people"),
        (Side((100, 100), 100), Side((100, 100), 100), ""),
    ],
    ids=["one bin", "small reference", "small period", "nothing", "enough"],
)
def test_too_few_people_are_no_finding(before: Side, now: Side, said: str) -> None:
    found = why_not(before, now)

    assert said in found
    assert bool(said) == bool(found)


@given(COUNTS, COUNTS)
def test_aligned_categories_lose_no_decision(before: Mapping[str, int], now: Mapping[str, int]) -> None:
    names = aligned(before, now)

    assert len(names) <= MOST_CATEGORIES
    assert sum(counts_in(names, before)) == sum(before.values())
    assert sum(counts_in(names, now)) == sum(now.values())


def test_rare_categories_stand_together() -> None:
    before = {f"device-{number}": 100 - number for number in range(30)}

    names = aligned(before, {"device-29": 1})

    assert names[-1] == OTHER
    assert counts_in(names, {"device-29": 1}) == (0,) * (MOST_CATEGORIES - 1) + (1,)


@given(st.lists(st.integers(0, 50), min_size=48, max_size=48))
def test_merged_edges_are_some_of_the_fine_ones_and_rise(counts: list[int]) -> None:
    fine = [place / 48 for place in range(1, 48)]

    edges = merged(fine, counts)

    assert set(edges) <= set(fine)
    assert list(edges) == sorted(set(edges))
    assert len(edges) <= 10


def test_ten_bins_of_an_even_histogram_hold_a_tenth_each() -> None:
    fine = [place / 50 for place in range(1, 50)]

    edges = merged(fine, [7] * 50)

    assert edges == tuple(place / 10 for place in range(1, 10))
