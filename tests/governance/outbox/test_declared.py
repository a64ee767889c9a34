"""Tasks as Celery sees them: declared through the wrapper, run by name."""

import threading
from collections.abc import Iterator

import pytest
from celery import current_app

from governance.actors import Actor, ActorKind
from governance.background import periodic, task
from governance.outbox.models import OutboxMessage
from tests.database import in_threads
from tests.governance.outbox.work import TASK, ask, stored

PERIODIC, SHARED = "tests.periodic", "tests.shared"
seen: list[Actor] = []
begun, free = threading.Semaphore(0), threading.Event()


@task(TASK, max_attempts=2)
def rename_something(actor: Actor, /, **payload: str) -> None:
    seen.append(actor)


@periodic(PERIODIC)
def count(actor: Actor) -> None:
    seen.append(actor)
    begun.release()
    free.wait(30)


@periodic(SHARED, at_once=2)
def share(actor: Actor) -> None:
    count(actor)


@pytest.fixture(autouse=True)
def nothing_seen() -> Iterator[None]:
    seen.clear()
    free.clear()
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


@pytest.mark.parametrize(("name", "at_once"), [(PERIODIC, 1), (SHARED, 2)])
def test_periodic_work_is_done_by_so_many_at_once_and_again_afterwards(
    committed_db: str, name: str, at_once: int
) -> None:
    work = current_app.tasks[name]

    def one_too_many() -> None:
        assert all(begun.acquire(timeout=30) for _ in range(at_once))
        work()
        free.set()

    found = in_threads(one_too_many, *[work] * at_once)
    meanwhile = [actor.kind for actor in seen]
    work()
    begun.acquire(timeout=30)

    assert found == [None] * (at_once + 1)
    assert (meanwhile, len(seen)) == ([ActorKind.TASK] * at_once, at_once + 1)
    assert not OutboxMessage.objects.exists()
