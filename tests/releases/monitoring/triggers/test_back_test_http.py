"""Back-tests over HTTP: on a series that is sent, on CSV, on what a rollout counted; and what is refused."""

from typing import Any

import pytest
import time_machine

from governance.ledger.models import Entry
from tests.factories.http import signed_in
from tests.factories.watched import RETRY, closed, counted, watched
from tests.factories.worlds import Prepared

ADDRESS = "/api/v1/triggers/back-test/"
P95 = {"kind": "quantile", "limit": 400, "test": "immediate"}
SHARE = {"kind": "threshold", "metric": "error", "limit": 0.1, "test": "immediate"}


def times(count: int) -> list[str]:
    return [f"2026-10-01T{place // 12:02}:{place % 12 * 5:02}:00Z" for place in range(count)]


def series(*values: float) -> list[dict[str, Any]]:
    return [{"at": at, "value": value} for at, value in zip(times(len(values)), values, strict=True)]


def sent(prepared: Prepared, **body: Any) -> Any:
    client = signed_in(prepared.here.cast.auditor)
    return client.post(ADDRESS, {"trigger": P95, **body}, content_type="application/json")


def test_a_series_is_judged_and_held_against_what_is_known(prepared: Prepared) -> None:
    values = [300, 500, 300, 450, 460, 300, 300, 300, 410, 420, 300, 300]
    incidents = [
        {"began_at": times(12)[3], "ended_at": times(12)[5], "name": "deploy"},
        {"began_at": times(12)[6], "ended_at": times(12)[7], "name": "unseen"},
    ]

    found = sent(prepared, series=series(*values), incidents=incidents).json()

    assert found["sentence"] == (
        "12 windows: it fired twice. 1 of 2 known incidents were detected, 1 alarm was false."
    )
    assert [(one["name"], one["delay_seconds"]) for one in found["detected"]] == [("deploy", 600.0)]
    assert [one["name"] for one in found["missed"]] == ["unseen"]
    assert [one["began_at"] for one in found["false_alarms"]] == ["2026-10-01T00:50:00Z"]
    assert [one["phase"] for one in found["steps"][3:7]] == ["inactive", "firing", "recovering", "inactive"]


def test_a_back_test_records_nothing(prepared: Prepared) -> None:
    before = Entry.objects.count()

    sent(prepared, series=series(500, 500))

    assert Entry.objects.count() == before


def test_csv_with_the_same_columns_does_as_well(prepared: Prepared) -> None:
    lines = [f"{at},100,{events}" for at, events in zip(times(3), (5, 30, 2), strict=True)]

    found = sent(prepared, trigger=SHARE, csv="\n".join(["at,subjects,events", *lines])).json()

    assert [one["judgement"] for one in found["steps"]] == ["clear", "breach", "clear"]


def test_what_a_rollout_counted_can_be_tried_with_another_limit(prepared: Prepared) -> None:
    deployment = watched(prepared.here, RETRY)
    counted(deployment, 0, (200, 60), (200, 14))
    trigger = {"kind": "vs_control", "metric": "retry", "effect_floor": 0.3}
    strict = {**trigger, "effect_floor": 0.02}

    with time_machine.travel(closed(deployment, 0), tick=False):
        answers = [
            sent(prepared, trigger=one, deployment=str(deployment.id)).json() for one in (trigger, strict)
        ]

    assert [[step["judgement"] for step in one["steps"]] for one in answers] == [["clear"], ["breach"]]


def test_another_systems_rollout_cannot_be_tried(prepared: Prepared) -> None:
    answer = sent(prepared, deployment="01a216c6-34fd-7014-a628-7ab778d83734")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "deployment"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "series"),
        ({"series": series(1), "csv": "at,value"}, "series"),
        ({"series": [{"at": times(1)[0], "value": "fast"}]}, "series[0].value"),
        ({"series": series(1), "tests": 0}, "tests"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_its_field(
    prepared: Prepared, body: dict[str, Any], field: str
) -> None:
    answer = sent(prepared, **body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
