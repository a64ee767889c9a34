"""The switch of a system that makes the ledger come first: what goes forward there serves only once a signed
checkpoint covers its entry.
"""

from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor
from governance.errors import GovernanceError, invalid
from governance.ledger.fsck.checking import UNSIGNED_LIMIT
from governance.ledger.keys import signing_key
from governance.ledger.models import Checkpoint, TreeState
from governance.ledger.sealing import newest_signed
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
    if on and (why := _why_nothing_is_signed()):
        raise NothingIsSigned(f"{system} cannot wait for signed checkpoints: {why}.")
    system.log_before_act = on
    system.save(update_fields=["log_before_act"])
    record(system.stream(), before={"log_before_act": not on}, after={"log_before_act": on}, reason=reason)
    return system


def _why_nothing_is_signed() -> str:
    """Why a signed checkpoint is not to be expected now; empty where it is.

    What was signed tells: this process need not have the key, and having it signs nothing.
    """
    if trouble := TreeState.objects.get(id=1).trouble:
        return f"none is signed now, because {trouble}"
    signed = newest_signed()
    if signed is None:
        return "" if signing_key(LEDGER) else "this installation signs none"
    waiting = Checkpoint.objects.filter(size__gt=signed.checkpoint_id).order_by("size").first()
    if waiting is not None and timezone.now() - waiting.made_at > UNSIGNED_LIMIT:
        return f"one of {waiting.size} entries has waited for its signature since {waiting.made_at:%F %T} UTC"
    return ""
