"""The list of dossiers; each leads to its page."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from audits.dossiers.models import Dossier, DossierStatus
from audits.dossiers.queries import dossiers_visible_to
from audits.pages.dossier_acts import RequestForPeriod
from audits.pages.dossier_page import LOOKS, dossier_context
from audits.templatetags.countersign import grouped, st, when
from governance.access.admin_base import GovernedAdmin, Offer, column
from governance.access.queries import has_permission
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION


@admin.register(Dossier)
class DossierAdmin(GovernedAdmin):
    """Dossiers."""

    detail_template = "countersign/dossier.html"
    lead = (
        "What was handed out to be checked without this installation. Ask for one on a release's page, "
        "beside a decision's trace, or here of a period if you audit the whole installation."
    )
    list_display = (
        "about_column",
        "status_column",
        "entries_column",
        "asked_column",
        "asker_column",
    )
    list_display_links = ("about_column",)
    list_filter = ("kind", "system", "status")
    search_fields = ("subject__title", "requested_by_username")
    acts = (("period/", RequestForPeriod, "period"),)

    def visible(self, queryset: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """Those of the systems that the person audits, and the person's own."""
        return queryset.filter(pk__in=dossiers_visible_to(actor_from(request)).order_by().values("pk"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dossier]:
        """With what the rows and the page say."""
        return super().get_queryset(request).select_related("system", "release", "previous")

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """A period, for auditors of the whole installation."""
        if has_permission(actor_from(request), Permission.REQUEST_DOSSIER, INSTALLATION):
            yield Offer("Request a period", self.url("period"), "date_range", "cs-pri")

    def detail_context(self, request: HttpRequest, obj: Dossier) -> dict[str, Any]:
        """The dossier's page."""
        return dossier_context(obj)

    @column("About", "subject__title")
    def about_column(self, obj: Dossier) -> str:
        return f"{obj.title[0].upper()}{obj.title[1:]}"

    @column("State", "status")
    def status_column(self, obj: Dossier) -> str:
        status = DossierStatus(obj.status)
        look, icon = LOOKS[status]
        return st(look, str(status.label), icon)

    @column("Entries", "entries_count")
    def entries_column(self, obj: Dossier) -> str:
        return grouped(obj.entries_count) if obj.entries_count else "–"

    @column("Asked for", "requested_at")
    def asked_column(self, obj: Dossier) -> str:
        return when(obj.requested_at)

    @column("Asked by", "requested_by_username")
    def asker_column(self, obj: Dossier) -> str:
        return obj.requested_by_username
