"""The admin site: persons sign in; what they see is decided by their grants."""

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, reverse
from django.utils.module_loading import import_string
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from governance.access.models import Account

MOST_PER_LIST = 5
LONGEST_SEARCH = 100


class CountersignSite(UnfoldAdminSite):
    """Unfold's site, open to active persons, with the pages that combine slices."""

    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request may see the admin at all; each page asks the grants again."""
        return isinstance(request.user, Account) and request.user.is_active and request.user.is_staff

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Unfold's context with the product's mark."""
        mark = {"rel": "icon", "href": static("countersign/mark.svg"), "type": "image/svg+xml"}
        return {**super().each_context(request), "site_favicons": [mark]}

    def extra_urls(self) -> list[URLPattern | URLResolver]:
        """Pages of higher apps, named in the settings so that this app need not import them."""
        patterns: list[URLPattern | URLResolver] = []
        for name in settings.ADMIN_PAGES:
            patterns += import_string(name)(self)
        return patterns

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The act that changes the password through its verb; Django's own form would go past the ledger."""
        return HttpResponseRedirect(reverse("admin:governance_account_password", args=[request.user.pk]))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Objects within the person's reach by what their lists search; without a cache, so without Redis."""
        term = request.GET.get("s", "").strip()[:LONGEST_SEARCH]
        if not term or not term.isprintable():
            return HttpResponse()
        found = [result for screen in self._registry.values() for result in _results(screen, request, term)]
        pages = Paginator(found, max(len(found), 1))
        context = {"page_obj": pages, "results": pages.page(1), "page_counter": 0, "execution_time": 0}
        return TemplateResponse(
            request, "unfold/helpers/search_results.html", context, headers={"HX-Trigger": "search"}
        )


def _results(screen: Any, request: HttpRequest, term: str) -> list[SearchResult]:
    if not screen.get_search_fields(request):
        return []
    rows, _ = screen.get_search_results(request, screen.get_queryset(request), term)
    address = f"admin:{screen.opts.app_label}_{screen.opts.model_name}_change"
    return [
        SearchResult(
            title=str(row),
            description=str(screen.opts.verbose_name).capitalize(),
            link=reverse(address, args=[row.pk]),
            icon="arrow_forward",
        )
        for row in rows[:MOST_PER_LIST]
    ]
