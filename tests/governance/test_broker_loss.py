"""Redis comes and goes: a sender gives up at once, a worker comes back by itself."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from celery import current_app
from django.core.cache import cache
from kombu.exceptions import OperationalError

from governance.checks.heartbeat import HEARTBEAT_KEY
from tests.database import Broker
from tests.installation import ROOT

HEARTBEAT = "governance.checks.heartbeat"


@pytest.fixture
def worker(database_urls: dict[str, str], broker: Broker) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker process on the database of this test."""
    command = [*(sys.executable, "-m", "celery", "--quiet", "-A", "governance.project.celery", "worker")]
    options = ["--concurrency", "1", "--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    with subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        env=database_urls,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield process
        process.terminate()


def eventually(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it holds within the time."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


def has_beaten() -> bool:
    """Whether a heartbeat task has run since the cache was emptied."""
    return cache.get(HEARTBEAT_KEY) is not None


def seconds_to_give_up() -> float:
    """How long one send takes that cannot succeed."""
    began = time.monotonic()
    with pytest.raises(OperationalError):
        current_app.send_task(HEARTBEAT)
    return time.monotonic() - began


def test_a_sender_gives_up_at_once_when_redis_is_dead(broker: Broker) -> None:
    current_app.send_task(HEARTBEAT)
    broker.kill()

    waited = [seconds_to_give_up(), seconds_to_give_up()]

    assert max(waited) < 0.5


def test_a_sender_gives_up_within_seconds_when_redis_hangs(broker: Broker) -> None:
    current_app.send_task(HEARTBEAT)
    broker.pause()

    waited = [seconds_to_give_up(), seconds_to_give_up()]

    assert max(waited) < 3


def test_a_sender_works_again_when_redis_is_back(broker: Broker) -> None:
    broker.kill()
    seconds_to_give_up()
    broker.start()

    current_app.send_task(HEARTBEAT)

    assert broker.waiting("celery") == 1


def test_a_worker_consumes_again_after_redis_was_killed_and_started(
    worker: subprocess.Popen[bytes], broker: Broker
) -> None:
    current_app.send_task(HEARTBEAT)
    assert eventually(has_beaten, seconds=60)
    broker.kill()
    time.sleep(1)
    broker.start()
    cache.delete(HEARTBEAT_KEY)

    current_app.send_task(HEARTBEAT)

    assert eventually(has_beaten, seconds=30)
    assert worker.poll() is None
