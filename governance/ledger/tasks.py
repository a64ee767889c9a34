"""Periodic work of the ledger."""

from governance.actors import Actor
from governance.background import periodic
from governance.ledger.refusals import summarise_refusals


@periodic("governance.ledger.summarise_refusals")
def summarise(actor: Actor) -> None:
    """Write the counted refusals of minutes that have passed."""
    summarise_refusals(actor)
