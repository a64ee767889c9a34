"""Windows that the decision service counted itself: stored once, under what was assigned then."""

import base64
import json
from typing import Any

import pytest
import time_machine
from django.test import Client

from governance.access.roles import Scope
from governance.ledger.canonical import digest_of
from governance.ledger.models import Entry
from releases.bundles.arms import Arm
from releases.monitoring.vocabulary.series import Metric
from releases.monitoring.vocabulary.sketches import quantile_of, sketch_of
from releases.monitoring.windows.models import Observation, ObservationBatch
from releases.monitoring.windows.queries import counts_of, latest_decision_at
from releases.rollouts.models import Deployment
from tests.factories.http import Answer, signed_in, with_token
from tests.factories.rollouts import paused, planned, resumed, through
from tests.factories.windows import counted, decided, subjects_in
from tests.factories.worlds import Prepared
from tests.releases.monitoring.windows.conftest import GUARDED, NOON, minutes

URL = "/api/v1/observations/"


@pytest.fixture
def reporter(prepared: Prepared, deployment: Deployment, clock: time_machine.Traveller) -> Client:
    """The decision service with its token, when the first five minutes are over."""
    clock.move_to(minutes(5))
    return with_token(prepared.here.cast.integration, Scope.READ, Scope.DECISIONS)


@pytest.fixture
def good(deployment: Deployment) -> dict[str, Any]:
    """What can be reported of the candidate's first five minutes."""
    return {
        "channel": str(deployment.channel_id),
        "release": str(deployment.release_id),
        "arm": "candidate",
        "metric": "retry",
        "window": [minutes(0).isoformat(), minutes(5).isoformat()],
        "n": 40,
        "events": 2.5,
    }


def post(client: Client, *documents: dict[str, Any]) -> Answer:
    data = "".join(f"{json.dumps(one)}\n" for one in documents).encode()
    return client.post(URL, data, content_type="application/x-ndjson")


def test_a_window_counts_like_one_of_decisions(
    deployment: Deployment, reporter: Client, good: dict[str, Any]
) -> None:
    answer = reporter.post(URL, good, content_type="application/json")

    (row,) = counts_of(deployment, since=NOON, until=minutes(60), at=minutes(7))
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1), answer.content
    assert (row.starts_at, row.arm, row.revision) == (NOON, Arm.CANDIDATE, deployment.revision_id)
    assert (row.subjects, row.events, row.metric, row.closed) == (40, 2.5, Metric.RETRY, True)
    assert latest_decision_at(deployment.channel) == minutes(5)


def test_the_entry_holds_the_digest_of_what_was_stored(
    deployment: Deployment, reporter: Client, good: dict[str, Any]
) -> None:
    post(reporter, good, {**good, "metric": "error"})

    batch = ObservationBatch.objects.get()
    entry = Entry.objects.get(id=batch.entry_id)
    rows = batch.observations.order_by("id").values_list("line_digest", flat=True)
    assert entry.document["refs"]["observations"] == batch.digest == digest_of(list(rows))
    assert (entry.stream, entry.document["after"]["observations"]) == (deployment.channel.stream(), 2)


def test_the_same_again_is_a_duplicate_and_other_figures_are_refused(
    reporter: Client, good: dict[str, Any]
) -> None:
    reporter.post(URL, good, content_type="application/json")

    answer = post(reporter, good, {**good, "n": 41})
    alone = reporter.post(URL, {**good, "n": 41}, content_type="application/json")

    assert (answer.status_code, answer.json()["duplicates"]) == (207, 1)
    assert [one["code"] for one in answer.json()["refused"]] == ["reported_otherwise"]
    assert (alone.status_code, alone.json()["code"]) == (409, "reported_otherwise")
    assert Observation.objects.get().n == 40


def test_a_distribution_comes_as_a_sketch(
    deployment: Deployment, reporter: Client, good: dict[str, Any]
) -> None:
    sketch = base64.b64encode(sketch_of([float(number) for number in range(1, 101)])).decode()

    answer = reporter.post(
        URL,
        {**good, "metric": "latency_ms", "n": 100, "events": 0, "sketch": sketch},
        content_type="application/json",
    )

    (row,) = counts_of(deployment, since=NOON, until=minutes(60), at=NOON)
    found = quantile_of(row.sketch or b"", 0.5)
    assert answer.status_code == 200, answer.content
    assert found is not None
    assert found.value == pytest.approx(50, rel=0.011)


@pytest.mark.parametrize("reported_and_answered", [(1, (2, 0.0)), (2, (2, 0.0)), (3, (3, 1.0))])
def test_of_decisions_and_a_window_of_the_same_time_the_one_with_more_people_counts(
    prepared: Prepared,
    deployment: Deployment,
    reporter: Client,
    good: dict[str, Any],
    reported_and_answered: tuple[int, tuple[int, float]],
) -> None:
    n, answered = reported_and_answered
    reporter.post(URL, {**good, "n": n, "events": 1}, content_type="application/json")
    people = subjects_in(deployment.channel, Arm.CANDIDATE, 2)

    counted(prepared.here, [decided(deployment.channel, one, minutes(1)) for one in people])

    rows = counts_of(deployment, since=NOON, until=minutes(60), at=NOON)
    assert [(row.subjects, row.events) for row in rows if row.metric is Metric.RETRY] == [answered]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"arm": "both"}, "arm"),
        ({"metric": "apcer"}, "metric"),
        ({"metric": "replay_mismatch"}, "metric"),
        ({"n": 0}, "n"),
        ({"n": 1.5}, "n"),
        ({"n": 2**31}, "n"),
        ({"events": -1}, "events"),
        ({"events": 41}, "events"),
        ({"sketch": "AAAA"}, "sketch"),
        ({"metric": "latency_ms"}, "events"),
        ({"metric": "latency_ms", "events": 0}, "sketch"),
        ({"metric": "latency_ms", "events": 0, "sketch": "no base64"}, "sketch"),
        ({"window": ["2100-03-01T12:00:00Z"]}, "window"),
        ({"window": ["2100-03-01T12:05:00Z", "2100-03-01T12:00:00Z"]}, "window"),
        ({"window": ["2100-03-01T12:01:00Z", "2100-03-01T12:06:00Z"]}, "window"),
        ({"window": ["2100-03-01T12:05:00Z", "2100-03-01T12:10:00Z"]}, "window"),
        ({"window": ["2100-03-01T11:55:00Z", "2100-03-01T12:00:00Z"]}, "release"),
        ({"window": ["2099-01-01T12:00:00Z", "2099-01-01T12:05:00Z"]}, "window"),
        ({"arm": "control"}, "release"),
        ({"segment": "elderly"}, "segment"),
        ({"channel": "01a216c0-a22a-7741-a273-4f2133693393"}, "channel"),
        ({"release": "01a216c0-a22a-7741-a273-4f2133693393"}, "release"),
        ({"more": 1}, "more"),
    ],
)
def test_what_does_not_fit_is_refused_by_line_and_field(
    reporter: Client, good: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    answer = post(reporter, {**good, **change}, good)

    (refused,) = answer.json()["refused"]
    assert (answer.status_code, answer.json()["accepted"]) == (207, 1), answer.content
    assert (refused["line"], refused["field"].split("[")[0]) == (1, field), refused
    assert refused["message"]


def test_only_the_decision_service_reports_and_others_see_what_their_grants_cover(
    prepared: Prepared, reporter: Client, good: dict[str, Any]
) -> None:
    cast = prepared.here.cast
    refused = with_token(cast.auditor, Scope.READ, Scope.DECISIONS).post(
        URL, good, content_type="application/json"
    )
    reporter.post(URL, good, content_type="application/json")

    seen = signed_in(cast.auditor).get(URL, {"metric": "retry"}).json()
    unseen = signed_in(cast.stranger).get(URL).json()

    assert refused.status_code == 403
    assert [row["n"] for row in seen["results"]] == [40]
    assert unseen["results"] == []


def test_a_kept_control_is_reported_with_the_release_that_it_keeps(
    prepared: Prepared, clock: time_machine.Traveller
) -> None:
    here = prepared.here
    last = through(here, planned(here, GUARDED, {"kind": "general", "control": 0.05}))
    clock.move_to(minutes(10))
    whole = {"channel": str(last.channel_id), "arm": "control", "metric": "retry", "n": 4}
    window = [minutes(5).isoformat(), minutes(10).isoformat()]
    client = with_token(here.cast.integration, Scope.READ, Scope.DECISIONS)

    new, kept = (
        post(client, {**whole, "window": window, "release": str(one)})
        for one in (last.release_id, here.baseline.release_id)
    )

    (row,) = counts_of(last, since=NOON, until=minutes(60), at=minutes(12))
    assert (new.json()["refused_total"], kept.json()["accepted"]) == (1, 1)
    assert (row.arm, row.revision, row.subjects) == (Arm.CONTROL, here.baseline.id, 4)


def test_a_window_after_a_pause_is_of_the_stay_and_of_its_stage_and_none_holds_the_pause(
    prepared: Prepared, reporter: Client, good: dict[str, Any], clock: time_machine.Traveller
) -> None:
    here, deployment = prepared.here, Deployment.objects.get(stage="guarded")
    clock.move_to(minutes(7))
    paused(here, deployment)
    clock.move_to(minutes(8))
    again = resumed(here, deployment)
    clock.move_to(minutes(20))
    (one,) = subjects_in(deployment.channel, Arm.CANDIDATE, 1)
    counted(here, [decided(deployment.channel, one, minutes(11))])
    spans = ((0, 5), (5, 10), (10, 15))
    windows = [[minutes(lower).isoformat(), minutes(upper).isoformat()] for lower, upper in spans]

    report = post(reporter, *({**good, "window": window} for window in windows)).json()

    since = again.stage_entered_at or NOON
    stay = counts_of(again, since=since, until=minutes(60), at=minutes(60), metrics={"retry"}, anew=True)
    stage = counts_of(again, since=NOON, until=minutes(60), at=minutes(60), metrics={"retry"})
    assert (report["accepted"], report["refused_total"]) == (2, 1)
    assert [(row.starts_at, row.subjects) for row in stay] == [(minutes(10), 40)]
    assert [(row.starts_at, row.subjects) for row in stage] == [(NOON, 40), (minutes(10), 40)]


def test_a_report_without_a_line_is_refused(reporter: Client) -> None:
    assert post(reporter).status_code == 400
