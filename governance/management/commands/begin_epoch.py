"""``manage.py begin_epoch``: go on after a restore that lost signed entries, by two administrators."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from governance.access.custody_proposals import confirming_command
from governance.access.ledger_epochs import begin_epoch, propose_epoch
from governance.access.second_administrator import must_propose
from governance.management.shell import person, refusals_as_errors


class Command(BaseCommand):
    """Whoever confirms repeats the call with the proposal's id."""

    help = "Give up signed entries that are lost for good, and go on under another origin."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """``--by``, ``--reason``, ``--proposal``."""
        parser.add_argument(
            "--by", required=True, help="username of the administrator, whose password is asked"
        )
        parser.add_argument(
            "--password-stdin", action="store_true", help="read it from the first line of stdin"
        )
        parser.add_argument("--reason", required=True, help="how the entries were lost; stands in the record")
        parser.add_argument("--proposal", type=UUID, help="what another administrator proposed")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Propose it, or do it."""
        reason, proposal = options["reason"], options["proposal"]
        with refusals_as_errors():
            actor = person(options["by"], from_stdin=options["password_stdin"])
            if proposal is None and must_propose(actor):
                stored = propose_epoch(actor, reason=reason)
                self.stdout.write(
                    f"Proposed: give up the tree of {stored.arguments['size']} entries. The other "
                    "administrators are told once workers run; tell one of them now. They run, within 24 "
                    f"hours: {confirming_command(stored)}"
                )
                return
            epoch = begin_epoch(actor, reason=reason, proposal=proposal)
        self.stdout.write(
            f"Epoch {epoch.number} is begun. The log is called {epoch.origin} from now on; a tree of "
            f"{epoch.old_size} entries was given up, and this database held {epoch.found_size}. Start the "
            "integrator (or make up), and tell everybody who holds a checkpoint or a dossier."
        )
