"""The coordinates of a trigger's chart: what is drawn where, and that what was not read is never drawn."""

import itertools
import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from audits.pages.chart_scales import ALARM_AT, APART, meter_of, scale_of, spread, time_marks
from audits.pages.trigger_charts import Chart, Names, Reading, Span, chart_of
from audits.pages.trigger_facts import MOST_POINTS, step_of
from releases.monitoring.vocabulary.series import WINDOW

T0 = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
NAMES = Names("v2", "v1", "limit", lambda value: f"{value:g} ms", lambda value: f"{value:g}")


def at(place: int) -> datetime:
    return T0 + WINDOW * (place + 1)


def drawn(*readings: Reading, until: int = 0, names: Names = NAMES) -> Chart:
    last = at(until) if until else readings[-1].at
    chart = chart_of(readings, Span(T0, last, WINDOW), names, height=100.0)
    assert chart is not None
    return chart


def read(place: int, value: float | None, **more: float | bool | None) -> Reading:
    return Reading(at(place), value, **more)  # type: ignore[arg-type]  # control, limit or is_breach


def test_without_a_value_there_is_no_chart() -> None:
    span = Span(T0, at(3), WINDOW)

    assert chart_of([], span, NAMES) is None
    assert chart_of([read(0, None)], span, NAMES) is None


def test_windows_one_after_another_are_one_line_from_edge_to_edge() -> None:
    chart = drawn(read(0, 100.0), read(1, 200.0), read(2, 100.0), read(3, 0.0))

    (series,) = chart.series
    assert (series.look, series.dots) == ("candidate", ())
    assert series.lines == ("250,53 500,6 750,53 1000,100",)
    assert chart.gaps == ()


def test_a_window_without_data_breaks_the_line_and_is_marked() -> None:
    chart = drawn(read(0, 100.0), read(1, 100.0), read(6, 100.0), read(7, 100.0))

    (series,) = chart.series
    assert len(series.lines) == 2
    assert [(gap.x, gap.width, gap.text) for gap in chart.gaps] == [(25.0, 50.0, "no data")]
    assert "1 span without data." in chart.label


def test_silence_before_the_first_window_and_after_the_last_is_marked_too() -> None:
    chart = drawn(read(4, 1.0), read(5, 1.0), until=9)

    assert [(gap.x, gap.width) for gap in chart.gaps] == [(0.0, 40.0), (60.0, 40.0)]


def test_a_window_that_may_still_be_judged_is_not_missing() -> None:
    span = Span(T0, at(3) + timedelta(minutes=6), WINDOW, patience=timedelta(minutes=2))

    chart = chart_of([read(place, 1.0) for place in range(4)], span, NAMES)

    assert chart is not None
    assert chart.gaps == ()


def test_a_single_window_between_two_silences_is_a_dot_and_no_line() -> None:
    chart = drawn(read(0, 1.0), read(1, 1.0), read(4, 1.0), read(8, 1.0), read(9, 1.0))

    (series,) = chart.series
    assert [x for x, _ in series.dots] == [50.0]
    assert len(series.lines) == 2


def test_breaches_are_marked_and_their_windows_shaded_from_beginning_to_end() -> None:
    chart = drawn(
        read(0, 100.0, limit=400.0),
        read(1, 450.0, limit=400.0, is_breach=True),
        read(2, 500.0, limit=400.0, is_breach=True),
        read(3, 300.0, limit=400.0),
    )

    assert [(one.x, one.width) for one in chart.over] == [(25.0, 50.0)]
    assert [x for x, _ in chart.breaches] == [50.0, 75.0]
    assert "2 of them over the limit" in chart.label


def test_a_fixed_limit_is_a_line_with_what_is_worse_above_it() -> None:
    chart = drawn(read(0, 300.0, limit=400.0), read(1, 500.0, limit=400.0))

    assert chart.limit_y is not None
    assert 6 < chart.limit_y < min(y for _, y in [(0, 100.0)])
    assert chart.top == chart.limit_y - 6
    assert [tag.look for tag in chart.tags] == ["candidate", "limit"]


def test_what_is_allowed_on_average_is_drawn_as_no_limit_of_a_window() -> None:
    names = Names("v2", "v1", "allowed", lambda value: f"{value:g} %", lambda value: f"{value:g}", False)

    chart = drawn(read(0, 9.0, control=7.0, limit=9.0), read(1, 8.0, control=7.0, limit=9.1), names=names)

    assert chart.limit_y is None
    assert [one.look for one in chart.series] == ["allowed", "live", "candidate"]


def test_the_label_says_both_sides_and_the_limit() -> None:
    chart = drawn(read(0, 300.0, control=277.0, limit=400.0), read(1, 426.0, control=277.0, limit=400.0))

    assert chart.label == (
        "2 windows until 2 Nov, 08:10 UTC: the newest v2 426 ms and v1 277 ms, limit 400 ms. "
        "None of them over the limit."
    )


def test_an_interval_of_the_gate_is_a_band() -> None:
    names = Names("v2", "v1", "limit", str, str, True, (10.0, 20.0))

    chart = drawn(read(0, 0.0, limit=20.0), read(1, 15.0, limit=20.0), names=names)

    assert chart.band == (6.0, 53.0)
    assert chart.band_height == 47.0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_every_value_has_a_place_inside_the_picture(values: list[float]) -> None:
    scale = scale_of(values, 100.0, top=6.0)

    heights = [scale.y(value) for value in values]

    assert all(6.0 <= y <= 100.0 for y in heights)
    assert 2 <= len(list(scale.levels(str))) <= 12


@given(st.lists(st.floats(0, 150), max_size=5))
def test_labels_that_have_room_are_moved_apart(places: list[float]) -> None:
    found = spread(sorted(places), low=0.0, high=200.0)

    assert all(b - a >= APART - 0.11 for a, b in itertools.pairwise(found))


@given(st.integers(1, 60 * 24 * 60))
def test_marks_of_time_are_few_and_in_order(minutes: int) -> None:
    until = T0 + timedelta(minutes=minutes)

    marks = list(time_marks(T0, until, Span(T0, until, WINDOW).x))

    assert len(marks) <= 8
    assert [one.x for one in marks] == sorted(one.x for one in marks)


@given(st.integers(1, 90 * 24 * 12))
def test_no_stretch_takes_more_points_than_are_drawn(windows: int) -> None:
    since, until = T0, T0 + windows * WINDOW

    step = step_of(since, until)

    assert (until - since) / step + 1 <= MOST_POINTS
    assert step % WINDOW == timedelta()


def test_evidence_stands_on_a_logarithmic_scale_up_to_its_alarm() -> None:
    alarm = math.log(160)

    nothing, little, much, over = (meter_of(math.log(e), alarm, "") for e in (0.001, 2.0, 159.0, 1e9))

    assert (nothing.look, nothing.width) == ("pass", 1.5)
    assert (little.look, much.look, over.look) == ("inc", "inc", "fail")
    assert little.one < little.width < much.width < ALARM_AT < over.width
    assert over.width == 100.0
