"""Idempotency keys: the same call twice changes things once.

The claim is an INSERT … ON CONFLICT DO NOTHING in the verb's own transaction, so a twin waits for the
first to end. A refused call rolls its claim back and keeps no key.
"""

from dataclasses import dataclass

from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from governance.actors import Actor
from governance.errors import GovernanceError, NotFound
from governance.ledger.models import IdempotencyRecord

INSERT = """
INSERT INTO governance_idempotencyrecord
    (actor, key, request_digest, verb, result_model, result_id, created_at)
VALUES (%s, %s, %s, %s, '', '', %s)
ON CONFLICT (actor, key) DO NOTHING
RETURNING id
"""


class IdempotencyKeyReused(GovernanceError):
    """The key was used before for another request."""

    code = "idempotency_key_reused"
    title = "Key used for another request"
    next_step = "Use a new Idempotency-Key for a new request."


@dataclass(frozen=True)
class Claim:
    """A key in the running transaction: newly claimed, or found with a stored result."""

    row: IdempotencyRecord
    is_replay: bool

    def store(self, result: models.Model) -> None:
        """Keep which object the verb answered."""
        IdempotencyRecord.objects.filter(pk=self.row.pk).update(
            result_model=result._meta.label, result_id=str(result.pk)
        )

    def stored_result(self) -> models.Model:
        """The object the first call answered, as it is now.

        Raises:
            NotFound: it exists no longer.
        """
        model = apps.get_model(self.row.result_model)
        found: models.Model | None = model._default_manager.filter(pk=self.row.result_id).first()
        if found is None:
            raise NotFound("What the first call with this key made is no longer there.")
        return found


def actor_key(actor: Actor) -> str:
    """Keys are unique per actor: the account, or the name of the command's operator."""
    return str(actor.id) if actor.id else f"{actor.kind}:{actor.username}"


def claim(actor: Actor, verb: str) -> Claim | None:
    """Claim the actor's key for ``verb``; None when the call carries none.

    Raises:
        IdempotencyKeyReused: the key belongs to another request.
    """
    if actor.idempotency is None:
        return None
    wanted = actor.idempotency
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [actor_key(actor), wanted.key, wanted.request_digest, verb, timezone.now()])
        inserted = cursor.fetchone() is not None
    row = IdempotencyRecord.objects.get(actor=actor_key(actor), key=wanted.key)
    if inserted:
        return Claim(row, is_replay=False)
    if row.request_digest != wanted.request_digest or row.verb != verb:
        raise IdempotencyKeyReused(f"The key {wanted.key!r} was used for another request ({row.verb}).")
    return Claim(row, is_replay=True)
