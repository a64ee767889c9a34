"""The DET picture: places on normal-deviate axes, checked by hand."""

import pytest

from audits.pages.det import Point, Trace, det, labelled, path_of, point_of
from audits.pages.probit import FAR, LEAST_SPAN, Frame, ProbitAxis, axis_of, probit
from tests.audits.pages.figures import FEW, MASK, NAMES, band, rate, stack

SQUARE, AXIS = Frame(100, 100), ProbitAxis(-2, 2)


@pytest.mark.parametrize(
    ("share", "place"),
    [(0.5, 0.0), (0.158655, -1.0), (0.841345, 1.0), (0.022750, -2.0), (0.0, -FAR), (1.0, FAR), (1e-9, -FAR)],
)
def test_a_share_stands_at_its_normal_quantile_and_zero_and_one_at_the_edge(
    share: float, place: float
) -> None:
    assert probit(share) == pytest.approx(place, abs=1e-4)


@pytest.mark.parametrize(
    ("value", "x", "y"), [(-2, 0, 100), (0, 50, 50), (1, 75, 25), (2, 100, 0), (9, 100, 0)]
)
def test_places_run_to_the_right_and_upwards_and_stop_at_the_frame(value: float, x: float, y: float) -> None:
    assert (SQUARE.x(AXIS, value), SQUARE.y(AXIS, value)) == (x, y)


def test_an_axis_is_never_so_short_that_noise_fills_it() -> None:
    axis = axis_of([0.3, 0.31])

    assert axis.high - axis.low == pytest.approx(LEAST_SPAN)
    assert axis.low + axis.high == pytest.approx(0.61)


def test_ticks_are_shares_in_percent_whose_labels_do_not_touch() -> None:
    ticks = ProbitAxis(-2.4, 0.1).ticks(250, 26)

    assert [text for _, text in ticks] == ["1", "2", "5", "10", "20", "40"]
    assert ticks[0][0] == pytest.approx(250 * (-2.3263 + 2.4) / 2.5, abs=0.1)


def test_vertices_at_the_same_pixel_are_drawn_once() -> None:
    assert path_of(SQUARE, AXIS, AXIS, [(0, 0), (0.0001, 0), (1, -1), (1, -1)]) == "50,50 75,75"


def test_an_operating_point_has_the_bounds_of_both_rates() -> None:
    bpcer = rate(1000, 500, 0.158655, 0.841345)
    apcer = rate(1000, 500, 0.022750, 0.977250)

    point = point_of(SQUARE, AXIS, AXIS, bpcer, apcer)

    assert (point.x, point.y) == (50, 50)
    assert (point.left, point.right) == (25, 75)
    assert (point.top, point.bottom) == (0, 100)
    assert point.numbers == "50.0 % · 50.0 %"


def test_no_error_and_nothing_but_errors_stand_at_half_an_error_as_on_the_curve() -> None:
    point = point_of(SQUARE, AXIS, AXIS, rate(11, 0, 0.0, 0.2), rate(11, 11, 0.8, 1.0))

    assert (point.x, point.y) == (SQUARE.x(AXIS, probit(0.5 / 11)), SQUARE.y(AXIS, probit(1 - 0.5 / 11)))
    assert (point.left, point.top) == (0, 0)


def test_a_rate_without_bounds_has_a_point_all_the_same() -> None:
    point = point_of(SQUARE, AXIS, AXIS, rate(10, 5, None, None), rate(10, 5, None, None))

    assert (point.left, point.right, point.top, point.bottom) == (None, None, None, None)


def test_labels_stand_where_curves_leave_room_and_apart_from_each_other() -> None:
    near = [
        Trace(look, look, "", Point(x, 150, None, None, None, None, ""))
        for look, x in (("a", 120), ("b", 130))
    ]

    inner, outer = labelled(Frame(274, 262), near)

    assert inner.point is not None
    assert outer.point is not None
    assert (inner.point.anchor, inner.point.label_x, inner.point.label_y) == ("end", 111, 170)
    assert (outer.point.anchor, outer.point.label_x, outer.point.label_y) == ("start", 139, 130)


def test_the_candidate_is_drawn_last_and_the_picture_says_what_it_shows() -> None:
    found = det([stack(), stack("baseline")], NAMES)

    assert found is not None
    assert [trace.look for trace in found.traces] == ["live", "candidate"]
    assert found.label.startswith(
        "DET curve. new refuses 5.0 % of genuine users (at least 2.0 %, at most 10.0 %) and accepts "
        "50.0 % of its worst species, mask (at least 40.0 %, at most 60.0 %). old refuses"
    )


def test_the_bounds_of_the_worst_species_are_its_own_also_where_another_has_a_higher_one() -> None:
    few = rate(20, 8, 0.2, 0.75)
    highest = {**MASK, "species": "mask", "upper": 0.75}
    given = stack(
        species={"mask": MASK, "replay": few},
        judged=["mask", "replay"],
        point={"apcer": highest, "bpcer": stack()["bpcer"]},
    )

    found = det([given], NAMES)

    assert found is not None
    assert "its worst species, mask (at least 40.0 %, at most 60.0 %)" in found.label
    assert found.rows[0][-1] == "2.0 to 10.0 % and 40.0 to 60.0 %"


def test_species_with_too_few_are_left_out_and_named() -> None:
    found = det([stack()], NAMES)

    assert found is not None
    assert [small.name for small in found.smalls] == ["mask", "print low"]
    assert found.notes == ("Left out, too few for a statement: makeup.",)


def test_a_point_off_its_curve_says_why() -> None:
    odd = stack(bands=[band(), band(channel="ios")], by_transaction=True)

    found = det([odd], NAMES)

    assert found is not None
    assert "new decides by 2 bands, so its point lies off its curve." in found.notes
    assert "The point of new counts transactions, its curve single captures." in found.notes


def test_the_table_behind_begins_with_the_operating_point() -> None:
    found = det([stack()], NAMES)

    assert found is not None
    assert found.rows[0] == (
        "new",
        "its threshold, worst: mask",
        "5.00 %",
        "50.00 %",
        "2.0 to 10.0 % and 40.0 to 60.0 %",
    )
    assert found.rows[1][2:4] == ("50.00 %", "15.87 %")


def test_without_a_curve_there_is_no_picture() -> None:
    assert det([stack(curve=[], species={"makeup": FEW}, judged=[], curves={}, point=None)], NAMES) is None
    assert det([], NAMES) is None
