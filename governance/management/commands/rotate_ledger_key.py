"""``manage.py rotate_ledger_key``: begin a rotation, or end it."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.access.ledger_keys import retire_ledger_key, rotate_ledger_key
from governance.ledger.custody_models import KeySuccession
from governance.ledger.notes import verifier_key
from governance.ledger.signing import SigningKey
from governance.ledger.successions import newest_succession
from governance.management.key_file import add_key, ledger_keys_in_file, take_out
from governance.management.shell import operator, refusals_as_errors


class Command(BaseCommand):
    """The file first, then the record: a key of which no entry knows signs nothing."""

    help = "Let a new key sign the ledger beside the old one for a time; with --end, the new one alone."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """``--reason``, ``--days``, ``--end``, ``--compromised``."""
        parser.add_argument("--reason", default="", help="why; stands in the record")
        parser.add_argument("--days", type=int, default=30, help="how long both sign (30)")
        parser.add_argument(
            "--end", action="store_true", help="end the rotation: the old key signs no longer"
        )
        parser.add_argument(
            "--compromised",
            action="store_true",
            help="with --end, before its time: others may have the old key",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Begin or end, and say what others must be told."""
        if options["compromised"] and not options["end"]:
            raise CommandError(
                "--compromised belongs to --end. First let the new key sign beside the old one."
            )
        if options["end"]:
            self._end(options["reason"] or "The overlap is over.", options["compromised"])
        else:
            self._begin(options["reason"], options["days"])

    def _begin(self, reason: str, days: int) -> None:
        if not reason.strip():
            raise CommandError("--reason: say why the key changes.")
        path, keys = ledger_keys_in_file()
        # A second key that is there already was made by a call that the database refused or did not get.
        new = keys[1] if len(keys) > 1 else add_key(path, keys[0])
        with refusals_as_errors():
            succession = rotate_ledger_key(
                operator(), old=keys[0].vkey, new=new.vkey, overlap=timedelta(days=days), reason=reason
            )
        self.stdout.write(
            f"Both keys sign until {succession.overlap_until:%F}. Back {path} up now, and give the new "
            f"verifier key to everybody who holds the old one:\n{new.vkey}\nThen: manage.py "
            "rotate_ledger_key --end"
        )

    def _end(self, reason: str, compromised: bool) -> None:
        path, keys = ledger_keys_in_file()
        with refusals_as_errors():
            succession = _ended_before(keys) or retire_ledger_key(
                operator(), reason=reason, compromised=compromised
            )
        old = verifier_key(succession.old_vkey)
        for key in keys:
            if key.public == old.public:
                take_out(path, key)
        self.stdout.write(
            f"{old.text()} signs no longer and was taken out of {path}. What it has signed stays valid."
        )


def _ended_before(keys: list[SigningKey]) -> KeySuccession | None:
    """A rotation that ended on record, while the old key stayed in the file: a call was cut off between."""
    newest = newest_succession()
    if newest is None or newest.ended_at is None:
        return None
    old = verifier_key(newest.old_vkey).public
    return newest if any(key.public == old for key in keys) else None
