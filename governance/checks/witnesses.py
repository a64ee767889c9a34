"""The witnesses' part of ``/readyz``."""

from datetime import timedelta

from django.db import DatabaseError

from governance.ledger.witnesses.known import WitnessesUnfit
from governance.ledger.witnesses.standing import Standing, standings

LATE = timedelta(days=1)
"""A witness is on a host of others, whose nights and restarts are theirs."""

REFUSED = (
    "Keep the database and all files as they are, run manage.py verify_ledger, and compare with the witness "
    "and with a dossier: the ledger was rolled back or written anew, or its key signs another one."
)


def witnesses_part() -> dict[str, object]:
    """None refuses, and none is behind by more than a day; where the settings name none, all is well."""
    try:
        found = standings()
    except WitnessesUnfit as unfit:
        step = "Correct the file that COUNTERSIGN_LEDGER_WITNESSES names."
        return {"ok": False, "reason": str(unfit), "next_step": step}
    except DatabaseError as error:
        reason = f"unknown: {str(error).strip().splitlines()[0]}"
        return {"ok": False, "reason": reason, "next_step": "See database."}
    told = {"witnesses": [_told(one) for one in found]}
    if refusing := [one for one in found if one.is_refusal]:
        reason = "; ".join(f"{one.witness.name} refuses to cosign: {one.trouble}" for one in refusing)
        return {"ok": False, "reason": reason, "next_step": REFUSED, **told}
    if late := [one for one in found if one.behind > LATE]:
        reason = "; ".join(
            f"{one.witness.name} has cosigned nothing for a day: {one.trouble}" for one in late
        )
        step = "Ask those who run it; manage.py ask_witnesses asks at once. Acts are signed all the same."
        return {"ok": False, "reason": reason, "next_step": step, **told}
    return {"ok": True, **told}


def _told(one: Standing) -> dict[str, object]:
    return {
        "name": one.witness.name,
        "cosigned_size": one.size,
        "seen_at": one.seen_at.isoformat() if one.seen_at else None,
        "behind_seconds": round(one.behind.total_seconds(), 1),
        **({"trouble": one.trouble} if one.trouble else {}),
    }
