"""Entries that put a key in the place of another: what they say, and which of them count.

Only the bodies of entries are signed, so they alone are read: not the rows beside them, which say what
whoever writes them wants. Every entry of such an event counts, whatever its stream: a tree that the old key
signs vouches for the key that it names, and readers elsewhere know nothing of rows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
from django.db.models import Q

from governance.ledger.models import Entry, SignedCheckpoint
from governance.ledger.notes import NoteFails, VerifierKey, open_note, verifier_key

ROTATED, REPLACED = "ledger_key.rotated", "ledger_key.replaced"
WAITING = 2**63
"""The index of an entry that has no place in the tree yet."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The entry that is leaf ``index`` puts the public key ``new`` in the place of ``old``, which is at hand
    and signs too for a while, unless it is lost. ``texts`` are both as verifier keys."""

    index: int
    old: bytes
    new: bytes
    is_lost: bool = False
    stream: str = ""
    texts: tuple[str, str] = ("", "")


class Keys(msgspec.Struct):
    """What an entry says of the two keys."""

    old_vkey: str
    new_vkey: str


class Kind(msgspec.Struct):
    """What kind of an entry it is; most are of another."""

    type: str = ""


class Document(msgspec.Struct):
    """What is read of such an entry."""

    type: str
    stream: str
    after: Keys


def list_namings() -> list[Naming]:
    """Those in the tree that count, in its order."""
    return list(counting(read_namings(waiting=False)))


def counting(namings: Iterable[Naming]) -> Iterator[Naming]:
    """The first of all counts only if the key that it takes leave of had signed by then: else whoever may
    write entries could say of a key that never signed this ledger that it made room.
    """
    is_first = True
    for one in namings:
        if is_first and not _had_signed(one):
            continue
        is_first = False
        yield one


def read_namings(*, waiting: bool) -> Iterator[Naming]:
    """All in the tree, in its order; then, with ``waiting``, those that wait for their place.

    One that has no place and waits for none is never signed: it would come after all others for good. What
    cannot be read names nobody, and the check of the record names it.
    """
    has_place = Q(leaf__isnull=False)
    rows = Entry.objects.filter(
        has_place | Q(pending__isnull=False) if waiting else has_place, document__type__in=(ROTATED, REPLACED)
    )
    for index, body in rows.order_by("leaf__index", "pending__position").values_list("leaf__index", "body"):
        found = read_naming(WAITING if index is None else index, bytes(body))
        if found is not None:
            yield found


def chained(namings: Iterable[Naming]) -> Iterator[Naming]:
    """Those that put a key in the place of the one that signed then; others were put in by somebody else.

    No key comes back: one that has made room may be in other hands by now.
    """
    last: Naming | None = None
    before: set[bytes] = set()
    for one in namings:
        if last is None or (one.old == last.new and one.new not in before):
            last = one
            before |= {one.old, one.new}
            yield one


def read_naming(index: int, body: bytes) -> Naming | None:
    """What the body of the leaf ``index`` says of keys; None where it is about something else."""
    try:
        if msgspec.json.decode(body, type=Kind).type not in (ROTATED, REPLACED):
            return None
        said = msgspec.json.decode(body, type=Document)
        old, new = verifier_key(said.after.old_vkey), verifier_key(said.after.new_vkey)
    except (msgspec.DecodeError, UnicodeDecodeError, NoteFails):
        return None
    if old.public == new.public:
        return None
    texts = (said.after.old_vkey, said.after.new_vkey)
    return Naming(index, old.public, new.public, said.type == REPLACED, said.stream, texts)


def _had_signed(naming: Naming) -> bool:
    """Whether the old key signed the newest checkpoint that does not cover the entry."""
    before = (
        SignedCheckpoint.objects.filter(checkpoint_id__lte=naming.index).order_by("-checkpoint_id").first()
    )
    if before is None:
        return False
    try:
        open_note(before.note, [VerifierKey(before.note.partition("\n")[0], naming.old)])
    except NoteFails:
        return False
    return True
