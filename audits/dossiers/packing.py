"""The archive of an issued dossier, made anew from its row: the same bytes whenever it is made."""

import base64
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from audits.dossiers.archive import (
    ABOUT,
    CHECKPOINT,
    CONSISTENCY,
    CONTENTS,
    LOG_KEYS,
    POLICY,
    PREVIOUS,
    archive,
    read_listing,
)
from audits.dossiers.models import Dossier, DossierStatus
from governance.errors import GovernanceError
from governance.ledger.canonical import digest_of_bytes
from governance.ledger.merkle.proofs import consistency_plan
from governance.ledger.models import Blob, Leaf, SignedCheckpoint
from governance.ledger.proving import inclusion_texts
from governance.ledger.stored_tree import TreeIncomplete, hashes_of

logger = logging.getLogger(__name__)


class DossierNotReady(GovernanceError):
    """The dossier has no archive, or not yet."""

    code = "dossier_not_ready"
    title = "Not ready"
    next_step = "Ask again in a few seconds; 'status' says how far it is."


class DossierDamaged(GovernanceError):
    """What the dossier is made of is not any more what it was."""

    code = "dossier_damaged"
    title = "The dossier cannot be made any more"
    next_step = "Run manage.py verify_ledger: something in the record was changed or is missing."


@dataclass(frozen=True)
class Packed:
    """An archive, and how many entries it holds."""

    archive: bytes
    entries: int


def stored_archive(dossier: Dossier) -> bytes:
    """The archive of a complete dossier.

    Raises:
        DossierNotReady: it is not complete.
        DossierDamaged: it does not come out as it was.
    """
    if dossier.status != DossierStatus.COMPLETED or dossier.checkpoint_size is None:
        raise DossierNotReady(f"The dossier is in the state {dossier.get_status_display().lower()!r}.")
    made = packed(dossier, dossier.checkpoint_size, dossier.log_vkeys).archive
    if digest_of_bytes(made) != dossier.archive_digest:
        raise DossierDamaged(f"The archive no longer has the digest {dossier.archive_digest}.")
    return made


def packed(dossier: Dossier, size: int, vkeys: Sequence[str]) -> Packed:
    """The archive under the signed checkpoint of ``size``, whose keys are ``vkeys``.

    Raises:
        DossierDamaged: a file, a tile or the checkpoint is missing, or not what it was.
    """
    try:
        return _packed(dossier, size, vkeys)
    except (TreeIncomplete, SignedCheckpoint.DoesNotExist, LookupError, TypeError, ValueError) as fault:
        logger.exception("dossier %s cannot be made any more", dossier.id)
        raise DossierDamaged("Part of what it is made of is missing, or not what it was.") from fault


def _packed(dossier: Dossier, size: int, vkeys: Sequence[str]) -> Packed:
    signed = SignedCheckpoint.objects.get(checkpoint_id=size)
    files = fixed_files(dossier)
    leaves = leaves_of(dossier, json.loads(files[ABOUT]), size)
    files |= {f"entries/{leaf.index}.json": bytes(leaf.entry.body) for leaf in leaves}
    proofs = inclusion_texts([leaf.index for leaf in leaves], signed)
    files |= {f"proofs/{index}.tlog-proof": text.encode() for index, text in proofs.items()}
    files |= {
        CHECKPOINT: signed.note.encode(),
        LOG_KEYS: "".join(f"{vkey}\n" for vkey in vkeys).encode(),
        POLICY: _policy(vkeys),
    }
    if dossier.previous is not None and dossier.previous.checkpoint_size is not None:
        files |= _consistency(dossier.previous.checkpoint_size, size, signed.note)
    return Packed(archive(files), len(leaves))


def fixed_files(dossier: Dossier) -> dict[str, bytes]:
    """What was fixed when the dossier was issued, and its list.

    Raises:
        DossierDamaged: a file is missing, or is not what its digest says.
    """
    listed = _bytes_of([dossier.contents_digest])[dossier.contents_digest]
    digests = read_listing(listed)
    found = _bytes_of(digests.values())
    return {CONTENTS: listed, **{name: found[digest] for name, digest in digests.items()}}


def leaves_of(dossier: Dossier, about: dict[str, Any], size: int) -> list[Leaf]:
    """The entries that ``dossier.json`` describes, in the order of the ledger, each with its body."""
    rows = Leaf.objects.filter(index__lt=size).select_related("entry").defer("entry__document")
    if "range" in about:
        # Two questions: joined by OR the database would go through every entry there is.
        own = rows.filter(entry__stream=dossier.stream(), entry__stream_seq__lte=2)
        between = rows.filter(index__gte=about["range"]["first"], index__lt=about["range"]["end"])
        found = {leaf.index: leaf for leaf in [*between, *own]}
        return [found[index] for index in sorted(found)]
    last = {one["stream"]: one["last"] for one in about["streams"] if one["whole"]}
    wanted = Q(entry__stream__in=list(last))
    for one in about["streams"]:
        if not one["whole"]:
            wanted |= Q(entry__stream=one["stream"], entry__stream_seq__in=one["entries"])
    told = rows.filter(wanted).order_by("index")
    # A stream that went on since is told up to where it was.
    return [
        leaf for leaf in told if leaf.entry.stream_seq <= last.get(leaf.entry.stream, leaf.entry.stream_seq)
    ]


def _bytes_of(digests: Any) -> dict[str, bytes]:
    wanted = set(digests)
    found = {one.digest: bytes(one.bytes) for one in Blob.objects.filter(digest__in=wanted)}
    if missing := sorted(wanted - found.keys()):
        raise DossierDamaged(f"The bytes of {missing[0]} are missing.")
    if others := sorted(digest for digest, data in found.items() if digest_of_bytes(data) != digest):
        raise DossierDamaged(f"The bytes of {others[0]} are others.")
    return found


def _policy(vkeys: Sequence[str]) -> bytes:
    """What https://c2sp.org/tlog-policy asks of a log without witnesses."""
    return "".join([*(f"log {vkey}\n" for vkey in vkeys), "quorum none\n"]).encode()


def _consistency(old: int, new: int, note: str) -> dict[str, bytes]:
    """The form of an add-checkpoint request of https://c2sp.org/tlog-witness."""
    hashes = [base64.b64encode(one).decode() for one in hashes_of(consistency_plan(old, new))]
    text = "\n".join([f"old {old}", *hashes, "", note])
    return {
        PREVIOUS: SignedCheckpoint.objects.get(checkpoint_id=old).note.encode(),
        CONSISTENCY: text.encode(),
    }
