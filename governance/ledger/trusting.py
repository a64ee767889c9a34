"""Which keys' signatures count, and for which sizes, from one that the reader got from elsewhere.

A key vouches for its successor: the entry that names both lies in a tree that it has signed. And a key that
signs today vouches for those before it, whose names stand in the tree under its signature. A key that was
lost vouched for nobody: whoever holds only that one must get the new one by another way.

A key that has made room for another counts for the tree up to the entry that says so, and no further: whoever
comes by it later, and owns the database too, signs no other end of the history with it.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from governance.ledger.checkpoints import open_checkpoint
from governance.ledger.custody_models import KeySuccession
from governance.ledger.epochs import Era, list_eras, origin_at
from governance.ledger.models import Entry
from governance.ledger.notes import NoteFails, VerifierKey, verifier_key

ROTATED, REPLACED = "ledger_key.rotated", "ledger_key.replaced"
Note = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Naming:
    """The entry that is leaf ``index`` puts the public key ``new`` in the place of ``old``, which is at hand
    and signs too for a while, unless it is lost."""

    index: int
    old: bytes
    new: bytes
    is_lost: bool = False


class Trust:
    """The keys whose signatures count, from which size on, and the origins under which they sign."""

    def __init__(
        self,
        given: Sequence[VerifierKey],
        eras: Sequence[Era] = (),
        namings: Sequence[Naming] = (),
    ) -> None:
        self.publics = {key.public for key in given}
        self._eras, self._namings = eras, list(_chained(namings))
        self._names = {key.name for key in given}

    def vouched(self, notes: Sequence[Note], roots: Mapping[int, bytes]) -> "Trust":
        """Take in the keys that a known one vouches for; ``notes`` are in order of their sizes."""
        while added := self._named_below(self._reach(notes, roots)) - self.publics:
            self.publics |= added
        return self

    def check(self, size: int, note: str, root: bytes | None) -> None:
        """That the key which signed trees of this size has signed just this size and root, for the log that
        it was of then.

        Raises:
            NoteFails: naming the first reason.
        """
        naming = self._naming_at(size)
        first = {self._namings[0].old} if self._namings else self.publics
        self._check(size, note, root, self.publics & ({naming.new} if naming else first))

    def _check(self, size: int, note: str, root: bytes | None, publics: set[bytes]) -> None:
        said = note.partition("\n")[0]
        origin = origin_at(size, self._eras, said)
        if not self._eras and origin not in self._names:
            raise NoteFails(
                f"The checkpoint is of the log {origin}, not of {' or '.join(sorted(self._names))}."
            )
        head = open_checkpoint(note, origin, [VerifierKey(origin, one) for one in sorted(publics)])
        if (head.size, head.root) != (size, root):
            raise NoteFails(f"What was signed at {size} entries is another size or root than is on record.")

    def _naming_at(self, size: int) -> Naming | None:
        """What decides which key signs a tree of ``size``; None before any other key was named."""
        covered = bisect_left(self._namings, size, key=lambda one: one.index)
        return self._namings[covered - 1] if covered else None

    def _reach(self, notes: Sequence[Note], roots: Mapping[int, bytes]) -> int:
        """The size of the largest tree that a known key has signed which may vouch there for others."""
        return next((size for size, note in reversed(notes) if self._vouches(size, note, roots.get(size))), 0)

    def _vouches(self, size: int, note: str, root: bytes | None) -> bool:
        """Whether the key that counts there has signed, or the one that makes room by the newest naming: that
        one vouches for its successor, and for nobody after it.
        """
        naming = self._naming_at(size)
        try:
            if naming is None or naming.new in self.publics:
                self.check(size, note, root)
            else:
                self._check(size, note, root, self.publics & (set() if naming.is_lost else {naming.old}))
        except NoteFails:
            return False
        return True

    def _named_below(self, size: int) -> set[bytes]:
        return {public for one in self._namings if one.index < size for public in (one.old, one.new)}


def _chained(namings: Sequence[Naming]) -> Iterator[Naming]:
    """Those that put a key in the place of the one that signed then; others were put in by somebody else."""
    last: Naming | None = None
    for one in namings:
        if last is None or one.old == last.new:
            last = one
            yield one


class Keys(msgspec.Struct):
    """What an entry says of the two keys of a succession."""

    old_vkey: str
    new_vkey: str


class Document(msgspec.Struct):
    """What is read of the entry with which a succession begins."""

    type: str
    stream: str
    after: Keys


def trust_in(given: Sequence[VerifierKey]) -> Trust:
    """The keys given and what this database says of successions and epochs; nothing is vouched for yet."""
    return Trust(given, list_eras(), list(list_namings()))


def list_namings() -> Iterator[Naming]:
    """What the bodies of entries of successions say, not their rows nor what pages read: only bodies are
    signed. What cannot be read names nobody, and the check of the record names it.
    """
    streams = [
        f"{KeySuccession.stream_prefix}:{key}" for key in KeySuccession.objects.values_list("pk", flat=True)
    ]
    rows = Entry.objects.filter(stream__in=streams, stream_seq=1, leaf__isnull=False)
    for index, stream, body in rows.order_by("leaf__index").values_list("leaf__index", "stream", "body"):
        try:
            said = msgspec.json.decode(bytes(body), type=Document)
            old, new = verifier_key(said.after.old_vkey).public, verifier_key(said.after.new_vkey).public
        except (msgspec.DecodeError, UnicodeDecodeError, NoteFails):
            continue
        if said.stream == stream and said.type in (ROTATED, REPLACED):
            yield Naming(index, old, new, said.type == REPLACED)
