"""What was known before is contained: the dossier before, and what the reader kept."""

import base64
from collections.abc import Sequence

from audits.verification.anchors import SignedHead, open_head
from audits.verification.description import Description
from audits.verification.files import CHECKPOINT, CONSISTENCY, DESCRIPTION, PREVIOUS_CHECKPOINT, Files
from audits.verification.refusals import Unfit
from governance.ledger.checkpoints import TreeHead
from governance.ledger.letters import read_hash
from governance.ledger.merkle.checking import ProofFails, check_consistency
from governance.ledger.notes import VerifierKey

MOST_HASHES = 63
"""As C2SP tlog-witness has it."""


def check_previous(
    files: Files, found: SignedHead, keys: Sequence[VerifierKey], description: Description
) -> TreeHead | None:
    """The tree of the dossier before, which is contained in this one's; None where there was none.

    Raises:
        Unfit: it is not shown to be contained, or the parts tell of different trees.
    """
    told = description.previous
    if told is None:
        odd = next((name for name in (PREVIOUS_CHECKPOINT, CONSISTENCY) if name in files), None)
        if odd is not None:
            raise Unfit(f"{odd} is here, and {DESCRIPTION} knows of no dossier before.")
        return None
    before = open_head(files.text_of(PREVIOUS_CHECKPOINT), keys).head
    if (before.size, base64.b64encode(before.root).decode()) != told:
        raise Unfit(f"{PREVIOUS_CHECKPOINT} is another than the one that {DESCRIPTION} names.")
    if before.origin != found.head.origin:
        raise Unfit(f"{PREVIOUS_CHECKPOINT} is of another log.")
    proof = _proof(files, before.size)
    try:
        check_consistency(before.size, found.head.size, proof, before.root, found.head.root)
    except ProofFails as fault:
        raise Unfit(
            f"The tree of {before.size} entries is not shown to be contained: {fault} The past was rewritten."
        ) from None
    return before


def _proof(files: Files, size: int) -> list[bytes]:
    """The hashes of ``consistency.txt``, in the form in which witnesses are asked."""
    head, blank, note = files.text_of(CONSISTENCY).partition("\n\n")
    first, *lines = head.split("\n")
    if not blank or first != f"old {size}" or len(lines) > MOST_HASHES:
        raise Unfit(f"{CONSISTENCY} is no proof that begins with {size} entries.")
    if note != files.text_of(CHECKPOINT):
        raise Unfit(f"{CONSISTENCY} leads to another checkpoint than that of the dossier.")
    hashes = [read_hash(line) for line in lines]
    if None in hashes:
        raise Unfit(f"{CONSISTENCY} has a line that is no hash.")
    return [one for one in hashes if one is not None]
