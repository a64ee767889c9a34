"""Rollouts whose stage nobody advanced in time are held: each in its own transaction."""

import logging

from django.utils import timezone

from governance.actors import Actor
from governance.errors import GovernanceError
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.progress import hold_overdue_rollout
from releases.rollouts.stages import overdue_at

logger = logging.getLogger(__name__)


def hold_overdue(actor: Actor) -> int:
    """Hold all that is overdue; answers how many there were.

    Somebody may advance or hold one of them at the same moment: that one is then left as it was decided.
    """
    now = timezone.now()
    rows = Deployment.objects.filter(state=DeploymentState.ROLLING_OUT)
    held = 0
    for deployment in rows.select_related("revision__release", "release", "channel"):
        overdue = overdue_at(deployment)
        if overdue is not None and now >= overdue:
            held += _attempt(actor, deployment)
    return held


def _attempt(actor: Actor, deployment: Deployment) -> bool:
    try:
        hold_overdue_rollout(actor, deployment=deployment)
    except GovernanceError as refusal:
        logger.warning("left for the next round: %s", refusal.message)
        return False
    return True
