"""``manage.py export_ledger``: the signed tree as files for public tools, gone on with at each call."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.ledger.export import NotExported, export_tree
from governance.ledger.stored_tree import TreeIncomplete
from governance.management.shell import refusals_as_errors


class Command(BaseCommand):
    """Reads what was signed last; writes nothing to the database."""

    help = "Write the signed checkpoint and the tree's tiles to a directory, as C2SP tlog-tiles has them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """``directory`` and ``--entries``."""
        parser.add_argument("directory", type=Path, help="made if it is not there; gone on with if it is")
        parser.add_argument(
            "--entries", action="store_true", help="write the entries too: whoever reads the files reads them"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write it, and say how much.

        Raises:
            CommandError: nothing is signed, or the directory is of another log.
        """
        try:
            with refusals_as_errors():
                done = export_tree(options["directory"], entries=options["entries"])
        except (NotExported, TreeIncomplete, OSError) as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"{done.size} entries, {done.files} files written to {options['directory']}")
