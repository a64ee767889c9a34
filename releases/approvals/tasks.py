"""Periodic work of approvals."""

from governance.actors import Actor
from governance.background import periodic
from releases.approvals.lapsing import lapse
from releases.approvals.reminding import remind


@periodic("releases.approvals.expire")
def expire(actor: Actor) -> None:
    """End requests past their deadline, requests void after a change, and approvals not used in time."""
    lapse(actor)


@periodic("releases.approvals.remind")
def remind_of_requests(actor: Actor) -> None:
    """Remind those whose vote is missing on requests near their deadline."""
    remind(actor)
