"""Background work of rollouts: what is overdue, and warnings of revoked components."""

from governance.actors import Actor
from governance.background import periodic, task
from governance.registry.models import ComponentVersion
from releases.rollouts.overdue import hold_overdue
from releases.rollouts.revocations import warn_of_revoked


@periodic("releases.rollouts.hold_overdue")
def hold_overdue_rollouts(actor: Actor) -> None:
    """Hold the rollouts whose stage has lasted longer than its plan allows."""
    hold_overdue(actor)


@task("releases.rollouts.warn_of_revoked")
def warn(actor: Actor, /, *, component: str) -> None:
    """Tell whoever answers for a release that holds the component and is live or on its way."""
    warn_of_revoked(actor, component=ComponentVersion.objects.get(id=component))
