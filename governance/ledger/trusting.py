"""Which keys' signatures count, and for which sizes, from one that the reader got from elsewhere.

A key vouches for its successor: the entry that names both lies in a tree that it has signed. And a key that
signs today vouches for those before it, whose names stand in the tree under its signature. A key that was
lost vouched for nobody: whoever holds only that one must get the new one by another way.

A key that has made room for another counts for the tree up to the entry that says so, and no further: whoever
comes by it later, and owns the database too, signs no other end of the history with it.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from governance.ledger.checkpoints import open_checkpoint
from governance.ledger.epochs import Era, list_eras, origin_at
from governance.ledger.namings import Naming, chained, list_namings
from governance.ledger.notes import NoteFails, VerifierKey

Note = tuple[int, str]


class Trust:
    """The keys whose signatures count, from which size on, and the origins under which they sign."""

    def __init__(
        self,
        given: Sequence[VerifierKey],
        eras: Sequence[Era] = (),
        namings: Sequence[Naming] = (),
    ) -> None:
        self.publics = {key.public for key in given}
        self._eras, self._namings = eras, list(chained(namings))
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


def trust_in(given: Sequence[VerifierKey]) -> Trust:
    """The keys given and what this database says of successions and epochs; nothing is vouched for yet."""
    return Trust(given, list_eras(), list_namings())
