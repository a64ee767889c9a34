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
    channels_read,
    is_of_this_log,
    on_their_way,
    previous_of,
    reader_of,
    signers_of,
    waits_for_numbers,
)
from audits.dossiers.services import complete_dossier, fail_dossier, issue_dossier
from governance.actors import Actor
from governance.errors import GovernanceError
from governance.ledger.models import Leaf, TreeState
from governance.ledger.sealing import newest_signed

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(minutes=15)
NOT_SEALED = (
    "No signed checkpoint covered it within {minutes} minutes: entries are not numbered or not signed. "
    "See 'seal' on /readyz and manage.py check; once it is well again, ask for the dossier anew."
)


class LedgerBegunAnew(GovernanceError):
    """A new epoch of the ledger began meanwhile: the tree of the dossier before is not in it."""

    code = "ledger_begun_anew"
    title = "The ledger began anew"
    next_step = "Ask for the dossier again."


def make_all(actor: Actor) -> None:
    """Go on with every dossier that is on its way."""
    for dossier in on_their_way():
        make(actor, dossier)


def make(actor: Actor, dossier: Dossier) -> Dossier:
    """Go on with one, as far as it goes now; whatever it fails by stands in the record."""
    try:
        dossier = advance(actor, dossier)
    except (OperationalError, InterfaceError):
        raise
    except GovernanceError as refusal:
        return fail_dossier(actor, dossier=dossier, problem=f"{refusal.message} {refusal.next_step}".strip())
    except Exception as error:
        logger.exception("dossier %s could not be made", dossier.id)
        return fail_dossier(actor, dossier=dossier, problem=f"{type(error).__name__}: {error}")
    if dossier.is_on_its_way and (dossier.issued_at or dossier.requested_at) < timezone.now() - GIVE_UP_AFTER:
        minutes = GIVE_UP_AFTER.seconds // 60
        return fail_dossier(actor, dossier=dossier, problem=NOT_SEALED.format(minutes=minutes))
    return dossier


def advance(actor: Actor, dossier: Dossier) -> Dossier:
    """The next steps that can be taken; a dossier that waits is answered as it is."""
    if dossier.status == DossierStatus.REQUESTED and not waits_for_numbers(dossier):
        reader = reader_of(dossier)
        size = TreeState.objects.get(id=1).size
        contents = contents_of(dossier, reader, gather(dossier, reader), previous_of(dossier), size)
        channels = channels_read(reader, dossier.system_id)
        dossier = issue_dossier(actor, dossier=dossier, contents=contents, channels=channels)
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
        raise LedgerBegunAnew("The ledger began anew after the contents were fixed.")
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
