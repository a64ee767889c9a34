"""Ask witnesses to cosign the newest signed checkpoint, and store what they answer.

A witness that is away, or does not know the log, is said to be in trouble. One refuses where it has seen what
this ledger does not hold: a larger tree, another tree of the same size, or one that the newest does not
contain. Then the ledger was rolled back or written anew since, or its key signs another one somewhere.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from governance.background.locks import advisory_lock
from governance.ledger.custody_models import Epoch
from governance.ledger.merkle.proofs import consistency_plan
from governance.ledger.models import SignedCheckpoint
from governance.ledger.notes import KEY_ID_BYTES, NoteFails, signature_line, signed_at, split_note
from governance.ledger.sealing import newest_signed
from governance.ledger.stored_tree import TreeIncomplete, hashes_of
from governance.ledger.witness_models import Cosignature, WitnessState
from governance.ledger.witnesses.exchange import Reply, WitnessAway, request_body, send
from governance.ledger.witnesses.known import KnownWitness, WitnessesUnfit, known_witnesses
from governance.ledger.witnesses.published import holding

logger = logging.getLogger(__name__)

ATTEMPTS = 3
MOST_QUOTED = 200


class WitnessRefuses(Exception):
    """The witness has seen another past of this log."""


class NotCosigned(Exception):
    """It did not cosign, which says nothing about the ledger's past."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking a witness: the size that it has cosigned, if any, or why it has not."""

    witness: KnownWitness
    size: int | None = None
    trouble: str = ""
    is_refusal: bool = False


def ask_all() -> list[Asked]:
    """Ask every witness of the file for the checkpoint that was signed last; nothing where none was.

    A file that cannot be used is logged, and shown on ``/readyz``.
    """
    try:
        witnesses = known_witnesses()
    except WitnessesUnfit as unfit:
        logger.error("no witness is asked: %s", unfit)
        return []
    return [ask(one) for one in witnesses] if newest_signed() else []


def ask(witness: KnownWitness) -> Asked:
    """Ask one witness, unless another process is at it, and remember what it answered."""
    with advisory_lock(f"witness:{witness.id}") as held:
        if not held:
            return Asked(witness, trouble="It is being asked by another process.")
        try:
            asked = Asked(witness, _cosigned(witness))
        except WitnessRefuses as refused:
            asked = Asked(witness, trouble=str(refused), is_refusal=True)
        except (WitnessAway, NotCosigned, NoteFails, TreeIncomplete) as fault:
            asked = Asked(witness, trouble=str(fault))
        _remember(asked)
        return asked


def newest_of(witness: KnownWitness, note: str) -> Cosignature | None:
    """Its cosignature of the largest tree of the log of this checkpoint that it has cosigned."""
    return next(holding(witness, origin=note.partition("\n")[0]), None)


def _cosigned(witness: KnownWitness) -> int:
    """Have the newest checkpoint cosigned; its size.

    Raises:
        WitnessAway, NotCosigned, NoteFails, TreeIncomplete: it is not.
        WitnessRefuses: the witness holds another past.
    """
    signed = newest_signed()
    if signed is None:
        raise NotCosigned("Nothing has been signed yet.")
    last = newest_of(witness, signed.note)
    if last is not None and last.checkpoint_id == signed.checkpoint_id:
        return signed.checkpoint_id
    old = min(last.checkpoint_id if last else 0, signed.checkpoint_id)
    for _ in range(ATTEMPTS):
        proof = hashes_of(consistency_plan(old, signed.checkpoint_id))
        reply = send(witness.url, request_body(old, proof, signed.note))
        if reply.status != 409:
            return _settled(witness, signed, old, reply)
        old = _other_size(signed, old, reply)
    raise NotCosigned("It names another size each time that it is asked.")


def _settled(witness: KnownWitness, signed: SignedCheckpoint, old: int, reply: Reply) -> int:
    if reply.status == 422:
        raise WitnessRefuses(
            f"It has cosigned a tree of {old} entries, and the tree of {signed.checkpoint_id} that is signed "
            f"now does not contain it: {_quoted(reply)}"
        )
    if reply.status != 200:
        raise NotCosigned(f"It answers {reply.status}: {_quoted(reply)}")
    _store(witness, signed, reply.text)
    return signed.checkpoint_id


def _other_size(signed: SignedCheckpoint, old: int, reply: Reply) -> int:
    """The size from which to go on, where the witness says that it is another one than was thought."""
    known, size = reply.size, signed.checkpoint_id
    if known is None:
        raise NotCosigned(f"It answers 409 without a size: {_quoted(reply)}")
    if known == old == size:
        raise WitnessRefuses(
            f"It has cosigned another tree of {size} entries, which bore this log's signature."
        )
    if known == old:
        raise NotCosigned(f"It answers 409 to the size {old} that it names itself.")
    if known > size:
        newest = newest_signed()
        if newest is None or newest.checkpoint_id < known:
            raise WitnessRefuses(
                f"It has cosigned a tree of {known} entries, and the largest that is signed here has {size}."
            )
        raise NotCosigned(f"It has cosigned {known} entries meanwhile.")
    return known


def _store(witness: KnownWitness, signed: SignedCheckpoint, lines: str) -> None:
    """Its own line of the answer, if it holds; those of keys that nobody named are left out."""
    text, _ = split_note(signed.note)
    answered = f"{text}\n{lines}"
    seen_at = signed_at(answered, witness.key)
    named = (witness.key.name, witness.key.key_id)
    _, signatures = split_note(answered)
    given = next(found for name, found in signatures if (name, found[:KEY_ID_BYTES]) == named)
    row = Cosignature(
        checkpoint=signed,
        witness=witness.id,
        line=signature_line(witness.key, given[KEY_ID_BYTES:]),
        seen_at=datetime.fromtimestamp(seen_at, UTC),
        stored_at=timezone.now(),
    )
    Cosignature.objects.bulk_create([row], ignore_conflicts=True)


def _remember(asked: Asked) -> None:
    """What it answered, and since when it is in this trouble; a change is logged.

    A refusal stands until the witness cosigns, or the log goes on under another name: who could keep the
    witness from answering would else take its word back.
    """
    now, before = timezone.now(), WitnessState.objects.filter(witness=asked.witness.id).first()
    if before is not None and asked.size is None and not asked.is_refusal and _still_refuses(before):
        WitnessState.objects.filter(witness=asked.witness.id).update(asked_at=now)
        return
    is_same = before is not None and bool(before.trouble) == bool(asked.trouble)
    is_same = is_same and before is not None and before.is_refusal == asked.is_refusal
    since = before.since if before is not None and is_same else now
    WitnessState.objects.update_or_create(
        witness=asked.witness.id,
        defaults={
            "asked_at": now,
            "trouble": asked.trouble,
            "is_refusal": asked.is_refusal,
            "since": since if asked.trouble else None,
        },
    )
    if is_same or (before is None and not asked.trouble):
        return
    if asked.is_refusal:
        logger.critical("the witness %s refuses: %s", asked.witness.name, asked.trouble)
    elif asked.trouble:
        logger.warning("the witness %s does not cosign: %s", asked.witness.name, asked.trouble)
    else:
        logger.warning("the witness %s cosigns again", asked.witness.name)


def _still_refuses(state: WitnessState) -> bool:
    """Whether it refused, and no epoch was begun since, which is how a refusal that was meant is settled."""
    since = state.since or state.asked_at
    return state.is_refusal and not Epoch.objects.filter(began_at__gt=since).exists()


def _quoted(reply: Reply) -> str:
    return repr(reply.text[:MOST_QUOTED])
