"""The outbox's own periodic work."""

from governance.actors import Actor
from governance.background.wrapper import periodic
from governance.outbox.services import sweep


@periodic("governance.outbox.sweep")
def sweep_outbox(actor: Actor) -> None:
    """Publish again what is due and not settled."""
    sweep()
