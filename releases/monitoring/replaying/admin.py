"""The list of replays by window, and the decisions of a window that came out otherwise."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from governance.access.admin_base import GovernedAdmin, admin_url, column
from governance.access.admin_parts import Table, link
from releases.bundles.models import Release
from releases.monitoring.replaying.models import ReplayMismatch, ReplayWindow
from releases.monitoring.replaying.windows import ReplayTotals, listed_windows, recent_totals
from releases.monitoring.vocabulary.series import WINDOW

MOST_SHOWN = 100
RECENT = timedelta(days=7)


class CameOut(admin.SimpleListFilter):
    """Whether anything came out otherwise."""

    title = "what came out"
    parameter_name = "came_out"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two ways."""
        return [("otherwise", "Something came out otherwise"), ("same", "Everything came out the same")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ReplayWindow]) -> QuerySet[ReplayWindow]:
        """Those windows."""
        if self.value() == "otherwise":
            return queryset.filter(mismatched__gt=0)
        return queryset.filter(mismatched=0) if self.value() == "same" else queryset


@admin.register(ReplayWindow)
class ReplayWindowAdmin(GovernedAdmin):
    """Replays."""

    heading = "Replays"
    lead = (
        "A sample of all decisions is recomputed from its scores and the threshold policy of its stamp: what "
        "comes out otherwise was not decided by what was approved."
    )
    list_display = (
        "window_column",
        "channel_column",
        "release_column",
        "replayed_column",
        "otherwise_column",
        "left_column",
    )
    list_filter = ("channel__system", "channel", CameOut)
    search_fields = ("revision__release__name",)
    list_display_links = ("window_column",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReplayWindow]:
        """Windows with channel and release."""
        return self.visible(listed_windows(), request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list, with what the last days came to above it."""
        found = recent_totals(self.get_queryset(request), timezone.now() - RECENT)
        lead = f"{_recently(found)} {self.lead}"
        return super().changelist_view(request, {"lead": lead, **(extra_context or {})})

    def detail_context(self, request: HttpRequest, obj: ReplayWindow) -> dict[str, Any]:
        """What came out of this window."""
        bad, replayed = obj.mismatched, obj.sampled - obj.not_replayable
        headline = (
            f"{bad} of {replayed} replayed decisions came out otherwise. Open one to see what differs."
            if bad
            else f"All of {replayed} replayed decisions came out the same."
        )
        if not replayed:
            headline = f"None of {obj.sampled} sampled decisions can be replayed."
        look = ("fail", "Came out otherwise", "dangerous") if bad else ("pass", "The same", "check_circle")
        if not replayed:
            look = ("inc", "Not replayable", "contrast")
        return {
            "title": f"Replays from {obj.starts_at:%-d %b %Y, %H:%M} UTC",
            "headline": headline,
            "support": obj.problem and f"One that was left out {obj.problem}",
            "look": look[0],
            "chips": [look],
            "lists": [_mismatches(obj)] if bad else [],
            "facts": [
                ("Channel", f"{obj.channel.name} of {obj.channel.system}"),
                ("Release", _release(obj)),
                ("From", f"{obj.starts_at:%-d %b %Y, %H:%M} UTC"),
                ("Until", f"{obj.starts_at + WINDOW:%-d %b %Y, %H:%M} UTC"),
                ("Sampled", obj.sampled),
                ("Otherwise", obj.mismatched),
                ("Not replayable", obj.not_replayable),
            ],
        }

    @column("Window", "starts_at")
    def window_column(self, obj: ReplayWindow) -> str:
        return f"{obj.starts_at:%-d %b %Y, %H:%M} UTC"

    @column("Channel", "channel__name")
    def channel_column(self, obj: ReplayWindow) -> str:
        return f"{obj.channel.system.slug}: {obj.channel.name}"

    @column("Release")
    def release_column(self, obj: ReplayWindow) -> str:
        return _named(obj)

    @column("Replayed")
    def replayed_column(self, obj: ReplayWindow) -> int:
        return obj.sampled - obj.not_replayable

    @column("Otherwise", "mismatched")
    def otherwise_column(self, obj: ReplayWindow) -> int:
        return obj.mismatched

    @column("Not replayable", "not_replayable")
    def left_column(self, obj: ReplayWindow) -> int:
        return obj.not_replayable


def _recently(found: ReplayTotals) -> str:
    days = f"In the last {RECENT.days} days"
    if not found.replayed:
        return f"{days} no decision was recomputed."
    if found.mismatched:
        return f"{days} {found.mismatched} of {found.replayed} decisions came out otherwise."
    return f"{days} {found.replayed} decisions were recomputed, and all came out the same."


def _named(obj: ReplayWindow) -> str:
    if obj.revision is None:
        return "unknown stamp"
    return f"{obj.revision.release.name} revision {obj.revision.number}"


def _release(obj: ReplayWindow) -> Any:
    if obj.revision is None:
        return "a stamp that is nobody's"
    url = f"{admin_url(Release, 'change', obj.revision.release_id)}?revision={obj.revision.number}"
    return link(url, _named(obj))


def _mismatches(obj: ReplayWindow) -> Table:
    rows = ReplayMismatch.objects.filter(
        channel=obj.channel_id,
        revision=obj.revision_id,
        at__gte=obj.starts_at,
        at__lt=obj.starts_at + WINDOW,
    ).order_by("at", "id")[:MOST_SHOWN]
    trace = reverse("admin:decision_search")
    cells = [(link(f"{trace}?id={one.id}", one.id), one.difference) for one in rows]
    note = f"the first {MOST_SHOWN}" if obj.mismatched > MOST_SHOWN else ""
    return Table("Came out otherwise", ("Decision", "What differs"), cells, note=note)
