"""The files of a dossier by name, their digests, and the two lists of them in the form of ``sha256sum``."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from audits.verification.refusals import Unfit

MANIFEST = "manifest-sha256.txt"
CONTENTS = "contents-sha256.txt"
CHECKPOINT = "checkpoint"
DESCRIPTION = "dossier.json"
PREVIOUS_CHECKPOINT = "previous-checkpoint"
CONSISTENCY = "consistency.txt"
LOG_KEYS = "log.vkey"
POLICY = "policy.txt"
STATEMENT_KEYS = "statements.vkey"
ENTRIES, PROOFS, BLOBS, ATTESTATIONS = "entries/", "proofs/", "blobs/", "attestations/"

ANCHORED_OTHERWISE = frozenset(
    {MANIFEST, CONTENTS, CHECKPOINT, PREVIOUS_CHECKPOINT, CONSISTENCY, LOG_KEYS, POLICY}
)
"""What ``contents-sha256.txt`` cannot list: it is made later, or is signed, or is never trusted."""

LISTED = re.compile(r"([0-9a-f]{64})  ([!-~]+)")


class Files:
    """What the archive held."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file in hex."""
        return {name: hashlib.sha256(data).hexdigest() for name, data in self._files.items()}

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def bytes_of(self, name: str) -> bytes:
        """A file that must be there.

        Raises:
            Unfit: it is not.
        """
        found = self._files.get(name)
        if found is None:
            raise Unfit(f"{name} is missing.")
        return found

    def text_of(self, name: str) -> str:
        """A file that must be there, as text.

        Raises:
            Unfit: it is not, or is no text.
        """
        try:
            return self.bytes_of(name).decode("utf-8")
        except UnicodeDecodeError:
            raise Unfit(f"{name} is no text in UTF-8.") from None

    def below(self, folder: str) -> list[str]:
        """The names of a folder's files."""
        return sorted(name for name in self._files if name.startswith(folder))

    def listed_as_contents(self) -> set[str]:
        """What ``contents-sha256.txt`` has to list."""
        in_the_tree = (ENTRIES, PROOFS)
        return {
            name
            for name in self._files
            if name not in ANCHORED_OTHERWISE and not name.startswith(in_the_tree)
        }


def check_list(files: Files, name: str, wanted: set[str]) -> None:
    """That a list names these files, no other, in order, and with their digests.

    Raises:
        Unfit: it does not.
    """
    listed = _read_list(files, name)
    unlisted = min(wanted - listed.keys(), default=None)
    if unlisted is not None:
        raise Unfit(f"{unlisted} is not listed in {name}: it was added or renamed.")
    absent = min(listed.keys() - wanted, default=None)
    if absent is not None:
        raise Unfit(f"{name} lists {absent}, which is not there or has no place in it: removed or renamed.")
    changed = min((path for path, digest in listed.items() if files.digests[path] != digest), default=None)
    if changed is not None:
        raise Unfit(f"{changed} has another digest than {name} says: it was changed.")


def _read_list(files: Files, name: str) -> dict[str, str]:
    text = files.text_of(name)
    if not text.endswith("\n"):
        raise Unfit(f"{name} does not end with a whole line.")
    matches = [LISTED.fullmatch(line) for line in text.removesuffix("\n").split("\n")]
    listed: dict[str, str] = {}
    last = ""
    for number, match in enumerate(matches, 1):
        if match is None:
            raise Unfit(f"Line {number} of {name} is no digest with a path.")
        digest, path = match.groups()
        if path <= last:
            raise Unfit(f"Line {number} of {name} is out of order.")
        listed[path], last = digest, path
    return listed
