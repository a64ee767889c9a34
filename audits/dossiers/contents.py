"""What is fixed when a dossier is issued: everything but entries, proofs and the checkpoint over them."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models.functions import Length
from django.utils import timezone
from django.utils.module_loading import import_string

from audits.dossiers.archive import ABOUT, STATEMENT_KEYS
from audits.dossiers.bom import bom_of
from audits.dossiers.gathering import DossierTooLarge, Gathered, decision_of, smaller
from audits.dossiers.models import Dossier, DossierKind
from audits.dossiers.statements import has_every_vote, statements
from audits.dossiers.tracing import trace_of
from audits.dossiers.withheld import withheld
from audits.dossiers.words import shows_not
from governance.actors import Actor
from governance.ledger.canonical import canonical_bytes
from governance.ledger.checkpoints import read_head
from governance.ledger.keys import signing_keys
from governance.ledger.models import Blob, Entry, SignedCheckpoint
from governance.ledger.signing import STATEMENTS, SigningKey
from releases.approvals.models import Approval
from releases.bundles.models import Revision
from releases.bundles.queries import newest_revision

REPORT = "audits.pages.dossier_report.report_of"
"""What makes the report, in a slice above: its pictures are those of the pages."""

SCHEMA = "countersign.dossier.v1"
DIGEST = "sha256:"
MOST_FILES = 19_900
"""Whoever verifies takes no more than 20 000."""

LARGEST_BLOB = 8 * 2**20
MOST_BLOB_BYTES = 128 * 2**20
NOT_HERE = "The installation keeps the digest alone."
TOO_LARGE = "Too large for a dossier; the installation keeps it under this digest."
STANDALONE = Path(__file__).parents[1] / "verification" / "standalone.py"


@dataclass(frozen=True)
class Reported:
    """What the report is made from."""

    dossier: Dossier
    reader: Actor
    at: datetime
    """When it was put together."""
    revision: Revision | None
    """Of a release its newest, of a decision the one that decided."""
    entries: Sequence[Entry]
    about: Mapping[str, Any]
    """What ``dossier.json`` says."""
    trace: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Blobs:
    """The bytes that entries name, and what is left out of them."""

    included: Mapping[str, bytes]
    left_out: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Contents:
    """Files by path, and the digests of those that the ledger keeps already."""

    files: Mapping[str, bytes]
    kept: frozenset[str]
    size: int
    """Of the tree before this was put together."""
    previous: Dossier | None


def contents_of(
    dossier: Dossier, reader: Actor, gathered: Gathered, previous: Dossier | None, size: int
) -> Contents:
    """Everything that the entry of the issue vouches for.

    ``size`` is that of the tree before the entries were gathered: what was numbered meanwhile must not look
    as if it had been left out.
    """
    at = timezone.now()
    blobs = blobs_of(gathered.entries)
    keys = [key for key in signing_keys() if key.purpose == STATEMENTS]
    files = {f"blobs/{digest.removeprefix(DIGEST)}": data for digest, data in blobs.included.items()}
    kept = frozenset(files)
    if keys:
        files[STATEMENT_KEYS] = _vkeys(keys)
    told = _approvals(gathered.entries)
    approvals = [one for one in told if has_every_vote(one, gathered.entries)] if keys else []
    files |= statements(gathered.entries, blobs.included, approvals, keys)
    revision = revision_of(dossier)
    if revision is not None:
        files["bom.cdx.json"] = bom_of(revision)
    trace = None
    if dossier.kind == DossierKind.DECISION:
        trace = trace_of(decision_of(dossier))
        files["trace.json"] = canonical_bytes(trace)
    files["verify.py"] = STANDALONE.read_bytes()
    about = _about(dossier, gathered, blobs, size, previous)
    about["words"] = shows_not(dossier, gathered, blobs.left_out, unstated=len(told) - len(approvals))
    files[ABOUT] = canonical_bytes(about)
    report: Callable[[Reported], bytes] = import_string(REPORT)
    files["report.html"] = report(Reported(dossier, reader, at, revision, gathered.entries, about, trace))
    _check_many(dossier, 2 * len(gathered.entries) + len(files))
    return Contents(files, kept, size, previous)


def _check_many(dossier: Dossier, files: int) -> None:
    if files > MOST_FILES:
        said = f"It would hold {files} files; at most {MOST_FILES} are read."
        raise DossierTooLarge(said, next_step=smaller(dossier))


def revision_of(dossier: Dossier) -> Revision | None:
    """The revision that a dossier is mostly about: the newest of its release, or the one that decided."""
    if dossier.kind == DossierKind.RELEASE and dossier.release is not None:
        return newest_revision(dossier.release)
    return decision_of(dossier).revision if dossier.kind == DossierKind.DECISION else None


def blobs_of(entries: Iterable[Entry]) -> Blobs:
    """The bytes behind all digests that the entries name, as far as they are kept and fit."""
    entries = list(entries)
    named = sorted({value for entry in entries for value in digests_in(entry.document)})
    kept_back = withheld(entries)
    sizes = dict(
        Blob.objects.filter(digest__in=named).annotate(many=Length("bytes")).values_list("digest", "many")
    )
    taken, total = [], 0
    for digest in sorted(sizes.keys() - kept_back.keys(), key=lambda one: (sizes[one], one)):
        if sizes[digest] <= LARGEST_BLOB and total + sizes[digest] <= MOST_BLOB_BYTES:
            taken.append(digest)
            total += sizes[digest]
    rows = Blob.objects.filter(digest__in=taken).values_list("digest", "bytes")
    included = {digest: bytes(data) for digest, data in rows}
    left_out = [
        {
            "digest": one,
            "bytes": sizes.get(one),
            "why": kept_back.get(one, TOO_LARGE) if one in sizes else NOT_HERE,
        }
        for one in named
        if one not in included
    ]
    return Blobs(included, left_out)


def digests_in(document: Mapping[str, Any]) -> list[str]:
    """What an entry's ``refs`` name by digest."""
    return [value for value in (document.get("refs") or {}).values() if str(value).startswith(DIGEST)]


def _approvals(entries: Iterable[Entry]) -> list[Approval]:
    """The approvals that the entries tell of."""
    told = (one.document["after"] for one in entries if one.document["type"] == "release.approved")
    keys = {after["approval"]["id"] for after in told if after and "approval" in after}
    rows = Approval.objects.filter(id__in=keys).select_related("revision__release__system", "request")
    return list(rows.prefetch_related("request__channel_rows__channel").order_by("approved_at", "id"))


def _vkeys(keys: Iterable[SigningKey]) -> bytes:
    return "".join(f"{key.vkey}\n" for key in keys).encode()


def _about(
    dossier: Dossier, gathered: Gathered, blobs: Blobs, size: int, previous: Dossier | None
) -> dict[str, Any]:
    """``dossier.json`` but for its words. Its own stream holds two entries: what was asked for, and the issue
    that follows."""
    own = {"stream": dossier.stream(), "last": 2, "whole": True}
    return {
        "schema": SCHEMA,
        "kind": dossier.kind,
        "id": dossier.id,
        "subject": dossier.subject,
        "requested_at": dossier.requested_at,
        "requested_by": {"id": dossier.requested_by_id, "username": dossier.requested_by_username},
        "streams": sorted([*gathered.streams, own], key=lambda one: str(one["stream"])),
        "blobs": {"included": sorted(blobs.included), "left_out": list(blobs.left_out)},
        **({"range": gathered.range} if gathered.range else {}),
        "issued_at_size": size,
        "previous": _head_of(previous),
    }


def _head_of(previous: Dossier | None) -> dict[str, Any] | None:
    """Size and root of the tree that the dossier before carries."""
    if previous is None or previous.checkpoint_size is None:
        return None
    note = SignedCheckpoint.objects.get(checkpoint_id=previous.checkpoint_size).note
    head = read_head(note.partition("\n\n")[0] + "\n")
    return {"size": head.size, "root": base64.b64encode(head.root).decode()}
