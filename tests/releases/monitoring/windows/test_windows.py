"""Decisions counted into windows: by arm, release, segment and metric, each subject once."""

from typing import Any

import pytest
import time_machine

from governance.ledger.models import Entry
from governance.registry.models import Channel
from releases.bundles.arms import Arm
from releases.monitoring.vocabulary.series import Metric, WindowCounts
from releases.monitoring.vocabulary.sketches import count_of, quantile_of
from releases.monitoring.windows.models import RollUp, SubjectSeen, Window
from releases.monitoring.windows.queries import counts_of, latest_decision_at, mismatches
from releases.monitoring.windows.services import roll_up
from releases.rollouts.models import Deployment
from tests.factories.gates import engine
from tests.factories.registry import segment
from tests.factories.rollouts import advanced, planned
from tests.factories.windows import counted, decided, reported, subjects_in
from tests.factories.worlds import Prepared
from tests.releases.monitoring.windows.conftest import GENERAL, GUARDED, NOON, minutes


def counts(deployment: Deployment, metric: Metric, segment: str = "") -> dict[tuple[int, str], WindowCounts]:
    """The deployment's counts of this metric, by minute of the window and arm."""
    rows = counts_of(deployment, since=NOON, until=minutes(600), at=minutes(600))
    return {
        ((row.starts_at - NOON).seconds // 60, row.arm.value): row
        for row in rows
        if row.metric is metric and row.segment == segment
    }


def test_both_arms_are_counted_by_the_release_that_was_due(
    prepared: Prepared, deployment: Deployment
) -> None:
    channel = deployment.channel
    ours, others = (subjects_in(channel, arm, 3) for arm in (Arm.CANDIDATE, Arm.CONTROL))
    documents = [decided(channel, one, minutes(1), outcome="retry") for one in ours[:1]]
    documents += [decided(channel, one, minutes(2)) for one in (*ours[1:], *others)]

    counted(prepared.here, documents)

    found = counts(deployment, Metric.RETRY)
    assert {key: (row.subjects, row.events, row.captures) for key, row in found.items()} == {
        (0, "candidate"): (3, 1.0, 3),
        (0, "control"): (3, 0.0, 3),
    }
    assert found[0, "candidate"].revision == deployment.revision_id
    assert found[0, "control"].revision == prepared.here.baseline.id
    assert (found[0, "control"].version, found[0, "control"].closed) == (1, True)


def test_a_subject_counts_in_the_first_window_with_the_share_of_its_captures(
    prepared: Prepared, deployment: Deployment, clock: time_machine.Traveller
) -> None:
    channel = deployment.channel
    (one,) = subjects_in(channel, Arm.CANDIDATE, 1)
    counted(
        prepared.here,
        [
            decided(channel, one, minutes(1), outcome="retry"),
            decided(channel, one, minutes(2), outcome="retry"),
            decided(channel, one, minutes(3)),
        ],
    )
    clock.move_to(minutes(8))

    counted(prepared.here, [decided(channel, one, minutes(7), outcome="retry")])

    found = counts(deployment, Metric.RETRY)
    assert found[0, "candidate"].events == pytest.approx(2 / 3)
    assert [(row.subjects, row.captures, row.capture_events) for row in found.values()] == [
        (1, 3, 2),
        (0, 1, 1),
    ]
    assert found[5, "candidate"].events == 0


def test_one_batch_after_another_adds_up_and_counting_again_changes_nothing(
    prepared: Prepared, deployment: Deployment
) -> None:
    channel = deployment.channel
    subjects = subjects_in(channel, Arm.CANDIDATE, 4)
    counted(prepared.here, [decided(channel, one, minutes(1)) for one in subjects[:2]])

    worked = counted(prepared.here, [decided(channel, one, minutes(2)) for one in subjects[2:]])
    idle = roll_up(engine())

    assert (worked, idle) == (1, 0)
    assert counts(deployment, Metric.ERROR)[0, "candidate"].subjects == 4
    assert set(Window.objects.values_list("version", flat=True)) == {1}


def test_counting_everything_anew_gives_the_same(prepared: Prepared, deployment: Deployment) -> None:
    channel = deployment.channel
    arms = (Arm.CANDIDATE, Arm.CONTROL, Arm.STABLE)
    documents = [
        decided(channel, one, minutes(1 + number / 3), outcome=outcome, latency_ms=10.0 * number)
        for arm in arms
        for number, one in enumerate(subjects_in(channel, arm, 5) * 2)
        for outcome in ("accept", "retry", "reject")
    ]
    counted(prepared.here, documents)
    before = counts_of(deployment, since=NOON, until=minutes(60), at=minutes(60))
    RollUp.objects.all().delete()
    SubjectSeen.objects.all().delete()

    roll_up(engine())

    assert counts_of(deployment, since=NOON, until=minutes(60), at=minutes(60)) == before
    assert len(before) == 3 * 5


def test_late_decisions_reopen_their_window_and_the_channels_stream_says_so(
    prepared: Prepared, deployment: Deployment, clock: time_machine.Traveller
) -> None:
    channel = deployment.channel
    first, late = subjects_in(channel, Arm.CANDIDATE, 2)
    counted(prepared.here, [decided(channel, first, minutes(1))])
    clock.move_to(minutes(7.1))

    counted(prepared.here, [decided(channel, late, minutes(2), outcome="error")])

    row = counts(deployment, Metric.ERROR)[0, "candidate"]
    entry = Entry.objects.get(document__type="windows.reopened", stream=channel.stream())
    assert (row.subjects, row.events, row.version) == (2, 1.0, 2)
    assert entry.document["after"]["windows"] == ["2100-03-01T12:00:00.000000Z"]
    assert entry.document["actor"]["kind"] == "task"


def test_a_window_that_waits_for_what_is_late_is_not_reopened(
    prepared: Prepared, deployment: Deployment, clock: time_machine.Traveller
) -> None:
    channel = deployment.channel
    first, late = subjects_in(channel, Arm.CANDIDATE, 2)
    counted(prepared.here, [decided(channel, first, minutes(1))])
    clock.move_to(minutes(7))

    counted(prepared.here, [decided(channel, late, minutes(2))])

    assert counts(deployment, Metric.ERROR)[0, "candidate"].version == 1
    assert not Entry.objects.filter(document__type="windows.reopened").exists()


def test_a_worker_that_was_away_does_not_make_decisions_late(
    prepared: Prepared, deployment: Deployment, clock: time_machine.Traveller
) -> None:
    channel = deployment.channel
    (one,) = subjects_in(channel, Arm.CANDIDATE, 1)
    reported(prepared.here, [decided(channel, one, minutes(1))])
    clock.move_to(minutes(90))

    roll_up(engine())

    assert counts(deployment, Metric.ERROR)[0, "candidate"].subjects == 1
    assert not Entry.objects.filter(document__type="windows.reopened").exists()


def test_a_subject_that_turns_out_to_have_come_earlier_moves_there(
    prepared: Prepared, deployment: Deployment, clock: time_machine.Traveller
) -> None:
    channel = deployment.channel
    (one,) = subjects_in(channel, Arm.CANDIDATE, 1)
    clock.move_to(minutes(14))
    counted(prepared.here, [decided(channel, one, minutes(13))])

    counted(prepared.here, [decided(channel, one, minutes(3))])

    found = counts(deployment, Metric.RETRY)
    assert {key: row.subjects for key, row in found.items()} == {(0, "candidate"): 1, (10, "candidate"): 0}
    assert found[10, "candidate"].captures == 1
    assert (found[0, "candidate"].version, found[10, "candidate"].version) == (1, 1)


def test_stamps_that_were_not_due_are_counted_apart(prepared: Prepared, deployment: Deployment) -> None:
    channel = deployment.channel
    ours, other = (subjects_in(channel, arm, 2) for arm in (Arm.CANDIDATE, Arm.CONTROL))
    baseline = prepared.here.baseline.manifest_digest
    wrong = decided(channel, ours[0], minutes(3), stamp=baseline)
    unknown = decided(channel, other[0], minutes(3), stamp="sha256:" + "0" * 64)
    settling = decided(channel, ours[1], minutes(1.5), stamp=baseline)

    counted(prepared.here, [wrong, unknown, settling, decided(channel, other[1], minutes(3))])

    found = mismatches(deployment, since=NOON, until=minutes(60))
    late: dict[str, Any] = {"since": NOON, "until": minutes(66), "span": minutes(60) - NOON}
    assert mismatches(deployment, **late).decisions == 0
    assert mismatches(deployment, **late, decisions=1) == found
    assert (found.decisions, found.wrong_arm, found.unknown_stamps) == (4, 1, 1)
    assert {str(one) for one in found.examples} == {wrong["id"], unknown["id"]}
    assert {key: row.captures for key, row in counts(deployment, Metric.RETRY).items()} == {(0, "control"): 1}


def test_each_stage_counts_its_subjects_anew_and_a_window_is_cut_where_it_began(
    prepared: Prepared, deployment: Deployment, clock: time_machine.Traveller
) -> None:
    channel = deployment.channel
    (one,) = subjects_in(channel, Arm.CANDIDATE, 1)
    clock.move_to(minutes(2))
    wider = advanced(prepared.here, deployment)
    clock.move_to(minutes(4))

    counted(prepared.here, [decided(channel, one, at) for at in (minutes(1), minutes(3))])

    before = counts_of(deployment, since=NOON, until=minutes(1), at=NOON)
    after = counts_of(deployment, since=wider.stage_entered_at or NOON, until=minutes(60), at=NOON)
    assert {row.subjects for row in before if row.metric is Metric.RETRY} == {1}
    assert {(row.subjects, row.starts_at) for row in after} == {(1, NOON)}


@pytest.fixture
def by_age(prepared: Prepared, clock: time_machine.Traveller) -> Deployment:
    """The same rollout in a system with a segment of its own."""
    predicate = {"attribute": "age", "operator": "ge", "value": 60}
    cast = prepared.here.cast
    segment(cast.qa_lead, cast.system, "elderly", predicate=predicate, protected=False)
    found = planned(prepared.here, GUARDED, GENERAL)
    clock.move_to(minutes(4))
    return found


@pytest.mark.parametrize(
    ("age", "inside"), [(60, True), (60.0, True), ("61", True), (59.5, False), (None, False)]
)
def test_a_segment_counts_whoever_its_predicate_fits(
    prepared: Prepared, by_age: Deployment, age: Any, inside: bool
) -> None:
    channel = by_age.channel
    (one,) = subjects_in(channel, Arm.CONTROL, 1)

    counted(prepared.here, [decided(channel, one, minutes(1), attributes={"age": age})])

    assert bool(counts(by_age, Metric.RETRY, "elderly")) is inside
    assert counts(by_age, Metric.RETRY)[0, "control"].subjects == 1


def test_the_share_of_a_subject_in_a_segment_is_of_all_its_captures_there(
    prepared: Prepared, by_age: Deployment
) -> None:
    channel = by_age.channel
    (one,) = subjects_in(channel, Arm.CONTROL, 1)
    captures = [(61, "retry"), (62, "accept"), (63, "accept"), (30, "retry")]

    counted(
        prepared.here,
        [
            decided(channel, one, minutes(1), attributes={"age": age}, outcome=outcome)
            for age, outcome in captures
        ],
    )

    inside, everybody = (counts(by_age, Metric.RETRY, key)[0, "control"] for key in ("elderly", ""))
    assert (inside.subjects, inside.captures, inside.capture_events) == (1, 3, 1)
    assert inside.events == pytest.approx(1 / 3)
    assert (everybody.subjects, everybody.captures, everybody.events) == (1, 4, 0.5)


def test_latencies_are_kept_as_a_sketch_and_disagreement_is_of_those_with_a_shadow(
    prepared: Prepared, deployment: Deployment
) -> None:
    channel = deployment.channel
    subjects = subjects_in(channel, Arm.CANDIDATE, 100)
    stable = prepared.here.baseline.manifest_digest
    shadow = {"stamp": stable, "scores": {"score": 0.5}, "outcome": "reject"}
    documents = [
        decided(channel, one, minutes(1), latency_ms=number + 1.0) for number, one in enumerate(subjects)
    ]
    documents[0]["shadow"], documents[1]["shadow"] = shadow, {**shadow, "outcome": "accept"}
    documents[2]["shadow"] = {**shadow, "stamp": "sha256:" + "1" * 64}

    counted(prepared.here, documents)

    latency = counts(deployment, Metric.LATENCY)[0, "candidate"].sketch or b""
    found = quantile_of(latency, 0.95)
    differs = counts(deployment, Metric.DISAGREEMENT)[0, "candidate"]
    assert count_of(latency) == 100
    assert found is not None
    assert found.lower <= 95 <= found.upper
    assert (differs.subjects, differs.events, differs.captures) == (2, 1.0, 2)
    pairs = [counts(deployment, one)[0, "candidate"] for one in (Metric.STRICTER, Metric.LOOSER)]
    assert [(one.subjects, one.events, one.capture_events) for one in pairs] == [(2, 1.0, 1), (2, 0.0, 0)]


def test_what_a_live_release_decides_counts_for_its_deployment(
    prepared: Prepared, clock: time_machine.Traveller
) -> None:
    here = prepared.here
    channel: Channel = here.cast.channel("android")
    live = Deployment.objects.get(channel=channel, state="live")
    clock.move_to(minutes(4))

    counted(here, [decided(channel, "somebody", minutes(1), outcome="reject")])

    found = counts(live, Metric.REFUSED)
    assert {key: (row.subjects, row.events) for key, row in found.items()} == {(0, "stable"): (1, 1.0)}
    assert latest_decision_at(channel) == minutes(1)


def test_the_newest_time_is_none_where_nothing_was_reported(prepared: Prepared) -> None:
    assert latest_decision_at(prepared.here.cast.channel("ios")) is None
