"""What the pages share: how one is drawn inside the admin, and how objects are found within the reach."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from governance.access.models import Proposal
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from releases.bundles.models import Revision
from releases.bundles.queries import revisions_with_content

Crumb = tuple[str, str]


def draw(
    request: HttpRequest, template: str, context: dict[str, Any], *, title: str, crumbs: list[Crumb]
) -> HttpResponse:
    """A page inside the admin."""
    request.current_app = admin.site.name
    whole = {**admin.site.each_context(request), **context, "title": title, "crumbs": crumbs}
    return TemplateResponse(request, template, whole)


def visible_revision(request: HttpRequest, pk: UUID) -> Revision:
    """The revision with its content.

    Raises:
        Http404: there is none, or none that the person may see.
    """
    rows = revisions_with_content(visible_to(Revision.objects.all(), actor_from(request)))
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def proposal_about(revision: Revision, key: UUID, verb: str) -> Proposal:
    """What one person proposed by the verb for this revision; 404 if it is about another."""
    found = Proposal.objects.filter(pk=key, verb=verb, arguments__revision=str(revision.pk)).first()
    if found is None:
        raise Http404
    return found
