"""Tasks as Celery sees them: declared through the wrapper, run by name."""

import time
from collections.abc import Iterator

import pytest
from celery import current_app

from governance.actors import Actor, ActorKind
from governance.background import periodic, task
from governance.outbox.models import OutboxMessage
from tests.database import in_threads
from tests.governance.outbox.work import TASK, ask, stored

PERIODIC = "tests.periodic"
seen: list[Actor] = []


@task(TASK, max_attempts=2)
def rename_something(actor: Actor, /, **payload: str) -> None:
    seen.append(actor)


@periodic(PERIODIC)
def count(actor: Actor) -> None:
    seen.append(actor)
    time.sleep(0.5)


@pytest.fixture(autouse=True)
def nothing_seen() -> Iterator[None]:
    seen.clear()
    yield
    seen.clear()


def test_a_declared_task_does_the_work_of_its_outbox_row(committed_db: str) -> None:
    message = ask()

    current_app.tasks[TASK](str(message.id))

    assert [actor.kind for actor in seen] == [ActorKind.TASK]
    assert stored(message).done_at is not None


def test_a_declared_task_is_acknowledged_late_and_keeps_no_result() -> None:
    declared = current_app.tasks[TASK]

    assert (declared.acks_late, declared.reject_on_worker_lost, declared.ignore_result) == (True, True, True)
    assert declared.time_limit == 1800


def test_periodic_work_twice_at_once_runs_once(committed_db: str) -> None:
    in_threads(*[current_app.tasks[PERIODIC]] * 2)

    assert [actor.kind for actor in seen] == [ActorKind.TASK]


def test_periodic_work_runs_again_afterwards(committed_db: str) -> None:
    current_app.tasks[PERIODIC]()
    current_app.tasks[PERIODIC]()

    assert len(seen) == 2


def test_periodic_work_needs_no_outbox_row(committed_db: str) -> None:
    current_app.tasks[PERIODIC]()

    assert not OutboxMessage.objects.exists()
