"""How the ledger stands: how much is sealed, since when, what waits, and whether anything is wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from audits.dossiers.models import DossierStatus
from audits.dossiers.queries import dossiers_visible_to
from audits.records.visibility import entries_visible_to
from governance.actors import Actor
from governance.ledger.models import SignedCheckpoint, TreeState
from governance.ledger.nightly import LastCheck, last_check, overdue_since
from governance.ledger.queries import seal_lag

LATE = timedelta(seconds=10)
MOST_COUNTED = 999


@dataclass(frozen=True)
class SealState:
    """``signed`` of ``size`` entries stand under the newest signature; ``trouble`` says why no more do."""

    size: int
    signed: int
    signed_at: datetime | None
    lag: timedelta
    trouble: str

    @property
    def look(self) -> str:
        """How it is shown."""
        if self.trouble or self.lag > LATE:
            return "fail"
        return "pass" if self.signed == self.size and self.signed_at else "open"

    @property
    def word(self) -> str:
        """In two or three words."""
        if self.trouble:
            return "Not signed"
        if self.lag > LATE:
            return "Sealing is late"
        return {"pass": "Sealed", "open": "Being sealed" if self.signed_at else "Nothing signed yet"}[
            self.look
        ]

    @property
    def sentence(self) -> str:
        """What it means."""
        if self.trouble:
            return f"The integrator signs nothing: {self.trouble}"
        if self.lag > LATE:
            return (
                f"The oldest entry has waited {self.lag.total_seconds():.0f} seconds for its number. Ask the "
                "operator whether the integrator runs; /readyz says more."
            )
        if self.signed_at is None:
            return "No checkpoint has been signed. Ask the operator whether a signing key was created."
        return "Each entry stands under a signature: a change to any of them would show."


def seal_state() -> SealState:
    """As it is now, in three queries."""
    state = TreeState.objects.get(id=1)
    newest = SignedCheckpoint.objects.order_by("-checkpoint_id").values("checkpoint_id", "signed_at").first()
    return SealState(
        size=state.size,
        signed=newest["checkpoint_id"] if newest else 0,
        signed_at=newest["signed_at"] if newest else None,
        lag=seal_lag(),
        trouble=state.trouble,
    )


def auditors_view(actor: Actor) -> dict[str, Any]:
    """What an auditor asks first: whether all is sealed, when it was last checked, and what came since."""
    now = timezone.now()
    day = entries_visible_to(actor).filter(at__gte=now - timedelta(days=1), at__lt=now)
    dossiers = dossiers_visible_to(actor)
    return {
        "state": seal_state(),
        "check": _check_said(last_check(), overdue_since(now)),
        "of_a_day": min(day.order_by()[: MOST_COUNTED + 1].count(), MOST_COUNTED + 1),
        "most_counted": MOST_COUNTED,
        "since": now - timedelta(days=1),
        "dossiers": list(dossiers.filter(status=DossierStatus.COMPLETED).order_by("-completed_at")[:3]),
    }


def _check_said(check: LastCheck | None, overdue: datetime | None) -> tuple[str, str, str, datetime | None]:
    """Look, word, sentence and time of the last check of the whole record."""
    if check is None:
        look, word = ("fail", "Overdue") if overdue else ("open", "Not yet")
        return look, word, "The record is checked as a whole each night; it has not been so far.", None
    if not check.is_whole:
        first = check.findings[0] if check.findings else "its entry says which."
        return "fail", "Faults found", f"{check.number} in all, first: {first}", check.at
    if overdue:
        return "fail", "Overdue", "The last nightly check found the record whole.", check.at
    whole = f"All {check.entries} entries and {check.rows} rows agree with the signed record."
    return "pass", "Whole", whole, check.at
