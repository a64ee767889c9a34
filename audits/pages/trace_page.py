"""Decision search: paste the id of a decision, see where it comes from."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from audits.dossiers.services import may_request
from audits.dossiers.subjects import Subject
from audits.pages.frame import draw
from audits.pages.shares import shares_of
from audits.pages.trace_place import Place
from audits.pages.trace_words import OUTCOMES, story
from audits.trace.facts import Trace
from audits.trace.queries import reported_near, trace_decision, trace_moment
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
    """The trace of the decision ``?id=``, or of ``?channel=&at=&subject=``; without both the newest."""
    asked = request.GET.get("id", "").strip()
    place = Place.of(request)
    rows = visible_to(traced_decisions(), actor_from(request))
    key = _identifier(asked)
    found = rows.filter(id=key).first() if key else None
    if found is not None:
        return _shown(request, trace_decision(found), str(found.id), place)
    if not asked and place.is_whole and place.channel and place.moment:
        return _shown(request, trace_moment(place.channel, place.moment, place.subject), "", place)
    context: dict[str, Any] = {
        "asked": asked[:100],
        "wrong": _wrong(asked, key) or place.wrong,
        "recent": _recent(request),
        "place": place,
    }
    return draw(request, "countersign/trace_search.html", context, title=TITLE, crumbs=[(TITLE, "")])


def _shown(request: HttpRequest, trace: Trace, asked: str, place: Place) -> HttpResponse:
    context: dict[str, Any] = {
        "asked": asked,
        "place": place,
        "trace": trace,
        "story": story(trace),
        "near": [] if trace.decision else [_row(one) for one in reported_near(trace.moment)],
        "report_url": _report_url(request, trace.decision) if trace.decision else "",
        "dossier_url": _dossier_url(request, trace.decision) if trace.decision else "",
        "shares": shares_of(trace.placed.assignment) if trace.placed and trace.placed.has_arms else None,
    }
    crumbs = [(TITLE, reverse("admin:decision_search")), ("Trace", "")]
    return draw(request, "countersign/trace.html", context, title="Trace of a decision", crumbs=crumbs)


def _report_url(request: HttpRequest, decision: Decision) -> str:
    """Where an incident of this decision is reported, for those who handle them there."""
    if not has_permission(actor_from(request), Permission.HANDLE_INCIDENT, decision.channel):
        return ""
    return f"{admin_url(Incident, 'report')}?decision={decision.pk}&channel={decision.channel_id}"


def _dossier_url(request: HttpRequest, decision: Decision) -> str:
    """Where a dossier of this decision is asked for, for auditors."""
    if not may_request(actor_from(request), Subject(decision=decision)):
        return ""
    return reverse("admin:decision_dossier", args=[decision.pk])


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
    return [_row(one) for one in newest]


def _row(one: Decision) -> dict[str, Any]:
    return {"decision": one, "outcome": OUTCOMES[one.outcome]}
