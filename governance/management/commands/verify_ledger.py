"""``manage.py verify_ledger``: compute the whole record anew and say whether it is as it was written."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from governance.ledger.fsck.findings import Finding, Report
from governance.ledger.fsck.meanings import MEANINGS
from governance.ledger.fsck.progress import Progress, silently
from governance.ledger.heads import head_file
from governance.ledger.notes import NoteFails, VerifierKey
from governance.ledger.reconciling.declared import Declaration
from governance.ledger.verifying import declarations, known_keys, read_verifiers, verify_record

BAR = 40
NOT_POSSIBLE = 2
WHOLE = "every entry is in the tree as it was numbered, and the roots agree"
PARTLY = "; what stands above as not checked may still be changed"


class Command(BaseCommand):
    """Exit 0 where all is whole, 1 where something was found, 2 where it could not be checked."""

    help = (
        "Check entries, tree, checkpoints, signatures and the head outside the database, and that the rows "
        "are what their entries say. Ends with 0 if all is whole, 1 if something was found, 2 if it cannot "
        "be checked."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--vkey", type=Path, help="a file with the ledger's verifier key, from outside this installation"
        )
        parser.add_argument(
            "--tree-only", action="store_true", help="do not compare the rows with their entries"
        )
        parser.add_argument(
            "--columns",
            action="store_true",
            help="only list which columns are compared, and which are not, with the reason",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and tell.

        Raises:
            CommandError: something was found, or it cannot be checked.
        """
        if options["columns"]:
            self._list(declarations())
            return
        keys = self._keys(options["vkey"])
        try:
            report = verify_record(keys, head_file(), rows=not options["tree_only"], progress=self._bar())
        except (DatabaseError, InterfaceError, OSError) as trouble:
            raise CommandError(f"It cannot be checked: {trouble}", returncode=NOT_POSSIBLE) from trouble
        self._tell(report)
        if not report.is_whole:
            raise CommandError(
                "The record is not as it was written. Keep the database and all files as they are, and "
                "compare with a backup, or a dossier that somebody else holds."
            )

    def _tell(self, report: Report) -> None:
        self.stdout.write(
            f"{report.leaves:,} entries, {report.checkpoints:,} checkpoints, {report.signatures:,} signed, "
            f"{report.rows:,} rows"
        )
        for line in (report.signed, *report.epochs):
            self.stdout.write(line)
        for kind in dict.fromkeys(one.kind for one in report.findings):
            self._tell_kind(kind, [one for one in report.findings if one.kind == kind])
        for unchecked in report.unchecked:
            self.stdout.write(f"not checked: {unchecked}")
        if report.is_whole:
            self.stdout.write(f"whole: {WHOLE}{PARTLY if report.unchecked else ''}")

    def _tell_kind(self, kind: str, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self.stdout.write(f"FOUND      {finding}")
        self.stdout.write(f"           {MEANINGS[kind]}")

    def _keys(self, path: Path | None) -> list[VerifierKey]:
        if path is None:
            return known_keys()
        try:
            keys = read_verifiers(path)
        except (OSError, UnicodeDecodeError, NoteFails) as fault:
            raise CommandError(f"{path}: {fault}", returncode=NOT_POSSIBLE) from fault
        if not keys:
            raise CommandError(f"{path} names no verifier key.", returncode=NOT_POSSIBLE)
        return keys

    def _list(self, declared: Sequence[Declaration]) -> None:
        for one in sorted(declared, key=lambda one: one.model._meta.db_table):
            self.stdout.write(f"{one.model._meta.db_table}: {', '.join(sorted(one.columns()))}")
            for column, reason in sorted(one.left.items()):
                self.stdout.write(f"    not {column}: {reason}")

    def _bar(self) -> Progress:
        """A bar on a terminal, one for each part; elsewhere nothing."""
        if not sys.stderr.isatty():
            return silently

        def draw(part: str, done: int, total: int) -> None:
            filled = BAR * min(done, total) // max(1, total)
            bar = f"[{'█' * filled}{' ' * (BAR - filled)}]"
            end = "\n" if done >= total else ""
            self.stderr.write(f"\r{bar} {part}: {done:,} of {total:,}   ", style_func=str, ending=end)

        return draw
