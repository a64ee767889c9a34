"""Who has approved what a stage shows, and whose approval is still missing."""

from dataclasses import dataclass

from releases.rollouts.models import Deployment, StageApproval
from releases.rollouts.readings import entered
from releases.rollouts.stages import current_step


@dataclass(frozen=True)
class StageSeat:
    """One approval that the plan asks for; it counts for this stay in the stage and this evidence only."""

    role: str
    approval: StageApproval | None


def stage_seats(deployment: Deployment, digest: str) -> tuple[StageSeat, ...]:
    """The seats of the present stage, filled by approvals of the evidence with this digest."""
    asked = current_step(deployment).stage.requires_approval
    if not asked:
        return ()
    counting = [
        row
        for row in deployment.stage_approvals.all()
        if (row.stage_number, row.entered_at, row.evidence_digest)
        == (deployment.stage_number, entered(deployment), digest)
    ]
    seats = []
    for role in asked:
        found = next((row for row in counting if row.role == role), None)
        if found is not None:
            counting.remove(found)
        seats.append(StageSeat(role, found))
    return tuple(seats)
