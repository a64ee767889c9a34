"""Periodic work of approvals."""

from governance.actors import Actor
from governance.background import periodic
from releases.approvals.lapsing import lapse


@periodic("releases.approvals.expire")
def expire(actor: Actor) -> None:
    """End requests past their deadline, requests void after a change, and approvals not used in time."""
    lapse(actor)
