"""What a dossier cannot show, in sentences: they stand in it and in its report."""

from collections.abc import Mapping, Sequence
from typing import Any

from audits.dossiers.gathering import Gathered
from audits.dossiers.models import Dossier, DossierKind

ALWAYS = (
    "It does not show that there never was another record: whoever holds the ledger's key and the database "
    "can write a fresh history. An older dossier, or a checkpoint that somebody else kept, shows that this "
    "one was not rewritten since.",
    "Its times are those of the installation's clock; no time authority has confirmed them.",
    "It shows who stated what and when, and that it was not changed since; not that it was true.",
)
PERSONAL = (
    "It names nobody but by account: personal values stand in it as commitments, which the installation "
    "alone can open, and nobody any more once they were erased there. Who stood in front of a camera is not "
    "in it."
)
UNSIGNED = (
    "Some gate runs have no statement in it: no key was there when they ended, or one that is not in use now "
    "has signed them."
)
SIMULATED = "Entries that are marked simulated were staged for a demonstration: their times are made up."


def shows_not(
    dossier: Dossier, gathered: Gathered, left_out: Sequence[Mapping[str, Any]], *, unstated: int
) -> list[str]:
    """The sentences for one dossier; ``unstated`` counts approvals that it tells of without a statement."""
    words = [*ALWAYS, PERSONAL]
    partial = sum(not one["whole"] for one in gathered.streams)
    if dossier.kind != DossierKind.PERIOD and partial:
        words.append(
            f"Of {partial} {_streams(partial)} it holds single entries; that no other entry there is about "
            "the same cannot be seen from it."
        )
    if gathered.unseen:
        words.append(
            f"{gathered.unseen} {_streams(gathered.unseen)} of the matter stand not in it: whoever asked for "
            "this dossier may not read them."
        )
    if left_out:
        words.append(
            f"The bytes behind {len(left_out)} digests that entries name are not in it; it lists which."
        )
    if _has_unsigned_run(gathered):
        words.append(UNSIGNED)
    if unstated:
        words.append(
            f"It tells of {unstated} {'approval' if unstated == 1 else 'approvals'} without a signed "
            "statement: no key was there, or not every vote is among its entries."
        )
    if any(one.document.get("simulated") for one in gathered.entries):
        words.append(SIMULATED)
    return words


def _has_unsigned_run(gathered: Gathered) -> bool:
    ended = (one.document for one in gathered.entries if one.document["type"] == "gate_evaluation.completed")
    return any("statement" not in (one["refs"] or {}) for one in ended)


def _streams(many: int) -> str:
    return "stream" if many == 1 else "streams"
