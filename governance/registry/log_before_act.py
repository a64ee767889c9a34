"""The switch of a system that makes the ledger come first: what goes forward there serves only once a signed
checkpoint covers its entry.
"""

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor
from governance.errors import GovernanceError, invalid
from governance.ledger.keys import signing_key
from governance.ledger.signing import LEDGER
from governance.ledger.verbs import Unchanged, record, verb
from governance.registry.models import System


class NothingIsSigned(GovernanceError):
    """Checkpoints are not signed here, so what waits for one would wait for good."""

    code = "nothing_is_signed"
    status = 409
    title = "Nothing is signed"
    next_step = (
        "Make the keys first (manage.py create_signing_key); /readyz says when checkpoints are signed."
    )


@verb("system.log_before_act_set")
def set_log_before_act(actor: Actor, *, system: System, on: bool, reason: str) -> System | Unchanged[System]:
    """Let what goes forward on the system wait for the ledger, or no longer. What is assigned already keeps
    what it was assigned with; rollback and pause never wait.

    Raises:
        InvalidInput: no reason.
        NothingIsSigned: there is no key for checkpoints.
    """
    require(actor, Permission.MANAGE_RULES, system)
    if not reason.strip():
        raise invalid("reason", "say why the ledger is to come first, or no longer.")
    system = System.objects.select_for_update(no_key=True).get(id=system.id)
    if system.log_before_act == on:
        return Unchanged(system)
    if on and signing_key(LEDGER) is None:
        raise NothingIsSigned(f"{system} cannot wait for signed checkpoints: this installation signs none.")
    system.log_before_act = on
    system.save(update_fields=["log_before_act"])
    record(system.stream(), before={"log_before_act": not on}, after={"log_before_act": on}, reason=reason)
    return system
