"""Checkpoints as they are handed out: with the cosignatures of witnesses below the log's signatures.

Who knows no witness ignores their lines, as signed notes ask of readers (https://c2sp.org/signed-note). A
line that is no signature, or does not hold, would make the whole note worthless to them: only those of
witnesses that the settings name, and that hold, are handed out.
"""

from collections.abc import Iterator

from governance.ledger.models import SignedCheckpoint
from governance.ledger.witness_models import Cosignature
from governance.ledger.witnesses.known import KnownWitness, WitnessesUnfit, known_witnesses

MOST_READ = 64
"""The newest line holds, unless somebody has put others in; below so many of those none is looked for."""


def published(signed: SignedCheckpoint) -> str:
    """The note, with a line for each witness that has cosigned it so far."""
    named = _named()
    lines = Cosignature.objects.filter(checkpoint=signed, witness__in=named).order_by("witness")
    return signed.note + "".join(
        f"{line}\n"
        for witness, line in lines.values_list("witness", "line")
        if named[witness].has_cosigned(signed.note, line)
    )


def newest_cosigned() -> SignedCheckpoint | None:
    """The newest checkpoint that a witness has cosigned."""
    named = _named()
    return next((row.checkpoint for row in holding(*named.values())), None)


def holding(*witnesses: KnownWitness, origin: str = "") -> Iterator[Cosignature]:
    """The cosignatures of these witnesses that hold, the newest first; with ``origin`` those of this log."""
    named = {one.id: one for one in witnesses}
    rows = Cosignature.objects.filter(witness__in=named).select_related("checkpoint")
    if origin:
        rows = rows.filter(checkpoint__note__startswith=f"{origin}\n")
    for row in rows.order_by("-checkpoint_id", "witness")[:MOST_READ]:
        if named[row.witness].has_cosigned(row.checkpoint.note, row.line):
            yield row


def _named() -> dict[str, KnownWitness]:
    """By their ids; none where the file of them cannot be used, which /readyz says."""
    try:
        return {one.id: one for one in known_witnesses()}
    except WitnessesUnfit:
        return {}
