"""The whole check: entries, tree, checkpoints, signatures, the head outside, and what waits."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from django.db import connection, transaction

from governance.ledger.fsck.findings import Finding, Report
from governance.ledger.fsck.walking import Walk
from governance.ledger.heads import Head, HeadDisagrees, HeadMissing, read_head
from governance.ledger.models import Checkpoint, SignedCheckpoint, TreeState
from governance.ledger.notes import NoteFails, VerifierKey
from governance.ledger.sealing import compare_head
from governance.ledger.stored_tree import TreeIncomplete
from governance.ledger.trusting import trust_in

_LOST = """
SELECT entry.stream, entry.stream_seq FROM entry
LEFT JOIN leaf ON leaf.entry_id = entry.id LEFT JOIN pending ON pending.entry_id = entry.id
WHERE leaf.entry_id IS NULL AND pending.entry_id IS NULL ORDER BY entry.at LIMIT 1
"""
_BEYOND = "SELECT index FROM leaf WHERE index >= %s OR index < 0 ORDER BY index LIMIT 1"


def silently(_done: int) -> None:
    """Progress that nobody watches."""


def check_record(
    keys: Sequence[VerifierKey], head: Path, *, progress: Callable[[int], None] = silently
) -> Report:
    """Compute the record anew and compare; one snapshot, so that what is written meanwhile does not disturb.

    ``keys`` are those whose signatures count; without any, signatures are not checked and the report says so.
    """
    # Read first: what is signed while the walk lasts stands in the file, and not in the snapshot.
    try:
        outside, unread = read_head(head), ""
    except (HeadDisagrees, OSError) as fault:
        outside, unread = None, str(fault)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        size = TreeState.objects.get(id=1).size
        roots = {one: bytes(root) for one, root in Checkpoint.objects.values_list("size", "root")}
        notes = list(SignedCheckpoint.objects.order_by("checkpoint_id").values_list("checkpoint_id", "note"))
        walk = Walk(roots)
        walk.run(size, progress)
        findings = [
            *walk.findings,
            *_outside_the_tree(size),
            *_signatures(keys, roots, notes),
            *([Finding("head", unread)] if unread else _head(head, outside)),
        ]
    unchecked = () if keys else ("signatures: no verifier key of the ledger is known here",)
    return Report(size, len(roots), len(notes), tuple(findings), unchecked)


def _outside_the_tree(size: int) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(_LOST)
        for stream, seq in cursor.fetchall():
            sentence = f"Entry {seq} of {stream} is neither in the tree nor waits for its place in it."
            yield Finding("lost", sentence)
        cursor.execute(_BEYOND, [size])
        for (index,) in cursor.fetchall():
            yield Finding("beyond", f"Leaf {index} lies beyond the tree of {size} entries.", index)


def _signatures(
    keys: Sequence[VerifierKey], roots: dict[int, bytes], notes: Sequence[tuple[int, str]]
) -> Iterator[Finding]:
    if not keys:
        return
    trust = trust_in(keys).vouched(notes, roots)
    for size, note in notes:
        try:
            trust.check(size, note, roots.get(size))
        except NoteFails as fault:
            yield Finding(
                "signature", f"The signature of the checkpoint of {size} entries: {fault}", size - 1
            )
            return


def _head(path: Path, outside: Head | None) -> Iterator[Finding]:
    try:
        compare_head(path, outside)
    except (HeadDisagrees, HeadMissing, TreeIncomplete) as fault:
        yield Finding("head", str(fault))
