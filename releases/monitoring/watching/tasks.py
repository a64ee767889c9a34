"""The tick as periodic work."""

from governance.actors import Actor
from governance.background import periodic
from releases.monitoring.watching.ticking import tick
from releases.rollouts.readings import LOOKS_EVERY


@periodic("releases.monitoring.watch", at_once=2, time_limit_seconds=300)
def watch_rollouts(actor: Actor) -> None:
    """Look at all rollouts, rollbacks to land and drills, and act on what is found."""
    tick(actor, unless_within=LOOKS_EVERY / 2)
