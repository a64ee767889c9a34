"""The calendar of reviews after a launch, and the page of one: its figures, what somebody made of them."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from governance.access.admin_base import GovernedAdmin, Offer, admin_url, column, lock_reason
from governance.access.admin_parts import events_of_streams, link
from governance.access.requests import actor_from
from governance.access.roles import Permission
from releases.bundles.models import Release
from releases.monitoring.drift.acts import ConcludeReview
from releases.monitoring.drift.calendar import EARLY
from releases.monitoring.drift.figures import figures_of, settled
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import listed_reviews, next_open, still_to_do
from releases.monitoring.drift.shown import tables_of
from releases.monitoring.drift.wording import headline, named, said, standing


class Standing(admin.SimpleListFilter):
    """Whether it is to be done."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The ways."""
        return [("overdue", "Overdue"), ("planned", "Planned"), ("done", "Done")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DriftReview]) -> QuerySet[DriftReview]:
        """Those reviews."""
        waiting = still_to_do(queryset)
        now = timezone.now()
        chosen = {
            "overdue": waiting.filter(due_at__lte=now),
            "planned": waiting.filter(due_at__gt=now),
            "done": queryset.filter(reviewed_at__isnull=False),
        }
        return chosen.get(str(self.value()), queryset)


@admin.register(DriftReview)
class DriftReviewAdmin(GovernedAdmin):
    """Reviews after a launch."""

    heading = "Drift reviews"
    lead = (
        "After a launch somebody looks at how the release drifts, on days that are known beforehand. A day "
        "that passed without a review is a gap."
    )
    list_display = (
        "release_column",
        "number_column",
        "state_column",
        "due_column",
        "reviewed_column",
        "conclusion_column",
    )
    list_filter = ("release__system", Standing)
    search_fields = ("release__name", "reviewed_by_username")
    list_display_links = ("release_column",)
    acts = (("<uuid:pk>/conclude/", ConcludeReview, "conclude"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DriftReview]:
        """Reviews with their release."""
        return self.visible(listed_reviews(), request)

    def detail_context(self, request: HttpRequest, obj: DriftReview) -> dict[str, Any]:
        """What moved, and what was made of it."""
        now = timezone.now()
        figures = _figures(obj, now)
        look = standing(obj, now)
        return {
            "title": f"Drift review {obj.number}",
            "headline": headline(obj, figures, now),
            "support": obj.conclusion or _support(obj, figures, now),
            "look": look[0],
            "chips": [look],
            "lists": tables_of(figures) if figures else [],
            "facts": _facts(obj, figures),
            "events": events_of_streams([obj.stream()]),
            "offers": self._offers(request, obj, now),
        }

    def _offers(self, request: HttpRequest, obj: DriftReview, now: datetime) -> list[Offer]:
        url = reverse("admin:drift_report", args=[obj.release_id])
        report = Offer("Open the report", url, "summarize", is_dialog=False)
        if obj.reviewed_at is not None or standing(obj, now)[1] == "No longer due":
            return [report]
        why = lock_reason(actor_from(request), Permission.REVIEW_DRIFT, obj) or _not_yet(obj, now)
        look = "" if why else "cs-pri"
        return [report, Offer("Conclude", self.url("conclude", obj.pk), "rate_review", look, why)]

    @column("Release", "release__name")
    def release_column(self, obj: DriftReview) -> str:
        return named(obj)

    @column("Review", "number")
    def number_column(self, obj: DriftReview) -> int:
        return obj.number

    @column("State")
    def state_column(self, obj: DriftReview) -> str:
        return standing(obj, timezone.now())[1]

    @column("Due", "due_at")
    def due_column(self, obj: DriftReview) -> str:
        return f"{obj.due_at:%-d %b %Y}"

    @column("Reviewed", "reviewed_at")
    def reviewed_column(self, obj: DriftReview) -> str:
        if obj.reviewed_at is None:
            return "–"
        return f"{obj.reviewed_at:%-d %b %Y} by {obj.reviewed_by_username}"

    @column("Conclusion")
    def conclusion_column(self, obj: DriftReview) -> str:
        return Truncator(obj.conclusion).chars(120) or "–"


def _figures(obj: DriftReview, now: datetime) -> dict[str, Any] | None:
    """Those that were kept; of one that is due, those of now."""
    if obj.figures is not None:
        kept: dict[str, Any] = obj.figures
        return kept
    if now < obj.due_at - EARLY or not getattr(obj, "is_serving", True):
        return None
    return figures_of(obj, settled(now)).document


def _not_yet(obj: DriftReview, now: datetime) -> str:
    first = next_open(obj.revision_id)
    if first is not None and first.pk != obj.pk:
        return f"Review {first.number} comes first."
    return "" if obj.due_at - EARLY <= now else f"It can be concluded from {obj.due_at - EARLY:%-d %B} on."


def _support(obj: DriftReview, figures: dict[str, Any] | None, now: datetime) -> str:
    if figures is not None:
        return "That something moved does not say that it got worse. The figures are kept with what you say."
    if standing(obj, now)[1] == "Planned":
        return f"Its figures are shown from {obj.due_at - EARLY:%-d %B %Y} on."
    return ""


def _facts(obj: DriftReview, figures: dict[str, Any] | None) -> list[tuple[str, Any]]:
    url = f"{admin_url(Release, 'change', obj.release_id)}?revision={obj.revision.number}"
    facts: list[tuple[str, Any]] = [
        ("Release", link(url, named(obj))),
        ("Launched", said(obj.launched_at)),
        ("Due", said(obj.due_at)),
    ]
    if figures is not None:
        facts.append(("Period", f"{_day(figures['since'])} to {_day(figures['until'])}"))
    if obj.reviewed_at is not None:
        facts.append(("Reviewed", f"{said(obj.reviewed_at)} by {obj.reviewed_by_username}"))
        facts.append(("Figures", obj.figures_digest))
    return facts


def _day(text: str) -> str:
    return said(datetime.fromisoformat(text))
