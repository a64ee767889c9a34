"""Counted windows as a trigger sees them."""

from datetime import timedelta

import pytest

from releases.bundles.arms import Arm
from releases.monitoring.triggers.judgements import CannotJudge
from releases.monitoring.triggers.series import Cut, windows_of
from releases.monitoring.vocabulary.series import WINDOW, Metric, WindowCounts
from tests.factories.triggers import at, row

NAN = float("nan")


def is_candidate(found: WindowCounts) -> bool:
    return found.arm is Arm.CANDIDATE


def cut(width: timedelta = WINDOW, *, label_lag: timedelta = timedelta()) -> Cut:
    return Cut("retry", "", width, timedelta(minutes=2), label_lag, is_candidate)


def test_both_arms_of_a_window_stand_side_by_side_and_others_are_left_out() -> None:
    rows = [
        row(0),
        row(0, Arm.CONTROL, subjects=12),
        row(0, Arm.STABLE, subjects=500),
        row(0, metric=Metric.ERROR, subjects=99),
        row(0, segment="tone_6", subjects=98),
    ]

    (found,) = windows_of(rows, cut(), at(9))

    assert (found.ours.subjects, found.control.subjects) == (10, 12)


def test_windows_are_added_up_to_the_width_of_the_trigger() -> None:
    found = windows_of([row(place) for place in range(6)], cut(WINDOW * 3), at(9))

    assert [window.ours.subjects for window in found] == [30, 30]


def test_a_wide_window_waits_until_all_of_it_is_over() -> None:
    found = windows_of([row(place) for place in range(5)], cut(WINDOW * 3), at(4) + timedelta(minutes=2))

    assert [window.ours.subjects for window in found] == [30]


def test_a_window_waits_for_what_is_late_and_for_its_labels() -> None:
    rows = [row(0)]

    assert windows_of(rows, cut(), at(0) + timedelta(minutes=1)) == []
    assert len(windows_of(rows, cut(), at(0) + timedelta(minutes=2))) == 1
    assert windows_of(rows, cut(label_lag=timedelta(hours=1)), at(0) + timedelta(minutes=59)) == []


def test_a_window_that_is_still_open_is_left_out() -> None:
    assert windows_of([row(0, closed=False)], cut(), at(9)) == []


def test_a_window_that_nobody_counted_is_absent_and_no_zero() -> None:
    found = windows_of([row(0), row(2)], cut(), at(9))

    assert [window.ends_at for window in found] == [at(0), at(2)]


@pytest.mark.parametrize(
    "bad",
    [
        row(0, events=NAN),
        row(0, events=float("inf")),
        row(0, events=-1.0),
        row(0, events=11.0),
        row(0, captures=-1),
        row(0, captures=3, capture_events=4),
    ],
    ids=["nan", "infinite", "negative", "more than subjects", "negative captures", "more than captures"],
)
def test_counts_that_cannot_be_are_refused(bad: WindowCounts) -> None:
    with pytest.raises(CannotJudge, match="cannot be"):
        windows_of([bad], cut(), at(9))


def test_late_data_change_the_mark_of_a_window() -> None:
    before = windows_of([row(0)], cut(), at(9))[0].mark

    assert windows_of([row(0, version=2)], cut(), at(9))[0].mark != before
