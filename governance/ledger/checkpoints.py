"""Checkpoints: the size and root of the tree as a text that is signed (https://c2sp.org/tlog-checkpoint).

Extension lines are neither written nor taken: nobody who watches the log could check them.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from governance.ledger.letters import read_hash, read_number
from governance.ledger.notes import NoteFails, VerifierKey, open_note, sign_note
from governance.ledger.signing import SigningKey


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The tree of ``size`` leaves of the log ``origin`` has this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, keys: Sequence[SigningKey]) -> str:
        """The checkpoint as a signed note."""
        return sign_note(self.text(), keys)


def open_checkpoint(note: str, origin: str, known: Sequence[VerifierKey]) -> TreeHead:
    """The head that a known key has signed for the log ``origin``.

    Raises:
        NoteFails: the note does not hold, is no checkpoint, or one of another log.
    """
    head = read_head(open_note(note, known).text)
    if head.origin != origin:
        raise NoteFails(f"The checkpoint is of the log {head.origin}, not of {origin}.")
    return head


def read_head(text: str) -> TreeHead:
    """The head in a checkpoint's text, signed or not.

    Raises:
        NoteFails: it is not three lines of an origin, a size and a root.
    """
    origin, *rest = text.removesuffix("\n").split("\n")
    if not origin or len(rest) != 2 or not text.endswith("\n"):
        raise NoteFails("A checkpoint is three lines: origin, size and root.")
    size, root = read_number(rest[0]), read_hash(rest[1])
    if size is None:
        raise NoteFails(f"{rest[0][:40]!r} is no size of a tree.")
    if root is None:
        raise NoteFails(f"{rest[1][:60]!r} is no root: 32 bytes in base64 are wanted.")
    return TreeHead(origin, size, root)
