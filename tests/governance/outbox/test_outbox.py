"""The outbox: stored with the change that asks for it, sent when the broker can take it (R1)."""

import time
from datetime import timedelta

import pytest
import redis
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from governance.actors import ActorMissing, Principal, acting_as, task_actor
from governance.identifiers import new_id
from governance.outbox.models import OutboxMessage
from governance.outbox.services import (
    RESEND_AFTER,
    enqueue,
    postpone,
    publish,
    settle_done,
    settle_failed,
    sweep,
)
from governance.registry.models import System
from tests.database import Broker, in_threads
from tests.governance.ledger.acts import TooLate, person, rename
from tests.governance.outbox.work import TASK, ask, make_due, stored

SOCKET_TIMEOUT_SECONDS = 2.0
SLACK_SECONDS = 1.5


def waiting_calls(broker: Broker) -> int:
    with redis.Redis.from_url(broker.url) as client:
        return int(client.llen("celery"))


def enqueue_and_refuse() -> None:
    enqueue(TASK)
    raise TooLate("after asking for work")


def seconds_of_a_verb_that_enqueues(system: System) -> float:
    started = time.monotonic()
    rename(person(), system=system, name="Renamed", meanwhile=lambda: void(enqueue(TASK)))
    return time.monotonic() - started


def void(_message: OutboxMessage) -> None:
    return None


def test_work_is_stored_with_who_asked_for_it(committed_db: str, broker: Broker) -> None:
    actor = person("grace")

    message = stored(ask(actor, evaluation="42"))

    assert (message.task, message.payload) == (TASK, {"evaluation": "42"})
    assert (message.principal_id, message.principal_username) == (actor.id, "grace")
    assert (message.attempts, message.is_settled) == (0, False)
    assert waiting_calls(broker) == 1


def test_work_asked_for_by_a_task_names_the_person_behind_it(committed_db: str) -> None:
    behind = Principal(new_id(), "grace")

    message = ask(task_actor("task-1", behind))

    assert (message.principal_id, message.principal_username) == (behind.id, "grace")


def test_enqueue_outside_a_verb_raises(committed_db: str) -> None:
    with pytest.raises(ActorMissing), transaction.atomic():
        enqueue(TASK)

    assert not OutboxMessage.objects.exists()


def test_enqueue_outside_a_transaction_raises(committed_db: str) -> None:
    with pytest.raises(transaction.TransactionManagementError), acting_as(person()):
        enqueue(TASK)

    assert not OutboxMessage.objects.exists()


def test_a_verb_that_is_rolled_back_leaves_no_work_and_sends_nothing(system: System, broker: Broker) -> None:
    with pytest.raises(TooLate):
        rename(person(), system=system, name="Renamed", meanwhile=enqueue_and_refuse)

    assert not OutboxMessage.objects.exists()
    assert waiting_calls(broker) == 0


def test_nothing_leaves_before_the_commit(system: System, broker: Broker) -> None:
    seen = []

    def look() -> None:
        enqueue(TASK)
        seen.append(waiting_calls(broker))

    rename(person(), system=system, name="Renamed", meanwhile=look)

    assert [*seen, waiting_calls(broker)] == [0, 1]


def test_a_broker_that_is_down_delays_no_verb_and_loses_nothing(system: System, broker: Broker) -> None:
    broker.kill()

    took = [seconds_of_a_verb_that_enqueues(system) for _ in range(2)]

    assert max(took) < SLACK_SECONDS
    assert OutboxMessage.objects.filter(done_at__isnull=True, failed_at__isnull=True).count() == 2


def test_a_broker_that_hangs_delays_a_verb_by_one_timeout_at_most(system: System, broker: Broker) -> None:
    publish(new_id(), TASK)  # a connection that was good before
    broker.pause()

    took = [seconds_of_a_verb_that_enqueues(system) for _ in range(2)]

    assert max(took) < SOCKET_TIMEOUT_SECONDS + SLACK_SECONDS
    assert OutboxMessage.objects.count() == 2


def test_the_sweep_sends_later_what_the_broker_did_not_take(system: System, broker: Broker) -> None:
    broker.kill()
    seconds_of_a_verb_that_enqueues(system)
    make_due(OutboxMessage.objects.get())
    broker.start()

    taken = sweep()

    assert taken == waiting_calls(broker) == 1


def test_the_sweep_ends_with_the_first_call_that_the_broker_does_not_take(
    committed_db: str, broker: Broker
) -> None:
    broker.kill()
    messages = [ask(), ask(), ask()]
    make_due(*messages)
    broker.start()
    publish(new_id(), TASK)
    broker.pause()
    started = time.monotonic()

    taken = sweep()

    assert taken == 0
    assert time.monotonic() - started < SOCKET_TIMEOUT_SECONDS + SLACK_SECONDS


def test_the_sweep_leaves_alone_what_is_not_due_or_settled(committed_db: str, broker: Broker) -> None:
    _fresh, done, failed = ask(), ask(), ask()
    make_due(done, failed)
    settle_done(done)
    settle_failed(failed, "no hope")

    assert sweep() == 0


def test_the_sweep_sends_a_message_again_only_after_a_while(committed_db: str, broker: Broker) -> None:
    message = ask()
    make_due(message)

    assert (sweep(), sweep()) == (1, 0)
    assert stored(message).available_at > timezone.now() + RESEND_AFTER / 2


def test_two_sweeps_at_once_send_each_message_once(committed_db: str, broker: Broker) -> None:
    messages = [ask() for _ in range(6)]
    make_due(*messages)

    assert sum(in_threads(sweep, sweep, sweep)) == 6


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 2), (2, 4), (3, 8), (4, 16), (9, 512), (10, 600), (5000, 600)]
)
def test_each_failure_waits_longer_than_the_last_and_ten_minutes_at_most(
    db: None, attempts: int, seconds: int
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        now = timezone.now()
        message = OutboxMessage.objects.create(task=TASK, attempts=attempts, created_at=now, available_at=now)
        postpone(message, "no luck")

    assert stored(message).postponed_until == now + timedelta(seconds=seconds)
    assert stored(message).available_at == now + timedelta(seconds=seconds)


def test_an_error_that_cannot_be_stored_is_kept_with_escapes(db: None) -> None:
    now = timezone.now()
    message = OutboxMessage.objects.create(task=TASK, created_at=now, available_at=now)

    settle_failed(message, "a\0b\ud800" + "x" * 9999)

    assert stored(message).last_error.startswith("a\\0b\\ud800x")
    assert connection.is_usable()
