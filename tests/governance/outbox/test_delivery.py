"""Delivery of outbox rows: once, one at a time, again with rests, and to a named end (R2, R3)."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import connection

from governance.actors import ActorKind
from governance.background.locks import advisory_lock
from governance.background.wrapper import Work, deliver
from governance.ledger.verbs import Conflict
from governance.outbox.models import OutboxMessage
from governance.registry.models import System
from tests.database import in_threads
from tests.governance.ledger.acts import person, rename
from tests.governance.ledger.reading import documents, eventually
from tests.governance.outbox.work import Counter, Ending, Refuses, ask, make_due, stored
from tests.servers import ROOT


def delivering(message: OutboxMessage, work: Work) -> Callable[[], None]:
    return lambda: deliver(str(message.id), "task-1", work)


def attempt(message: OutboxMessage, work: Work, times: int = 1) -> None:
    """Deliver again and again, each time after the rest that the failure before asked for."""
    for _ in range(times):
        make_due(message)
        deliver(str(message.id), "task-1", work)


def test_the_handler_gets_the_payload_and_acts_for_whoever_asked(committed_db: str) -> None:
    counter, asker = Counter(), person("grace")
    message = ask(asker, evaluation="42")

    deliver(str(message.id), "task-1", Work(counter))

    [(actor, payload)] = counter.calls
    assert payload == {"evaluation": "42"}
    assert (actor.kind, actor.task_id) == (ActorKind.TASK, "task-1")
    assert actor.on_behalf_of is not None
    assert (actor.on_behalf_of.id, actor.on_behalf_of.username) == (asker.id, "grace")
    assert stored(message).done_at is not None


def test_the_same_message_eight_times_at_once_has_one_effect(system: System) -> None:
    message = ask()
    work = Work(lambda actor: void(rename(actor, system=system, name="Renamed")))

    in_threads(*[delivering(message, work)] * 8)

    assert len(documents(system.stream())) == 2
    assert stored(message).attempts == 1


def void(_system: System) -> None:
    return None


def test_the_same_failing_message_eight_times_at_once_is_one_attempt(committed_db: str) -> None:
    counter = Counter(*[ValueError("no luck")] * 8)
    message = ask()

    in_threads(*[delivering(message, Work(counter))] * 8)

    assert len(counter.calls) == stored(message).attempts == 1


def test_a_second_delivery_of_finished_work_does_nothing(committed_db: str) -> None:
    counter, message = Counter(), ask()

    attempt(message, Work(counter), times=2)

    assert len(counter.calls) == 1


def test_a_message_that_does_not_exist_is_nobodys_work(committed_db: str) -> None:
    counter = Counter()

    deliver(str(UUID(int=1)), "task-1", Work(counter))

    assert counter.calls == []


def test_an_attempt_is_counted_before_the_work(committed_db: str) -> None:
    seen: list[int] = []
    message = ask()

    deliver(str(message.id), "task-1", Work(lambda actor: seen.append(stored(message).attempts)))

    assert seen == [1]


def test_a_failure_is_tried_again_after_a_growing_rest_and_not_before(committed_db: str) -> None:
    counter = Counter(ValueError("no luck"), KeyError("still none"))
    message = ask()
    noon = datetime(2126, 3, 1, 12, tzinfo=UTC)

    calls = [
        calls_after_a_delivery(message, counter, noon + timedelta(seconds=seconds))
        for seconds in (0, 1, 2, 5, 6, 60)
    ]

    assert calls == [1, 1, 2, 2, 3, 3]
    assert stored(message).done_at == noon + timedelta(seconds=6)


def calls_after_a_delivery(message: OutboxMessage, counter: Counter, at: datetime) -> int:
    with time_machine.travel(at, tick=False):
        deliver(str(message.id), "task-1", Work(counter))
    return len(counter.calls)


def test_the_error_of_a_failure_is_kept_until_the_work_is_done(committed_db: str) -> None:
    message, work = ask(), Work(Counter(ValueError("no luck")))

    attempt(message, work)
    failed = stored(message)
    attempt(message, work)

    assert (failed.last_error, failed.done_at) == ("ValueError: no luck", None)
    assert stored(message).last_error == ""


def test_after_the_last_attempt_the_message_fails_and_its_object_is_ended(committed_db: str) -> None:
    counter, ending = Counter(*[ValueError("no luck")] * 9), Ending()
    message = ask(evaluation="42")

    attempt(message, Work(counter, ending, max_attempts=3), times=5)

    assert len(counter.calls) == stored(message).attempts == 3
    assert ending.ended == [("ValueError: no luck", {"evaluation": "42"})]
    assert stored(message).failed_at is not None
    assert stored(message).last_error == "ValueError: no luck"


def test_a_refusal_is_final_and_not_tried_again(committed_db: str) -> None:
    counter, ending, message = Counter(Refuses("The revision is withdrawn.")), Ending(), ask()

    attempt(message, Work(counter, ending), times=3)

    assert len(counter.calls) == 1
    assert ending.ended == [("Refuses: The revision is withdrawn.", {})]
    assert stored(message).failed_at is not None


def test_a_collision_with_another_change_is_tried_again(committed_db: str) -> None:
    counter, ending, message = Counter(Conflict("Another change was running.")), Ending(), ask()

    attempt(message, Work(counter, ending), times=2)

    assert len(counter.calls) == 2
    assert ending.ended == []
    assert stored(message).done_at is not None


def test_an_end_that_fails_is_tried_again_without_the_work(committed_db: str) -> None:
    counter, ending, message = Counter(ValueError("no luck")), Ending(OSError("no database")), ask()
    work = Work(counter, ending, max_attempts=1)

    attempt(message, work)
    settled_after_the_first = stored(message).is_settled
    attempt(message, work)

    assert not settled_after_the_first
    assert len(counter.calls) == 1
    assert ending.ended == [("ValueError: no luck", {})]
    assert stored(message).failed_at is not None


def test_an_end_that_is_refused_is_an_end(committed_db: str) -> None:
    ending, message = Ending(Refuses("It has ended before.")), ask()

    attempt(message, Work(Counter(ValueError("no luck")), ending, max_attempts=1))

    assert stored(message).failed_at is not None
    assert stored(message).last_error == "ValueError: no luck; ending it was refused: It has ended before."


def test_a_worker_that_always_dies_is_given_up_after_its_last_attempt(committed_db: str) -> None:
    counter, ending, message = Counter(), Ending(), ask()
    OutboxMessage.objects.update(attempts=5)

    attempt(message, Work(counter, ending, max_attempts=5))

    assert counter.calls == []
    assert ending.ended == [("the worker stopped 5 times while working on it", {})]


def test_a_killed_worker_frees_its_message_at_once_and_has_used_an_attempt(
    database_urls: dict[str, str],
) -> None:
    counter, message = Counter(), ask()
    worker = start_hanging_worker(message, database_urls)

    deliver(str(message.id), "task-2", Work(counter))
    calls_while_it_lived = len(counter.calls)
    worker.kill()
    worker.communicate()
    delivered = eventually(lambda: delivers(message, counter))

    assert calls_while_it_lived == 0
    assert delivered
    assert len(counter.calls) == 1
    assert stored(message).attempts == 2


def delivers(message: OutboxMessage, counter: Counter) -> bool:
    deliver(str(message.id), "task-2", Work(counter))
    return len(counter.calls) == 1


def start_hanging_worker(message: OutboxMessage, environment: dict[str, str]) -> "subprocess.Popen[str]":
    worker = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.governance.outbox.hanging_worker", str(message.id)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "working\n"
    return worker


def test_a_lock_is_held_by_one_and_free_afterwards(committed_db: str) -> None:
    def hold() -> bool:
        with advisory_lock("once") as held:
            time.sleep(0.5)
            return held

    assert sorted(in_threads(hold, hold)) == [False, True]
    assert in_threads(hold) == [True]


def test_a_lock_is_freed_after_an_error(committed_db: str) -> None:
    def fail() -> None:
        with advisory_lock("once"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone() == (0,)
