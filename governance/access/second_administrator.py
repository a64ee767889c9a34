"""The second of two administrators, for acts on the whole installation, and what all of them are told.

Steps for verbs.
"""

from typing import Any
from uuid import UUID

from django.db.models import Q

from governance.access.granting import TELL, SecondPersonNeeded
from governance.access.models import Proposal
from governance.access.presence import require_presence
from governance.access.proposals import confirm_proposal, store_proposal
from governance.access.queries import administrators_over
from governance.actors import Actor, ActorKind, AuthMethod, acting_as, moment
from governance.ledger.models import Governed
from governance.outbox.services import enqueue

TELL_OF_CUSTODY = "governance.notifications.custody_changed"  # a task of the slice above


def require_person(actor: Actor, act: str) -> None:
    """Refuse ``act`` (after "to") unless a person does it: at a session, or by password at the shell.

    Raises:
        NotInPerson: a command, a service, or a token that does not stand for its person.
    """
    if actor.kind is ActorKind.USER and actor.auth.method is AuthMethod.SHELL:
        return
    require_presence(actor, act)


def store_for_second(verb: str, arguments: dict[str, Any], reason: str) -> Proposal:
    """Store the proposal, and have the other administrators of the installation told that it waits."""
    proposal = store_proposal(verb, arguments, system_id=None, reason=reason)
    enqueue(TELL, proposal=str(proposal.id))
    return proposal


def tell_administrators(event: str, row: Governed) -> None:
    """Have all administrators of the installation told of ``event``, just recorded about ``row``."""
    enqueue(TELL_OF_CUSTODY, event=event, row=str(row.pk))


def second_administrator(
    actor: Actor, verb: str, arguments: dict[str, Any], proposal: UUID | None
) -> tuple[Proposal | None, bool]:
    """The proposal that the actor confirms with this call, and whether the only administrator acts alone.

    Raises:
        SecondPersonNeeded: there is another administrator, and nothing was proposed.
        NotFound, ProposerConfirms, ProposalNotOpen, ProposalDiffers: see the messages.
    """
    if proposal is not None:
        return confirm_proposal(proposal, verb, arguments), False
    if administrators_over(None, moment()).exclude(Q(id=actor.id)).exists():
        raise SecondPersonNeeded("This concerns everybody who relies on the ledger.")
    return None, True


def must_propose(actor: Actor) -> bool:
    """Whether somebody else administers the installation, so that one person alone only proposes."""
    with acting_as(actor):
        return administrators_over(None, moment()).exclude(Q(id=actor.id)).exists()
