"""One entry checked step by step: body, place, proof, checkpoint, signature, and its stream without a gap.

Each step says what it found and what that means, for people who have never seen a Merkle tree. Everything is
computed anew from the stored bytes; nothing that was computed before is believed.
"""

from dataclasses import dataclass

from django.db.models import Count, Max, Min

from governance.ledger.canonical import format_time
from governance.ledger.checkpoints import TreeHead, read_head
from governance.ledger.merkle.checking import ProofFails, check_inclusion
from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.merkle.proofs import NotProvable
from governance.ledger.models import Entry, Leaf, SignedCheckpoint
from governance.ledger.notes import NoteFails, VerifierKey
from governance.ledger.proving import prove_inclusion
from governance.ledger.stored_tree import TreeIncomplete
from governance.ledger.successions import signers_of
from governance.ledger.trusting import trust_in
from governance.ledger.verifying import known_keys

BODY = "The entry is the one that was numbered"
COLUMNS = "The list shows what the entry says"
STREAM = "Its history has no gap"
PROOF = "The number lies in the signed ledger"
SIGNATURE = "The ledger's key has signed it"

NAMED = "of a key that a known one names"
CHANGED = "What the signature is checked with was changed. Run verify_ledger."
RUN = "Run verify_ledger: it says which."


def newest_note() -> SignedCheckpoint | None:
    """The checkpoint that was signed last, for all that is said of an entry at once."""
    return SignedCheckpoint.objects.order_by("-checkpoint_id").first()


@dataclass(frozen=True)
class Step:
    """One thing that was checked. ``holds`` is None where it cannot be checked yet."""

    title: str
    holds: bool | None
    found: str
    means: str


def verify_entry(entry: Entry, note: SignedCheckpoint | None = None) -> list[Step]:
    """Every step, in the order in which an outsider would take them, against one checkpoint: without ``note``
    against the one that is the newest now. Another may be signed at any moment."""
    leaf = getattr(entry, "leaf", None)
    if leaf is None:
        return [_columns(entry), _waits()]
    sealed = _sealed(leaf, bytes(entry.body), note or newest_note())
    return [_body(entry, leaf), _columns(entry), _stream(entry, leaf), *sealed]


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
    """That the entries of its stream count from one without a gap, and its neighbours were numbered in order.

    What was cut off behind the last one leaves no gap here; it does in the tree.
    """
    wanted = {entry.stream_seq - 1, entry.stream_seq + 1} - {0}
    beside = Leaf.objects.filter(entry__stream=entry.stream, entry__stream_seq__in=wanted)
    indices = dict(beside.values_list("entry__stream_seq", "index"))
    all_of_it = Entry.objects.filter(stream=entry.stream).aggregate(
        many=Count("pk"), first=Min("stream_seq"), last=Max("stream_seq")
    )
    many, last = all_of_it["many"], all_of_it["last"]
    if (all_of_it["first"], last) != (1, many):
        found = f"Its history counts up to {last}, and {many} of these entries are there."
        return Step(STREAM, False, found, "An entry was removed. Run verify_ledger.")
    before, after = indices.get(entry.stream_seq - 1), indices.get(entry.stream_seq + 1)
    is_first = entry.stream_seq == 1
    if (is_first or (before is not None and before < leaf.index)) and (after is None or after > leaf.index):
        return Step(
            STREAM,
            True,
            f"It is number {entry.stream_seq} of {many}; all of them are there.",
            "Entries of one history count themselves, so that a missing one shows. Whether some were cut off "
            "behind the last one, the check of the whole record says.",
        )
    missing = "has no number" if before is None and not is_first else "was numbered in another order"
    found = f"It is number {entry.stream_seq} of its history; an entry beside it {missing}."
    return Step(STREAM, False, found, "An entry was removed, or the order was changed. Run verify_ledger.")


def _sealed(leaf: Leaf, body: bytes, note: SignedCheckpoint | None) -> list[Step]:
    if note is None or leaf.index >= note.checkpoint_id:
        covered = f"The newest covers {note.checkpoint_id} entries." if note else "None was signed so far."
        means = "Once a checkpoint is signed that covers it, nobody can change it without being noticed."
        return [Step(PROOF, None, covered, means)]
    try:
        head = read_head(note.note.partition("\n\n")[0] + "\n")
    except NoteFails as fault:
        unread = Step(PROOF, None, "There is no root to compare with.", "The signed checkpoint was damaged.")
        return [unread, Step(SIGNATURE, False, str(fault), CHANGED)]
    return [_proof(leaf, body, note, head), _signature(note, head)]


def _proof(leaf: Leaf, body: bytes, note: SignedCheckpoint, head: TreeHead) -> Step:
    try:
        found = prove_inclusion(leaf, note)
        check_inclusion(found.index, head.size, leaf_hash(body), found.hashes, head.root)
    except (ProofFails, NotProvable, TreeIncomplete) as fault:
        means = "Either this entry or the tree over all entries was changed. " + RUN
        return Step(PROOF, False, str(fault), means)
    return Step(
        PROOF,
        True,
        f"From its hash, {len(found.hashes)} further hashes lead to the root of {head.size} entries.",
        f"It is entry {leaf.index}, and was there when these {head.size} were signed.",
    )


def _signature(note: SignedCheckpoint, head: TreeHead) -> Step:
    known = known_keys()
    if not known:
        return Step(
            SIGNATURE,
            None,
            "No key of the ledger is known where this page is made.",
            "Compare with the verifier key that was given to you, or ask the operator to name it here: "
            "COUNTERSIGN_LEDGER_VERIFIERS.",
        )
    try:
        trust = trust_in(known).vouched([(head.size, note.note)], {head.size: head.root})
        trust.check(head.size, note.note, head.root)
    except NoteFails as fault:
        return Step(
            SIGNATURE, False, str(fault), "Somebody without the key has put another checkpoint there."
        )
    except KeyError:
        return Step(SIGNATURE, False, "An entry about the ledger's keys names none.", CHANGED)
    signed = signers_of(note.note, known)
    # As it stands on paper: in another epoch the same key goes on under another name, and so another id.
    mine = [VerifierKey(head.origin, key.public) for key in known if key.public in signed]
    ids = " and ".join(key.key_id.hex() for key in mine)
    by = f"of {head.origin}, by the key {ids}" if ids else NAMED
    return Step(
        SIGNATURE,
        True,
        f"The checkpoint of {head.size} entries bears the signature {by}.",
        "Whoever holds the key vouches for exactly these entries. Compare the key with the one that was "
        "given to you on paper: this page runs where the ledger is kept.",
    )
