"""Append entries to streams, inside the transaction of the change they record."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from governance.actors import Actor, current_actor, moment
from governance.errors import GovernanceError
from governance.identifiers import new_id
from governance.ledger.canonical import canonical_bytes, digest_of_bytes, is_digest
from governance.ledger.events import event_named
from governance.ledger.models import Blob, Entry
from governance.prepared import first_row

SCHEMA = "countersign.entry.v1"
MAX_BODY_BYTES = 32 * 1024

# By hand, since every change in the product pays for it: objects would take four statements and several times
# the time. The number and the time of an entry follow from the stream's last, which the statement finds by
# itself; so the body comes in three pieces, between which the database puts both in their canonical form.
_APPEND = """
WITH last AS (
    SELECT stream_seq, at FROM entry WHERE stream = %(stream)s ORDER BY stream_seq DESC LIMIT 1
), place AS (
    SELECT coalesce(max(stream_seq), 0) + 1 AS seq, greatest(%(moment)s::timestamptz, max(at)) AS at FROM last
), written AS (
    INSERT INTO entry (id, stream, stream_seq, body, at)
    SELECT %(id)s, %(stream)s, seq, %(to_at)s || convert_to(
            to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8'
        ) || %(to_seq)s || convert_to(seq::text, 'UTF8') || %(rest)s, at
    FROM place
    RETURNING id, stream_seq, at, body
), queued AS (
    INSERT INTO pending (entry_id) SELECT id FROM written
)
SELECT stream_seq, at, body FROM written
"""


class EntryTooLarge(GovernanceError):
    """An entry's body would exceed 32 KiB; large material goes into a blob named by digest."""

    code = "entry_too_large"
    status = 413
    title = "Too much to record"
    next_step = "Shorten the reason or the attributes; attach long material as a file."


class MalformedReference(RuntimeError):
    """A service named evidence by something else than a digest; this is a defect of the service."""


@dataclass
class Recording:
    """What the running verb has recorded so far: its event, its entries, the objects it asked about."""

    event: str
    entries: list[Entry] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)


def actor_document(actor: Actor) -> dict[str, Any]:
    """The actor as it stands in an entry."""
    return {
        "kind": actor.kind,
        "id": actor.id,
        "username": actor.username,
        "auth": {"method": actor.auth.method, "mfa": actor.auth.mfa, "token": actor.auth.token_id},
    }


def append_entry(
    event: str,
    stream: str,
    *,
    before: Any = None,
    after: Any = None,
    reason: str = "",
    refs: dict[str, str] | None = None,
    cause: UUID | None = None,
) -> Entry:
    """Append one entry to ``stream`` and queue it for the integrator.

    The caller holds the aggregate's row lock, which makes the stream's numbers gapless; the unique
    constraint stops whoever forgot it.

    Raises:
        ActorMissing: no actor is bound.
        EntryTooLarge: the body exceeds 32 KiB.
        MalformedReference: a value of ``refs`` is no digest, or is named ``cause``.
        NotCanonical: a value has no canonical form.
        UnknownEvent: the event is not in the catalogue.
    """
    event_named(event)
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An entry is written in the transaction of its change.")
    entry = Entry(id=new_id(), stream=stream)
    facts = {"before": before, "after": after, "reason": reason or None}
    pieces = _pieces(entry, event, {**facts, "refs": {**_checked(refs or {}), "cause": cause}})
    row = first_row(_APPEND, {"id": entry.id, "stream": stream, "moment": moment(), **pieces})
    assert row is not None, "what was inserted comes back"
    entry.stream_seq, entry.at, entry.body = row
    if len(entry.body) > MAX_BODY_BYTES:
        transaction.set_rollback(True)  # it stands there by now, and whoever catches this must not commit it
        raise EntryTooLarge(
            f"The record of {event} takes {len(entry.body)} bytes; at most {MAX_BODY_BYTES} fit."
        )
    entry._state.adding, entry._state.db = False, connection.alias
    return entry


def store_blob(data: bytes) -> str:
    """Keep ``data`` under its digest, which is answered; storing it again changes nothing."""
    digest = digest_of_bytes(data)
    Blob.objects.bulk_create(
        [Blob(digest=digest, bytes=data, stored_at=timezone.now())], ignore_conflicts=True
    )
    return digest


def _checked(refs: dict[str, str]) -> dict[str, str]:
    for name, digest in refs.items():
        if name == "cause" or not is_digest(digest):
            raise MalformedReference(f"refs[{name!r}] = {digest!r}: give sha256:<64 hex> under another name.")
    return refs


def _pieces(entry: Entry, event: str, facts: dict[str, Any]) -> dict[str, bytes]:
    """The canonical body up to the value of ``at``, from there to that of ``seq``, and what follows."""
    document = {
        "id": entry.id,
        "type": event,
        "stream": entry.stream,
        **facts,
        **_envelope(current_actor()),
    }
    # Canonical order is that of the keys; each piece has members, whatever the facts are.
    first, second, third = (
        canonical_bytes({key: value for key, value in document.items() if low < key < high})[1:-1]
        for low, high in (("", "at"), ("at", "seq"), ("seq", "~"))
    )
    return {
        "to_at": b'{%b,"at":"' % first,
        "to_seq": b'",%b,"seq":' % second,
        "rest": b",%b}" % third,
    }


def _envelope(actor: Actor) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        "schema": SCHEMA,
        "actor": actor_document(actor),
        "on_behalf_of": actor.on_behalf_of,
        "request_id": actor.request_id or None,
        "task_id": actor.task_id or None,
    }
    # A time that was passed in is no observation of the server's clock: it never stands unmarked.
    if actor.simulated or actor.at is not None:
        envelope["simulated"] = True
    return envelope
