"""One entry checked step by step: body, place, proof, checkpoint, signature, and its stream without a gap.

Each step says what it found and what that means, for people who have never seen a Merkle tree. Everything is
computed anew from the stored bytes; nothing that was computed before is believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from governance.ledger.canonical import format_time
from governance.ledger.checkpoints import TreeHead, read_head
from governance.ledger.keys import keys_for
from governance.ledger.merkle.checking import ProofFails, check_inclusion
from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.models import Entry, Leaf, SignedCheckpoint
from governance.ledger.notes import NoteFails, VerifierKey, verifier_of
from governance.ledger.proving import prove_inclusion
from governance.ledger.signing import LEDGER, KeyFileUnfit
from governance.ledger.stored_tree import TreeIncomplete
from governance.ledger.trusting import trust_in

BODY = "The entry is the one that was numbered"
COLUMNS = "The list shows what the entry says"
STREAM = "Nothing was taken out of its history"
PROOF = "The number lies in the signed ledger"
SIGNATURE = "The ledger's key has signed it"


@dataclass(frozen=True)
class Step:
    """One thing that was checked. ``holds`` is None where it cannot be checked yet."""

    title: str
    holds: bool | None
    found: str
    means: str


def verify_entry(entry: Entry) -> list[Step]:
    """Every step, in the order in which an outsider would take them."""
    leaf = getattr(entry, "leaf", None)
    if leaf is None:
        return [_columns(entry), _waits()]
    return [_body(entry, leaf), _columns(entry), _stream(entry, leaf), *_sealed(leaf, bytes(entry.body))]


def _waits() -> Step:
    return Step(
        BODY,
        None,
        "It has no number yet.",
        "It was recorded together with what it tells of, and waits for the integrator. Look again in a few "
        "seconds.",
    )


def _body(entry: Entry, leaf: Leaf) -> Step:
    computed = leaf_hash(bytes(entry.body))
    if computed == bytes(leaf.hash):
        return Step(
            BODY,
            True,
            f"SHA-256 of its {len(entry.body)} bytes is {computed.hex()}, as it was when it was numbered.",
            "Not one character of it was changed since.",
        )
    return Step(
        BODY,
        False,
        f"SHA-256 of its bytes is {computed.hex()}; when it was numbered it was {bytes(leaf.hash).hex()}.",
        "The entry was changed after it was recorded. Do not rely on it; keep the database as it is and run "
        "verify_ledger.",
    )


def _columns(entry: Entry) -> Step:
    said = entry.document
    stored = (str(entry.pk), entry.stream, entry.stream_seq, format_time(entry.at))
    if (said["id"], said["stream"], said["seq"], said["at"]) == stored:
        return Step(COLUMNS, True, f"Number {entry.stream_seq} of {entry.stream}, at {said['at']}.", "")
    return Step(
        COLUMNS,
        False,
        f"It is listed as number {stored[2]} of {stored[1]}, at {stored[3]}; it says number {said['seq']} of "
        f"{said['stream']}, at {said['at']}.",
        "The list was changed: believe the entry's own bytes if all other steps hold.",
    )


def _stream(entry: Entry, leaf: Leaf) -> Step:
    """That its neighbours in the stream are there and were numbered in this order."""
    wanted = {entry.stream_seq - 1, entry.stream_seq + 1} - {0}
    beside = Leaf.objects.filter(entry__stream=entry.stream, entry__stream_seq__in=wanted)
    indices = dict(beside.values_list("entry__stream_seq", "index"))
    before, after = indices.get(entry.stream_seq - 1), indices.get(entry.stream_seq + 1)
    is_first = entry.stream_seq == 1
    if (is_first or (before is not None and before < leaf.index)) and (after is None or after > leaf.index):
        found = "It is the first." if is_first else f"The one before it is there, as entry {before}."
        means = "Entries of one history count themselves without gaps, so that a missing one shows."
        return Step(STREAM, True, found, means)
    missing = "is missing" if before is None and not is_first else "was numbered in another order"
    found = f"It is number {entry.stream_seq} of its history; an entry beside it {missing}."
    return Step(STREAM, False, found, "An entry was removed, or the order was changed. Run verify_ledger.")


def _sealed(leaf: Leaf, body: bytes) -> list[Step]:
    note = SignedCheckpoint.objects.order_by("-checkpoint_id").first()
    if note is None or leaf.index >= note.checkpoint_id:
        covered = f"The newest covers {note.checkpoint_id} entries." if note else "None was signed so far."
        means = "Once a checkpoint is signed that covers it, nobody can change it without being noticed."
        return [Step(PROOF, None, covered, means)]
    head = read_head(note.note.partition("\n\n")[0] + "\n")
    return [_proof(leaf, body, head), _signature(note, head)]


def _proof(leaf: Leaf, body: bytes, head: TreeHead) -> Step:
    try:
        found = prove_inclusion(leaf)
        check_inclusion(found.index, head.size, leaf_hash(body), found.hashes, head.root)
    except (ProofFails, TreeIncomplete) as fault:
        means = (
            "Either this entry or the tree over all entries was changed. Run verify_ledger: it says which."
        )
        return Step(PROOF, False, str(fault), means)
    return Step(
        PROOF,
        True,
        f"From its hash, {len(found.hashes)} further hashes lead to the root of {head.size} entries.",
        f"It is entry {leaf.index}, and was there when these {head.size} were signed.",
    )


def _signature(note: SignedCheckpoint, head: TreeHead) -> Step:
    try:
        known: Sequence[VerifierKey] = [verifier_of(key) for key in keys_for(LEDGER)]
    except KeyFileUnfit as unfit:
        return Step(SIGNATURE, None, str(unfit), "Compare with the verifier key that was given to you.")
    if not known:
        return Step(
            SIGNATURE,
            None,
            "This installation knows no key of the ledger.",
            "Compare with the verifier key that was given to you.",
        )
    try:
        trust_in(known).check(head.size, note.note, head.root)
    except NoteFails as fault:
        return Step(
            SIGNATURE, False, str(fault), "Somebody without the key has put another checkpoint there."
        )
    names = ", ".join(sorted({key.name for key in known}))
    return Step(
        SIGNATURE,
        True,
        f"The checkpoint of {head.size} entries bears the signature of {names}.",
        "Whoever holds the key vouches for exactly these entries. Compare the key with the one that was "
        "given to you on paper: this page runs where the ledger is kept.",
    )
