"""Pages of the demo's mailbox. Outside demo mode there are none: an installation's mail is nobody else's."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from csp.decorators import csp
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from governance.notifications import mailbox

View = Callable[..., HttpResponse]
# A mail's styles stand in its tags, as mail programs need them; so its frame alone allows that, and nothing
# else: no script, no form, no other host.
MAIL_POLICY = {
    "default-src": ["'none'"],
    "img-src": ["'self'"],
    "style-src": ["'unsafe-inline'"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-top-navigation-by-user-activation"],
}


def _demo_only(view: View) -> View:
    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    return require_safe(never_cache(shown))


@_demo_only
def mail_list(request: HttpRequest) -> HttpResponse:
    """The newest mails, newest first; ``?to=`` keeps those of one recipient."""
    to = request.GET.get("to", "").strip()[:200]
    found = mailbox.mails(to)
    people = sorted({mail.to for mail in (mailbox.mails() if to else found)})
    return render(request, "notifications/mailbox.html", {"mails": found, "to": to, "people": people})


@_demo_only
def mail_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One mail: how it looks, its text, its headers."""
    return render(request, "notifications/mailbox_mail.html", {"mail": _mail(pk)})


@_demo_only
def mail_html(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The HTML part alone, for the frame of its page."""
    return HttpResponse(_mail(pk).html(reverse("mailbox-picture", args=[pk])))


@_demo_only
def mail_picture(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The picture of a mail."""
    png = _mail(pk).picture()
    if png is None:
        raise Http404
    return HttpResponse(png, content_type="image/png")


def _mail(pk: UUID) -> mailbox.Mail:
    found = mailbox.mail(pk)
    if found is None:
        raise Http404
    return found


urlpatterns = [
    path("", mail_list, name="mailbox"),
    path("<uuid:pk>/", mail_page, name="mailbox-mail"),
    path("<uuid:pk>/html/", csp(MAIL_POLICY)(mail_html), name="mailbox-html"),
    path("<uuid:pk>/picture/", mail_picture, name="mailbox-picture"),
]
