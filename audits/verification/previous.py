"""What was known before is contained: the dossier before, and what the reader kept."""

import base64
from collections.abc import Sequence
from typing import Any

from audits.verification.anchors import SignedHead, open_head
from audits.verification.description import Description
from audits.verification.documents import read_json, within
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
    check_growth(before, found.head, proof_in(files.text_of(CONSISTENCY), files, before, found.head))
    return before


def check_growth(before: TreeHead, now: TreeHead, proof: Sequence[bytes]) -> None:
    """That one tree begins with another.

    Raises:
        Unfit: the proof does not show it.
    """
    try:
        check_consistency(before.size, now.size, proof, before.root, now.root)
    except ProofFails as fault:
        raise Unfit(
            f"The tree of {before.size} entries is not shown to be contained: {fault} The past was rewritten."
        ) from None


def proof_in(text: str, files: Files, before: TreeHead, now: TreeHead) -> list[bytes]:
    """The hashes of a consistency proof: in the form in which witnesses are asked, or JSON as the
    installation answers.

    Raises:
        Unfit: it is neither, or a proof between two other trees.
    """
    lines = _answered(text, before, now) if text.startswith("{") else _witnessed(text, files, before)
    if lines is None or len(lines) > MOST_HASHES:
        raise Unfit(f"It is no proof from {before.size} entries to the {now.size} of this dossier.")
    hashes = [read_hash(line) if isinstance(line, str) else None for line in lines]
    if None in hashes:
        raise Unfit("The proof has a line that is no hash.")
    return [one for one in hashes if one is not None]


def _witnessed(text: str, files: Files, before: TreeHead) -> list[Any] | None:
    head, _, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    fits = first == f"old {before.size}" and note == files.text_of(CHECKPOINT)
    return lines if fits else None


def _answered(text: str, before: TreeHead, now: TreeHead) -> list[Any] | None:
    """Its roots are not looked at: they are those that are known already, or the hashes lead elsewhere."""
    told = read_json(text.encode(), "The proof")
    sizes, lines = [within(told, name) for name in ("old_size", "new_size")], within(told, "hashes")
    return lines if sizes == [before.size, now.size] and isinstance(lines, list) else None
