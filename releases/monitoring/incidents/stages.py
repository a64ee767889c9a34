"""What an incident may become: the one table of its transitions. Pure."""

from governance.errors import GovernanceError
from releases.monitoring.incidents.models import IncidentStatus

S = IncidentStatus

TRANSITIONS: dict[IncidentStatus, frozenset[IncidentStatus]] = {
    S.SUSPECTED: frozenset({S.CONFIRMED, S.DISMISSED}),
    S.CONFIRMED: frozenset(),
    S.DISMISSED: frozenset(),
}
"""What was confirmed may have taken a release back, so it stays; what was dismissed is reported anew."""

NEXT = {
    S.CONFIRMED: "What it set off stands; add a follow-up where something is left to do.",
    S.DISMISSED: "Report it anew if there is new evidence.",
}


class IncidentDecided(GovernanceError):
    """Somebody has decided about the incident before."""

    code = "incident_decided"
    title = "Decided before"


def check_transition(before: str, to: IncidentStatus, *, by: str) -> None:
    """Refuse what the table does not allow; ``by`` is who brought it where it is.

    Raises:
        IncidentDecided: it is confirmed or dismissed.
    """
    status = IncidentStatus(before)
    if to not in TRANSITIONS[status]:
        raise IncidentDecided(
            f"{by} has {status.label.lower()} this incident, so it cannot be {to.label.lower()}.",
            next_step=NEXT[status],
        )
