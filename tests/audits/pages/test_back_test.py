"""The page of a back-test, and its picture."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audits.pages.series_plot import MOST_COLUMNS, Point, series_plot
from tests.factories.cast import Cast
from tests.factories.http import signed_in

T0 = datetime(2026, 10, 1, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
KNOWN = "2026-10-01T00:10Z to 2026-10-01T00:20Z deploy"


def csv(*values: float) -> str:
    lines = [f"{(T0 + WINDOW * place).isoformat()},{value}" for place, value in enumerate(values)]
    return "\n".join(["at,value", *lines])


def sent(team: Cast, text: str, **fields: Any) -> str:
    file = SimpleUploadedFile("series.csv", text.encode(), content_type="text/csv")
    given = {"trigger": "p95_latency", "windows": "sent", "limit": "400", "file": file, **fields}
    response = signed_in(team.auditor).post(reverse("admin:back_test"), given)
    assert response.status_code == 200
    return response.content.decode()


def test_a_file_is_tried_against_what_is_known(team: Cast) -> None:
    page = sent(team, csv(300, 310, 500, 510, 300, 300), incidents=KNOWN)

    assert "6 windows: it fired once. 1 of 1 known incidents were detected, no alarm was false." in page
    assert "p95 latency 510 ms, limit 400 ms; above in 2 of the last 2 windows." in page
    assert "cs-firedband" in page


def test_the_limit_may_come_from_the_first_hours_which_are_left_out(team: Cast) -> None:
    page = sent(team, csv(*[100] * 12, 105, 300, 310), limit="", quiet_hours="1")

    assert "3 windows: it fired once." in page
    assert "Limit 100." in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"limit": ""}, "State a limit, or take it from the first hours of a file."),
        ({"file": ""}, "Choose a file, or a rollout whose windows were counted."),
        ({"incidents": "yesterday"}, "“yesterday” is no span."),
        ({"breaches": "3", "of_windows": "2"}, "3 breaches cannot be seen in 2 windows"),
        ({"trigger": "spoof_acceptance"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_tried_is_said_on_the_page(team: Cast, fields: dict[str, Any], said: str) -> None:
    assert said in sent(team, csv(300, 310), **fields)


def test_a_file_that_is_no_series_is_said_on_the_page(team: Cast) -> None:
    assert "the first line names columns" in sent(team, "time;value\n1;2")


def test_a_long_series_keeps_its_peaks() -> None:
    points = [Point(T0 + WINDOW * n, 1000.0 if n == 4321 else 1.0) for n in range(20_000)]

    plot = series_plot(points, [], [], label="long")

    assert plot is not None
    heights = [float(pair.split(",")[1]) for pair in plot.value.split()]
    assert len(heights) <= 2 * MOST_COLUMNS + 2
    assert min(heights) < 20


def test_one_window_makes_no_picture() -> None:
    assert series_plot([Point(T0, 1.0)], [], [], label="one") is None
