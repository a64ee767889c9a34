"""``manage.py replace_ledger_key``: a new key in the place of one that is lost, by two administrators."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.access.custody_proposals import confirming_command
from governance.access.ledger_keys import propose_key_replacement, replace_lost_ledger_key
from governance.access.second_administrator import must_propose
from governance.ledger.successions import newest_succession
from governance.management.key_file import ledger_keys_in_file
from governance.management.shell import person, refusals_as_errors

SUCCESSOR_ALONE = (
    "is the key on record already, and nothing vouches for it: the old one was lost before both had signed. "
    "Make a third one (manage.py create_signing_key NEWFILE, of the same origin), put NEWFILE in the "
    "place of the key file, and run this again; the third one takes the place of both."
)


class Command(BaseCommand):
    """The new key stands in the file already; whoever confirms repeats the call with the proposal's id."""

    help = "Let a new key sign the ledger although the old one cannot vouch for it. Takes two administrators."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """``--by``, ``--reason``, ``--lost``, ``--proposal``."""
        parser.add_argument(
            "--by", required=True, help="username of the administrator, whose password is asked"
        )
        parser.add_argument(
            "--password-stdin", action="store_true", help="read it from the first line of stdin"
        )
        parser.add_argument("--reason", required=True, help="how the old key was lost; stands in the record")
        parser.add_argument("--lost", help="verifier key of the lost one, if this database does not know it")
        parser.add_argument("--proposal", type=UUID, help="what another administrator proposed")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Propose it, or do it."""
        _path, keys = ledger_keys_in_file()
        new, reason, proposal = keys[-1], options["reason"], options["proposal"]
        old = options["lost"] or _known_key()
        if old == new.vkey:
            raise CommandError(f"{new.id} {SUCCESSOR_ALONE}")
        with refusals_as_errors():
            actor = person(options["by"], from_stdin=options["password_stdin"])
            if proposal is None and must_propose(actor):
                stored = propose_key_replacement(actor, old=old, new=new.vkey, reason=reason)
                self.stdout.write(
                    f"Proposed, and the other administrators are told. One of them runs, within 24 hours: "
                    f"{confirming_command(stored)}"
                )
                return
            replace_lost_ledger_key(actor, old=old, new=new.vkey, reason=reason, proposal=proposal)
        self.stdout.write(
            f"The new key signs. Nothing that the old one signed proves it: everybody who checks must get it "
            f"from you by another way.\n{new.vkey}"
        )


def _known_key() -> str:
    """The key that signed last, as the record knows it.

    Raises:
        CommandError: the record does not; the first key of all stands in no row.
    """
    newest = newest_succession()
    if newest is None:
        raise CommandError(
            "--lost: this database knows the lost key by its signatures only. Give its verifier key, which "
            "was handed out, printed on the page of ledger keys, and stands in every dossier as log.vkey."
        )
    return newest.new_vkey
