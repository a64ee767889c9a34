"""What a log sends: an old size, a consistency proof, an empty line, and a checkpoint."""

from dataclasses import dataclass

from governance.ledger.checkpoints import TreeHead
from governance.ledger.letters import read_hash, read_number
from governance.ledger.notes import NoteFails, split_note
from governance.witness.remembering import read_checkpoint_text

MOST_HASHES = 63
LARGEST_SIZE = 2**63 - 1
MOST_BYTES = 128 * 1024
"""Room for the longest proof and for sixteen signatures of five kilobytes, in base64."""


class Malformed(ValueError):
    """The body is not what the protocol asks for."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint, unverified, and the proof that it contains the tree of ``old`` entries."""

    old: int
    proof: tuple[bytes, ...]
    head: TreeHead
    text: str
    note: str


def read_submission(body: bytes) -> Submission:
    """The parts of a request's body.

    Raises:
        Malformed: naming the line, what was found and what is wanted.
    """
    try:
        first, blank, note = body.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    if not blank:
        raise Malformed("The body has no empty line: 'old <size>', hashes, an empty line, a checkpoint.")
    old_line, *lines = first.split("\n")
    if len(lines) > MOST_HASHES:
        raise Malformed(f"The proof has {len(lines)} lines; at most {MOST_HASHES} are read.")
    old = read_number(old_line.removeprefix("old "))
    if not old_line.startswith("old ") or old is None:
        raise Malformed(f"Line 1 is {old_line[:60]!r}; 'old', a space and a size are wanted.")
    try:
        text, _ = split_note(note)
        head = read_checkpoint_text(text)
    except NoteFails as fault:
        raise Malformed(f"The checkpoint: {fault}") from fault
    if head.size > LARGEST_SIZE:
        raise Malformed(f"The checkpoint's size is {head.size}; trees have at most {LARGEST_SIZE} entries.")
    return Submission(old, _proof(lines), head, text, note)


def _proof(lines: list[str]) -> tuple[bytes, ...]:
    proof = []
    for number, line in enumerate(lines, 2):
        found = read_hash(line)
        if found is None:
            raise Malformed(f"Line {number} is {line[:60]!r}; a hash of 32 bytes in base64 is wanted.")
        proof.append(found)
    return tuple(proof)
