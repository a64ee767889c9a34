"""What else a dossier holds: fixed by one digest in the ledger, or named by the entries themselves."""

from collections.abc import Sequence

from audits.verification.description import Description
from audits.verification.entries import LoggedEntry
from audits.verification.files import BLOBS, CONTENTS, DESCRIPTION, Files, check_list
from audits.verification.refusals import Unfit, quoted
from governance.ledger.canonical import is_digest

REQUESTED, ISSUED = "dossier.requested", "dossier.issued"
CAUSE = "cause"
"""The one name in an entry's ``refs`` that stands for another entry, not for bytes."""


def check_contents(files: Files, entries: Sequence[LoggedEntry], description: Description) -> None:
    """That the ledger names the list of contents, and the list the files.

    Raises:
        Unfit: there is not exactly one entry of the issue, it names another list, or a file differs.
    """
    entry = _issue(entries, description)
    files.bytes_of(CONTENTS)
    if entry.refs.get("contents") != f"sha256:{files.digests[CONTENTS]}":
        raise Unfit(f"Entry {entry.index} names another {CONTENTS}: what the dossier holds was changed.")
    check_list(files, CONTENTS, files.listed_as_contents())


def _issue(entries: Sequence[LoggedEntry], description: Description) -> LoggedEntry:
    """The entry of the issue. The contents were fixed between it and the request: if the size could be said
    to be another, nothing would count as left out."""
    name, size = description.own_stream, description.issued_at_size
    own = [entry for entry in entries if entry.stream == name]
    issued = [entry for entry in own if entry.type == ISSUED]
    if len(issued) != 1:
        raise Unfit(f"{len(issued)} entries {ISSUED} of {name} are here; one is wanted.")
    asked = next((entry for entry in own if entry.seq == 1 and entry.type == REQUESTED), None)
    if asked is None:
        raise Unfit(f"The stream {name} does not begin with {REQUESTED}, before {ISSUED}.")
    if size <= asked.index:
        raise Unfit(f"The contents were fixed at {size} entries, before entry {asked.index} asked for them.")
    if size > issued[0].index:
        raise Unfit(f"The contents were fixed at {size} entries, after the issue, entry {issued[0].index}.")
    return issued[0]


def check_blobs(files: Files, entries: Sequence[LoggedEntry], description: Description) -> None:
    """That what entries name by digest is here, or is said to be left out, and nothing else.

    Raises:
        Unfit: something is missing, was changed, or nobody named it.
    """
    named = _named(entries)
    here = [f"sha256:{name.removeprefix(BLOBS)}" for name in files.below(BLOBS)]
    for name, digest in zip(files.below(BLOBS), here, strict=True):
        if digest != f"sha256:{files.digests[name]}":
            raise Unfit(f"{name} has another digest than its name: it was changed.")
        if digest not in named:
            raise Unfit(f"No entry names {name}.")
    if list(description.included) != here:
        raise Unfit(f"{DESCRIPTION} lists other material than is here.")
    present = {f"sha256:{digest}" for digest in files.digests.values()}
    absent = min(named.keys() - present - description.left_out, default=None)
    if absent is not None:
        raise Unfit(f"Entry {named[absent]} names {absent}, which is neither here nor said to be left out.")


def _named(entries: Sequence[LoggedEntry]) -> dict[str, int]:
    """Every digest with the first entry that names it."""
    named: dict[str, int] = {}
    for entry in entries:
        for name, digest in entry.refs.items():
            if name == CAUSE:
                continue
            if not isinstance(digest, str) or not is_digest(digest):
                raise Unfit(f"Entry {entry.index} names something by {quoted(digest)}, which is no digest.")
            named.setdefault(digest, entry.index)
    return named
