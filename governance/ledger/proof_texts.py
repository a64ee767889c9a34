"""Inclusion proofs as texts that stand alone (https://c2sp.org/tlog-proof): index, hashes, checkpoint."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from governance.ledger.letters import read_hash, read_number
from governance.ledger.notes import NoteFails

FIRST_LINE = "c2sp.org/tlog-proof@v1"
MOST_HASHES = 64


@dataclass(frozen=True, slots=True)
class LoggedProof:
    """That something is leaf ``index`` of the tree of ``checkpoint``, a signed note; all of it unchecked."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str


def proof_text(index: int, hashes: Sequence[bytes], checkpoint: str) -> str:
    """The proof as a text."""
    lines = [base64.b64encode(one).decode() for one in hashes]
    return "\n".join([FIRST_LINE, f"index {index}", *lines, "", checkpoint])


def read_proof(text: str) -> LoggedProof:
    """The parts of a proof's text.

    Raises:
        NoteFails: it is none, or carries extra data, which nobody has signed.
    """
    head, blank, checkpoint = text.partition("\n\n")
    first, *rest = head.split("\n")
    if first != FIRST_LINE or not blank or not rest:
        raise NoteFails(f"A proof begins with {FIRST_LINE} and ends with a checkpoint.")
    word, _, digits = rest[0].partition(" ")
    index = read_number(digits)
    if word != "index" or index is None:
        raise NoteFails(f"The proof's second line is {rest[0][:60]!r}; 'index <number>' is wanted.")
    if len(rest) - 1 > MOST_HASHES:
        raise NoteFails(f"The proof has {len(rest) - 1} hashes; no tree is that high.")
    return LoggedProof(index, tuple(_hash(line) for line in rest[1:]), checkpoint)


def _hash(line: str) -> bytes:
    found = read_hash(line)
    if found is None:
        raise NoteFails(f"{line[:60]!r} is no hash: 32 bytes in base64 are wanted.")
    return found
