"""Background work: counting what was reported, making days ahead, and letting old decisions go."""

from governance.actors import Actor
from governance.background import periodic
from releases.monitoring.decisions.storing import make_days_ahead
from releases.monitoring.windows.forgetting import forget_keys, forget_subjects
from releases.monitoring.windows.retention import expire_decisions
from releases.monitoring.windows.services import roll_up


@periodic("releases.monitoring.windows.roll_up", at_once=2)
def count_windows(actor: Actor) -> None:
    """Count what was reported since the last time into windows."""
    roll_up(actor)


@periodic("releases.monitoring.windows.make_days")
def make_days(actor: Actor) -> None:
    """Make the partitions of the next days, so that no report waits for one."""
    make_days_ahead()


@periodic("releases.monitoring.windows.expire_decisions")
def expire(actor: Actor) -> None:
    """Let go of decisions that no system need keep, and of what was remembered because of them."""
    expire_decisions(actor)
    forget_keys()
    forget_subjects()
