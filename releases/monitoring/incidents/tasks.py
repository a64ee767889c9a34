"""Background work of incidents: what is overdue."""

from governance.actors import Actor
from governance.background import periodic
from releases.monitoring.incidents.reminding import remind_of_overdue


@periodic("releases.monitoring.incidents.remind")
def remind(actor: Actor) -> None:
    """Tell of reports and follow-ups that became overdue."""
    remind_of_overdue(actor)
