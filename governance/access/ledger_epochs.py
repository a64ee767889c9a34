"""The verb that begins a new epoch of the ledger, after a restore that lost entries which were signed."""

import base64
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection

from governance.access.models import Proposal
from governance.access.proposals import record_confirmation
from governance.access.queries import require
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION
from governance.access.second_administrator import (
    require_person,
    second_administrator,
    store_for_second,
    tell_administrators,
)
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.identifiers import new_id
from governance.ledger.custody_models import Epoch
from governance.ledger.epochs import FIRST, first_origin, list_eras, origin_of_epoch
from governance.ledger.heads import (
    EpochUnknown,
    Head,
    HeadDisagrees,
    HeadMissing,
    head_file,
    note_epoch,
    read_head,
)
from governance.ledger.keys import key_for
from governance.ledger.models import SignedCheckpoint, TreeState
from governance.ledger.sealing import compare_head
from governance.ledger.signing import LEDGER, KeyFileUnfit
from governance.ledger.stored_tree import TreeIncomplete
from governance.ledger.verbs import record, verb

VERB = "ledger_epoch.begun"
LOCK = "countersign ledger epochs"


class EpochNotNeeded(GovernanceError):
    """All that was signed is in this database."""

    code = "epoch_not_needed"
    title = "Nothing was lost"
    next_step = "Start the integrator; it goes on where it was."


class EpochNotPossible(GovernanceError):
    """What would be given up is not known."""

    code = "epoch_not_possible"
    title = "What was signed last is not known here"
    next_step = "Run this on the host of the integrator, with its key file and the head beside it."


@verb("proposal.stored")
def propose_epoch(actor: Actor, *, reason: str) -> Proposal:
    """First of two administrators: give up what is lost, and go on under another origin."""
    require(actor, Permission.MANAGE_KEYS, INSTALLATION)
    _check(actor, reason)
    return store_for_second(VERB, _arguments(_lost_head()), reason)


@verb("ledger_epoch.begun")
def begin_epoch(actor: Actor, *, reason: str, proposal: UUID | None = None) -> Epoch:
    """Begin a new epoch: the entry names size, root and origin of what is given up, and the reason.

    Raises:
        EpochNotNeeded: the head outside agrees with this database.
        EpochNotPossible: there is no head to give up, or its origin is not known.
        SecondPersonNeeded: no proposal, although there is another administrator.
    """
    require(actor, Permission.MANAGE_KEYS, INSTALLATION)
    _check(actor, reason)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", [LOCK])
    lost = _lost_head()
    confirmed, alone = second_administrator(actor, VERB, _arguments(lost), proposal)
    epoch = _epoch(lost, reason)
    epoch.sole_administrator = alone
    epoch.began_by_username = confirmed.proposed_by_username if confirmed else actor.username
    epoch.confirmed_by_username = actor.username if confirmed else ""
    epoch.entry = record(epoch.stream(), after=_document(epoch), reason=reason)
    epoch.save(force_insert=True)
    if confirmed is not None:
        record_confirmation(confirmed)
    tell_administrators(VERB, epoch)
    _note_outside(epoch, lost)
    return epoch


def _note_outside(epoch: Epoch, lost: Head) -> None:
    """Last of all, and before the commit: a line of an entry that was never committed vouches for nothing,
    and an entry without its line would keep the log from being signed for good.
    """
    try:
        note_epoch(head_file(), epoch.number, lost, sha256(bytes(epoch.entry.body)).digest())
    except (HeadDisagrees, OSError) as trouble:
        raise EpochNotPossible(f"The head outside cannot be written to: {trouble}") from trouble


def _check(actor: Actor, reason: str) -> None:
    require_person(actor, "begin a new epoch of the ledger")
    if not reason.strip():
        raise invalid("reason", "say how signed entries were lost.")


def _lost_head() -> Head:
    """The head outside, if this database does not hold what it speaks of, or tells of an epoch beside it."""
    path = head_file()
    try:
        outside = read_head(path)
    except (HeadDisagrees, OSError) as unread:
        raise EpochNotPossible(str(unread)) from unread
    try:
        compare_head(path, outside)
    except (HeadDisagrees, EpochUnknown) as lost:
        if outside is None:
            raise EpochNotPossible(str(lost)) from lost
        return outside
    except (HeadMissing, TreeIncomplete) as trouble:
        raise EpochNotPossible(str(trouble)) from trouble
    raise EpochNotNeeded("The head outside and this database are of one history.")


def _arguments(lost: Head) -> dict[str, Any]:
    return {"epoch": lost.epoch, "size": lost.size, "root": base64.b64encode(lost.root).decode()}


def _epoch(lost: Head, reason: str) -> Epoch:
    eras = list_eras()
    first = first_origin(eras, _signed_origin())
    number = max(lost.epoch, eras[-1].number if eras else FIRST) + 1
    return Epoch(
        id=new_id(),
        number=number,
        origin=origin_of_epoch(first, number),
        old_origin=origin_of_epoch(first, lost.epoch),
        old_number=lost.epoch,
        old_size=lost.size,
        old_root=lost.root,
        found_size=TreeState.objects.get(id=1).size,
        began_at=moment(),
        reason=reason,
    )


def _signed_origin() -> str:
    """The origin of the oldest checkpoint that was signed; of the key, where none is left."""
    oldest = SignedCheckpoint.objects.order_by("checkpoint_id").first()
    if oldest is not None:
        return oldest.note.partition("\n")[0]
    try:
        key = key_for(LEDGER)
    except KeyFileUnfit as unfit:
        raise EpochNotPossible(str(unfit)) from unfit
    if key is None:
        raise EpochNotPossible("No checkpoint is left in this database, and there is no key file.")
    return key.name


def _document(epoch: Epoch) -> dict[str, Any]:
    return {
        "number": epoch.number,
        "origin": epoch.origin,
        "given_up": {
            "number": epoch.old_number,
            "origin": epoch.old_origin,
            "size": epoch.old_size,
            "root": base64.b64encode(epoch.old_root).decode(),
        },
        "found_size": epoch.found_size,
        "began_at": epoch.began_at,
        "began_by": epoch.began_by_username,
        "confirmed_by": epoch.confirmed_by_username or None,
        "sole_administrator": epoch.sole_administrator,
    }
