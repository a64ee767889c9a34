"""Proposals about the ledger's keys and epochs, in words: what is proposed, and how it is confirmed."""

import shlex
from datetime import datetime

from django.db.models import QuerySet

from governance.access.ledger_epochs import VERB as EPOCH
from governance.access.ledger_keys import VERB as REPLACEMENT
from governance.access.models import Proposal
from governance.access.queries import reach
from governance.access.roles import Permission
from governance.actors import Actor
from governance.ledger.notes import vkey_id

CUSTODY = (REPLACEMENT, EPOCH)
"""Verbs that two administrators do at the shell, on the host of the integrator."""


def open_custody_proposals(actor: Actor, at: datetime) -> QuerySet[Proposal]:
    """What waits at ``at`` for a second administrator, the first to expire first; for administrators of the
    installation, their own among it."""
    found = reach(actor, Permission.MANAGE_KEYS)
    rows = Proposal.objects.filter(verb__in=CUSTODY, confirmed_at__isnull=True, expires_at__gt=at)
    return rows.order_by("expires_at") if found is not None and found.everywhere else rows.none()


def act_of(proposal: Proposal) -> str:
    """What is proposed, after "proposes to"; keys by name and hash, which is what a key file can be
    compared with."""
    given = proposal.arguments
    if proposal.verb == REPLACEMENT:
        return f"put the ledger key {vkey_id(given['new'])} in the place of {vkey_id(given['old'])}, as lost"
    return f"give up epoch {given['epoch']} of the ledger, signed up to {given['size']}, and begin another"


def confirming_command(proposal: Proposal) -> str:
    """What the second administrator runs; name and reason are for them to write."""
    if proposal.verb == REPLACEMENT:
        act, lost = "replace_ledger_key", f" --lost {shlex.quote(proposal.arguments['old'])}"
    else:
        act, lost = "begin_epoch", ""
    return f"manage.py {act} --by NAME --reason '…'{lost} --proposal {proposal.id}"
