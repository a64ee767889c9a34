"""What a stage must show before it is left: what its plan asks monitoring to find out, and the approvals on
top. One place for those who advance, those who approve, and the pages that say what is missing.
"""

from datetime import datetime

from governance.errors import GovernanceError
from releases.rollouts.models import Deployment
from releases.rollouts.readings import Reading, last_reading
from releases.rollouts.stage_seats import stage_seats
from releases.rollouts.stages import Step, advance_at, current_step


class NotLookedAt(GovernanceError):
    """The plan asks for what monitoring finds, and monitoring has not looked lately."""

    code = "not_looked_at"
    title = "Monitoring has not looked lately"
    next_step = (
        "Wait a few seconds and repeat it. If it stays so, see that the worker runs (/readyz tells). Hold "
        "and roll back work without it."
    )


class StageNotShown(GovernanceError):
    """What the plan asks of the stage is not shown: inconclusive never ships."""

    code = "stage_not_shown"
    title = "Not shown yet"
    next_step = "Let the stage go on until it is shown, or roll it back."


class StageNotApproved(GovernanceError):
    """People whom the plan names have not approved what the stage shows now."""

    code = "stage_not_approved"
    title = "Not approved yet"


def check_found(deployment: Deployment, at: datetime) -> None:
    """Refuse while what the stage asks for was not found out lately, is not there, or is not approved."""
    step = current_step(deployment)
    if not step.needs_reading:
        return
    reading = recent_reading(deployment, at)
    check_shown(step, reading)
    check_approved(deployment, reading)


def lacking(deployment: Deployment, at: datetime) -> str:
    """What a stage that asks for what monitoring finds, or for approval, still lacks before it can be left;
    empty for nothing, and for a stage that asks for neither."""
    try:
        check_found(deployment, at)
    except GovernanceError as refusal:
        return refusal.message
    return ""


def waits_for_approval(deployment: Deployment, at: datetime) -> bool:
    """Whether the approval of people is all that the stage lacks."""
    reading = last_reading(deployment)
    if reading is None or not reading.is_recent(at) or at < advance_at(deployment):
        return False
    is_open = reading.open_among(current_step(deployment).asks_for)
    return not is_open and any(seat.approval is None for seat in stage_seats(deployment, reading.digest))


def recent_reading(deployment: Deployment, at: datetime) -> Reading:
    """What monitoring found within its last two looks.

    Raises:
        NotLookedAt: saying when it looked last.
    """
    reading = last_reading(deployment)
    if reading is None:
        raise NotLookedAt(f"Monitoring has not looked at {deployment.revision} in this stage yet.")
    if not reading.is_recent(at):
        raise NotLookedAt(
            f"Monitoring last looked at {deployment.revision} at {reading.read_at:%F %T} UTC; what was found "
            "then may not hold any more."
        )
    return reading


def check_shown(step: Step, reading: Reading) -> None:
    """Refuse while something that the stage asks for is not as it should be.

    Raises:
        StageNotShown: naming the first of them.
    """
    found = reading.open_among(step.asks_for)
    if found:
        first, *more = found
        others = f" And {len(more)} more." if more else ""
        raise StageNotShown(f"{first.sentence}{others}")


def check_approved(deployment: Deployment, reading: Reading) -> None:
    """Refuse while an approval that the plan asks for is missing, or was given on other evidence.

    Raises:
        StageNotApproved: naming the roles.
    """
    open_roles = [seat.role for seat in stage_seats(deployment, reading.digest) if seat.approval is None]
    if open_roles:
        roles = ", ".join(role.replace("_", " ") for role in open_roles)
        raise StageNotApproved(
            f"The stage {current_step(deployment).title} waits for the approval of: {roles}.",
            next_step="Ask them to approve what the stage shows now; then it can advance.",
        )
