"""Entries with their proofs, a line each: what an outsider checks with a verifier key and nothing else."""

import base64
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import F, QuerySet

from governance.errors import GovernanceError
from governance.ledger.models import Entry, SignedCheckpoint
from governance.ledger.proving import inclusion_texts, newest_note

MOST = 50_000
TOGETHER = 500


class TooManyEntries(GovernanceError):
    """More entries fit the filters than are exported at once."""

    code = "too_many_entries"
    status = 413
    title = "Too many entries"
    next_step = "Narrow the time with at_from and at_until, or ask for a release or a channel."


def refuse_too_many(rows: QuerySet[Entry]) -> None:
    """Refuse an export that nobody could take.

    Raises:
        TooManyEntries: with how many are exported at once.
    """
    if rows.order_by()[MOST : MOST + 1].exists():
        raise TooManyEntries(f"More than {MOST} entries fit.")


def export_lines(rows: QuerySet[Entry]) -> Iterator[str]:
    """The lines, in the order of the ledger. What is not sealed yet stands last, without index and proof.

    Raises:
        NotFound: nothing was signed yet, so that nothing could be proved.
    """
    note = newest_note()
    return _lines(rows, note)


def _lines(rows: QuerySet[Entry], note: SignedCheckpoint) -> Iterator[str]:
    size, many, without = note.checkpoint_id, 0, 0
    ordered = rows.select_related("leaf").defer("document").order_by(F("leaf__index").asc(nulls_last=True))
    found = ordered.iterator(chunk_size=TOGETHER)
    while together := list(islice(found, TOGETHER)):
        places = {entry.pk: _index(entry, size) for entry in together}
        proofs = inclusion_texts((one for one in places.values() if one is not None), note)
        for entry in together:
            index = places[entry.pk]
            many, without = many + 1, without + (index is None)
            body = base64.b64encode(bytes(entry.body)).decode()
            proof = None if index is None else proofs[index]
            yield _line({"id": str(entry.pk), "index": index, "body": body, "proof": proof})
    yield _line({"checkpoint": note.note, "size": size, "entries": many, "not_sealed": without})


def _index(entry: Entry, size: int) -> int | None:
    """Its place in the signed tree, if it has one there."""
    leaf = getattr(entry, "leaf", None)
    return leaf.index if leaf is not None and leaf.index < size else None


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document) + "\n"
