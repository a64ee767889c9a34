"""Who may ask for dossiers and read them, and where they stand."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audits.dossiers.models import Dossier, DossierStatus
from governance.access.queries import reach
from governance.access.roles import Permission, Scope
from governance.access.scopes import AccessScope
from governance.actors import Actor, ActorKind, Authentication, AuthMethod, command_actor
from governance.ledger.keys import signing_keys
from governance.ledger.models import Pending, SignedCheckpoint
from governance.ledger.notes import NoteFails, VerifierKey, open_note
from governance.ledger.sealing import newest_signed
from governance.ledger.signing import LEDGER


def dossiers_visible_to(actor: Actor) -> QuerySet[Dossier]:
    """Dossiers of the systems that the actor audits as a whole; of others only the actor's own, as long as
    every channel that it was made from is still within the reach.

    One may tell of other systems too that its reader read, such as of an attempt on objects of two: it is for
    those who read all of these, or for that reader.
    """
    rows = Dossier.objects.select_related("system", "release", "previous")
    found = reach(actor, Permission.REQUEST_DOSSIER, through=Scope.READ)
    if found is None:
        return rows.none()
    if found.everywhere:
        return rows
    read = reach(actor, Permission.VIEW)
    if read is None:
        return rows.none()
    if not read.everywhere:
        touched = read.systems.union(read.channels.values())
        own = Q(requested_by_id=actor.id, systems__contained_by=_texts(touched))
        rows = rows.filter(Q(systems__contained_by=_texts(read.systems)) | own, everywhere=False)
    by_channels = Q(
        requested_by_id=actor.id,
        system__in=set(found.channels.values()),
        channels__contained_by=_texts(found.channels),
    ) & ~Q(channels=[])
    return rows.filter(Q(system__in=found.systems) | by_channels)


def _texts(keys: Iterable[UUID]) -> list[str]:
    return sorted(map(str, keys))


def reading_scope(actor: Actor, system_id: UUID, channel_ids: Iterable[UUID | None]) -> AccessScope:
    """Where it is asked whether the actor may have a dossier: of those channels of the subject that the actor
    audits, where it is not the whole system."""
    found = reach(actor, Permission.REQUEST_DOSSIER)
    if found is None or found.everywhere or system_id in found.systems:
        return AccessScope(system_id)
    return AccessScope(system_id, frozenset(key for key in channel_ids if key in found.channels))


@dataclass(frozen=True)
class ReadBy:
    """How far a reader reads, by ids: the whole installation, or of these systems, and of the one that it is
    about by these channels; none stand where it is the whole system."""

    everywhere: bool = False
    systems: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)


def read_by(reader: Actor, system_id: UUID | None) -> ReadBy:
    """How far the reader reads in a system now."""
    found = reach(reader, Permission.VIEW)
    if found is None or found.everywhere:
        return ReadBy(everywhere=found is not None)
    systems = _texts(found.systems.union(found.channels.values()))
    if system_id in found.systems:
        return ReadBy(systems=systems)
    return ReadBy(
        systems=systems, channels=_texts(key for key, one in found.channels.items() if one == system_id)
    )


def reader_of(dossier: Dossier) -> Actor:
    """Whoever asked, as whom the worker reads: no dossier shows more than its reader could see."""
    if dossier.requested_by_id is None:
        return command_actor(dossier.requested_by_username)
    auth = Authentication(AuthMethod.WORKER)
    return Actor(ActorKind.USER, dossier.requested_by_username, auth, dossier.requested_by_id)


def on_their_way() -> QuerySet[Dossier]:
    """Dossiers with which something still happens, the oldest first."""
    rows = Dossier.objects.filter(status__in=[DossierStatus.REQUESTED, DossierStatus.ISSUED])
    return rows.select_related("system", "release__system").order_by("requested_at", "id")


def waits_for_numbers(dossier: Dossier) -> bool:
    """Whether something that was on record when the dossier was asked for is not numbered yet."""
    return Pending.objects.filter(entry__at__lte=dossier.requested_at).exists()


def previous_of(dossier: Dossier) -> Dossier | None:
    """The newest complete dossier of the same subject, else the newest of all, as far as each key in use has
    signed what it carries: whoever knows but one of them could not check the way from another one."""
    done = Dossier.objects.filter(status=DossierStatus.COMPLETED).exclude(pk=dossier.pk)
    same: dict[str, Any] = {"kind": dossier.kind, "release": dossier.release_id, "decision": dossier.decision}
    newest = ("-checkpoint_size", "-completed_at", "-id")
    for found in (done.filter(**same).order_by(*newest).first(), done.order_by(*newest).first()):
        if found is not None and is_of_this_log(found):
            return found
    return None


def signers_of(note: str) -> list[VerifierKey]:
    """The keys in use that have signed a checkpoint."""
    # In a later epoch of the ledger the same keys sign under another name.
    known = [VerifierKey(_origin(note), key.public) for key in signing_keys() if key.purpose == LEDGER]
    try:
        return list(open_note(note, known).signers)
    except NoteFails:
        return []


def is_of_this_log(dossier: Dossier) -> bool:
    """Whether the checkpoint that it carries is of the log that goes on now, by all keys that sign it now.

    While a rotation lasts these are two. A reader may know the new one alone, and would take a dossier as
    refused whose way from an older one only the old key shows; so one of before the rotation is left out.
    """
    note = SignedCheckpoint.objects.filter(checkpoint_id__in=[dossier.checkpoint_size]).first()
    newest = newest_signed()
    if note is None or newest is None or _origin(note.note) != _origin(newest.note):
        return False
    now = set(signers_of(newest.note))
    return bool(now) and now <= set(signers_of(note.note))


def _origin(note: str) -> str:
    return note.partition("\n")[0]
