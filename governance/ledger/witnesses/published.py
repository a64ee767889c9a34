"""Checkpoints as they are handed out: with the cosignatures of witnesses below the log's signatures.

Who knows no witness ignores their lines, as signed notes ask of readers (https://c2sp.org/signed-note).
"""

from governance.ledger.models import SignedCheckpoint
from governance.ledger.witness_models import Cosignature


def published(signed: SignedCheckpoint) -> str:
    """The note, with a line for each witness that has cosigned it so far."""
    lines = Cosignature.objects.filter(checkpoint=signed).order_by("witness").values_list("line", flat=True)
    return signed.note + "".join(f"{line}\n" for line in lines)


def newest_cosigned() -> SignedCheckpoint | None:
    """The newest checkpoint that a witness has cosigned."""
    found = Cosignature.objects.select_related("checkpoint").order_by("-checkpoint_id").first()
    return found.checkpoint if found else None
