"""Verbs on the calendar of reviews: plan, remind, conclude."""

from datetime import datetime
from typing import Any

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import Unchanged, record, verb
from governance.notifications.withdrawing import stop_asking
from releases.bundles.models import Revision
from releases.bundles.steps import lock_release
from releases.monitoring.drift.calendar import EARLY, due_dates
from releases.monitoring.drift.figures import ReviewFigures, begins, figures_of, moved_in
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import listed_reviews, next_open, serving
from releases.monitoring.drift.recipients import tell_of_conclusion, tell_of_due_review
from releases.monitoring.terms.queries import terms_of

LONGEST_CONCLUSION = 4000


class ReviewDone(GovernanceError):
    """Somebody has done the review."""

    code = "review_done"
    title = "Reviewed before"
    next_step = "The next one of the calendar is the next to do."


class ReviewNotDue(GovernanceError):
    """It is not its turn."""

    code = "review_not_due"
    title = "Not due yet"


class NothingServes(GovernanceError):
    """The revision answers nowhere any more."""

    code = "nothing_serves"
    title = "Nothing to review"
    next_step = "Nothing is due any more; the reviews that were done stay on record."


class FiguresChanged(GovernanceError):
    """The figures are no longer those that were looked at."""

    code = "figures_changed"
    title = "The figures have changed"
    next_step = (
        "Decisions arrived late, or were counted anew: look at the figures again, and conclude on those."
    )


@verb("drift_review.planned")
def plan_review(actor: Actor, *, revision: Revision) -> DriftReview | Unchanged[DriftReview]:
    """Plan the reviews of a launched revision that its calendar lacks; answers the first of them."""
    require(actor, Permission.PLAN_REVIEW, revision)
    release = lock_release(revision.release_id)
    planned = list(DriftReview.objects.filter(revision=revision).order_by("number"))
    live = serving().filter(revision=revision).order_by("state_changed_at").first()
    if live is None:
        return Unchanged(planned[-1] if planned else DriftReview(revision=revision, release=release))
    launched_at = planned[0].launched_at if planned else live.state_changed_at
    dates = _missing(revision, planned, launched_at)
    if not dates:
        return Unchanged(planned[-1])
    made = [
        _planned(revision, number, launched_at, due_at)
        for number, due_at in enumerate(dates, start=len(planned) + 1)
    ]
    return made[0]


def _missing(revision: Revision, planned: list[DriftReview], launched_at: datetime) -> list[datetime]:
    terms = terms_of(revision.release.system)
    last = planned[-1].due_at if planned else None
    return due_dates(launched_at, terms.review_days, terms.review_every_days, last=last, now=moment())


def _planned(revision: Revision, number: int, launched_at: datetime, due_at: datetime) -> DriftReview:
    review = DriftReview.objects.create(
        release=revision.release,
        revision=revision,
        number=number,
        launched_at=launched_at,
        due_at=due_at,
        planned_at=moment(),
    )
    record(review.stream(), after={**_document(review), "launched_at": launched_at})
    return review


@verb("drift_review.due")
def remind_of_review(actor: Actor, *, review: DriftReview) -> DriftReview | Unchanged[DriftReview]:
    """Ask those who may review to do it; once, from the day on which it is due."""
    require(actor, Permission.REMIND_OWNERS, review)
    review = lock_review(review)
    if review.reviewed_at is not None or review.reminded_at is not None or moment() < review.due_at:
        return Unchanged(review)
    if not serving().filter(revision=review.revision_id).exists():
        return Unchanged(review)
    review.reminded_at = moment()
    review.save(update_fields=["reminded_at"])
    record(review.stream(), after=_document(review))
    tell_of_due_review(review)
    return review


@verb("drift_review.concluded")
def conclude_review(
    actor: Actor,
    *,
    review: DriftReview,
    acceptable: bool,
    conclusion: str,
    until: datetime,
    figures_digest: str,
) -> DriftReview:
    """Say what the figures up to ``until`` show, and whether the release may go on as it is.

    What is not acceptable changes nothing by itself: hold, roll back or a new release is for those who may.

    Raises:
        ReviewDone, ReviewNotDue, NothingServes, FiguresChanged: see the messages.
        InvalidInput: no conclusion, or a time that does not fit.
    """
    require(actor, Permission.REVIEW_DRIFT, review)
    review = lock_review(review)
    _check_turn(review)
    if not conclusion.strip():
        raise invalid("conclusion", "say what the figures show; the record keeps it.")
    figures = _looked_at(review, until, figures_digest)
    review.acceptable = acceptable
    review.conclusion = conclusion
    _keep(actor, review, figures)
    stop_asking(review, because="The review is done.")
    tell_of_conclusion(review)
    return review


def _keep(actor: Actor, review: DriftReview, figures: ReviewFigures) -> None:
    """Store what was concluded with the figures, and record it for the review and for its release."""
    review.reviewed_at = moment()
    review.reviewed_by_username = actor.username
    review.figures = figures.document
    review.figures_digest = figures.digest
    review.save()
    after = {
        **_document(review),
        "acceptable": review.acceptable,
        "since": figures.document["since"],
        "until": figures.document["until"],
        "moved": moved_in(figures.document),
    }
    refs = {"figures": review.figures_digest}
    record(review.stream(), before={"reviewed_at": None}, after=after, reason=review.conclusion, refs=refs)
    record(review.release.stream(), after=after, reason=review.conclusion, refs=refs)


def lock_review(review: DriftReview) -> DriftReview:
    """The review as it is now, under the lock of its release."""
    lock_release(review.release_id)
    return listed_reviews().get(id=review.id)


def _check_turn(review: DriftReview) -> None:
    if review.reviewed_at is not None:
        raise ReviewDone(f"{review.reviewed_by_username} did it on {review.reviewed_at:%F %R} UTC.")
    if not serving().filter(revision=review.revision_id).exists():
        raise NothingServes(f"{review.revision} is live nowhere any more.")
    first = next_open(review.revision_id)
    if first is not None and first.id != review.id:
        raise ReviewNotDue(
            f"Review {first.number} of {review.revision} comes first; it is due on {first.due_at:%F}.",
            next_step=f"Conclude review {first.number}.",
        )
    if moment() < review.due_at - EARLY:
        raise ReviewNotDue(
            f"It is due on {review.due_at:%F}.",
            next_step=f"Review it from {review.due_at - EARLY:%F} on.",
        )


def _looked_at(review: DriftReview, until: datetime, figures_digest: str) -> ReviewFigures:
    """The figures that the digest is of."""
    if until > moment():
        raise invalid("until", f"{until:%F %T} UTC lies in the future.")
    if until <= begins(review):
        raise invalid("until", f"{until:%F %T} UTC lies before the period of this review.")
    if until < moment() - EARLY:
        raise invalid("until", f"{until:%F %T} UTC is more than {EARLY.days} days ago.")
    figures = figures_of(review, until)
    if figures.digest != figures_digest:
        raise FiguresChanged("The digest is not of the figures as they are now.")
    return figures


def _document(review: DriftReview) -> dict[str, Any]:
    return {
        "review": review.id,
        "release": review.release_id,
        "revision": review.revision_id,
        "number": review.number,
        "due_at": review.due_at,
        "reminded_at": review.reminded_at,
        "reviewed_at": review.reviewed_at,
    }
