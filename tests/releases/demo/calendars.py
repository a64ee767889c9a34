"""How the reviews after the launches of the demo's releases stand."""

from django.utils import timezone

from releases.bundles.models import Revision
from releases.monitoring.drift.figures import figures_of, moved_in, settled
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import reviews_of


def calendar_of(release: str) -> list[str]:
    """Each review of the release in a word."""
    return [_stands(one) for one in reviews_of(Revision.objects.get(release__name=release))]


def moved_of(release: str) -> list[str]:
    """What moved by the figures of its reviews: those kept, and those of now for one that is due."""
    now = settled(timezone.now())
    rows = reviews_of(Revision.objects.get(release__name=release))
    due = [one for one in rows if one.due_at <= timezone.now()]
    return [moved for one in due for moved in moved_in(one.figures or figures_of(one, now).document)]


def _stands(review: DriftReview) -> str:
    if review.reviewed_at is not None:
        return f"done by {review.reviewed_by_username}"
    return "due" if review.reminded_at is not None else "ahead"
