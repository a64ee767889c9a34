"""Put work into the outbox, publish wake-up calls, settle what was done.

These are steps, not verbs: ``enqueue`` runs inside the verb that asks for the work. The outbox is no
evidence; the entries of the two verbs around it are.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from celery import current_app
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import KombuError, OperationalError

from governance.actors import Principal, current_actor
from governance.outbox.models import OutboxMessage

logger = logging.getLogger(__name__)

FIRST_SWEEP_AFTER = timedelta(seconds=10)
RESEND_AFTER = timedelta(seconds=30)
LONGEST_BACKOFF = timedelta(minutes=10)
SWEEP_BATCH = 500
ERROR_LENGTH = 2000


def enqueue(task: str, /, **payload: str) -> OutboxMessage:
    """Store work for ``task`` in the running transaction and wake a worker once it has committed.

    Raises:
        ActorMissing: outside a verb; work always names who asked for it.
        TransactionManagementError: outside a transaction.
    """
    return enqueue_many(task, [payload])[0]


def enqueue_many(task: str, payloads: Iterable[dict[str, str]]) -> list[OutboxMessage]:
    """Store one piece of work per payload, in one statement; as :func:`enqueue` otherwise.

    A broker that does not take the first call is not asked again: the sweep sends the rest.
    """
    actor = current_actor()
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Work is stored in the transaction that asks for it.")
    principal = actor.on_behalf_of or (Principal(actor.id, actor.username) if actor.id else None)
    now = timezone.now()
    messages = OutboxMessage.objects.bulk_create(
        OutboxMessage(
            task=task,
            payload=payload,
            principal_id=principal.id if principal else None,
            principal_username=principal.username if principal else "",
            created_at=now,
            available_at=now + FIRST_SWEEP_AFTER,
        )
        for payload in payloads
    )
    transaction.on_commit(lambda: _publish_all(messages), robust=True)
    return messages


def _publish_all(messages: Iterable[OutboxMessage]) -> int:
    """Publish until the broker does not take one; answers how many it took."""
    taken = 0
    for message in messages:
        if not publish(message.id, message.task):
            break
        taken += 1
    return taken


def publish(message_id: UUID, task: str) -> bool:
    """Send a wake-up call; answers whether the broker took it. The sweep repeats what it did not.

    Tries once: a broker that does not answer costs the caller the socket timeout and no more (the settings
    of the transport say so, a test measures it).
    """
    try:
        current_app.send_task(task, args=[str(message_id)], retry=False)
    except (OperationalError, KombuError, OSError) as error:
        logger.warning("broker did not take %s %s: %s; the sweep will repeat it", task, message_id, error)
        return False
    return True


def sweep() -> int:
    """Publish again whatever is due and not settled; answers how many calls the broker took.

    Ends with the first call that the broker does not take: the next sweep repeats the rest.
    """
    now = timezone.now()
    with transaction.atomic():
        due = list(
            OutboxMessage.objects.select_for_update(skip_locked=True)
            .filter(done_at__isnull=True, failed_at__isnull=True, available_at__lte=now)
            .order_by("available_at")[:SWEEP_BATCH]
        )
        OutboxMessage.objects.filter(id__in=[message.id for message in due]).update(
            available_at=now + RESEND_AFTER
        )
    return _publish_all(due)


def begin_attempt(message: OutboxMessage) -> int:
    """Count an attempt before the work starts, so that a killed worker counts too; answers its number."""
    OutboxMessage.objects.filter(id=message.id).update(
        attempts=F("attempts") + 1, available_at=timezone.now() + RESEND_AFTER
    )
    message.refresh_from_db(fields=["attempts"])
    return message.attempts


def attempts_of(task: str, /, **payload: object) -> int:
    """How often the newest message of ``task`` with this payload was begun; 0 for work done without one."""
    wanted = {name: str(value) for name, value in payload.items()}
    newest = OutboxMessage.objects.filter(task=task, payload=wanted).order_by("-created_at").first()
    return newest.attempts if newest else 0


def settle_done(message: OutboxMessage) -> None:
    """The work is done: never deliver this message again."""
    OutboxMessage.objects.filter(id=message.id).update(done_at=timezone.now(), last_error="")


def settle_failed(message: OutboxMessage, error: str) -> None:
    """No attempt would help any more: keep the row and its last error for the operator."""
    OutboxMessage.objects.filter(id=message.id).update(failed_at=timezone.now(), last_error=_storable(error))


def postpone(message: OutboxMessage, error: str) -> None:
    """This attempt failed: try again later, waiting longer each time (2 s, 4 s, … at most 10 minutes)."""
    again_at = timezone.now() + min(LONGEST_BACKOFF, timedelta(seconds=2 ** min(message.attempts, 16)))
    OutboxMessage.objects.filter(id=message.id).update(
        available_at=again_at, postponed_until=again_at, last_error=_storable(error)
    )


def _storable(error: str) -> str:
    """An error may quote anything: halves of surrogate pairs and NUL are written as escapes."""
    return error[:ERROR_LENGTH].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
