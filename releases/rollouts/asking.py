"""The verb that tells people that it is their turn: all that a stage can show by itself is shown."""

from django.db.models import Q, QuerySet

from governance.access.models import Account
from governance.access.queries import grants_in_force, require
from governance.access.roles import Permission, roles_with
from governance.actors import Actor, moment
from governance.ledger.verbs import Unchanged, record, verb
from releases.bundles.documents import hours_of
from releases.rollouts.locking import lock_rollout
from releases.rollouts.models import Deployment, DeploymentState, StageReading
from releases.rollouts.readings import Reading, document_of, last_reading
from releases.rollouts.recipients import tell_of_stage
from releases.rollouts.stage_seats import stage_seats
from releases.rollouts.stages import current_step
from releases.rollouts.steps import document


@verb("rollout.stage_shown")
def ask_for_decision(
    actor: Actor, *, deployment: Deployment, digest: str
) -> Deployment | Unchanged[Deployment]:
    """Record that the stage shows what its plan asks, and tell those whose turn it is: the roles whose
    approval is missing, else those who may advance it. Once for what is shown; nothing changes if they were
    asked, or if the stage shows something else by now.
    """
    require(actor, Permission.WATCH_ROLLOUT, deployment.channel)
    deployment, _ = lock_rollout(deployment)
    reading = last_reading(deployment)
    row: StageReading | None = getattr(deployment, "reading", None)
    if row is None or reading is None or reading.digest != digest or row.asked_digest == digest:
        return Unchanged(deployment)
    step = current_step(deployment)
    if deployment.state != DeploymentState.ROLLING_OUT or reading.open_among(step.asks_for):
        return Unchanged(deployment)
    roles = missing_roles(deployment, reading)
    if not roles and step.is_measured_wholly and hours_of(deployment.revision.rollout_plan):
        return Unchanged(deployment)  # nobody is asked: it goes on by itself
    StageReading.objects.filter(deployment=deployment).update(asked_digest=digest)
    record(
        deployment.stream(),
        after={**document(deployment), "asked": sorted(roles), "reading": document_of(reading)},
        refs={"evidence": digest},
    )
    tell_of_stage(deployment, _asked(deployment, roles), approves=bool(roles))
    return deployment


def missing_roles(deployment: Deployment, reading: Reading) -> set[str]:
    """Roles whose approval of what was found is missing."""
    return {seat.role for seat in stage_seats(deployment, reading.digest) if seat.approval is None}


def _asked(deployment: Deployment, roles: set[str]) -> QuerySet[Account]:
    there = Q(system_id=deployment.release.system_id) | Q(channel_id=deployment.channel_id)
    wanted = roles or {role.value for role in roles_with(Permission.ADVANCE_ROLLOUT)}
    rows = grants_in_force(moment()).filter(there, role__in=wanted)
    return Account.objects.filter(id__in=rows.values("account_id"))
