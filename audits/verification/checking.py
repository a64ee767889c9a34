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
from audits.verification.previous import check_growth, check_previous, proof_in
from audits.verification.refusals import Refused, Unfit, quoted
from audits.verification.statements import check_statements
from governance.ledger.checkpoints import TreeHead
from governance.ledger.notes import VerifierKey

ZIP_MARK = b"PK"
MOST_STREAMS = 3
"""So many streams are named whose entries are not here."""

CONSISTENCY_API = "/api/v1/ledger/proofs/consistency?from={old}&to={new}"


@dataclass(frozen=True, slots=True)
class Verified:
    """A dossier of which every check holds."""

    files: Files
    found: SignedHead
    description: Description
    entries: tuple[LoggedEntry, ...]
    before: TreeHead | None
    keys: tuple[VerifierKey, ...]
    older: tuple[VerifierKey, ...]
    """What was signed before the dossier may be signed by these as well."""


@contextmanager
def _check(number: int) -> Iterator[None]:
    try:
        yield
    except Unfit as fault:
        raise Refused(number, str(fault)) from None


def verify(data: bytes, outside: Sequence[VerifierKey], older: Sequence[VerifierKey] = ()) -> Verified:
    """The dossier, once every check holds; without keys from outside it is trusted to bring its own.

    ``older`` keys, of before one was replaced, count for what was signed before the dossier alone.

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
        before = check_previous(files, found, (*keys, *older), description)
    return Verified(files, found, description, tuple(entries), before, tuple(keys), tuple(older))


def check_held(new: Verified, held: bytes, proof: bytes | None = None) -> str:
    """That what the reader kept, an older dossier or a checkpoint, is contained in this dossier's tree.

    Answers what was compared. ``proof`` shows that it is contained where the dossier does not.

    Raises:
        Refused: it is not, or this dossier cannot show it.
    """
    with _check(11):
        keys = (*new.keys, *new.older)
        older = _verified(held, keys) if held.startswith(ZIP_MARK) else None
        head = older.found.head if older else open_head(held.decode("utf-8", "replace"), keys).head
        _check_origin(new, head)
        here = f"; {_compared(new, older)}" if older else ""
        _check_contained(new, head, proof)
    return f"what you kept is contained in it{here}"


def _verified(held: bytes, keys: Sequence[VerifierKey]) -> Verified:
    try:
        return verify(held, keys)
    except Refused as refusal:
        raise Unfit(f"The older dossier itself is {refusal}") from None


def _check_origin(new: Verified, head: TreeHead) -> None:
    if head.origin != new.found.head.origin:
        raise Unfit(f"It is of the log {quoted(head.origin)}: another installation, or a log begun anew.")


def _compared(new: Verified, older: Verified) -> str:
    """That no entry of the older dossier is another one now, or was cut off its stream's end; answers how
    many are not here at all: somebody who may read less, or asks about something else, gets fewer."""
    lasts = {stream.name: stream.last for stream in new.description.streams}
    gone = []
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
        if name not in new.files and entry.stream != older.description.own_stream:
            gone.append(entry.stream)
    if not gone:
        return "all of its entries are here"
    streams = sorted(set(gone))
    named = ", ".join(map(quoted, streams[:MOST_STREAMS]))
    more = f" and {len(streams) - MOST_STREAMS} more" if streams[MOST_STREAMS:] else ""
    return f"NOT HERE: {len(gone)} of its entries, of the streams {named}{more}"


def _check_contained(new: Verified, head: TreeHead, proof: bytes | None) -> None:
    now = new.found.head
    if head.size > now.size:
        raise Unfit(f"It is newer, of {head.size} entries: verify it, with this dossier as the older one.")
    known = [one for one in (now, new.before) if one is not None and one.size == head.size]
    if any(one.root != head.root for one in known):
        raise Unfit(f"The two have different roots at {head.size} entries: the past was rewritten.")
    if proof is not None:
        check_growth(head, now, proof_in(proof.decode("utf-8", "replace"), new.files, head, now))
    elif not known:
        raise Unfit(
            "Not shown, so take it as refused until it is: this dossier proves nothing about a tree of "
            f"{head.size} entries. Fetch {CONSISTENCY_API.format(old=head.size, new=now.size)} and give the "
            "answer with --consistency."
        )
