"""Background work: deliver one message; tell people for slices that may not know this one."""

from uuid import UUID

from governance.actors import Actor
from governance.background import task
from governance.notifications.custody import tell_of_custody
from governance.notifications.delivering import MAX_ATTEMPTS, send_delivery
from governance.notifications.delivering import give_up as end_delivery
from governance.notifications.names import CUSTODY_CHANGED, DELIVER, PROPOSAL_STORED
from governance.notifications.proposals import tell_of_proposal

SEND_SECONDS = 120


def give_up(_actor: Actor, error: str, /, **payload: str) -> None:
    """No attempts are left: the delivery ends as given up, with its last error."""
    end_delivery(UUID(payload["delivery"]), error)


@task(DELIVER, exhausted=give_up, max_attempts=MAX_ATTEMPTS, time_limit_seconds=SEND_SECONDS)
def deliver(_actor: Actor, /, *, delivery: str) -> None:
    """Send one message, unless it was sent or is not to be."""
    send_delivery(UUID(delivery))


@task(PROPOSAL_STORED)
def proposal_stored(actor: Actor, /, *, proposal: str) -> None:
    """Tell those who may be the second person of a proposal about grants, keys or epochs."""
    tell_of_proposal(actor, UUID(proposal))


@task(CUSTODY_CHANGED)
def custody_changed(actor: Actor, /, *, event: str, row: str) -> None:
    """Tell all administrators of a change of the ledger's keys or epochs."""
    tell_of_custody(actor, event, UUID(row))
