"""What waits to be counted closes no window and is not absent; and what else must not count."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import gaps_visible_to
from governance.ledger.models import Entry
from releases.bundles.arms import Arm
from releases.monitoring.decisions.models import Decision, DecisionBatch
from releases.monitoring.triggers.scene import scene_of
from releases.monitoring.triggers.vocabulary import Lack
from releases.monitoring.vocabulary.series import EPOCH_OF_LIVE, Metric, epoch_start
from releases.monitoring.windows import forgetting, services
from releases.monitoring.windows.models import SubjectSeen
from releases.monitoring.windows.queries import (
    counted_to,
    counting_of,
    counts_of,
    mismatches,
)
from releases.monitoring.windows.readiness import counting_part
from releases.monitoring.windows.services import roll_up
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.readings import last_reading
from tests.factories.cast import actor
from tests.factories.gates import engine
from tests.factories.looked import MEASURED, measured, now, ticked
from tests.factories.rollouts import advanced, planned
from tests.factories.watched import RETRY as SPIKE
from tests.factories.watched import status
from tests.factories.windows import assignment_of, counted, decided, reported, subjects_in
from tests.factories.worlds import Prepared
from tests.releases.monitoring.windows.conftest import GENERAL, GUARDED, NOON, minutes


def test_a_window_is_closed_once_all_that_came_in_time_is_counted(
    prepared: Prepared, deployment: Deployment, clock: time_machine.Traveller
) -> None:
    channel = deployment.channel
    first, other = subjects_in(channel, Arm.CANDIDATE, 2)
    counted(prepared.here, [decided(channel, first, minutes(1))])
    reported(prepared.here, [decided(channel, other, minutes(2))])
    clock.move_to(minutes(30))
    reported(prepared.here, [decided(channel, other, minutes(29))])

    waiting = counts_of(deployment, since=NOON, until=minutes(30), at=minutes(30))
    before = counting_of(channel, minutes(30))
    roll_up(engine())

    reported(prepared.here, [decided(channel, other, minutes(29.5))])
    whole = counts_of(deployment, since=NOON, until=minutes(30), at=minutes(30))
    assert {(row.subjects, row.closed) for row in waiting} == {(1, False)}
    assert (before.to, before.is_behind) == (minutes(4), True)
    assert {(row.starts_at, row.subjects, row.closed) for row in whole} == {
        (NOON, 2, True),
        (minutes(25), 0, False),
    }
    assert counted_to(channel, minutes(30)) == minutes(30)


def test_what_a_worker_that_was_away_has_not_counted_takes_nothing_back_as_absent(prepared: Prepared) -> None:
    guarded = {**MEASURED, "triggers": ["retry_spike"]}
    spikes = {**SPIKE, "severity": "critical", "on_no_data": "rollback"}
    deployment = measured(prepared.here, guarded, triggers=[spikes])
    at = timezone.now() + timedelta(minutes=40)
    with time_machine.travel(at - timedelta(minutes=5), tick=False):
        (one,) = subjects_in(deployment.channel, Arm.CANDIDATE, 1)
        reported(prepared.here, [decided(deployment.channel, one, timezone.now() - timedelta(minutes=10))])

    ticked(at)
    looked = last_reading(now(deployment))
    away = now(deployment).state
    with time_machine.travel(at, tick=False):
        roll_up(engine())
    ticked(at + timedelta(seconds=2))
    back = now(deployment).state
    ticked(at + timedelta(minutes=30))

    assert looked is not None
    assert "5 minutes ago, waits to be counted" in looked.check("integrity")[0].sentence
    assert (away, back) == (DeploymentState.ROLLING_OUT, DeploymentState.ROLLING_OUT)
    assert now(deployment).state == DeploymentState.ROLLED_BACK


def poisoned(deployment: Deployment) -> None:
    """Beside the newest report lies a decision that cannot be counted, as no report can bring one."""
    batch = DecisionBatch.objects.latest("received_at")
    row = Decision.objects.get(batch=batch)
    row.pk, row.latency_ms = uuid4(), float("nan")
    row.save(force_insert=True)


def test_a_report_that_cannot_be_counted_is_told_after_ten_minutes_and_the_rollout_is_held(
    prepared: Prepared, caplog: pytest.LogCaptureFixture
) -> None:
    here = prepared.here
    spikes = {**SPIKE, "severity": "critical", "on_no_data": "rollback"}
    deployment = measured(here, {**MEASURED, "triggers": ["retry_spike"]}, triggers=[spikes])
    (one,) = subjects_in(deployment.channel, Arm.CANDIDATE, 1)
    reported(here, [decided(deployment.channel, one, timezone.now())])
    poisoned(deployment)
    at = timezone.now()
    counted_channels = roll_up(engine())

    ticked(at + timedelta(minutes=9))
    soon = (now(deployment).state, status(deployment).lack)
    stuck = at + timedelta(minutes=13)
    ticked(stuck)
    ticked(stuck + timedelta(seconds=2))
    ticked(stuck + timedelta(seconds=4))
    still = now(deployment).state
    ticked(stuck + timedelta(seconds=6))

    looked = last_reading(now(deployment))
    assert looked is not None
    assert (counted_channels, still) == (0, DeploymentState.ROLLING_OUT)
    assert soon == (DeploymentState.ROLLING_OUT, Lack.NOTHING)
    assert (now(deployment).state, status(deployment).lack) == (DeploymentState.HELD, Lack.ERROR)
    assert "is not counted, and no try gets through" in looked.check("triggers")[0].sentence
    assert "could not be counted" in caplog.text
    with time_machine.travel(stuck, tick=False):
        gaps = [one for one in gaps_visible_to(actor(here.cast.auditor)) if one.kind is GapKind.NOT_COUNTED]
        part = Client().get("/readyz").json()["parts"]["counting"]
    assert [(one.deployment, one.found.partition("; ")[2]) for one in gaps] == [
        (deployment, "every try fails (A value cannot be stored: integer out of range.)")
    ]
    assert (part["ok"], part["failing"], part["not_counted"]) == (True, 1, 0)


def test_of_what_is_live_people_are_told_that_it_is_not_counted(prepared: Prepared) -> None:
    here = prepared.here
    stages = ({"kind": "guarded", "coverage": 0.25}, {**GENERAL, "triggers": ["retry_spike"]})
    deployment = advanced(here, measured(here, *stages, triggers=[{**SPIKE, "severity": "critical"}]))
    reported(here, [decided(deployment.channel, "somebody", timezone.now())])
    stuck = timezone.now() + timedelta(minutes=13)

    ticked(stuck)
    ticked(stuck + timedelta(seconds=2))
    ticked(stuck + timedelta(seconds=4))
    ticked(stuck + timedelta(seconds=6))

    (told,) = Entry.objects.filter(stream=deployment.stream(), document__type="rollout.left_to_people")
    assert (
        "there is nothing to hold. retry_spike: It cannot be evaluated: what was" in told.document["reason"]
    )


def test_where_no_round_comes_at_all_the_whole_is_unready_and_what_is_worked_off_is_not_left(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = prepared.here.cast.channel("android")
    _ = [reported(prepared.here, [decided(channel, name, timezone.now())]) for name in ("one", "two")]
    at = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(services, "BATCHES_AT_ONCE", 1)

    with time_machine.travel(at, tick=False):
        left = counting_part(), counting_of(channel, at).is_stuck
        roll_up(engine())
        worked_off = counting_part(), counting_of(channel, at).is_stuck
        roll_up(engine())
        done = counting_part()

    assert (left[0]["ok"], left[0]["not_counted"], left[1]) == (False, 1, True)
    assert (worked_off[0]["ok"], worked_off[0]["behind"], worked_off[1]) == (True, 1, False)
    assert done == {"ok": True, "behind": 0, "failing": 0, "not_counted": 0}


@pytest.fixture
def live(prepared: Prepared, clock: time_machine.Traveller) -> Deployment:
    """The live release on android, a little before a week of it begins."""
    channel = prepared.here.cast.channel("android")
    began = epoch_start(assignment_of(channel).period.lower, NOON) + EPOCH_OF_LIVE
    clock.move_to(began - timedelta(minutes=5))
    return Deployment.objects.get(channel=channel, state="live")


def test_of_what_is_live_whoever_comes_back_is_seen_again_each_week(
    prepared: Prepared, live: Deployment, clock: time_machine.Traveller
) -> None:
    channel, start = live.channel, timezone.now()
    counted(prepared.here, [decided(channel, "somebody", start + timedelta(minutes=one)) for one in (1, 2)])
    clock.move_to(start + timedelta(minutes=30))

    counted(
        prepared.here, [decided(channel, "somebody", start + timedelta(minutes=one)) for one in (4, 6, 12)]
    )

    scene = scene_of(live, timezone.now())
    rows = counts_of(live, since=start, until=timezone.now(), at=timezone.now())
    found = {row.starts_at: (row.subjects, row.captures) for row in rows if row.metric is Metric.RETRY}
    assert scene.began == start + timedelta(minutes=5)
    assert list(found.values()) == [(1, 3), (1, 1), (0, 1)]
    assert min(found) < scene.began <= sorted(found)[1]


def test_who_was_seen_is_forgotten_once_nothing_can_come_to_that_week(
    prepared: Prepared, live: Deployment, clock: time_machine.Traveller
) -> None:
    counted(prepared.here, [decided(live.channel, "somebody", timezone.now())])
    clock.shift(timedelta(days=45))
    counted(prepared.here, [decided(live.channel, "somebody", timezone.now())])
    clock.shift(timedelta(days=45))
    forgetting.forget_subjects()
    recent = SubjectSeen.objects.count()
    clock.shift(timedelta(days=3))

    forgetting.forget_subjects()

    assert (recent, SubjectSeen.objects.count()) == (2, 1)


def test_an_answer_in_the_shadow_counts_where_it_is_the_candidates(
    prepared: Prepared, clock: time_machine.Traveller
) -> None:
    deployment = planned(prepared.here, {"kind": "shadow"}, GUARDED, GENERAL)
    channel = deployment.channel
    clock.move_to(minutes(4))
    former = {"stamp": "sha256:" + "1" * 64, "scores": {"score": 0.5}, "outcome": "reject"}
    ours = {**former, "stamp": deployment.revision.manifest_digest}
    documents = [
        decided(channel, "one", minutes(3), shadow=ours),
        decided(channel, "two", minutes(3), shadow=former),
        decided(channel, "three", minutes(1), shadow=former),
        decided(channel, "four", minutes(3)),
    ]

    counted(prepared.here, documents)

    rows = counts_of(deployment, since=NOON, until=minutes(60), at=minutes(60))
    differs = [(row.subjects, row.events) for row in rows if row.metric is Metric.DISAGREEMENT]
    found = mismatches(deployment, since=NOON, until=minutes(60))
    assert differs == [(1, 1.0)]
    assert (found.decisions, found.wrong_arm, found.unknown_stamps) == (4, 1, 0)
    assert [str(one) for one in found.examples] == [documents[1]["id"]]
