"""Who is told that a grant, or an act on the ledger's key or epochs, waits for a second person.

These stand below this slice, so their verbs start this by name; proposals of higher slices call ``notify``.
"""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from governance.access.custody_proposals import CUSTODY, act_of
from governance.access.models import Account, Proposal
from governance.access.queries import administrators_over
from governance.actors import Actor
from governance.ledger.queries import entry_of
from governance.notifications.services import notify_afterwards

EVENT = "proposal.stored"


def tell_of_proposal(actor: Actor, proposal_id: UUID) -> None:
    """Tell the administrators who may confirm what is proposed, if it still waits."""
    proposal = Proposal.objects.select_related("system").get(id=proposal_id)
    entry = entry_of(proposal.stream(), EVENT)
    now = timezone.now()
    if entry is None or proposal.confirmed_at is not None or proposal.expires_at <= now:
        return
    is_custody = proposal.verb in CUSTODY
    # Nobody grants to himself, so the receiver cannot be the second person.
    cannot = [proposal.proposed_by_id, *([] if is_custody else [UUID(proposal.arguments["account"])])]
    notify_afterwards(
        actor,
        EVENT,
        cause=entry.id,
        subject=proposal,
        accounts=administrators_over(proposal.system_id, now).exclude(Q(id__in=cannot)),
        context={
            "actor": proposal.proposed_by_username,
            "reason": proposal.reason,
            "expires_at": proposal.expires_at,
            **(_of_custody(proposal) if is_custody else _of_grant(proposal)),
        },
        path=reverse("admin:ledger_keys")
        if is_custody
        else reverse("admin:governance_grant_confirm", args=[proposal.pk]),
    )


def _of_grant(proposal: Proposal) -> dict[str, Any]:
    receiver = Account.objects.get(id=proposal.arguments["account"])
    role = str(proposal.arguments["role"]).replace("_", " ")
    return {
        "act": f"give {receiver.username} the role {role}",
        "system": str(proposal.system) if proposal.system else None,
    }


def _of_custody(proposal: Proposal) -> dict[str, Any]:
    return {
        "act": act_of(proposal),
        "where": "at the shell of the integrator's host, with the command that the page shows",
    }
