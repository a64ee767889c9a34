"""How a dossier comes about between its verbs; holds no transaction and never waits.

Whoever calls again later goes on where this stopped: what was on record when the dossier was asked for must
be numbered first, then the contents are fixed, and then a checkpoint over that must be signed.
"""

import logging
from datetime import timedelta

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from audits.dossiers.contents import contents_of
from audits.dossiers.gathering import gather
from audits.dossiers.models import Dossier, DossierStatus
from audits.dossiers.packing import packed
from audits.dossiers.queries import (
    is_of_this_log,
    on_their_way,
    previous_of,
    read_by,
    reader_of,
    signers_of,
    waits_for_numbers,
)
from audits.dossiers.services import complete_dossier, fail_dossier, issue_dossier
from governance.actors import Actor
from governance.background.locks import advisory_lock
from governance.background.transient import Transient
from governance.errors import GovernanceError
from governance.ledger.models import Leaf, TreeState
from governance.ledger.sealing import newest_signed

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(minutes=15)
NOT_SEALED = (
    "No signed checkpoint covered it within {minutes} minutes: entries are not numbered or not signed. "
    "See 'seal' on /readyz and manage.py check; once it is well again, ask for the dossier anew."
)
NOT_MADE = (
    "It could not be put together at any of several attempts. The log of the workers says why, under the "
    "dossier's id; once that is mended, ask for the dossier anew."
)


class LedgerBegunAnew(GovernanceError):
    """A new epoch of the ledger began meanwhile: the tree of the dossier before is not in it."""

    code = "ledger_begun_anew"
    title = "The ledger began anew"
    next_step = "Ask for the dossier again."


def make_all(actor: Actor) -> None:
    """Go on with every dossier that is on its way. What breaks one does not hold up the others, and is tried
    again, as long as it has time."""
    for dossier in on_their_way():
        try:
            make(actor, dossier)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("dossier %s is tried again as long as it has time", dossier.id)
            if _is_overdue(dossier):
                fail_dossier(actor, dossier=dossier, problem=NOT_MADE)


def make(actor: Actor, dossier: Dossier) -> Dossier:
    """Go on with one as far as it goes now, unless somebody else is at it.

    A refusal ends it and stands in the record; whatever else breaks it is raised, for another attempt.
    """
    with advisory_lock(f"dossier:{dossier.id}") as held:
        if not held:
            return dossier
        try:
            return _gone_on(actor, _as_it_is(dossier))
        except Exception as error:
            logger.error("dossier %s was not made at this attempt: %s: %s", dossier.id, type(error), error)
            raise


def _as_it_is(dossier: Dossier) -> Dossier:
    """The row anew where somebody else has gone on with it meanwhile."""
    now = Dossier.objects.select_related("system", "release__system", "previous").get(id=dossier.id)
    return dossier if now.status == dossier.status else now


def _gone_on(actor: Actor, dossier: Dossier) -> Dossier:
    try:
        dossier = advance(actor, dossier)
    except GovernanceError as refusal:
        if isinstance(refusal, Transient):
            raise
        return fail_dossier(actor, dossier=dossier, problem=f"{refusal.message} {refusal.next_step}".strip())
    if dossier.is_on_its_way and _is_overdue(dossier):
        minutes = GIVE_UP_AFTER.seconds // 60
        return fail_dossier(actor, dossier=dossier, problem=NOT_SEALED.format(minutes=minutes))
    return dossier


def _is_overdue(dossier: Dossier) -> bool:
    return (dossier.issued_at or dossier.requested_at) < timezone.now() - GIVE_UP_AFTER


def advance(actor: Actor, dossier: Dossier) -> Dossier:
    """The next steps that can be taken; a dossier that waits is answered as it is."""
    if dossier.status == DossierStatus.REQUESTED and not waits_for_numbers(dossier):
        reader = reader_of(dossier)
        size = TreeState.objects.get(id=1).size
        by = read_by(reader, dossier.system_id)
        contents = contents_of(dossier, reader, gather(dossier, reader, size), previous_of(dossier), size)
        dossier = issue_dossier(actor, dossier=dossier, contents=contents, by=by)
    if dossier.status == DossierStatus.ISSUED:
        dossier = _completed(actor, dossier)
    return dossier


def _completed(actor: Actor, dossier: Dossier) -> Dossier:
    """Complete it under the newest checkpoint, if that covers its issue and a known key has signed it."""
    signed = newest_signed()
    issued = Leaf.objects.filter(entry__stream=dossier.stream(), entry__stream_seq=2).first()
    if signed is None or issued is None or issued.index >= signed.checkpoint_id:
        return dossier
    signers = signers_of(signed.note)
    if not signers:
        return dossier
    if dossier.previous is not None and not is_of_this_log(dossier.previous):
        raise LedgerBegunAnew(
            "The ledger began anew, or another key signs it, since the contents were fixed."
        )
    size, vkeys = signed.checkpoint_id, [key.text() for key in signers]
    made = packed(dossier, size, vkeys)
    return complete_dossier(
        actor,
        dossier=dossier,
        checkpoint_size=size,
        vkeys=vkeys,
        entries=made.entries,
        archive=made.archive,
    )
