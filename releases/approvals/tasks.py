"""Background work of approvals: what ends by time, reminders, and results that overtake a request."""

from governance.actors import Actor
from governance.background import periodic, task
from releases.approvals.lapsing import lapse
from releases.approvals.overtaking import tell_of_other_result
from releases.approvals.reminding import remind
from releases.gates.models import GateEvaluation


@periodic("releases.approvals.expire")
def expire(actor: Actor) -> None:
    """End requests past their deadline, requests void after a change, and approvals not used in time."""
    lapse(actor)


@periodic("releases.approvals.remind")
def remind_of_requests(actor: Actor) -> None:
    """Remind those whose vote is missing on requests near their deadline."""
    remind(actor)


@task("releases.approvals.tell_of_other_result")
def tell_voters(actor: Actor, /, *, evaluation: str) -> None:
    """Tell the voters of an open request that a run came to another result."""
    rows = GateEvaluation.objects.select_related("revision")
    tell_of_other_result(actor, evaluation=rows.get(id=evaluation))
