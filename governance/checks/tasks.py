"""Periodic work of the checks: a heartbeat through each queue."""

from governance.actors import Actor
from governance.background import periodic
from governance.checks.heartbeat import beat
from governance.queues import LONG, SHORT, WATCH


@periodic("governance.checks.heartbeat")
def heartbeat(_actor: Actor) -> None:
    """Note that the worker works."""
    beat(SHORT)


@periodic("governance.checks.heartbeat_of_watching")
def heartbeat_of_watching(_actor: Actor) -> None:
    """Note that the worker works that watches rollouts."""
    beat(WATCH)


@periodic("governance.checks.heartbeat_of_long_work")
def heartbeat_of_long_work(_actor: Actor) -> None:
    """Note that the worker works that does what takes long."""
    beat(LONG)
