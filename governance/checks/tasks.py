"""Periodic work of the checks."""

from governance.actors import Actor
from governance.background import periodic
from governance.checks.heartbeat import beat


@periodic("governance.checks.heartbeat")
def heartbeat(_actor: Actor) -> None:
    """Note that the worker works."""
    beat()
