"""Background work of drift: the calendar of reviews."""

from governance.actors import Actor
from governance.background import periodic
from releases.monitoring.drift.planning import keep_calendar


@periodic("releases.monitoring.drift.keep_calendar")
def keep(actor: Actor) -> None:
    """Plan the reviews of what went live, and remind of those that are due."""
    keep_calendar(actor)
