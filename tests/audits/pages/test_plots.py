"""Coordinates of the pictures."""

import pytest

from audits.pages.plots import (
    Axis,
    Interval,
    axis_for,
    difference_ticks,
    interval,
    limit_text,
    nice_step,
    share_done,
    signed,
)


@pytest.mark.parametrize(
    ("value", "x"), [(-60, 0.0), (0, 60.0), (7, 67.0), (40, 100.0), (-80, 0.0), (90, 100.0)]
)
def test_a_value_stands_at_its_share_of_the_axis_and_at_the_edge_beyond_it(value: float, x: float) -> None:
    assert Axis(-60, 40).x(value) == x


@pytest.mark.parametrize(
    ("span", "step"), [(100, 20), (40, 5), (16, 2), (8, 1), (0.8, 0.1), (700, 100), (0, 1.0), (3, 0.5)]
)
def test_the_step_is_one_two_or_five_times_a_power_of_ten(span: float, step: float) -> None:
    assert nice_step(span) == pytest.approx(step)


def test_an_axis_holds_zero_and_every_bound_on_round_ticks() -> None:
    axis = axis_for([8.4, 33.7, 7.0])

    assert (axis.low, axis.high) == (0, 35)
    assert [tick.label for tick in difference_ticks(axis)] == [
        "0", "+5", "+10", "+15", "+20", "+25", "+30", "+35",
    ]  # fmt: skip
    assert difference_ticks(axis)[-1].x == 100


def test_one_huge_bound_does_not_squeeze_all_others() -> None:
    axis = axis_for([-95, 12])

    assert axis.low == -60


def test_an_axis_of_equal_values_has_a_length() -> None:
    axis = axis_for([0.0])

    assert axis.high > axis.low


def test_an_interval_tells_where_the_axis_cut_it_off() -> None:
    drawn = interval(Axis(-60, 40), -87.9, 36.2, -50)

    assert drawn == Interval(left=0, right=96.2, point=10, cut_left=True, cut_right=False)


def test_no_bounds_no_interval() -> None:
    assert interval(Axis(0, 1), None, 0.5, 0.2) is None


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(7, 0, "+7"), (-0.3, 1, "−0.3"), (-0.04, 1, "0.0"), (0, 0, "0"), (20.69, 1, "+20.7")],
)
def test_a_difference_is_written_with_its_sign(value: float, digits: int, text: str) -> None:
    assert signed(value, digits) == text


@pytest.mark.parametrize(
    ("value", "is_difference", "text"),
    [(7.000000000000001, True, "+7"), (45.0, False, "45"), (7.5, True, "+7.5")],
)
def test_a_limit_is_written_as_it_was_stated(value: float, is_difference: bool, text: str) -> None:
    assert limit_text(value, is_difference=is_difference) == text


@pytest.mark.parametrize(("done", "total", "percent"), [(0, 0, 0), (3, 10, 30), (10, 10, 100), (12, 10, 100)])
def test_progress_is_a_whole_percentage(done: int, total: int, percent: int) -> None:
    assert share_done(done, total) == percent
