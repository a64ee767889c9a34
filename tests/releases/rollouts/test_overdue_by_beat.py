"""A real beat and a real worker hold what is overdue: nobody has to look for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from celery.beat import PersistentScheduler
from django.utils import timezone

from governance.ledger.queries import entry_of
from governance.project.celery import app
from releases.rollouts.models import Deployment, DeploymentState
from tests.database import Broker
from tests.factories.rollouts import planned
from tests.factories.worlds import Prepared
from tests.installation import ROOT

WORKER = (sys.executable, "-m", "celery", "--quiet", "-A", "governance.project.celery", "worker")
OPTIONS = ("--beat", "--pool", "solo", "--loglevel", "ERROR", "--without-gossip", "--without-mingle")


@pytest.fixture
def overslept(tmp_path: Path) -> Path:
    """The schedule of a beat that was away for an hour: all is due, and no test waits half a minute."""
    path = tmp_path / "schedule"
    scheduler = PersistentScheduler(app=app, schedule_filename=str(path))
    for entry in scheduler.schedule.values():
        entry.last_run_at = timezone.now() - timedelta(hours=1)
    scheduler.close()
    return path


@pytest.fixture
def working(
    committed: Prepared, world_urls: dict[str, str], broker: Broker, overslept: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Worker and beat on the database of this test. The beat is a child of the worker: both are ended."""
    command = [*WORKER, *OPTIONS, "--schedule", str(overslept)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=world_urls,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        yield process
        os.killpg(process.pid, signal.SIGKILL)


def eventually(holds: Callable[[], bool], *, seconds: float = 30) -> bool:
    """Whether it holds within the time."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


def is_held(deployment: Deployment) -> bool:
    return Deployment.objects.get(pk=deployment.pk).state == DeploymentState.HELD


def test_a_stage_that_lasts_too_long_is_held_by_beat_and_worker_alone(
    committed: Prepared, request: pytest.FixtureRequest
) -> None:
    short = {"kind": "guarded", "coverage": 0.25, "max_duration_seconds": 1}
    deployment = planned(committed.here, short, {"kind": "general"})

    request.getfixturevalue("working")
    held = eventually(lambda: is_held(deployment))

    entry = entry_of(deployment.stream(), "rollout.held")
    assert held
    assert entry is not None
    assert entry.document["actor"]["kind"] == "task"
    assert "longest duration of the stage guarded 25 % was over" in entry.document["reason"]
