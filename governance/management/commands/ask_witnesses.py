"""``manage.py ask_witnesses``: have the newest signed checkpoint cosigned at once, and show it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.ledger.sealing import newest_signed
from governance.ledger.witnesses.asking import ask_all
from governance.ledger.witnesses.known import WitnessesUnfit, known_witnesses
from governance.ledger.witnesses.published import published


class Command(BaseCommand):
    """Exit 0 where all cosigned, 1 where one did not."""

    help = "Ask the witnesses that COUNTERSIGN_LEDGER_WITNESSES names to cosign the newest checkpoint."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Ask each, print the checkpoint with what they signed, and say who did not.

        Raises:
            CommandError: none is named, nothing is signed, or a witness did not cosign.
        """
        try:
            named = known_witnesses()
        except WitnessesUnfit as unfit:
            raise CommandError(str(unfit)) from unfit
        if not named:
            raise CommandError(
                "No witness is named: write lines 'witness <name> <verifier key> <url>' into a file and set "
                "COUNTERSIGN_LEDGER_WITNESSES to it (docs/witness.md)."
            )
        asked, signed = ask_all(), newest_signed()
        if signed is None:
            raise CommandError("Nothing has been signed yet; see 'seal' on /readyz.")
        self.stdout.write(published(signed))
        if failed := [one for one in asked if one.size is None]:
            raise CommandError(
                "\n".join(
                    f"{one.witness.name} {'REFUSES' if one.is_refusal else 'did not cosign'}: {one.trouble}"
                    for one in failed
                )
            )
