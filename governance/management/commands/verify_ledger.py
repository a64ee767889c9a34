"""``manage.py verify_ledger``: compute the whole record anew and say whether it is as it was written."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.ledger.fsck.checking import check_record, silently
from governance.ledger.fsck.findings import Report
from governance.ledger.heads import head_file
from governance.ledger.keys import signing_key
from governance.ledger.models import TreeState
from governance.ledger.notes import NoteFails, VerifierKey, verifier_key, verifier_of
from governance.ledger.signing import LEDGER

BAR = 40


class Command(BaseCommand):
    """Exit 0 where all is whole, 1 where something was found, with the first bad index of each kind."""

    help = "Check entries, tree, checkpoints, signatures and the head outside the database."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--vkey", type=Path, help="a file with the ledger's verifier key, from outside this installation"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and tell.

        Raises:
            CommandError: something was found, or the verifier key cannot be read.
        """
        keys = self._keys(options["vkey"])
        report = check_record(keys, head_file(), progress=self._bar())
        if sys.stderr.isatty():
            self.stderr.write("")
        self._tell(report)
        if not report.is_whole:
            raise CommandError(
                "The record is not as it was written. Keep the database and all files as they are, and "
                "compare with a backup, or a dossier that somebody else holds."
            )

    def _tell(self, report: Report) -> None:
        self.stdout.write(
            f"{report.leaves:,} entries, {report.checkpoints:,} checkpoints, {report.signatures:,} signed"
        )
        for finding in report.findings:
            self.stdout.write(f"FOUND      {finding}")
        for one in report.unchecked:
            self.stdout.write(f"not checked: {one}")
        if report.is_whole:
            self.stdout.write("whole: every entry is in the tree as it was numbered, and the roots agree")

    def _keys(self, path: Path | None) -> list[VerifierKey]:
        if path is None:
            key = signing_key(LEDGER)
            return [verifier_of(key)] if key else []
        try:
            lines = [line for line in path.read_text().splitlines() if line.strip() and line[0] != "#"]
            return [verifier_key(line) for line in lines]
        except (OSError, UnicodeDecodeError, NoteFails) as fault:
            raise CommandError(f"{path}: {fault}") from fault

    def _bar(self) -> Any:
        """A bar on a terminal; elsewhere nothing."""
        if not sys.stderr.isatty():
            return silently
        size = max(1, TreeState.objects.get(id=1).size)

        def draw(done: int) -> None:
            filled = BAR * done // size
            self.stderr.write(f"\r[{'█' * filled}{' ' * (BAR - filled)}] {done:,} of {size:,}", ending="")

        return draw
