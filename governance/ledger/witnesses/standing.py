"""How each witness stands: what it has cosigned, how far behind it is, and whether it refuses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from governance.ledger.fsck.findings import Finding
from governance.ledger.models import SignedCheckpoint
from governance.ledger.notes import NoteFails, signed_at
from governance.ledger.sealing import newest_signed
from governance.ledger.witness_models import Cosignature, WitnessState
from governance.ledger.witnesses.asking import newest_of
from governance.ledger.witnesses.known import KnownWitness, WitnessesUnfit, known_witnesses


@dataclass(frozen=True, slots=True)
class Standing:
    """A witness has cosigned ``size`` entries, as it saw them at ``seen_at``. ``behind`` is how long the
    first checkpoint that it has not cosigned has waited for it."""

    witness: KnownWitness
    size: int
    seen_at: datetime | None
    behind: timedelta
    trouble: str
    is_refusal: bool
    since: datetime | None


def standings() -> list[Standing]:
    """All witnesses that the settings name.

    Raises:
        WitnessesUnfit: their file cannot be used.
    """
    witnesses = known_witnesses()
    if not witnesses:
        return []
    signed = newest_signed()
    return [_standing(one, signed.note if signed else "") for one in witnesses]


def refusing() -> list[str]:
    """The names of the witnesses that refuse; none where their file cannot be used, which /readyz says."""
    try:
        names = {one.id: one.name for one in known_witnesses()}
    except WitnessesUnfit:
        return []
    if not names:
        return []
    refused = WitnessState.objects.filter(witness__in=names, is_refusal=True).values_list(
        "witness", flat=True
    )
    return [names[one] for one in refused]


def _standing(witness: KnownWitness, note: str) -> Standing:
    row = newest_of(witness, note)
    size = row.checkpoint_id if row else 0
    waits = SignedCheckpoint.objects.filter(checkpoint_id__gt=size, note__startswith=f"{_origin(note)}\n")
    first = waits.order_by("checkpoint_id").values_list("signed_at", flat=True).first()
    state = WitnessState.objects.filter(witness=witness.id).first()
    return Standing(
        witness,
        size,
        row.seen_at if row else None,
        max(timezone.now() - first, timedelta(0)) if first else timedelta(0),
        state.trouble if state else "",
        state.is_refusal if state else False,
        state.since if state else None,
    )


def witness_findings() -> Iterator[Finding]:
    """What the witnesses show of the record: a checkpoint that is not the one that was cosigned, and a
    witness that holds another past. Cosignatures of keys that nobody names here show nothing.

    Raises:
        WitnessesUnfit: their file cannot be used.
    """
    witnesses = known_witnesses()
    notes = dict(SignedCheckpoint.objects.values_list("checkpoint_id", "note")) if witnesses else {}
    for witness in witnesses:
        yield from _changed(witness, notes)
        refusal = WitnessState.objects.filter(witness=witness.id, is_refusal=True).first()
        if refusal is not None:
            yield Finding("witness", f"The witness {witness.name} refuses: {refusal.trouble}")


def _changed(witness: KnownWitness, notes: Mapping[int, str]) -> Iterator[Finding]:
    """The first checkpoint that is not the one that the witness cosigned."""
    rows = Cosignature.objects.filter(witness=witness.id).order_by("checkpoint_id")
    for size, line in rows.values_list("checkpoint_id", "line"):
        try:
            signed_at(f"{notes.get(size, '')}{line}\n", witness.key)
        except NoteFails:
            sentence = f"The checkpoint of {size} entries is not the one that {witness.name} cosigned."
            yield Finding("cosignature", sentence, size - 1)
            return


def _origin(note: str) -> str:
    return note.partition("\n")[0]
