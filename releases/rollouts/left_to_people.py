"""The verb for what fires on what is live and cannot be done by itself: people are told, and it is recorded.

What is live cannot be held, and the first release of a channel has nothing to go back to. A trigger that asks
for either must not fire unheard.
"""

from collections.abc import Sequence
from typing import Any

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor
from governance.ledger.models import Entry
from governance.ledger.verbs import Unchanged, record, verb
from governance.notifications.models import Delivery, DeliveryState
from releases.rollouts.locking import lock_rollout
from releases.rollouts.models import Deployment, DeploymentState, StageReading
from releases.rollouts.readings import entered
from releases.rollouts.recipients import ask_no_more, tell_of_what_is_left
from releases.rollouts.steps import document

EVENT = "rollout.left_to_people"
QUIET = "Nothing fires there any more."


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
    the ``owners`` of the triggers. Once for what each rests on, which ``evidence`` names and ``digest``
    stands for: where some of what was told before fires alone or together, nobody is told again. Told anew
    is what fires again once an override that went past it is over, which ``evidence`` names then, and what
    fires again after its messages were taken back. Nothing changes if it is not live any more.
    """
    require(actor, Permission.WATCH_ROLLOUT, deployment.channel)
    deployment, _ = lock_rollout(deployment)
    since = entered(deployment)
    fresh = {"stage_number": deployment.stage_number, "entered_at": since, "read_at": since}
    row, _ = StageReading.objects.get_or_create(deployment=deployment, defaults=fresh)
    if deployment.state != DeploymentState.LIVE or row.asked_digest == digest:
        return Unchanged(deployment)
    StageReading.objects.filter(deployment=deployment).update(asked_digest=digest)
    if {_named(one) for one in evidence} <= _told(deployment):
        return Unchanged(deployment)
    record(
        deployment.stream(),
        after={**document(deployment), "evidence": list(evidence)},
        reason=f"Nothing is done by itself: {why}. {sentence}",
        refs={"evidence": digest},
    )
    tell_of_what_is_left(deployment, why=why, sentence=sentence, owners=owners)
    return deployment


def _told(deployment: Deployment) -> set[tuple[str, ...]]:
    """What people were told of this deployment before, without what was taken back before it left."""
    taken_back = Delivery.objects.filter(
        notification__subject=deployment.stream(),
        notification__event=EVENT,
        state=DeliveryState.SKIPPED,
        last_error=QUIET,
    )
    entries = Entry.objects.filter(
        stream=deployment.stream(),
        document__type=EVENT,
        document__after__deployment=str(deployment.id),
    ).exclude(id__in=taken_back.values("notification__cause"))
    said = entries.values_list("document__after__evidence", flat=True)
    return {_named(one) for evidence in said for one in evidence or ()}


def _named(evidence: dict[str, Any]) -> tuple[str, ...]:
    names = ("key", "segment", "action", "digest", "after_override")
    return tuple(str(evidence.get(name, "")) for name in names)


def quiet_again(deployment: Deployment) -> None:
    """Nothing fires there any more: nobody is asked. It proves nothing and is recorded with the triggers."""
    ask_no_more(deployment, because=QUIET)
