"""Declare tasks: queue, late acknowledgement, attempts, locks and the acting worker, in one place.

A task receives the id of an outbox row. The row is claimed by an advisory lock, so the same call
delivered eight times at once does its work once; attempts are counted in the row before the work starts,
so a worker that is killed cannot try for ever. A refusal (:class:`GovernanceError`) is an answer and ends
the message at once; only what time may cure is tried again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from celery import Task, shared_task
from django.utils import timezone

from governance.actors import Actor, Principal, task_actor
from governance.background.locks import advisory_lock, one_of_locks
from governance.background.transient import Transient
from governance.errors import GovernanceError
from governance.outbox import services as outbox
from governance.outbox.models import OutboxMessage
from governance.queues import LONGEST_TASK_SECONDS

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5


class Exhausted(Protocol):
    """What to do when no attempt is left: bring the waiting object to a named end."""

    def __call__(self, actor: Actor, error: str, /, **payload: str) -> None: ...


@dataclass(frozen=True)
class Work:
    """The work behind outbox rows of one name: ``handler(actor, **payload)`` and what ends it."""

    handler: Callable[..., None]
    exhausted: Exhausted | None = None
    max_attempts: int = MAX_ATTEMPTS


def deliver(message_id: str, task_id: str, work: Work) -> None:
    """Do the work of one outbox row, unless it is settled, not due, or somebody else holds it."""
    with advisory_lock(f"outbox:{message_id}") as held:
        if not held:
            return
        message = OutboxMessage.objects.filter(id=UUID(message_id)).first()
        if message is not None and message.is_due(timezone.now()):
            _attempt(message, _actor(message, task_id), work)


def _actor(message: OutboxMessage, task_id: str) -> Actor:
    principal = None
    if message.principal_id:
        principal = Principal(message.principal_id, message.principal_username)
    return task_actor(task_id, principal)


def _attempt(message: OutboxMessage, actor: Actor, work: Work) -> None:
    attempt = outbox.begin_attempt(message)
    if attempt > work.max_attempts:
        error = message.last_error or f"the worker stopped {work.max_attempts} times while working on it"
        _give_up(message, actor, work, error)
        return
    try:
        work.handler(actor, **message.payload)
    except Exception as error:
        described = f"{type(error).__name__}: {error}"
        logger.exception(
            "%s %s failed at attempt %d of %d", message.task, message.id, attempt, work.max_attempts
        )
        if _is_final(error) or attempt == work.max_attempts:
            _give_up(message, actor, work, described)
        else:
            outbox.postpone(message, described)
        return
    outbox.settle_done(message)


def _give_up(message: OutboxMessage, actor: Actor, work: Work, error: str) -> None:
    """End the waiting object, then the message; if the first fails, both are tried again later."""
    if work.exhausted is not None:
        try:
            work.exhausted(actor, error, **message.payload)
        except Exception as ending:
            logger.exception("%s %s could not be brought to an end", message.task, message.id)
            if not _is_final(ending):
                outbox.postpone(message, error)
                return
            error = f"{error}; ending it was refused: {ending}"
    outbox.settle_failed(message, error)


def _is_final(error: Exception) -> bool:
    """Whether another attempt would get the same answer."""
    return isinstance(error, GovernanceError) and not isinstance(error, Transient)


def task(
    name: str,
    *,
    exhausted: Exhausted | None = None,
    max_attempts: int = MAX_ATTEMPTS,
    time_limit_seconds: int = LONGEST_TASK_SECONDS,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare ``handler(actor, **payload)`` as the work behind outbox rows named ``name``."""

    def declare(handler: Callable[..., None]) -> Callable[..., None]:
        work = Work(handler, exhausted, max_attempts)

        @shared_task(
            name=name,
            bind=True,
            acks_late=True,
            reject_on_worker_lost=True,
            ignore_result=True,
            time_limit=time_limit_seconds,
        )
        def run(self: Task[Any, Any], message_id: str) -> None:
            deliver(message_id, self.request.id or "", work)

        return handler

    return declare


def periodic(
    name: str, *, at_once: int = 1, time_limit_seconds: int = LONGEST_TASK_SECONDS
) -> Callable[[Callable[[Actor], None]], Callable[[Actor], None]]:
    """Declare ``handler(actor)`` as periodic work; two beats at once do it once.

    ``at_once`` more than 1 lets so many share the work, which the handler must then divide by locks of its
    own. How often it runs stands in the beat schedule.
    """

    def declare(handler: Callable[[Actor], None]) -> Callable[[Actor], None]:
        @shared_task(name=name, bind=True, ignore_result=True, time_limit=time_limit_seconds)
        def run(self: Task[Any, Any]) -> None:
            with one_of_locks(f"periodic:{name}", at_once) as held:
                if held:
                    handler(task_actor(self.request.id or ""))

        return handler

    return declare
