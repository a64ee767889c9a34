"""The admin's page of one's own notifications: what one was told, and what one wants to be told."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from governance.access.models import Account
from governance.access.requests import actor_from
from governance.notifications.channels import CHANNELS
from governance.notifications.models import DeliveryState, Notification
from governance.notifications.queries import Choice, choices_of, own_notifications
from governance.notifications.rendering import subject_of, text_of
from governance.notifications.services import choose, mark_all_read, mark_read

ON_A_PAGE = 25


def pages(site: AdminSite) -> list[URLPattern]:
    """The page and its three acts, for signed-in persons."""

    def page(route: str, view: Any, name: str) -> URLPattern:
        found: URLPattern = path(route, site.admin_view(view), name=name)
        return found

    return [
        page("notifications/", require_safe(_Page(site)), "notifications"),
        page("notifications/read/", require_POST(read_all), "notifications_read"),
        page("notifications/<uuid:pk>/read/", require_POST(read_one), "notification_read"),
        page("notifications/preferences/", require_POST(preferences), "notification_preferences"),
    ]


class _Page:
    """The list and the preferences."""

    def __init__(self, site: AdminSite) -> None:
        self.site = site

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Newest first, 25 to a page."""
        account = _account(request)
        rows = own_notifications(actor_from(request))
        shown = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
        unread = rows.filter(read_at__isnull=True).count()
        request.current_app = self.site.name
        context = {
            **self.site.each_context(request),
            "title": "Notifications",
            "lead": _lead(unread),
            "unread": unread,
            "page": shown,
            "told": [_shown(row) for row in shown],
            "choices": _by_message(choices_of(account)),
            "channels": [channel.title for channel in CHANNELS],
            "address": account.email,
            "unavailable": [reason for channel in CHANNELS if (reason := channel.unavailable())],
        }
        return TemplateResponse(request, "notifications/page.html", context)


def read_all(request: HttpRequest) -> HttpResponse:
    """Everything so far is read."""
    _account(request)
    mark_all_read(own_notifications(actor_from(request)))
    return _back()


def read_one(request: HttpRequest, pk: Any) -> HttpResponse:
    """One is read."""
    found = own_notifications(actor_from(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    mark_read(found)
    return _back()


def preferences(request: HttpRequest) -> HttpResponse:
    """What is ticked is on, all else that can be switched is off."""
    account = _account(request)
    ticked = set(request.POST.getlist("on"))
    choices = [choice for choice in choices_of(account) if not choice.fixed]
    choose(account, [(one.message.event, one.channel, one.key in ticked) for one in choices])
    messages.success(request, "Your choice is kept. It also counts for mail that is still on its way.")
    return _back()


def _account(request: HttpRequest) -> Account:
    assert isinstance(request.user, Account)  # the site lets nobody else in
    return request.user


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:notifications"))


def _lead(unread: int) -> str:
    if not unread:
        return "You have read everything that you were told."
    return f"{unread} message{'' if unread == 1 else 's'} you have not read."


def _shown(row: Notification) -> dict[str, Any]:
    first, _, rest = text_of(row).partition("\n\n")
    return {"row": row, "subject": subject_of(row), "first": first, "rest": rest, "by_mail": _by_mail(row)}


def _by_mail(row: Notification) -> str:
    """How the message left, in words, where that needs saying."""
    said = {
        DeliveryState.WAITING: "mail is waiting",
        DeliveryState.FAILED: "mail could not be delivered",
        DeliveryState.SKIPPED: "no mail",
    }
    parts = []
    for delivery in row.deliveries.all():
        words = said.get(DeliveryState(delivery.state))
        if words is not None:
            parts.append(words + (f": {delivery.last_error}" if delivery.last_error else ""))
    return "; ".join(parts)


def _by_message(choices: list[Choice]) -> list[tuple[str, list[Choice]]]:
    """The choices of each message, those that can be switched first."""
    found: dict[str, list[Choice]] = {}
    for choice in sorted(choices, key=lambda one: one.fixed):
        found.setdefault(choice.message.title, []).append(choice)
    return list(found.items())
