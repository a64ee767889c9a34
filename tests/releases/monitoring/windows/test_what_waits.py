"""What waits to be counted closes no window and is not absent; and what else must not count."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from releases.bundles.arms import Arm
from releases.monitoring.triggers.scene import scene_of
from releases.monitoring.vocabulary.series import EPOCH_OF_LIVE, Metric, epoch_start
from releases.monitoring.windows import forgetting
from releases.monitoring.windows.models import SubjectSeen
from releases.monitoring.windows.queries import counted_to, counts_of, is_caught_up, mismatches
from releases.monitoring.windows.services import roll_up
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.readings import last_reading
from tests.factories.gates import engine
from tests.factories.looked import MEASURED, measured, now, ticked
from tests.factories.rollouts import planned
from tests.factories.watched import RETRY as SPIKE
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
    before = (counted_to(channel, minutes(30)), is_caught_up(channel, minutes(30)))
    roll_up(engine())

    reported(prepared.here, [decided(channel, other, minutes(29.5))])
    whole = counts_of(deployment, since=NOON, until=minutes(30), at=minutes(30))
    assert {(row.subjects, row.closed) for row in waiting} == {(1, False)}
    assert before == (minutes(4), False)
    assert {(row.starts_at, row.subjects, row.closed) for row in whole} == {
        (NOON, 2, True),
        (minutes(25), 0, False),
    }
    assert (counted_to(channel, minutes(30)), is_caught_up(channel, minutes(30))) == (minutes(30), True)


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
