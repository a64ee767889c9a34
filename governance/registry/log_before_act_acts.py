"""The two ways of the switch that makes the ledger come first, on the page of a system."""

from typing import Any

from governance.access.admin_acts import Act, ReasonForm, Words
from governance.access.admin_base import admin_url
from governance.actors import Actor
from governance.registry.log_before_act import set_log_before_act
from governance.registry.models import System


class LogBeforeAct(Act):
    """Let what goes forward wait for the ledger."""

    form_class = ReasonForm
    on = True

    def rows(self) -> Any:
        """Systems."""
        return System.objects.all()

    def words(self, target: System) -> Words:
        """What comes of it."""
        return Words(
            f"Log before act on {target.name}",
            "From now on a start, the next stage and a resumed rollout serve once a signed checkpoint of the "
            "ledger covers them, usually within a second. While nothing is signed, nothing goes forward. "
            "Rollback and pause never wait.",
            "Let the ledger come first",
        )

    def run(self, actor: Actor, target: System, given: dict[str, Any]) -> str:
        """Set it."""
        set_log_before_act(actor, system=target, on=self.on, reason=given["reason"])
        return (
            f"{target.name} waits for the ledger before it acts."
            if self.on
            else f"{target.name} acts at once; the ledger follows."
        )

    def next_url(self, target: System) -> str:
        """The system."""
        return admin_url(System, "change", target.pk)


class ActAtOnce(LogBeforeAct):
    """Let nothing wait any more."""

    on = False

    def words(self, target: System) -> Words:
        """What comes of it."""
        return Words(
            f"Act at once on {target.name}",
            "From now on what goes forward serves as soon as it is committed, and the signature follows. "
            "What waits already goes on waiting; paused and resumed it serves.",
            "Act at once",
        )
