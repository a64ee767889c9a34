"""Keeps the calendar of reviews: plans for what went live, reminds of what is due; each for itself."""

import logging
from collections.abc import Callable
from functools import partial

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from governance.actors import Actor
from governance.errors import GovernanceError
from releases.bundles.models import Revision
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import reviews_overdue, serving
from releases.monitoring.drift.services import plan_review, remind_of_review

logger = logging.getLogger(__name__)


def keep_calendar(actor: Actor) -> int:
    """Plan and remind; answers for how many releases and reviews."""
    done = 0
    for revision in without_a_review_ahead():
        done += _attempt(partial(plan_review, actor, revision=revision))
    for review in reviews_overdue(timezone.now()).filter(reminded_at__isnull=True):
        done += _attempt(partial(remind_of_review, actor, review=review))
    return done


def without_a_review_ahead() -> QuerySet[Revision]:
    """Live revisions whose calendar holds no day that is still to come."""
    ahead = DriftReview.objects.filter(revision=OuterRef("pk"), due_at__gt=timezone.now())
    rows = Revision.objects.select_related("release__system").filter(id__in=serving().values("revision"))
    return rows.filter(~Exists(ahead))


def _attempt(act: Callable[[], object]) -> bool:
    try:
        act()
    except GovernanceError as refusal:
        logger.warning("left for the next round: %s", refusal.message)
        return False
    return True
