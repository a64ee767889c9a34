"""The one table of transitions of a revision. Services ask it; nothing else decides what may follow what."""

from governance.errors import GovernanceError
from releases.bundles.models import RevisionState

S = RevisionState

TRANSITIONS: dict[RevisionState, frozenset[RevisionState]] = {
    S.DRAFT: frozenset({S.FROZEN, S.WITHDRAWN}),
    S.FROZEN: frozenset({S.IN_REVIEW, S.WITHDRAWN}),
    S.IN_REVIEW: frozenset({S.APPROVED, S.REJECTED, S.FROZEN, S.WITHDRAWN}),
    S.APPROVED: frozenset({S.EXPIRED, S.WITHDRAWN}),
    S.REJECTED: frozenset({S.WITHDRAWN}),
    S.EXPIRED: frozenset({S.WITHDRAWN}),
    S.WITHDRAWN: frozenset(),
}


class WrongState(GovernanceError):
    """The revision's state does not allow this act."""

    code = "wrong_state"
    title = "Not in this state"


def may_become(current: str, wanted: RevisionState) -> bool:
    """Whether the table allows the transition."""
    return wanted in TRANSITIONS[RevisionState(current)]


def check_transition(current: str, wanted: RevisionState, *, next_step: str = "") -> None:
    """Refuse a transition that the table does not hold.

    Raises:
        WrongState: naming the state found and those that it may become.
    """
    if may_become(current, wanted):
        return
    allowed = sorted(state.label.lower() for state in TRANSITIONS[RevisionState(current)])
    raise WrongState(
        f"A revision that is {RevisionState(current).label.lower()} cannot become {wanted.label.lower()}.",
        next_step=next_step or f"From here it may become: {', '.join(allowed) or 'nothing'}.",
    )
