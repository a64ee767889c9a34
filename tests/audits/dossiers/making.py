"""Dossiers asked for and made as the worker makes them, and what is in them."""

import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from audits.dossiers.contents import STANDALONE
from audits.dossiers.making import make
from audits.dossiers.models import Dossier
from audits.dossiers.packing import stored_archive
from audits.dossiers.services import request_dossier
from audits.dossiers.subjects import Subject
from audits.verification.__main__ import main
from governance.access.models import Account
from governance.access.roles import Role
from governance.actors import task_actor
from governance.ledger.integrator import integrate_all
from governance.ledger.keys import signing_key
from governance.ledger.sealing import seal_newest
from governance.ledger.signing import LEDGER
from releases.bundles.models import Revision
from tests.audits.records.told import Told
from tests.factories.cast import actor, grant, person
from tests.governance.ledger.reading import as_integrator

WORKER = task_actor("test")


def auditor_of_everything(username: str = "auditor_of_everything") -> Account:
    """Who audits the whole installation."""
    found = person(username)
    grant(found, Role.AUDITOR)
    return found


def sealed() -> None:
    """Number and sign what waits, as the integrator does."""
    with as_integrator():
        integrate_all()
        assert seal_newest() == ""


def files_in(archive: bytes) -> dict[str, bytes]:
    """The files of an archive by name."""
    with ZipFile(io.BytesIO(archive)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


@dataclass(frozen=True)
class Signing:
    """A told release in a ledger that is signed."""

    told: Told
    revision: Revision

    @property
    def auditor(self) -> Account:
        """Who asks."""
        return self.told.here.cast.auditor

    @property
    def vkey(self) -> str:
        """The ledger's verifier key, as it would be handed out."""
        key = signing_key(LEDGER)
        assert key is not None
        return key.vkey

    def asked(self, subject: Subject | None = None, by: Account | None = None) -> Dossier:
        """A dossier as it was asked for, by default of the release by the auditor."""
        return request_dossier(
            actor(by or self.auditor), subject=subject or Subject(release=self.told.release)
        )

    def made(self, subject: Subject | None = None, by: Account | None = None) -> Dossier:
        """A dossier that went all the way."""
        asked = self.asked(subject, by)
        sealed()
        make(WORKER, asked)
        sealed()
        return make(WORKER, Dossier.objects.get(id=asked.id))


def about(files: dict[str, bytes]) -> dict[str, Any]:
    """What ``dossier.json`` says."""
    found: dict[str, Any] = json.loads(files["dossier.json"])
    return found


def written(directory: Path, dossier: Dossier) -> str:
    """The dossier as a file, as somebody fetches it."""
    path = directory / f"{dossier.id}.zip"
    path.write_bytes(stored_archive(dossier))
    return str(path)


def with_python_alone(*arguments: str) -> tuple[int, str]:
    """What the script says that lies in every dossier, run without a single package."""
    command = [sys.executable, "-I", "-S", str(STANDALONE), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def both(*arguments: str) -> tuple[int, int]:
    """How both verifiers end."""
    return main(arguments), with_python_alone(*arguments)[0]
