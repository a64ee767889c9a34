"""What everything else hangs on: verifier keys, and the checkpoint that one of them has signed."""

from collections.abc import Sequence
from dataclasses import dataclass

from audits.verification.files import CHECKPOINT, LOG_KEYS, POLICY, Files
from audits.verification.refusals import Unfit, quoted
from governance.ledger.checkpoints import TreeHead, read_head
from governance.ledger.notes import NoteFails, VerifierKey, open_note, verifier_key


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A tree, and the keys whose signatures over it hold."""

    head: TreeHead
    signers: tuple[VerifierKey, ...]


def read_keys(text: str) -> tuple[VerifierKey, ...]:
    """The verifier keys of a text, one a line; what begins with # is a comment.

    Raises:
        Unfit: a line is none, or there is none at all.
    """
    lines = [line.strip() for line in text.split("\n")]
    try:
        keys = tuple(verifier_key(line) for line in lines if line and not line.startswith("#"))
    except NoteFails as fault:
        raise Unfit(str(fault)) from None
    if not keys:
        raise Unfit("There is no verifier key; one looks like <name>+<8 hex digits>+<base64>.")
    return keys


def key_id(key: VerifierKey) -> str:
    """``<name>+<hash>``, by which a signature names its key."""
    return f"{key.name}+{key.key_id.hex()}"


def open_head(note: str, keys: Sequence[VerifierKey]) -> SignedHead:
    """The tree of a checkpoint that one of the keys has signed, as the log of that key's name.

    A signature covers the text and not the name beside it, and a key goes on under another name when a log
    begins anew: without comparing the two, a checkpoint of the one would pass for a checkpoint of the other.

    Raises:
        Unfit: none has, one has signed something else, it is of another log, or it is no checkpoint.
    """
    try:
        opened = open_note(note, keys)
        head = read_head(opened.text)
    except NoteFails as fault:
        raise Unfit(str(fault)) from None
    stray = next((key for key in opened.signers if key.name != head.origin), None)
    if stray is not None:
        raise Unfit(f"The checkpoint is of the log {quoted(head.origin)}, the key of {quoted(stray.name)}.")
    return SignedHead(head, opened.signers)


def check_checkpoint(files: Files, outside: Sequence[VerifierKey]) -> SignedHead:
    """The dossier's tree, signed by a key from outside; without one, by the keys that it brings itself.

    Raises:
        Unfit: it is not, or the dossier names keys that have not signed it.
    """
    text = files.text_of(LOG_KEYS)
    own = read_keys(text)
    if text != "".join(f"{key.text()}\n" for key in own) or len(set(own)) != len(own):
        raise Unfit(f"{LOG_KEYS} holds something beside verifier keys, one a line.")
    if files.text_of(POLICY) != "".join(f"log {key.text()}\n" for key in own) + "quorum none\n":
        raise Unfit(f"{POLICY} does not say that the keys of {LOG_KEYS}, each by itself, are enough.")
    # Apart, and not in one go: a key that the dossier brings must never stand in for one that is held.
    checkpoint = files.text_of(CHECKPOINT)
    if set(open_head(checkpoint, own).signers) != set(own):
        raise Unfit(f"{LOG_KEYS} names a key that has not signed the checkpoint.")
    return open_head(checkpoint, outside or own)
