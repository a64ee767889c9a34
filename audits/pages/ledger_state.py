"""How the ledger stands: how much is sealed, since when, what waits, and whether anything is wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from audits.dossiers.models import DossierStatus
from audits.dossiers.queries import dossiers_visible_to
from audits.records.visibility import entries_visible_to
from governance.actors import Actor
from governance.ledger.epochs import Era, list_eras
from governance.ledger.nightly import LastCheck, last_check, overdue_since
from governance.ledger.witnesses.standing import refusing

LATE = timedelta(seconds=10)
MOST_COUNTED = 999
# By the server's own clock, not by the entries' times: the demo's story lies in the past.
_STATE = """
SELECT tree_state.size, coalesce(newest.checkpoint_id, 0), (SELECT count(*) FROM pending), newest.signed_at,
    greatest(clock_timestamp() - least(
        (SELECT min(queued_at) FROM pending),
        (SELECT min(made_at) FROM checkpoint WHERE size > coalesce(newest.checkpoint_id, 0))
    ), interval '0'),
    tree_state.trouble
FROM tree_state LEFT JOIN LATERAL (
    SELECT size AS checkpoint_id, signed_at FROM signed_checkpoint ORDER BY size DESC LIMIT 1
) AS newest ON true
"""


@dataclass(frozen=True)
class SealState:
    """``signed`` of ``size`` entries stand under the newest signature, ``waiting`` more have no number yet,
    and the oldest of all that are not signed has waited for ``lag``. ``trouble`` says why no more are signed;
    ``faults`` is how many the last check of the whole record found, and ``refusing`` which witnesses hold
    another past."""

    size: int
    signed: int
    waiting: int
    signed_at: datetime | None
    lag: timedelta
    trouble: str
    faults: int = 0
    refusing: tuple[str, ...] = ()

    @property
    def look(self) -> str:
        """How it is shown."""
        if self.trouble or self._is_late or self.faults or self.refusing:
            return "fail"
        return "pass" if self.signed_at and not self.unsigned else "open"

    @property
    def unsigned(self) -> int:
        """How many entries stand under no signature."""
        return self.size - self.signed + self.waiting

    @property
    def _is_late(self) -> bool:
        return self.signed_at is not None and self.lag > LATE

    @property
    def word(self) -> str:
        """In two or three words."""
        if self.refusing:
            return "A witness refuses"
        if self.trouble:
            return "Not signed"
        if self._is_late:
            return "Sealing is late"
        if self.faults:
            return "Faults found"
        return {"pass": "Sealed", "open": "Being sealed" if self.signed_at else "Nothing signed yet"}[
            self.look
        ]

    @property
    def sentence(self) -> str:
        """What it means."""
        if self.refusing:
            return (
                f"{' and '.join(self.refusing)} saw another past of this ledger than it holds now: it was "
                "rolled back or written anew, or its key signs another one. Rely on nothing here until the "
                "operator has compared them; verify_ledger and docs/witness.md say how."
            )
        if self.trouble:
            return f"The integrator signs nothing: {self.trouble}"
        if self._is_late:
            return (
                f"The oldest entry has waited {self.lag.total_seconds():.0f} seconds to be signed. Ask the "
                "operator whether the integrator runs; /readyz says more."
            )
        if self.faults:
            return (
                f"The last check of the whole record found {self.faults:,} "
                f"{'fault' if self.faults == 1 else 'faults'}: not all of it is as it was written. The "
                "operator runs verify_ledger, which names them."
            )
        if self.signed_at is None:
            return "No checkpoint has been signed. Ask the operator whether a signing key was created."
        if self.unsigned:
            return f"{self.unsigned:,} {'entry is' if self.unsigned == 1 else 'entries are'} not signed yet."
        return "Each entry stands under a signature: a change to any of them would show."


def seal_state(check: LastCheck | None) -> SealState:
    """As it is now, in one query, beside what the last check found and what witnesses say."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        size, signed, waiting, signed_at, lag, trouble = cursor.fetchone()
    faults = max(check.number, 1) if check is not None and not check.is_whole else 0
    return SealState(size, signed, waiting, signed_at, lag, trouble, faults, tuple(refusing()))


def auditors_view(actor: Actor) -> dict[str, Any]:
    """What an auditor asks first: whether all is sealed, when it was last checked, and what came since."""
    now, check = timezone.now(), last_check()
    day = entries_visible_to(actor).filter(at__gte=now - timedelta(days=1), at__lt=now)
    dossiers = dossiers_visible_to(actor)
    return {
        "state": seal_state(check),
        "epochs": epochs_said(),
        "check": _check_said(check, overdue_since(now)),
        "of_a_day": min(day.order_by()[: MOST_COUNTED + 1].count(), MOST_COUNTED + 1),
        "most_counted": MOST_COUNTED,
        "since": now - timedelta(days=1),
        "dossiers": list(dossiers.filter(status=DossierStatus.COMPLETED).order_by("-completed_at")[:3]),
    }


def epochs_said() -> list[tuple[str, str]]:
    """That the log began anew, in a sentence, and what finds the entry that says why; [] if it never did."""
    return [(_said(era), "" if era.begins is None else f"#{era.begins}") for era in list_eras()]


def _said(era: Era) -> str:
    return (
        f"Epoch {era.number}: the log began anew as {era.origin}, and gave up a signed tree of "
        f"{era.given_up.size:,} entries."
    )


def _check_said(check: LastCheck | None, overdue: datetime | None) -> tuple[str, str, str, datetime | None]:
    """Look, word, sentence and time of the last check of the whole record."""
    if check is None:
        look, word = ("fail", "Overdue") if overdue else ("open", "Not yet")
        return look, word, "The record is checked as a whole each night; it has not been so far.", None
    if not check.is_whole:
        first = check.findings[0] if check.findings else "its entry says which."
        return "fail", "Faults found", f"{check.number:,} in all, first: {first}", check.at
    if overdue:
        return "fail", "Overdue", "The last nightly check found no fault.", check.at
    if check.unchecked:
        left = "; ".join(check.unchecked)
        said = f"No fault in {check.entries:,} entries and {check.rows:,} rows. Not checked: {left}"
        return "inc", "Checked in part", said, check.at
    whole = f"All {check.entries:,} entries and {check.rows:,} rows agree with the signed record."
    return "pass", "Whole", whole, check.at
