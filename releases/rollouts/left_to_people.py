"""The verb for what fires on what is live and cannot be done by itself: people are told, and it is recorded.

What is live cannot be held, and the first release of a channel has nothing to go back to. A trigger that asks
for either must not fire unheard.
"""

from collections.abc import Sequence
from typing import Any

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor
from governance.ledger.verbs import Unchanged, record, verb
from releases.rollouts.locking import lock_rollout
from releases.rollouts.models import Deployment, DeploymentState, StageReading
from releases.rollouts.readings import entered
from releases.rollouts.recipients import tell_of_what_is_left
from releases.rollouts.steps import document


@verb("rollout.left_to_people")
def leave_to_people(
    actor: Actor,
    *,
    deployment: Deployment,
    digest: str,
    why: str,
    sentence: str,
    evidence: Sequence[dict[str, Any]],
    owners: Sequence[str] = (),
) -> Deployment | Unchanged[Deployment]:
    """Record that triggers fire on what is live and nothing is done by itself, and tell those who can act and
    the ``owners`` of the triggers. Once for what it rests on, which ``digest`` names; nothing changes if it
    is not live any more.
    """
    require(actor, Permission.WATCH_ROLLOUT, deployment.channel)
    deployment, _ = lock_rollout(deployment)
    since = entered(deployment)
    fresh = {"stage_number": deployment.stage_number, "entered_at": since, "read_at": since}
    row, _ = StageReading.objects.get_or_create(deployment=deployment, defaults=fresh)
    if deployment.state != DeploymentState.LIVE or row.asked_digest == digest:
        return Unchanged(deployment)
    StageReading.objects.filter(deployment=deployment).update(asked_digest=digest)
    record(
        deployment.stream(),
        after={**document(deployment), "evidence": list(evidence)},
        reason=f"Nothing is done by itself: {why}. {sentence}",
        refs={"evidence": digest},
    )
    tell_of_what_is_left(deployment, why=why, sentence=sentence, owners=owners)
    return deployment
