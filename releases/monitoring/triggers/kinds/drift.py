"""How far the deciding score has moved: PSI above a limit that grows where samples are small.

That something moved is no proof that it got worse: the trigger notifies, and never more.
"""

from dataclasses import dataclass
from datetime import datetime

from releases.bundles.triggers import DriftTrigger
from releases.monitoring.triggers.judgements import Figures, Judged, Judgement


@dataclass(frozen=True, slots=True)
class Moved:
    """PSI against a reference with its limit; ``size`` and ``reference_size`` count decisions, ``people`` and
    ``reference_people`` whoever they were about: what chance explains is judged by these."""

    psi: float
    psi_limit: float
    size: int
    reference_size: int
    reference: str
    people: int
    reference_people: int


def judge(spec: DriftTrigger, found: Moved, at: datetime) -> Judged:
    """Above the larger of the plan's floor and what chance explains."""
    limit = max(spec.floor, found.psi_limit)
    figures = Figures(
        found.psi, None, None, limit, subjects=found.people, control_subjects=found.reference_people
    )
    breach = found.psi > limit
    said = (
        f"PSI {found.psi:.3f} of the deciding score against {found.reference}, limit {limit:.3f}; "
        f"{found.people:,} people with {found.size:,} decisions, {found.reference_people:,} with "
        f"{found.reference_size:,} to compare with."
    )
    return Judged(at, Judgement.BREACH if breach else Judgement.CLEAR, figures, said)
