"""All checks in their order; the first that fails is the reason."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from audits.verification.anchors import SignedHead, check_checkpoint, open_head, read_keys
from audits.verification.archives import unpacked
from audits.verification.contents import check_blobs, check_contents
from audits.verification.description import Description, read_description
from audits.verification.entries import LoggedEntry, check_proofs, check_streams, entry_file
from audits.verification.files import LOG_KEYS, MANIFEST, Files, check_list
from audits.verification.previous import check_previous
from audits.verification.refusals import Refused, Unfit, quoted
from audits.verification.statements import check_statements
from governance.ledger.checkpoints import TreeHead
from governance.ledger.notes import VerifierKey

ZIP_MARK = b"PK"


@dataclass(frozen=True, slots=True)
class Verified:
    """A dossier of which every check holds."""

    files: Files
    found: SignedHead
    description: Description
    entries: tuple[LoggedEntry, ...]
    before: TreeHead | None
    keys: tuple[VerifierKey, ...]


@contextmanager
def _check(number: int) -> Iterator[None]:
    try:
        yield
    except Unfit as fault:
        raise Refused(number, str(fault)) from None


def verify(data: bytes, outside: Sequence[VerifierKey]) -> Verified:
    """The dossier, once every check holds; without keys from outside it is trusted to bring its own.

    Raises:
        Refused: with the first check that fails.
    """
    with _check(1):
        files = Files(unpacked(data))
    with _check(2):
        check_list(files, MANIFEST, set(files) - {MANIFEST})
    with _check(3):
        found = check_checkpoint(files, outside)
        keys = outside or read_keys(files.text_of(LOG_KEYS))
    with _check(4):
        description = read_description(files)
    with _check(5):
        numbers = check_proofs(files, found.head)
    with _check(6):
        entries = check_streams(files, numbers, description)
    with _check(7):
        check_contents(files, entries, description)
    with _check(8):
        check_blobs(files, entries, description)
    with _check(9):
        check_statements(files, entries)
    with _check(10):
        before = check_previous(files, found, keys, description)
    return Verified(files, found, description, tuple(entries), before, tuple(keys))


def check_held(new: Verified, held: bytes) -> None:
    """That what the reader kept, an older dossier or a checkpoint, is contained in this dossier's tree.

    Raises:
        Refused: it is not, or this dossier cannot show it.
    """
    with _check(11):
        if held.startswith(ZIP_MARK):
            older = _verified(held, new.keys)
            _check_origin(new, older.found.head)
            _check_entries(new, older)
            _check_contained(new, older.found.head)
        else:
            head = open_head(held.decode("utf-8", "replace"), new.keys).head
            _check_origin(new, head)
            _check_contained(new, head)


def _verified(held: bytes, keys: Sequence[VerifierKey]) -> Verified:
    try:
        return verify(held, keys)
    except Refused as refusal:
        raise Unfit(f"The older dossier itself is {refusal}") from None


def _check_origin(new: Verified, head: TreeHead) -> None:
    if head.origin != new.found.head.origin:
        raise Unfit(f"It is of the log {quoted(head.origin)}: another installation, or a log begun anew.")


def _check_entries(new: Verified, older: Verified) -> None:
    """No entry that stood in the older dossier is another one now, or was cut off its stream's end."""
    lasts = {stream.name: stream.last for stream in new.description.streams}
    for entry in older.entries:
        name = entry_file(entry.index)
        if name in new.files and new.files.bytes_of(name) != older.files.bytes_of(name):
            raise Unfit(f"Entry {entry.index} is another one than it was: the past was rewritten.")
        last = lasts.get(entry.stream)
        was_there = entry.index < new.description.issued_at_size
        if last is not None and entry.seq > last and was_there:
            raise Unfit(
                f"Entry {entry.index} stood in {quoted(entry.stream)}, and this dossier leaves it out."
            )


def _check_contained(new: Verified, head: TreeHead) -> None:
    now = new.found.head
    if head.size > now.size:
        raise Unfit(f"It is newer, of {head.size} entries: verify it, with this dossier as the older one.")
    known = [one for one in (now, new.before) if one is not None and one.size == head.size]
    if not known:
        raise Unfit(
            f"This dossier proves nothing about a tree of {head.size} entries. It need not be false: ask for "
            "the dossier in between, or for /api/v1/ledger/proofs/consistency."
        )
    if any(one.root != head.root for one in known):
        raise Unfit(f"The two have different roots at {head.size} entries: the past was rewritten.")
