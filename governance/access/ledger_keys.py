"""Verbs on the ledger's key: rotate it, end the overlap, put a new one in the place of one that is lost.

They record who may sign from now on; private keys never come here. What signs is decided by
:mod:`governance.ledger.successions`, from these rows and the key file beside the integrator.
"""

from datetime import timedelta
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
from governance.ledger.custody_models import KeySuccession
from governance.ledger.epochs import first_origin, list_eras
from governance.ledger.models import Leaf
from governance.ledger.notes import NoteFails, VerifierKey, verifier_key, vkey_id
from governance.ledger.sealing import newest_signed
from governance.ledger.successions import newest_succession, open_succession, signers_of
from governance.ledger.verbs import record, verb

VERB = "ledger_key.replaced"
LOCK = "countersign ledger keys"
SHORTEST, LONGEST = timedelta(days=1), timedelta(days=366)


class NotTheLedgersKey(GovernanceError):
    """The key that is to make room is not the one that signs."""

    code = "not_the_ledgers_key"
    title = "Not the key that signs"
    next_step = "See GET /api/v1/ledger/key for the key that signs now."


class RotationRunning(GovernanceError):
    """Two keys sign already."""

    code = "rotation_running"
    title = "A rotation is under way"
    next_step = "End it first: manage.py rotate_ledger_key --end."


class NoRotation(GovernanceError):
    """No overlap is there to be ended."""

    code = "no_rotation"
    title = "No rotation is under way"
    next_step = "Begin one: manage.py rotate_ledger_key --reason …"


class OverlapNotOver(GovernanceError):
    """Those who hold the old key were promised more time."""

    code = "overlap_not_over"
    title = "The overlap is not over"
    next_step = "Wait, or say --compromised if the old key may be in other hands."


class SuccessorNotVouchedFor(GovernanceError):
    """Nobody who holds the old key alone could follow to the new one."""

    code = "successor_not_vouched_for"
    title = "The old key has not vouched for the new one"
    next_step = (
        "Start the integrator with a file that holds both keys, and wait for a checkpoint. If the old key is "
        "lost, two administrators run manage.py replace_ledger_key."
    )


@verb("ledger_key.rotated")
def rotate_ledger_key(actor: Actor, *, old: str, new: str, overlap: timedelta, reason: str) -> KeySuccession:
    """Let the key ``new`` sign beside ``old``, both as verifier keys; the old one vouches for it meanwhile.

    Raises:
        RotationRunning, NotTheLedgersKey, InvalidInput: see the messages.
    """
    require(actor, Permission.MANAGE_KEYS, INSTALLATION)
    if not SHORTEST <= overlap <= LONGEST:
        raise invalid("overlap", f"found {overlap.days} days; 1 to 366 are possible.")
    _lock()
    if open_succession() is not None:
        raise RotationRunning("Two keys sign side by side already.")
    succession = _succession(actor, old, new, reason)
    succession.overlap_until = succession.began_at + overlap
    succession.save(force_insert=True)
    record(succession.stream(), after=_document(succession), reason=reason)
    tell_administrators("ledger_key.rotated", succession)
    return succession


@verb("ledger_key.retired")
def retire_ledger_key(actor: Actor, *, reason: str, compromised: bool = False) -> KeySuccession:
    """End the overlap: the old key signs no longer. Its checkpoints stay valid.

    Raises:
        NoRotation: only one key signs.
        OverlapNotOver: it was promised to last longer, and the old key is not said to be compromised.
        SuccessorNotVouchedFor: no checkpoint that covers the rotation's entry bears both signatures.
    """
    require(actor, Permission.MANAGE_KEYS, INSTALLATION)
    _lock()
    succession = KeySuccession.objects.select_for_update().filter(ended_at__isnull=True).first()
    if succession is None:
        raise NoRotation("Only one key signs.")
    if succession.overlap_until and moment() < succession.overlap_until and not compromised:
        raise OverlapNotOver(f"Both keys sign until {succession.overlap_until:%F %R} UTC.")
    if compromised and not reason.strip():
        raise invalid("reason", "say why the old key may be in other hands.")
    if not _is_vouched_for(succession):
        raise SuccessorNotVouchedFor("No checkpoint that covers the rotation bears both signatures yet.")
    _end(actor, succession, compromised=compromised)
    record(succession.stream(), after=_ending(succession), reason=reason)
    tell_administrators("ledger_key.retired", succession)
    return succession


@verb("proposal.stored")
def propose_key_replacement(actor: Actor, *, old: str, new: str, reason: str) -> Proposal:
    """First of two administrators: the key ``old`` is lost, ``new`` takes its place."""
    require(actor, Permission.MANAGE_KEYS, INSTALLATION)
    require_person(actor, "put a new key in the place of a lost one")
    _succession(actor, old, new, reason)
    return store_for_second(VERB, {"old": old, "new": new}, reason)


@verb("ledger_key.replaced")
def replace_lost_ledger_key(
    actor: Actor, *, old: str, new: str, reason: str, proposal: UUID | None = None
) -> KeySuccession:
    """Put a new key in the place of one that is lost. Nothing vouches for it but two administrators.

    Raises:
        SecondPersonNeeded: no proposal, although there is another administrator.
        NotTheLedgersKey, InvalidInput, PermissionDenied: see the messages.
    """
    require(actor, Permission.MANAGE_KEYS, INSTALLATION)
    require_person(actor, "put a new key in the place of a lost one")
    _lock()
    confirmed, alone = second_administrator(actor, VERB, {"old": old, "new": new}, proposal)
    running = open_succession()
    succession = _succession(actor, old, new, reason)
    succession.is_lost, succession.ended_at = True, succession.began_at
    succession.sole_administrator = alone
    if confirmed is not None:
        succession.began_by_username = confirmed.proposed_by_username
        succession.confirmed_by_username = actor.username
    if running is not None:
        _end(actor, running, compromised=False)
    succession.save(force_insert=True)
    record(succession.stream(), after=_document(succession), reason=reason)
    if running is not None:
        record(running.stream(), event="ledger_key.retired", after=_ending(running))
    if confirmed is not None:
        record_confirmation(confirmed)
    tell_administrators(VERB, succession)
    return succession


def _lock() -> None:
    """Wait for every other running change of the keys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", [LOCK])


def _succession(actor: Actor, old: str, new: str, reason: str) -> KeySuccession:
    """What follows, not stored yet."""
    if not reason.strip():
        raise invalid("reason", "say why the key changes.")
    of_old, of_new = _read("old", old), _read("new", new)
    name = first_origin(list_eras(), of_old.name)
    if of_new.name != name:
        raise invalid("new", f"found the name {of_new.name!r}; it stays {name!r}, that of the log.")
    old = VerifierKey(name, of_old.public).text()
    used = {row.old_vkey for row in KeySuccession.objects.all()} | {old}
    if new in used or KeySuccession.objects.filter(new_vkey=new).exists():
        raise invalid("new", "this key signs already, or did before; a new one is wanted.")
    _check_signs(of_old)
    return KeySuccession(
        id=new_id(),
        old_vkey=old,
        new_vkey=new,
        began_at=moment(),
        reason=reason,
        began_by_username=actor.username,
    )


def _check_signs(old: VerifierKey) -> None:
    """That this is the key which signs now; during an overlap, the one that is to stay."""
    newest, signed = newest_succession(), newest_signed()
    if newest is not None:
        is_it = verifier_key(newest.new_vkey).public == old.public
    else:
        is_it = signed is not None and bool(signers_of(signed.note, [old]))
    if not is_it:
        raise NotTheLedgersKey(f"{vkey_id(old.text())} is not the key that signs this ledger.")


def _read(field: str, vkey: str) -> VerifierKey:
    try:
        return verifier_key(vkey)
    except NoteFails as fault:
        raise invalid(field, str(fault)) from fault


def _is_vouched_for(succession: KeySuccession) -> bool:
    signed = newest_signed()
    leaf = Leaf.objects.filter(entry__stream=succession.stream(), entry__stream_seq=1).first()
    if signed is None or leaf is None or leaf.index >= signed.checkpoint_id:
        return False
    both = [verifier_key(succession.old_vkey), verifier_key(succession.new_vkey)]
    return len(signers_of(signed.note, both)) == len(both)


def _end(actor: Actor, succession: KeySuccession, *, compromised: bool) -> None:
    succession.ended_at, succession.is_compromised = moment(), compromised
    succession.ended_by_username = actor.username
    succession.save(update_fields=["ended_at", "is_compromised", "ended_by_username"])


def _document(succession: KeySuccession) -> dict[str, Any]:
    return {
        "old_vkey": succession.old_vkey,
        "new_vkey": succession.new_vkey,
        "began_at": succession.began_at,
        "overlap_until": succession.overlap_until,
        "ended_at": succession.ended_at,
        "is_lost": succession.is_lost,
        "began_by": succession.began_by_username,
        "confirmed_by": succession.confirmed_by_username or None,
        "sole_administrator": succession.sole_administrator,
    }


def _ending(succession: KeySuccession) -> dict[str, Any]:
    return {
        "ended_at": succession.ended_at,
        "is_compromised": succession.is_compromised,
        "ended_by": succession.ended_by_username,
    }
