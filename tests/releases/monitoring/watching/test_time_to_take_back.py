"""From the close of a breaching window to the changed answer with real workers and beat; by hand without.

Eight channels breach in one window that closes on the wall clock, so the ticks have them all at once. How
long it took is said and decides nothing, since a busy machine would; ``make bench`` measures a rollback.
"""

import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

from governance.registry.services import register_channel
from releases.bundles.arms import Arm
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS, WINDOW, window_start
from releases.rollouts.models import Deployment
from releases.rollouts.ofrep.serving import serving
from releases.rollouts.services import roll_back
from tests.database import Broker
from tests.factories.approvals import World, candidate, requested, voted
from tests.factories.bundles import rollback_plan
from tests.factories.cast import actor
from tests.factories.rollouts import started
from tests.factories.watched import RETRY
from tests.factories.windows import decided, reported, subjects_in
from tests.factories.worlds import Prepared
from tests.workers import all_working

MANY = 8
GUARDED = {"kind": "guarded", "coverage": 0.25, "triggers": ["retry_spike"]}


def channels_of(here: World) -> list[str]:
    names = [f"c{number:02}" for number in range(MANY)]
    for name in names:
        register_channel(actor(here.cast.admin), system=here.cast.system, name=name, kind="android")
    return names


def guarded_everywhere(here: World, names: list[str]) -> list[Deployment]:
    """One release live on all channels, and one that is guarded on all of them."""
    first = candidate(here, "5", channels=names)
    voted(here.cast.approver, requested(here, first))
    for name in names:
        started(here, first, name)
    plan = {"stages": [GUARDED, {"kind": "general"}]}
    triggers = rollback_plan(here.cast, triggers=[RETRY])
    second = candidate(here, "6", channels=names, rollout_plan=plan, rollback_plan=triggers)
    voted(here.cast.approver, requested(here, second))
    return [started(here, second, name) for name in names]


def breach(here: World, deployment: Deployment, at: datetime) -> str:
    """Decisions by which the candidate's arm is asked to try again far more often; answers one of the arm."""
    channel = deployment.channel
    ours = subjects_in(channel, Arm.CANDIDATE, 60)
    control = subjects_in(channel, Arm.CONTROL, 60)
    documents = [
        decided(channel, key, at, outcome="retry" if n % 5 else "accept") for n, key in enumerate(ours)
    ]
    reported(here, documents + [decided(channel, key, at) for key in control])
    return ours[0]


@pytest.fixture
def working(
    committed: Prepared, world_urls: dict[str, str], broker: Broker, tmp_path: Path
) -> Iterator[None]:
    """Workers and beat as they are by default, on the database of this test."""
    with all_working(world_urls, tmp_path):
        yield


def release_for(channel: str, subject: str) -> str:
    (found,) = serving(channel, "onboarding-liveness")
    return str(found.answer(subject)["value"]["release"])


def seconds_until_changed(subjects: dict[str, str], since: datetime) -> list[float]:
    """How long after the moment each channel answered its subject by the release before."""
    waiting, took = dict(subjects), []
    while waiting and timezone.now() < since + WINDOW:
        for name, subject in list(waiting.items()):
            if release_for(name, subject) == "v5":
                took.append((timezone.now() - since).total_seconds())
                del waiting[name]
        time.sleep(0.15)  # asking takes processor time from what is measured
    return took


@pytest.mark.slow
def test_every_channel_whose_window_breaches_is_taken_back_once_it_closes(
    committed: Prepared, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    here = committed.here
    names = channels_of(here)
    deployments = guarded_everywhere(here, names)
    at = timezone.now()
    subjects = {row.channel.name: breach(here, row, at) for row in deployments}
    closes = window_start(at) + WINDOW + ALLOWED_LATENESS
    request.getfixturevalue("working")
    time.sleep(max(0, (closes - timezone.now()).total_seconds()))

    before = {release_for(name, subject) for name, subject in subjects.items()}
    took = seconds_until_changed(subjects, closes)

    assert before == {"v6"}
    assert len(took) == MANY
    with capsys.disabled():
        p50, p95 = np.quantile(took, [0.5, 0.95])
        sys.stdout.write(f"\n  {MANY} channels at once: changed after {p50:.1f} s, 95 % by {p95:.1f}.")


@pytest.mark.slow
def test_a_manual_rollback_changes_the_answer_with_worker_and_broker_stopped(
    committed: Prepared, broker: Broker
) -> None:
    here = committed.here
    plan = {"stages": [{"kind": "guarded", "coverage": 0.25}, {"kind": "general"}]}
    revision = candidate(here, "5", rollout_plan=plan)
    voted(here.cast.approver, requested(here, revision))
    android = started(here, revision, "android").channel
    (subject,) = subjects_in(android, Arm.CANDIDATE, 1)
    broker.kill()
    before = release_for("android", subject)

    roll_back(actor(here.cast.release_manager), channel=android, reason="Masks pass.")

    assert (before, release_for("android", subject)) == ("v5", "baseline")
