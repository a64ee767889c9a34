"""The whole check: entries, tree, checkpoints, signatures, the head outside, and what waits."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from governance.ledger.epochs import Era, list_eras
from governance.ledger.fsck.findings import Finding, Report
from governance.ledger.fsck.progress import Progress, silently
from governance.ledger.fsck.walking import Walk
from governance.ledger.heads import EpochUnknown, Head, HeadDisagrees, HeadMissing, read_head
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
_COUNTED = """
SELECT (SELECT count(*) FROM entry) - count(DISTINCT waits.entry_id) FROM pending AS waits
JOIN entry ON entry.id = waits.entry_id LEFT JOIN leaf ON leaf.entry_id = entry.id
WHERE leaf.entry_id IS NULL
"""
TREE, SIGNATURES = "entries and their tree", "signatures"
SIGNATURES_AT_ONCE = 256
"""So many are checked before whoever watches is told."""

UNSIGNED_LIMIT = timedelta(minutes=1)
"""How long the newest checkpoint may wait for its signature where something signs."""

_BEYOND = "SELECT index FROM leaf WHERE index >= %s OR index < 0 ORDER BY index LIMIT 1"


def check_record(keys: Sequence[VerifierKey], head: Path, *, progress: Progress = silently) -> Report:
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
        with connection.cursor() as cursor:
            # Each of many short steps would start workers, which takes longer than to read its rows.
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        walk = Walk(roots)
        walk.run(size, lambda done: progress(TREE, done, size))
        findings = [
            *walk.findings,
            *_outside_the_tree(size, are_all_told=not walk.findings),
            *_signatures(keys, roots, notes, progress),
            *(_unsigned() if keys else ()),
            *([Finding("head", unread)] if unread else _head(head, outside)),
        ]
        epochs = tuple(_told(era) for era in list_eras())
        signed = _signed(size)
    unchecked = () if keys else ("signatures: no verifier key of the ledger is known here",)
    return Report(size, len(roots), len(notes), tuple(findings), unchecked, signed=signed, epochs=epochs)


def _signed(size: int) -> str:
    """How far the signatures reach."""
    newest = SignedCheckpoint.objects.order_by("-checkpoint_id").first()
    if newest is None:
        return f"signed: none of {size:,} entries"
    return f"signed: {newest.checkpoint_id:,} of {size:,} entries, at {newest.signed_at:%F %T} UTC"


def _told(era: Era) -> str:
    begins = "waits for its place" if era.begins is None else f"is entry {era.begins}"
    return (
        f"epoch {era.number}: the log began anew as {era.origin} ({begins}), and gave up a signed tree of "
        f"{era.given_up.size:,} entries of {era.old_origin}. Ask for the two administrators' reason."
    )


def _unsigned() -> Iterator[Finding]:
    """A tail that nothing vouches for: made a while ago, or later than now."""
    newest = SignedCheckpoint.objects.aggregate(size=Max("checkpoint_id"))["size"] or 0
    first = Checkpoint.objects.filter(size__gt=newest).order_by("size").first()
    if first is None:
        return
    waited = timezone.now() - first.made_at
    if waited < timedelta(0) or waited > UNSIGNED_LIMIT:
        where = f"The last that was signed covers {newest} entries" if newest else "No checkpoint is signed"
        sentence = f"{where}; one of {first.size} entries was made at {first.made_at:%F %T} UTC."
        yield Finding("unsigned", sentence, newest)


def _outside_the_tree(size: int, *, are_all_told: bool) -> Iterator[Finding]:
    """``are_all_told``: the walk met ``size`` different entries, so a count shows whether any is left out.
    To look for it takes ten times as long.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED)
        ((counted,),) = cursor.fetchall()
        if counted != size or not are_all_told:
            cursor.execute(_LOST)
            for stream, seq in cursor.fetchall():
                sentence = f"Entry {seq} of {stream} is neither in the tree nor waits for its place in it."
                yield Finding("lost", sentence)
        cursor.execute(_BEYOND, [size])
        for (index,) in cursor.fetchall():
            yield Finding("beyond", f"Leaf {index} lies beyond the tree of {size} entries.", index)


def _signatures(
    keys: Sequence[VerifierKey],
    roots: dict[int, bytes],
    notes: Sequence[tuple[int, str]],
    progress: Progress,
) -> Iterator[Finding]:
    if not keys:
        return
    trust = trust_in(keys).vouched(notes, roots)
    for done, (size, note) in enumerate(notes, start=1):
        try:
            trust.check(size, note, roots.get(size))
        except NoteFails as fault:
            yield Finding(
                "signature", f"The signature of the checkpoint of {size} entries: {fault}", size - 1
            )
            return
        if done % SIGNATURES_AT_ONCE == 0 or done == len(notes):
            progress(SIGNATURES, done, len(notes))


def _head(path: Path, outside: Head | None) -> Iterator[Finding]:
    try:
        compare_head(path, outside)
    except EpochUnknown as fault:
        yield Finding("head", str(fault))
    except HeadMissing as fault:
        yield Finding("headless", str(fault))
    except (HeadDisagrees, TreeIncomplete) as fault:
        yield Finding("head", str(fault))
