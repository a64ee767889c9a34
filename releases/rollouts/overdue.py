"""Rollouts whose stage nobody advanced in time are held: each in its own transaction."""

import logging
from datetime import datetime

from django.utils import timezone

from governance.actors import Actor
from governance.background.locks import waiting_at_most
from governance.errors import GovernanceError
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.progress import hold_overdue_rollout
from releases.rollouts.stages import overdue_at

logger = logging.getLogger(__name__)


WAITS_AT_MOST_SECONDS = 3.0
"""For a lock that somebody else holds; the next round tries again."""


def hold_overdue(actor: Actor) -> int:
    """Hold all that is overdue; answers how many there were.

    Somebody may advance or hold one of them at the same moment: that one is then left as it was decided. One
    that waits, or whose plan cannot be read, keeps no other from being held.
    """
    now = timezone.now()
    rows = Deployment.objects.filter(state=DeploymentState.ROLLING_OUT)
    with waiting_at_most(WAITS_AT_MOST_SECONDS):
        return sum(
            _attempt(actor, row, now)
            for row in rows.select_related("revision__release", "release", "channel")
        )


def _attempt(actor: Actor, deployment: Deployment, now: datetime) -> bool:
    try:
        overdue = overdue_at(deployment)
        if overdue is None or now < overdue:
            return False
        hold_overdue_rollout(actor, deployment=deployment)
    except GovernanceError as refusal:
        logger.warning("left for the next round: %s", refusal.message)
        return False
    except Exception:
        logger.exception("%s cannot be held although it may be overdue", deployment)
        return False
    return True
