"""The one table of transitions of a deployment. Verbs ask it; nothing else decides what may follow what."""

from governance.errors import GovernanceError
from releases.rollouts.models import DeploymentState

S = DeploymentState

GENERAL = "general"
"""The only stage until stages come: all traffic of the channel at once."""

TRANSITIONS: dict[DeploymentState, frozenset[DeploymentState]] = {
    S.NEW: frozenset({S.ROLLING_OUT}),
    S.ROLLING_OUT: frozenset({S.HELD, S.LIVE, S.ROLLED_BACK}),
    S.HELD: frozenset({S.ROLLING_OUT, S.ROLLED_BACK}),
    S.LIVE: frozenset({S.SUPERSEDED, S.ROLLED_BACK}),
    S.SUPERSEDED: frozenset(),
    S.ROLLED_BACK: frozenset(),
}

ADOPTED: dict[DeploymentState, frozenset[DeploymentState]] = {S.NEW: frozenset({S.LIVE})}
"""Further transitions of a deployment without approval: what is adopted is live already."""

AS_TARGET: dict[DeploymentState, frozenset[DeploymentState]] = {S.SUPERSEDED: frozenset({S.LIVE})}
"""Further transitions of the target of a rollback."""


class DeploymentInWrongState(GovernanceError):
    """The deployment's state does not allow this act."""

    code = "wrong_state"
    title = "Not in this state"
    next_step = "Read the rollout again; a new approval starts a new one."


def may_become(
    current: str, wanted: DeploymentState, *, adopted: bool = False, as_target: bool = False
) -> bool:
    """Whether the table allows the transition, for an adopted deployment and for a rollback's target too."""
    state = DeploymentState(current)
    allowed = TRANSITIONS[state]
    if adopted:
        allowed |= ADOPTED.get(state, frozenset())
    if as_target:
        allowed |= AS_TARGET.get(state, frozenset())
    return wanted in allowed


def check_transition(
    current: str, wanted: DeploymentState, *, adopted: bool = False, as_target: bool = False
) -> None:
    """Refuse a transition that the table does not hold.

    Raises:
        DeploymentInWrongState: naming the state found.
    """
    if not may_become(current, wanted, adopted=adopted, as_target=as_target):
        raise DeploymentInWrongState(
            f"A deployment that is {DeploymentState(current).label.lower()} cannot become "
            f"{wanted.label.lower()}."
        )
