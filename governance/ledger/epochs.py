"""Epochs: under which origin the tree is signed, and which signed history was given up for it.

A database that was restored from an older copy lacks entries whose checkpoints were signed and may be in
other hands. Nobody can bring them back; going on as if nothing had been would show a second history under
one name. So the log begins anew under another origin: two persons say so in an entry, which names what was
given up (:mod:`governance.access.ledger_epochs`). The tree itself goes on: what is left of the past keeps its
places and proofs. A checkpoint is of the last epoch whose entry it covers.

What counts is the entry, never its row: rows say what whoever owns the database wants them to. And an entry
alone begins nothing either, as long as the head outside does not name it (:mod:`governance.ledger.heads`).

The key stays; its name becomes the new origin, so that verifier keys of old and new differ in all but the
public key. (https://c2sp.org/tlog-checkpoint: an origin is one log, and its trees only grow.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from governance.ledger.custody_models import Epoch
from governance.ledger.heads import Beginning, Head
from governance.ledger.letters import read_hash

FIRST = 1


@dataclass(frozen=True, slots=True)
class Era:
    """An epoch after the first; ``begins`` is the leaf of its entry, None while that waits for its place."""

    number: int
    origin: str
    old_origin: str
    begins: int | None
    given_up: Head
    entry_digest: bytes = b""

    @property
    def beginning(self) -> Beginning:
        """What the head outside is asked about it."""
        return Beginning(self.given_up, self.entry_digest)


class GivenUp(msgspec.Struct):
    """What an entry says of the log that it gives up."""

    number: int
    origin: str
    size: int
    root: str


class Begun(msgspec.Struct):
    """What an entry says of the epoch that it begins."""

    number: int
    origin: str
    given_up: GivenUp


class Document(msgspec.Struct):
    """What is read of such an entry."""

    after: Begun


def list_eras() -> list[Era]:
    """All epochs after the first, in their order."""
    rows = Epoch.objects.select_related("entry__leaf").defer("entry__document")
    return sorted((_era(row) for row in rows), key=lambda era: era.number)


def _era(row: Epoch) -> Era:
    body = bytes(row.entry.body)
    begins = row.entry.leaf.index if hasattr(row.entry, "leaf") else None
    try:
        said = msgspec.json.decode(body, type=Document).after
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The entry was changed, which the check of the record names; no head outside knows its digest.
        given_up = Head(row.old_size, bytes(row.old_root), row.old_number)
        return Era(row.number, row.origin, row.old_origin, begins, given_up)
    old = said.given_up
    given_up = Head(old.size, read_hash(old.root) or b"", old.number)
    return Era(said.number, said.origin, old.origin, begins, given_up, sha256(body).digest())


def era_at(size: int, eras: Sequence[Era]) -> Era | None:
    """The epoch that a checkpoint of ``size`` entries is of; None for the first."""
    covered = [era for era in eras if era.begins is not None and era.begins < size]
    return covered[-1] if covered else None


def origin_at(size: int, eras: Sequence[Era], first: str) -> str:
    """The origin of a checkpoint of ``size`` entries; ``first`` is that of the first epoch."""
    era = era_at(size, eras)
    return era.origin if era else first_origin(eras, first)


def first_origin(eras: Sequence[Era], key_name: str) -> str:
    """The origin of the first epoch: what the key is called, unless an entry says otherwise."""
    return eras[0].old_origin if eras and eras[0].given_up.epoch == FIRST else key_name


def origin_of_epoch(first: str, number: int) -> str:
    """What the log is called in its ``number``-th epoch: the purpose stays the last part."""
    base, _, purpose = first.rpartition("/")
    if number == FIRST:
        return first
    return "/".join(part for part in (base, f"epoch-{number}", purpose) if part)
