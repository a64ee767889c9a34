"""The calendar of reviews after a launch, kept and concluded through the real services."""

from datetime import timedelta

from django.utils import timezone

from governance.access.models import Account
from governance.actors import task_actor
from releases.bundles.models import Revision
from releases.monitoring.drift.figures import figures_of
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.services import conclude_review, plan_review
from tests.factories.cast import actor

ENGINE = task_actor("a-test")
SEEN = "Looked at the shares; the new phone explains it."


def planned(revision: Revision) -> list[DriftReview]:
    """The reviews of the revision, planned by the engine."""
    plan_review(ENGINE, revision=revision)
    return list(DriftReview.objects.filter(revision=revision).order_by("number"))


def concluded(by: Account, review: DriftReview, *, acceptable: bool = True) -> DriftReview:
    """The review done on the figures of a minute ago."""
    until = timezone.now() - timedelta(minutes=1)
    digest = figures_of(review, until).digest
    return conclude_review(
        actor(by),
        review=review,
        acceptable=acceptable,
        conclusion=SEEN,
        until=until,
        figures_digest=digest,
    )
