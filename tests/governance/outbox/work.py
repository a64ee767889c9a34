"""Work for the outbox's tests, and the message that asks for it."""

import threading
import time
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from governance.actors import Actor, acting_as
from governance.errors import GovernanceError
from governance.outbox.models import OutboxMessage
from governance.outbox.services import enqueue
from tests.governance.ledger.acts import person

TASK = "tests.rename"


class Refuses(GovernanceError):
    """A final answer."""

    code = "refuses"


class Counter:
    """A handler that counts its calls, from many threads; raises the errors it was given, one per call."""

    def __init__(self, *errors: Exception, rest: float = 0.0) -> None:
        self.calls: list[tuple[Actor, dict[str, str]]] = []
        self._errors = list(errors)
        self._rest = rest
        self._lock = threading.Lock()

    def __call__(self, actor: Actor, /, **payload: str) -> None:
        with self._lock:
            self.calls.append((actor, payload))
            error = self._errors.pop(0) if self._errors else None
        time.sleep(self._rest)
        if error is not None:
            raise error


class Ending:
    """Notes how a message is brought to an end; raises the errors it was given, one per call."""

    def __init__(self, *errors: Exception) -> None:
        self.ended: list[tuple[str, dict[str, str]]] = []
        self._errors = list(errors)

    def __call__(self, actor: Actor, error: str, /, **payload: str) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.ended.append((error, payload))


def ask(actor: Actor | None = None, **payload: str) -> OutboxMessage:
    """A committed message, as a verb leaves it."""
    with acting_as(actor or person()), transaction.atomic():
        return enqueue(TASK, **payload)


def stored(message: OutboxMessage) -> OutboxMessage:
    """The message as it is now."""
    return OutboxMessage.objects.get(id=message.id)


def make_due(*messages: OutboxMessage) -> None:
    """Let the time pass after which the messages are tried again."""
    past = timezone.now() - timedelta(seconds=1)
    rows = OutboxMessage.objects.filter(id__in=[message.id for message in messages])
    rows.update(available_at=past)
    rows.filter(postponed_until__isnull=False).update(postponed_until=past)
