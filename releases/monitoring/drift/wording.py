"""A review after a launch in words. Pure: no database, no clock."""

from datetime import datetime
from typing import Any

from releases.monitoring.drift.calendar import EARLY
from releases.monitoring.drift.figures import moved_in_words, nothing_in_words
from releases.monitoring.drift.models import DriftReview


def named(review: DriftReview) -> str:
    """The release with its revision."""
    return f"{review.release.name} revision {review.revision.number}"


def standing(review: DriftReview, now: datetime) -> tuple[str, str, str]:
    """Look, word and icon of where the review stands; ``is_serving`` must be annotated."""
    if review.reviewed_at is not None:
        fine = ("pass", "Done", "check_circle")
        return fine if review.acceptable else ("fail", "Not acceptable", "dangerous")
    if not getattr(review, "is_serving", True):
        return ("void", "No longer due", "block")
    if review.due_at <= now:
        return ("fail", "Overdue", "schedule")
    if review.due_at - EARLY <= now:
        return ("inc", "Due now", "rate_review")
    return ("open", "Planned", "event")


def headline(review: DriftReview, figures: dict[str, Any] | None, now: datetime) -> str:
    """What is the matter and what to do."""
    _, word, _ = standing(review, now)
    if review.reviewed_at is not None:
        judged = "may go on as it is" if review.acceptable else "may not go on as it is"
        return f"{named(review)} was reviewed after its launch and {judged}."
    if word == "No longer due":
        return f"{named(review)} is live nowhere any more, so nothing is to be reviewed."
    if figures is None:
        return f"{named(review)} is to be reviewed on {review.due_at:%-d %B %Y}."
    moved = moved_in_words(figures)
    what = f"{moved} moved" if moved else nothing_in_words(figures).capitalize()
    return f"{named(review)} is to be reviewed. {what}. Say what you make of it."


def said(at: datetime) -> str:
    """A moment as tables say it."""
    return f"{at:%-d %b %Y, %H:%M} UTC"
