"""Which keys' signatures count, from one that the reader got from elsewhere.

A key vouches for its successor: the entry that names both lies in a tree that it has signed. And a key that
signs today vouches for those before it, whose names stand in the tree under its signature. A key that was
lost vouched for nobody: whoever holds only that one must get the new one by another way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from governance.ledger.checkpoints import open_checkpoint
from governance.ledger.custody_models import KeySuccession
from governance.ledger.epochs import Era, list_eras, origin_at
from governance.ledger.models import Entry
from governance.ledger.notes import NoteFails, VerifierKey, verifier_key

Note = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Naming:
    """The entry that is leaf ``index`` names these public keys, the old one and the new one."""

    index: int
    publics: frozenset[bytes]


class Trust:
    """The keys whose signatures count, and the origins under which they sign."""

    def __init__(
        self,
        given: Sequence[VerifierKey],
        eras: Sequence[Era] = (),
        namings: Sequence[Naming] = (),
    ) -> None:
        self.publics = {key.public for key in given}
        self._eras, self._namings = eras, namings
        self._names = {key.name for key in given}
        self._keys: dict[str, list[VerifierKey]] = {}

    def vouched(self, notes: Sequence[Note], roots: Mapping[int, bytes]) -> "Trust":
        """Take in the keys that a known one vouches for; ``notes`` are in order of their sizes."""
        while added := self._named_below(self._reach(notes, roots)) - self.publics:
            self.publics |= added
            self._keys.clear()
        return self

    def check(self, size: int, note: str, root: bytes | None) -> None:
        """That a key which counts has signed just this size and root, for the log that it was of then.

        Raises:
            NoteFails: naming the first reason.
        """
        said = note.partition("\n")[0]
        origin = origin_at(size, self._eras, said)
        if not self._eras and origin not in self._names:
            raise NoteFails(
                f"The checkpoint is of the log {origin}, not of {' or '.join(sorted(self._names))}."
            )
        head = open_checkpoint(note, origin, self._keys_of(origin))
        if (head.size, head.root) != (size, root):
            raise NoteFails(f"What was signed at {size} entries is another size or root than is on record.")

    def _keys_of(self, origin: str) -> list[VerifierKey]:
        if origin not in self._keys:
            self._keys[origin] = [VerifierKey(origin, public) for public in sorted(self.publics)]
        return self._keys[origin]

    def _reach(self, notes: Sequence[Note], roots: Mapping[int, bytes]) -> int:
        """The size of the largest tree that a key has signed which is known by now."""
        for size, note in reversed(notes):
            try:
                self.check(size, note, roots.get(size))
            except NoteFails:
                continue
            return size
        return 0

    def _named_below(self, size: int) -> set[bytes]:
        return {public for one in self._namings if one.index < size for public in one.publics}


def trust_in(given: Sequence[VerifierKey]) -> Trust:
    """The keys given and what this database says of successions and epochs; nothing is vouched for yet."""
    return Trust(given, list_eras(), list(list_namings()))


def list_namings() -> Iterator[Naming]:
    """What the entries of successions say, not their rows: only entries are signed."""
    streams = [
        f"{KeySuccession.stream_prefix}:{key}" for key in KeySuccession.objects.values_list("pk", flat=True)
    ]
    rows = Entry.objects.filter(stream__in=streams, stream_seq=1, leaf__isnull=False)
    for index, document in rows.order_by("leaf__index").values_list("leaf__index", "document"):
        vkeys = (document["after"]["old_vkey"], document["after"]["new_vkey"])
        yield Naming(index, frozenset(verifier_key(vkey).public for vkey in vkeys))
