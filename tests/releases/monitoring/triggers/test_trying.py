"""What a back-test refuses, by the field that does not fit."""

from typing import Any

import pytest

from governance.errors import InvalidInput
from releases.monitoring.triggers.trying import rows_of_csv, try_on_series

NOON = "2026-10-01T12:00:00Z"
LATER = "2026-10-01T12:05:00Z"
P95 = {"kind": "quantile", "limit": 400, "test": "immediate"}
SHARE = {"kind": "threshold", "metric": "error", "limit": 0.1, "test": "immediate"}
GOOD = [{"at": NOON, "value": 1}]


def refused(trigger: Any, series: Any, incidents: Any = (), tests: int = 1) -> str:
    with pytest.raises(InvalidInput) as caught:
        try_on_series(trigger, series, incidents, tests=tests)
    return caught.value.field_errors[0].field


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"at": "yesterday", "value": 1}, "series[0].at"),
        ({"at": "2026-10-01T00:00:00", "value": 1}, "series[0].at"),
        ({"at": NOON, "value": "fast"}, "series[0].value"),
        ({"at": NOON, "value": float("nan")}, "series[0].value"),
        ({"at": NOON}, "series[0].value"),
        ({"at": NOON, "value": 1, "mood": 2}, "series[0].mood"),
    ],
)
def test_a_window_that_does_not_fit_is_named(row: dict[str, Any], field: str) -> None:
    assert refused(P95, [row]) == field


def test_a_window_that_stands_twice_is_named() -> None:
    assert refused(P95, [*GOOD, {"at": "2026-10-01T14:00:00+02:00", "value": 2}]) == "series[1].at"


def test_counts_that_cannot_be_are_named() -> None:
    assert refused(SHARE, [{"at": NOON, "subjects": 1, "events": 2}]) == "series[0]"
    assert refused(SHARE, [{"at": NOON, "subjects": -1}]) == "series[0].subjects"
    assert refused(SHARE, GOOD) == "series[0].value"


@pytest.mark.parametrize(
    ("trigger", "field"),
    [
        ({}, "trigger.kind"),
        ({"kind": "event"}, "trigger.kind"),
        ({**P95, "limit": -1}, "trigger.limit"),
        ({**P95, "test": "bound"}, "trigger"),
        ([], "trigger"),
    ],
)
def test_a_trigger_that_cannot_be_tried_is_named(trigger: Any, field: str) -> None:
    assert refused(trigger, GOOD) == field


def test_an_empty_span_and_too_many_tests_are_named() -> None:
    assert refused(P95, GOOD, [{"began_at": LATER, "ended_at": NOON}]) == "incidents[0]"
    assert refused(P95, GOOD, tests=0) == "tests"
    assert refused(P95, []) == "series"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "csv"),
        ("time,value\n1,2", "csv"),
        (f"at,value\n{NOON},fast", "csv[0].value"),
        (f"at,value\n{NOON},1,2", "csv[0]"),
        (f'at,value\n{NOON},"{"1" * 140_000}"', "csv"),
    ],
)
def test_a_csv_that_does_not_fit_is_named(text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rows_of_csv(text)

    assert caught.value.field_errors[0].field == field


def test_a_csv_with_a_byte_order_mark_old_ends_of_lines_and_empty_fields_is_read() -> None:
    found = rows_of_csv(f"\ufeffat,subjects,events,control_subjects\r{NOON},10,1,\r")

    assert found == [{"at": NOON, "subjects": 10, "events": 1.0}]


def test_a_window_that_ended_when_the_trouble_began_does_not_tell_of_it() -> None:
    series = [{"at": f"2026-10-01T12:{minute:02}:00Z", "value": 500} for minute in (0, 5)]
    span = {"began_at": "2026-10-01T12:10:00Z", "ended_at": "2026-10-01T12:20:00Z"}

    found = try_on_series(P95, series, [span])

    assert (len(found.compared.missed), len(found.compared.false_alarms)) == (1, 1)
