"""Signing checkpoints: read back, write the head outside, then hand out the signature.

Only what is committed is signed, and only after the root was computed once more from the bodies as they
are stored. Ed25519 is deterministic: whoever signs again after a crash writes the same letters (L5). Whatever
does not agree stops the signing, and nothing else: entries are still numbered, releases still rolled back.
Only a database that lacks what was signed, or has another past, does not start (:func:`check_head`, L8).
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.utils import timezone

from governance.ledger.checkpoints import TreeHead
from governance.ledger.epochs import FIRST, Era, era_at, list_eras, origin_at
from governance.ledger.heads import (
    Head,
    HeadDisagrees,
    HeadMissing,
    advance,
    check_follows,
    head_file,
    read_head,
)
from governance.ledger.keys import keys_for
from governance.ledger.merkle.growing import edge_of, grown, root_from
from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.models import Checkpoint, Leaf, SignedCheckpoint, TreeState
from governance.ledger.namings import read_naming
from governance.ledger.notes import NoteFails
from governance.ledger.signing import LEDGER, KeyFileUnfit, SigningKey
from governance.ledger.stored_tree import TreeIncomplete, root_at, tiles_at
from governance.ledger.successions import KeyNotOnRecord, check_vouches, keys_that_sign

logger = logging.getLogger(__name__)

READ_AT_ONCE = 1024


class RecordDamaged(Exception):
    """What is stored is not what was numbered, or not what was signed."""


STOPS = (
    *(KeyFileUnfit, KeyNotOnRecord, HeadDisagrees, HeadMissing, RecordDamaged, TreeIncomplete),
    *(NoteFails, OSError),
)
"""Why nothing is signed, while everything else goes on."""


def newest_checkpoint() -> Checkpoint | None:
    """The checkpoint of the tree as it was committed last."""
    return Checkpoint.objects.order_by("-size").first()


def newest_signed() -> SignedCheckpoint | None:
    """The checkpoint that was signed last."""
    return SignedCheckpoint.objects.select_related("checkpoint").order_by("-checkpoint_id").first()


def seal_newest() -> str:
    """Sign the newest checkpoint if that is to be done; answers why nothing is signed, empty if all is well.

    The answer stands in ``tree_state`` too, where the web interface reads it.
    """
    tree = TreeState.objects.get(id=1)
    if tree.tiled < tree.size:
        return tree.trouble  # the integrator's: leaves that stand in no tile
    try:
        # Read before the succession: what this covers was committed, so that a key which an entry in it puts
        # in the place of another is known when the signers are chosen.
        newest, keys = newest_checkpoint(), keys_for(LEDGER)
        if keys:
            signed = newest_signed()
            first, *others = keys_that_sign(keys, signed.note if signed else None)
            seal(first, head_file(), others, newest=newest)
        trouble = ""
    except STOPS as stopped:
        trouble = str(stopped)
    if tree.trouble != trouble:
        note_trouble(trouble)
    return trouble


def note_trouble(trouble: str) -> None:
    """Remember why nothing is signed, for ``/readyz``."""
    TreeState.objects.filter(id=1).update(trouble=trouble)
    if trouble:
        logger.critical("no checkpoint is signed: %s", trouble)


def seal(
    key: SigningKey,
    path: Path,
    others: Sequence[SigningKey] = (),
    *,
    newest: Checkpoint | None = None,
) -> SignedCheckpoint | None:
    """Sign the newest checkpoint and write its head to ``path`` first; None where that is done already.

    ``others`` sign too: in a rotation the new key. ``newest`` was the newest when the keys were chosen.

    Raises:
        RecordDamaged: the bodies do not give the root, or the tree that was signed before has another one.
        KeyNotOnRecord: a body that is signed now puts a key of somebody else's in the place of a signer.
        HeadDisagrees, HeadMissing, OSError: the head outside does not go on so, or cannot be written.
        TreeIncomplete: a tile is missing.
    """
    newest, signed = newest or newest_checkpoint(), newest_signed()
    if newest is None or (signed is not None and signed.checkpoint_id >= newest.size):
        return None
    old = signed.checkpoint if signed else None
    _read_back(old, newest, (key, *others))
    eras = list_eras()
    era, head = era_at(newest.size, eras), head_of(newest, eras)
    before, beginning = head_of(old, eras) if old else None, era.beginning if era else None
    try:
        advance(path, head, before, root_at, beginning=beginning)
    except HeadDisagrees:
        # Another integrator may have numbered and signed on meanwhile: then the file is ahead of us only.
        if is_ahead(read_head(path), head):
            return None
        raise
    origin = origin_at(head.size, eras, key.name)
    note = TreeHead(origin, head.size, head.root).signed(
        [SigningKey(origin, one.private) for one in (key, *others)]
    )
    # A second integrator may have signed the same meanwhile: with the same letters.
    made = SignedCheckpoint(checkpoint=newest, note=note, signed_at=timezone.now())
    SignedCheckpoint.objects.bulk_create([made], ignore_conflicts=True)
    return made


def head_of(checkpoint: Checkpoint, eras: Sequence[Era]) -> Head:
    """Size, root and epoch of a checkpoint."""
    era = era_at(checkpoint.size, eras)
    return Head(checkpoint.size, bytes(checkpoint.root), era.number if era else FIRST)


def is_ahead(outside: Head | None, head: Head) -> bool:
    """Whether the head outside is that of a larger checkpoint of this database, and of the same epoch."""
    if outside is None or outside.epoch != head.epoch or outside.size <= head.size:
        return False
    return Checkpoint.objects.filter(size=outside.size, root=outside.root).exists()


def check_head(path: Path) -> None:
    """That the database holds all that was signed before.

    Raises:
        HeadDisagrees: it is an older copy, or another one.
        HeadMissing: something was signed, and the file knows of nothing.
        TreeIncomplete: a tile is missing.
    """
    compare_head(path, read_head(path))


def compare_head(path: Path, outside: Head | None) -> None:
    """The same for a head that was read from ``path`` before: what is signed since stands in the database.

    An epoch counts from the moment in which it is begun, before its entry has its place.
    """
    newest, signed, eras = newest_checkpoint(), newest_signed(), list_eras()
    epoch, beginning = (eras[-1].number, eras[-1].beginning) if eras else (FIRST, None)
    head = Head(newest.size, bytes(newest.root), epoch) if newest else Head(0, root_at(0), epoch)
    last = head_of(signed.checkpoint, eras) if signed else None
    check_follows(path, outside, head, last, root_at, beginning=beginning)


def _read_back(old: Checkpoint | None, new: Checkpoint, signers: Sequence[SigningKey]) -> None:
    """Compute the new root from the old tree and the stored bodies of what was added since.

    What the signature will say of keys is read from these very bodies as well: whoever owns the database
    decides which entries a query about keys finds.
    """
    size = old.size if old else 0
    if old is not None and root_at(size) != bytes(old.root):
        raise RecordDamaged(f"The tiles no longer give the root that was signed at {size} entries.")
    edge = tiles_at(edge_of(size))
    for leaves in _hashed(size, new.size, signers):
        changed = edge | grown(size, edge, leaves)
        size += len(leaves)
        edge = {place: changed[place] for place in edge_of(size)}
    if size != new.size:
        raise RecordDamaged(f"Leaf {size} is missing; the tree was numbered up to {new.size}.")
    if root_from(size, edge) != bytes(new.root):
        raise RecordDamaged(f"The stored entries do not give the root of the checkpoint of {size} entries.")


def _hashed(first: int, end: int, signers: Sequence[SigningKey]) -> Iterator[list[bytes]]:
    """Hashes of the bodies of the leaves, a few at a time.

    Raises:
        RecordDamaged: a leaf is missing, or is not the hash of its entry's body.
        KeyNotOnRecord: a body puts a key of somebody else's in the place of a signer.
    """
    for start in range(first, end, READ_AT_ONCE):
        rows = Leaf.objects.filter(index__gte=start, index__lt=min(end, start + READ_AT_ONCE))
        found = list(rows.order_by("index").values_list("index", "hash", "entry__body"))
        for expected, (index, stored, body) in enumerate(found, start=start):
            if index != expected:
                raise RecordDamaged(f"Leaf {expected} is missing; the next one is {index}.")
            if leaf_hash(bytes(body)) != bytes(stored):
                raise RecordDamaged(
                    f"Entry {index} was changed after it was numbered: its hash is another one."
                )
            if (named := read_naming(index, bytes(body))) is not None:
                check_vouches(named, signers)
        yield [bytes(stored) for _index, stored, _body in found]
