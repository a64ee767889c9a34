"""Decision search: paste the id of a decision, see where it comes from."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from audits.pages.frame import draw
from audits.pages.shares import shares_of
from audits.pages.trace_words import OUTCOMES, story
from audits.trace.queries import trace_decision
from governance.access.admin_base import admin_url
from governance.access.queries import has_permission, visible_to
from governance.access.requests import actor_from
from governance.access.roles import Permission
from releases.monitoring.decisions.models import Decision
from releases.monitoring.incidents.models import Incident
from releases.monitoring.replaying.queries import traced_decisions

RECENT = 10
TITLE = "Decision search"


def decision_search(request: HttpRequest) -> HttpResponse:
    """The trace of the decision ``?id=``; without one the newest decisions to choose from."""
    asked = request.GET.get("id", "").strip()
    rows = visible_to(traced_decisions(), actor_from(request))
    key = _identifier(asked)
    found = rows.filter(id=key).first() if key else None
    if found is None:
        context: dict[str, Any] = {
            "asked": asked[:100],
            "wrong": _wrong(asked, key),
            "recent": _recent(request),
        }
        return draw(request, "countersign/trace_search.html", context, title=TITLE, crumbs=[(TITLE, "")])
    trace = trace_decision(found)
    shown: dict[str, Any] = {
        "asked": str(found.id),
        "trace": trace,
        "story": story(trace),
        "report_url": _report_url(request, found),
        "shares": shares_of(trace.placed.assignment) if trace.placed and trace.placed.has_arms else None,
    }
    crumbs = [(TITLE, reverse("admin:decision_search")), ("Trace", "")]
    return draw(request, "countersign/trace.html", shown, title="Trace of a decision", crumbs=crumbs)


def _report_url(request: HttpRequest, decision: Decision) -> str:
    """Where an incident of this decision is reported, for those who handle them there."""
    if not has_permission(actor_from(request), Permission.HANDLE_INCIDENT, decision.channel):
        return ""
    return f"{admin_url(Incident, 'report')}?decision={decision.pk}&channel={decision.channel_id}"


def _identifier(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) in {32, 36} else None
    except ValueError:
        return None


def _wrong(asked: str, key: UUID | None) -> str:
    """Why nothing was found, and what to do."""
    if not asked:
        return ""
    if key is None:
        return (
            "This is no id of a decision: ids are UUIDs of 32 hexadecimal digits, with hyphens as "
            "01a206f8-6810-7ac5-9784-03298b86e979. Copy it from the decision service's record."
        )
    return (
        "No decision with this id was reported on a channel that you see. Ask the owner of the decision "
        "service whether it was sent, or an administrator for a role on its channel."
    )


def _recent(request: HttpRequest) -> list[dict[str, Any]]:
    rows = Decision.objects.select_related("channel__system", "revision__release")
    newest = visible_to(rows, actor_from(request)).order_by("-at", "-id")[:RECENT]
    return [{"decision": one, "outcome": OUTCOMES[one.outcome]} for one in newest]
