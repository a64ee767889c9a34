"""Reads of the calendar of reviews."""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from releases.bundles.models import Revision
from releases.monitoring.drift.models import DriftReview
from releases.rollouts.models import Deployment, DeploymentState

HEAVY = ("revision__card", "revision__rollout_plan", "revision__rollback_plan")


def serving() -> QuerySet[Deployment]:
    """Deployments that are live on channels that are no drill."""
    return Deployment.objects.filter(state=DeploymentState.LIVE, channel__drill=False)


def listed_reviews() -> QuerySet[DriftReview]:
    """Reviews with their release; ``is_serving`` says whether the revision is live somewhere."""
    live = Exists(serving().filter(revision=OuterRef("revision")))
    rows = DriftReview.objects.select_related("release__system", "revision__release__system")
    return rows.defer(*HEAVY).annotate(is_serving=live)


def still_to_do(rows: QuerySet[DriftReview]) -> QuerySet[DriftReview]:
    """Those of live revisions that nobody has done."""
    live = Exists(serving().filter(revision=OuterRef("revision")))
    return rows.filter(live, reviewed_at__isnull=True)


def reviews_overdue(at: datetime) -> QuerySet[DriftReview]:
    """Reviews of live revisions that ought to be done at ``at`` and are not."""
    return still_to_do(listed_reviews()).filter(due_at__lte=at).order_by("due_at", "id")


def reviews_of(revision: Revision) -> list[DriftReview]:
    """All reviews of a revision, in their order."""
    return list(listed_reviews().filter(revision=revision).order_by("number"))


def next_open(revision_id: UUID) -> DriftReview | None:
    """The first review of the revision that nobody has done."""
    rows = DriftReview.objects.filter(revision=revision_id, reviewed_at__isnull=True)
    return rows.order_by("number").first()
