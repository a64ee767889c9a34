"""Evidence that entries name by digest: whether it is still there.

Bytes that were changed are found by their digest. Bytes that were taken out are found here alone: nothing
else asks for them, and what a list outside an entry says of rows is unknown without them.
"""

from collections.abc import Iterator, Mapping
from itertools import islice

from governance.ledger.events import KEPT_BY_DIGEST
from governance.ledger.models import Blob

ASKED_AT_ONCE = 2000


class Named:
    """Digests under which bytes must be kept, each with the first entry that names it."""

    def __init__(self) -> None:
        self.digests: dict[str, tuple[str, int, str]] = {}

    def take(self, stream: str, seq: int, refs: Mapping[str, str | None]) -> None:
        """Take in what an entry refers to."""
        for name, digest in refs.items():
            if digest and name in KEPT_BY_DIGEST:
                self.digests.setdefault(digest, (stream, seq, name))


def missing(named: Named) -> Iterator[str]:
    """A sentence for each digest under which nothing is kept."""
    rest = iter(named.digests)
    while digests := list(islice(rest, ASKED_AT_ONCE)):
        there = set(Blob.objects.filter(digest__in=digests).values_list("digest", flat=True))
        for digest in digests:
            if digest not in there:
                stream, seq, name = named.digests[digest]
                where = f"Entry {seq} of {stream} names its {name}, {digest}"
                yield f"{where}, and nothing is kept under that digest."
