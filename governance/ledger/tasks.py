"""Periodic work of the ledger."""

from governance.actors import Actor
from governance.background import periodic
from governance.ledger.nightly import check_if_due
from governance.ledger.refusals import summarise_refusals
from governance.ledger.witnesses.asking import ask_all

LONGEST_CHECK_SECONDS = 4 * 60 * 60
LONGEST_ASKING_SECONDS = 2 * 60


@periodic("governance.ledger.summarise_refusals")
def summarise(actor: Actor) -> None:
    """Write the counted refusals of minutes that have passed."""
    summarise_refusals(actor)


@periodic("governance.ledger.check", time_limit_seconds=LONGEST_CHECK_SECONDS)
def check(actor: Actor) -> None:
    """Check the whole record once a night."""
    check_if_due(actor)


@periodic("governance.ledger.ask_witnesses", time_limit_seconds=LONGEST_ASKING_SECONDS)
def ask_witnesses(actor: Actor) -> None:
    """Have the newest signed checkpoint cosigned by those who have not yet."""
    ask_all()
