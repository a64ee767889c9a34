"""What a witness answers, in the order in which https://c2sp.org/tlog-witness has it.

The size that was cosigned last is compared, and the new one written down, under one lock; the cosignature is
handed out after that.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from governance.ledger.merkle.checking import ProofFails, check_consistency
from governance.ledger.notes import (
    NoteFails,
    VerifierKey,
    cosign,
    open_note,
    signature_line,
    split_note,
)
from governance.ledger.signing import SigningKey
from governance.witness.logs import Logs
from governance.witness.remembering import StateUnfit, alone, remember, remembered
from governance.witness.submissions import Malformed, Submission, read_submission

logger = logging.getLogger(__name__)

TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and type of an answer over HTTP."""

    status: int
    body: str
    kind: str = TEXT


@dataclass(frozen=True)
class Witness:
    """A witness with its directory, its key and the logs it watches; ``clock`` tells seconds since 1970."""

    directory: Path
    key: SigningKey
    logs: Logs
    clock: Callable[[], float] = time.time

    def check(self) -> None:
        """That it knows what it cosigned last of every log.

        Raises:
            StateUnfit: with what to do.
        """
        for origin in self.logs:
            remembered(self.directory, origin, self.key)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosign the checkpoint of a request, or say why not."""
        try:
            asked = read_submission(body)
        except Malformed as fault:
            return Answer(400, f"{fault}\n")
        trusted = self.logs.get(asked.head.origin)
        if trusted is None:
            return Answer(404, f"The log {asked.head.origin} is not watched here.\n")
        try:
            signers = open_note(asked.note, trusted).signers
        except NoteFails as fault:
            return Answer(403, f"{fault}\n")
        if asked.old > asked.head.size:
            return Answer(400, f"The old size {asked.old} is above the checkpoint's, {asked.head.size}.\n")
        try:
            with alone(self.directory):
                return self._compared(asked, signers)
        except (StateUnfit, OSError) as fault:
            logger.critical("nothing is cosigned of %s: %s", asked.head.origin, fault)
            return Answer(503, "What was cosigned last is not known here now; the operator is told.\n")

    def _compared(self, asked: Submission, signers: Sequence[VerifierKey]) -> Answer:
        """Under the lock: against what was cosigned last."""
        head, last = asked.head, remembered(self.directory, asked.head.origin, self.key)
        if asked.old != last.size:
            return Answer(409, f"{last.size}\n", SIZE)
        if head.size == last.size and head.root != last.root:
            # Both bear the log's signature: whoever reads this line can show that the log has two pasts.
            logger.critical("%s has two trees of %d entries; refused: %r", head.origin, head.size, asked.note)
            return Answer(409, f"{last.size}\n", SIZE)
        try:
            check_consistency(asked.old, head.size, asked.proof, last.root, head.root)
        except ProofFails as fault:
            logger.warning("%s: %d to %d is not shown: %s", head.origin, asked.old, head.size, fault)
            return Answer(422, f"{fault}\n")
        line = cosign(asked.text, self.key, int(self.clock()))
        remember(self.directory, head.origin, f"{asked.text}\n{_kept(asked.note, signers)}{line}")
        return Answer(200, line)


def _kept(note: str, signers: Sequence[VerifierKey]) -> str:
    """The lines of these keys: what anybody else put below the checkpoint is not ours to keep."""
    known = {(key.name, key.key_id): key for key in signers}
    lines = [(known.get((name, given[:4])), given[4:]) for name, given in split_note(note)[1]]
    return "".join(f"{signature_line(key, signature)}\n" for key, signature in lines if key)
