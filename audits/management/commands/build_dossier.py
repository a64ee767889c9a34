"""``build_dossier <release> <file>``: a dossier of a release as a file, from the server's shell.

It needs the database only: no broker and no worker. An integrator must be running, or is run in between with
``run_integrator --once``; what has come so far is gone on with when the same call is made again.
"""

import getpass
import os
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from audits.dossiers.making import make
from audits.dossiers.models import Dossier, DossierStatus
from audits.dossiers.packing import stored_archive
from audits.dossiers.services import request_dossier
from audits.dossiers.subjects import Subject
from governance.actors import command_actor
from governance.errors import GovernanceError
from releases.bundles.models import Release

LOOKS_SECONDS = 0.25


class Command(BaseCommand):
    """Make a dossier and write it to a file."""

    help = "Make a dossier of a release: what others verify without this installation."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("release", help="its id, or <system>/<name>")
        parser.add_argument("file", type=Path, help="where to write it; nothing is overwritten")
        parser.add_argument(
            "--wait", type=float, default=30.0, help="seconds to wait for the integrator (30)", metavar="S"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for it, go on until it is ready, write it.

        Raises:
            CommandError: it was refused, cannot be made, or the ledger is not signed in time.
        """
        target: Path = options["file"]
        if target.exists():
            raise CommandError(f"{target} exists; name another file.")
        dossier = self._made(_release(options["release"]), options["wait"])
        _write(target, stored_archive(dossier))
        self.stdout.write(
            f"{target}: {dossier.entries_count} entries under the checkpoint of {dossier.checkpoint_size}; "
            f"{dossier.archive_digest}"
        )

    def _made(self, release: Release, wait: float) -> Dossier:
        actor = command_actor(getpass.getuser())
        try:
            dossier = request_dossier(actor, subject=Subject(release=release))
            until = time.monotonic() + wait
            while (dossier := make(actor, dossier)).is_on_its_way and time.monotonic() < until:
                time.sleep(LOOKS_SECONDS)
        except GovernanceError as refusal:
            raise CommandError(f"{refusal.message} {refusal.next_step}".strip()) from refusal
        if dossier.status == DossierStatus.FAILED:
            raise CommandError(dossier.problem)
        if dossier.is_on_its_way:
            raise CommandError(
                "The entries are not numbered and signed yet. Is an integrator running? Start one (manage.py "
                "run_integrator), or run manage.py run_integrator --once, then make the same call again: it "
                "goes on where it stopped."
            )
        return dossier


def _write(target: Path, archive: bytes) -> None:
    """Into a new file that nobody else reads: it holds the whole record of a release."""
    try:
        place = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}. Name another file.") from error
    with os.fdopen(place, "wb") as file:
        file.write(archive)


def _release(named: str) -> Release:
    rows = Release.objects.select_related("system")
    system, _, name = named.rpartition("/")
    found = rows.filter(system__slug=system, name=name) if system else rows.filter(pk__in=_ids(named))
    release = found.first()
    if release is None:
        known = ", ".join(str(row).replace(" ", "/") for row in rows.order_by("system__slug", "name")[:20])
        raise CommandError(f"There is no release {named!r}. There are: {known or 'none'}.")
    return release


def _ids(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []
