"""Evaluations by real worker processes that are killed, called too often, or cut off from Redis (R1-R4)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from celery import current_app
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from governance.ledger.models import Entry
from governance.outbox.models import OutboxMessage
from governance.outbox.services import sweep
from governance.queues import LONG
from releases.bundles.models import Revision
from releases.bundles.services import edit_release, freeze_release
from releases.gates.models import EvaluationProgress, EvaluationStatus, GateEvaluation
from releases.gates.runs.evaluation import TASK, compute_evaluation, request_evaluation
from releases.gates.tasks import evaluate
from tests.database import Broker, in_threads
from tests.factories.bundles import CARD
from tests.factories.cast import Cast, actor, cast
from tests.factories.gates import Gate, dataset_to_test_on, frozen_release, gate, stack_content
from tests.installation import ROOT

GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}
COMMAND = (sys.executable, "-m", "celery", "--quiet", "-A", "governance.project.celery", "worker")
OPTIONS = ("--concurrency", "1", "--loglevel", "ERROR", "--without-gossip", "--without-mingle")
MANY = 50


@contextmanager
def working(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker process; it is killed afterwards if it still lives, and its pool dies with it."""
    with subprocess.Popen(
        [*COMMAND, *OPTIONS],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def eventually(holds: Callable[[], bool], *, seconds: float = 60) -> bool:
    """Whether it holds within the time."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


def kill_pool_child(worker: subprocess.Popen[bytes]) -> None:
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text(encoding="ascii").split()
    os.kill(int(children[0]), signal.SIGKILL)


def kill_worker(worker: subprocess.Popen[bytes]) -> None:
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()


def swept_until(holds: Callable[[], bool], *, seconds: float = 60) -> bool:
    """Whether it holds within the time, while the sweep runs each second, not each half minute."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        OutboxMessage.objects.filter(done_at__isnull=True).update(
            available_at=timezone.now(), postponed_until=None
        )
        sweep()
        time.sleep(1)
    return held


def asked_for() -> QuerySet[OutboxMessage]:
    """The evaluations in the outbox, beside the messages that making the cast left there."""
    return OutboxMessage.objects.filter(task=TASK)


def is_deciding(evaluation: GateEvaluation) -> bool:
    return EvaluationProgress.objects.get(evaluation=evaluation).step == "deciding"


def is_completed(evaluation: GateEvaluation) -> bool:
    return GateEvaluation.objects.get(id=evaluation.id).status == EvaluationStatus.COMPLETED


def completions() -> int:
    return Entry.objects.filter(document__type="gate_evaluation.completed").count()


def requested(small: Gate) -> GateEvaluation:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    return request_evaluation(actor(small.cast.author), revision=revision)


@pytest.mark.parametrize("kill", [kill_pool_child, pytest.param(kill_worker, marks=pytest.mark.slow)])
def test_what_a_killed_process_worked_on_is_no_half_verdict_and_is_resumed_once(
    database_urls: dict[str, str], broker: Broker, kill: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    evaluation = requested(gate(cast()))
    expected = compute_evaluation(evaluation)

    with working(database_urls) as worker:
        with transaction.atomic():  # holds the row, so that the worker has computed and cannot store
            GateEvaluation.objects.select_for_update().get(id=evaluation.id)
            computed = eventually(lambda: is_deciding(evaluation))
            kill(worker)
            left = GateEvaluation.objects.get(id=evaluation.id)
        with working(database_urls) if worker.poll() is not None else nullcontext():
            resumed = swept_until(lambda: is_completed(evaluation))

    ended = GateEvaluation.objects.get(id=evaluation.id)
    assert (computed, resumed) == (True, True)
    assert (left.status, left.verdict, left.result) == ("requested", "", {})
    assert (ended.verdict, ended.result_digest) == ("pass", expected.digest)
    assert asked_for().get().attempts >= 2
    assert completions() == 1


def test_a_task_delivered_eight_times_at_once_has_one_effect_and_one_entry(
    committed_db: str, broker: Broker
) -> None:
    evaluation = requested(gate(cast()))
    message = asked_for().get()

    in_threads(*[lambda: current_app.tasks[TASK].apply(args=(str(message.id),))] * 8)
    message.refresh_from_db()

    assert evaluate.__name__ == "evaluate"
    assert is_completed(evaluation)
    assert message.done_at is not None
    assert completions() == 1


def revisions(people: Cast, count: int) -> list[Revision]:
    """Frozen revisions of one release, which no policy judges: the smallest evaluations there are."""
    author = actor(people.author)
    content = stack_content(people, "first", dataset_to_test_on(people), channels=["android"])
    made = [frozen_release(people, "first", content)]
    while len(made) < count:
        edited = replace(content, card={**CARD, "why": f"Reason {len(made)}."})
        draft = edit_release(author, revision=made[-1], content=edited)
        made.append(freeze_release(author, revision=draft))
    return made


def is_all_done() -> bool:
    return not OutboxMessage.objects.filter(done_at__isnull=True).exists()


@pytest.mark.slow
def test_work_asked_for_without_redis_or_queued_when_it_dies_is_done_once_each(
    database_urls: dict[str, str], broker: Broker
) -> None:
    people = cast()
    first, *others = revisions(people, MANY + 1)
    others_queued = broker.waiting(LONG)
    broker.kill()
    request_evaluation(actor(people.author), revision=first)
    kept = asked_for().filter(done_at__isnull=True).count()
    broker.start()
    asked = [request_evaluation(actor(people.author), revision=revision) for revision in others]
    queued = broker.waiting(LONG)

    with working(database_urls) as worker:
        begun = eventually(lambda: completions() > 3)
        done_before = completions()
        broker.kill()
        broker.start()
        finished = swept_until(is_all_done)
        alive = worker.poll() is None

    assert (kept, len(asked), queued) == (1, MANY, MANY + others_queued)
    assert (begun, finished, alive) == (True, True, True)
    assert done_before < MANY
    assert completions() == MANY + 1
    assert set(GateEvaluation.objects.values_list("status", "verdict")) == {("completed", "inconclusive")}
