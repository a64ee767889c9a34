"""The tick as periodic work."""

from governance.actors import Actor
from governance.background import periodic
from releases.monitoring.watching.ticking import tick


@periodic("releases.monitoring.watch")
def watch_rollouts(actor: Actor) -> None:
    """Look at all rollouts, rollbacks to land and drills, and act on what is found."""
    tick(actor)
