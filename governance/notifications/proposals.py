"""Who is told that a grant waits for a second person.

Grants stand below this slice, so their verb starts this by name; proposals of higher slices call ``notify``.
"""

from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from governance.access.models import Account, Proposal
from governance.access.queries import administrators_over
from governance.actors import Actor
from governance.ledger.queries import entry_of
from governance.notifications.services import notify_afterwards

EVENT = "proposal.stored"


def tell_of_proposal(actor: Actor, proposal_id: UUID) -> None:
    """Tell the administrators who may confirm the proposed grant, if it still waits."""
    proposal = Proposal.objects.select_related("system").get(id=proposal_id)
    entry = entry_of(proposal.stream(), EVENT)
    now = timezone.now()
    if entry is None or proposal.confirmed_at is not None or proposal.expires_at <= now:
        return
    given = proposal.arguments
    receiver = Account.objects.get(id=given["account"])
    notify_afterwards(
        actor,
        EVENT,
        cause=entry.id,
        subject=proposal,
        # Nobody grants to himself, so the receiver cannot be the second person.
        accounts=administrators_over(proposal.system_id, now).exclude(
            id__in=[proposal.proposed_by_id, receiver.id]
        ),
        context={
            "actor": proposal.proposed_by_username,
            "act": f"give {receiver.username} the role {str(given['role']).replace('_', ' ')}",
            "system": str(proposal.system) if proposal.system else None,
            "reason": proposal.reason,
            "expires_at": proposal.expires_at,
        },
        path=reverse("admin:governance_grant_confirm", args=[proposal.pk]),
    )
