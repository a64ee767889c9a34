"""The measured process that builds a dossier of 250 entries out of many, by the product's verbs."""

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from audits.dossiers.making import advance
from audits.dossiers.models import DossierStatus
from audits.dossiers.packing import stored_archive
from audits.dossiers.services import request_dossier
from audits.dossiers.subjects import Subject
from benchmarks.child import peak_kib
from benchmarks.entries import BEGAN, integrate
from governance.access.granting import GrantTerms, grant_role
from governance.access.models import Account
from governance.access.roles import Role
from governance.access.services import create_account, create_first_administrator
from governance.actors import Actor, ActorKind, Authentication, AuthMethod, command_actor, task_actor

ENTRIES, FIRST = 250, 40_000
PASSWORD = "plum-orchard-at-dusk"  # noqa: S105 - of a database that measures


def main(zip_path: str) -> None:
    """Ask for the dossier, and measure what a worker does: fixing the contents, and packing them once sealed.

    Waiting for the seal is the integrator's, and measured in a row of its own.
    """
    asks = _auditor()
    start = BEGAN + timedelta(seconds=FIRST)
    subject = Subject(period=(start, start + timedelta(seconds=ENTRIES)))
    dossier = request_dossier(asks, subject=subject)
    worker = task_actor("benchmark")
    environment = dict(os.environ)
    seconds = cpu_seconds = 0.0
    for _ in ("issued", "completed"):
        integrate(environment)
        started, used = time.perf_counter(), time.process_time()
        dossier = advance(worker, dossier)
        seconds += time.perf_counter() - started
        cpu_seconds += time.process_time() - used
    if dossier.status != DossierStatus.COMPLETED:
        raise RuntimeError(f"the dossier is {dossier.status}: {dossier.problem}")
    Path(zip_path).write_bytes(stored_archive(dossier))
    figures = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_kib": peak_kib(),
        "answer": dossier.status,
    }
    sys.stdout.write(f"{json.dumps(figures)}\n")


def _auditor() -> Actor:
    """Who may have a dossier of all that happened in a time; made once in a database that is kept."""
    found = Account.objects.filter(username="auditor").first()
    if found is None:
        admin = create_first_administrator(command_actor("benchmark"), username="admin", password=PASSWORD)
        found = create_account(_actor(admin), username="auditor", password=PASSWORD)
        grant_role(_actor(admin), terms=GrantTerms(found, Role.AUDITOR, "To measure."))
    return _actor(found)


def _actor(account: Account) -> Actor:
    proof = Authentication(AuthMethod.SESSION, mfa=True, proved_at=timezone.now())
    return Actor(ActorKind.USER, account.username, proof, id=account.id)
