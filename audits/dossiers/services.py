"""Verbs on dossiers: ask for one, issue it, complete it, say that it cannot be made.

When a dossier is issued its contents are fixed and the digest of their list stands in the ledger, so that the
dossier vouches for itself: that entry is one of those that it holds. It is complete once a signed checkpoint
covers the entry. Neither waits for the other inside a transaction (:mod:`audits.dossiers.making`).
"""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from audits.dossiers.archive import CONTENTS, listing
from audits.dossiers.contents import Contents
from audits.dossiers.models import Dossier, DossierKind, DossierStatus
from audits.dossiers.queries import ReadBy, on_their_way, read_by
from audits.dossiers.subjects import Subject
from governance.access.queries import has_permission, require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.canonical import digest_of_bytes
from governance.ledger.entries import store_blob
from governance.ledger.keys import key_for
from governance.ledger.models import Entry
from governance.ledger.signing import LEDGER, KeyFileUnfit
from governance.ledger.verbs import Unchanged, record, verb
from governance.outbox.services import enqueue

logger = logging.getLogger(__name__)

TASK = "audits.dossiers.make"
LONGEST_PROBLEM = 2000


class LedgerKeyMissing(GovernanceError):
    """Nothing signs the ledger, so no dossier could be verified."""

    code = "ledger_key_missing"
    title = "The ledger is not signed"
    next_step = (
        "Ask the operator for a signing key (manage.py create_signing_key; manage.py check says what is "
        "missing), then ask again."
    )


def may_request(actor: Actor, subject: Subject) -> bool:
    """Whether the grants let the actor ask for it."""
    return has_permission(actor, Permission.REQUEST_DOSSIER, subject.scope(actor))


@verb("dossier.requested")
def request_dossier(actor: Actor, *, subject: Subject) -> Dossier | Unchanged[Dossier]:
    """Ask for a dossier of a release, of a decision, or of all entries of a time; a worker makes it.

    Of what is asked for twice while it is on its way there is one.

    Raises:
        InvalidInput: it is not clear what is asked for.
        LedgerKeyMissing: nothing signs the ledger.
    """
    require(actor, Permission.REQUEST_DOSSIER, subject.scope(actor))
    kind = subject.kind
    start, end = _checked(subject.period)
    _check_key()
    waiting = _waiting(actor, subject, kind)
    if waiting is not None:
        return Unchanged(waiting)
    by = read_by(actor, subject.system.id if subject.system else None)
    dossier = Dossier.objects.create(
        kind=kind,
        system=subject.system,
        release=subject.release,
        decision=subject.decision.id if subject.decision else None,
        period_from=start,
        period_to=end,
        subject=subject.document(),
        channels=by.channels,
        systems=by.systems,
        everywhere=by.everywhere,
        requested_at=moment(),
        requested_by_id=actor.id,
        requested_by_username=actor.username,
    )
    record(
        dossier.stream(),
        after={"status": dossier.status, **_told(dossier)},
    )
    enqueue(TASK, dossier=str(dossier.id))
    return dossier


def _told(dossier: Dossier) -> dict[str, Any]:
    """What it is about, and how far whoever asked reads."""
    return {
        "kind": dossier.kind,
        "subject": dossier.subject,
        "channels": dossier.channels,
        "systems": dossier.systems,
        "everywhere": dossier.everywhere,
    }


def _checked(period: tuple[datetime, datetime] | None) -> tuple[datetime | None, datetime | None]:
    if period is None:
        return None, None
    start, end = period
    if start >= end:
        raise invalid("period", f"it begins at {start.isoformat()}, which is not before its end.")
    if end > moment():
        raise invalid("period", f"it ends at {end.isoformat()}; what has not happened is on no record.")
    return start, end


def _check_key() -> None:
    try:
        key = key_for(LEDGER)
    except KeyFileUnfit as unfit:
        logger.error("no dossier can be asked for: %s", unfit)
        raise LedgerKeyMissing("The file of signing keys cannot be used.") from unfit
    if key is None:
        raise LedgerKeyMissing("There is no signing key for the ledger.")


def _waiting(actor: Actor, subject: Subject, kind: DossierKind) -> Dossier | None:
    """The same that the actor has asked for and that is on its way."""
    start, end = subject.period or (None, None)
    return (
        on_their_way()
        .filter(
            kind=kind,
            release=subject.release,
            decision=subject.decision.id if subject.decision else None,
            period_from=start,
            period_to=end,
            requested_by_id=actor.id,
            requested_by_username=actor.username,
        )
        .first()
    )


@verb("dossier.issued")
def issue_dossier(
    actor: Actor, *, dossier: Dossier, contents: Contents, by: ReadBy
) -> Dossier | Unchanged[Dossier]:
    """Fix the contents: their list stands in the ledger by digest, and every file is kept under its own.

    ``by`` says how far the reader read when they were put together.
    """
    require(actor, Permission.MAKE_DOSSIER, dossier)
    dossier = _locked(dossier.id)
    if dossier.status != DossierStatus.REQUESTED:
        return Unchanged(dossier)
    for name, data in contents.files.items():
        if name not in contents.kept:
            store_blob(data)
    dossier.contents_digest = store_blob(listing(contents.files))
    dossier.status = DossierStatus.ISSUED
    dossier.channels, dossier.systems, dossier.everywhere = by.channels, by.systems, by.everywhere
    dossier.issued_at = moment()
    dossier.issued_at_size = contents.size
    dossier.previous = contents.previous
    dossier.save()
    entry = record(
        dossier.stream(),
        before={"status": DossierStatus.REQUESTED},
        after={
            "status": dossier.status,
            **_told(dossier),
            "files": len(contents.files),
            "issued_at_size": contents.size,
            "previous": dossier.previous_id,
        },
        refs={"contents": dossier.contents_digest},
    )
    _check_place(entry)
    return dossier


def _check_place(entry: Entry) -> None:
    """``dossier.json`` has said before that the stream's second entry is the issue."""
    if entry.stream_seq != 2:
        raise RuntimeError(f"{entry} is not the second entry of its dossier; {CONTENTS} would not fit.")


@verb("dossier.completed")
def complete_dossier(
    actor: Actor, *, dossier: Dossier, checkpoint_size: int, vkeys: list[str], entries: int, archive: bytes
) -> Dossier | Unchanged[Dossier]:
    """Say under which signed checkpoint the dossier is complete, and which bytes it has."""
    require(actor, Permission.MAKE_DOSSIER, dossier)
    dossier = _locked(dossier.id)
    if dossier.status != DossierStatus.ISSUED:
        return Unchanged(dossier)
    dossier.status = DossierStatus.COMPLETED
    dossier.completed_at = moment()
    dossier.checkpoint_size = checkpoint_size
    dossier.log_vkeys = vkeys
    dossier.entries_count = entries
    dossier.archive_digest = digest_of_bytes(archive)
    dossier.archive_bytes = len(archive)
    dossier.save()
    record(
        dossier.stream(),
        before={"status": DossierStatus.ISSUED},
        after={
            "status": dossier.status,
            "checkpoint_size": checkpoint_size,
            "vkeys": vkeys,
            "entries": entries,
            "bytes": len(archive),
        },
        refs={"archive": dossier.archive_digest, "contents": dossier.contents_digest},
    )
    return dossier


@verb("dossier.failed")
def fail_dossier(actor: Actor, *, dossier: Dossier, problem: str) -> Dossier | Unchanged[Dossier]:
    """End what cannot be made, and say why."""
    require(actor, Permission.MAKE_DOSSIER, dossier)
    dossier = _locked(dossier.id)
    if not dossier.is_on_its_way:
        return Unchanged(dossier)
    before = dossier.status
    dossier.status = DossierStatus.FAILED
    dossier.failed_at = moment()
    dossier.problem = problem[:LONGEST_PROBLEM]
    dossier.save()
    record(
        dossier.stream(),
        before={"status": before},
        after={"status": dossier.status, "problem": dossier.problem},
    )
    return dossier


def _locked(pk: UUID) -> Dossier:
    rows = Dossier.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("system", "release").get(id=pk)
