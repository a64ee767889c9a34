"""The record's part of ``/readyz``: it was checked not long ago, and nothing was found."""

from django.db import DatabaseError
from django.utils import timezone

from governance.ledger.nightly import last_check, overdue_since

STEP = "Keep the database and all files as they are, run manage.py verify_ledger, and compare with a dossier."


def record_part() -> dict[str, object]:
    """What the last check of the record found, and when it was."""
    try:
        last, overdue = last_check(), overdue_since(timezone.now())
    except DatabaseError as error:
        reason = f"unknown: {str(error).strip().splitlines()[0]}"
        return {"ok": False, "reason": reason, "next_step": "See database."}
    checked = {"checked_at": last.at.isoformat() if last else None}
    if last is not None and not last.is_whole:
        # Whoever reaches the port reads this: how many, and not of which table, row and column.
        reason = f"the record is not as it was written: {last.number} findings"
        return {"ok": False, "reason": reason, "next_step": STEP, "findings": last.number, **checked}
    if overdue is not None:
        reason = f"the record has not been checked; that was to be done by {overdue:%F %R} UTC"
        step = "Restart the evaluator and beat; manage.py verify_ledger checks at once."
        return {"ok": False, "reason": reason, "next_step": step, **checked}
    partly = {"unchecked": list(last.unchecked)} if last is not None and last.unchecked else {}
    return {"ok": True, **partly, **checked}
