"""The front page: what waits for the person first, then what is live, what happened, what runs."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audits.pages.desk import (
    Task,
    first_steps,
    own_releases,
    policies_to_lock,
    proposals_to_confirm,
    ready_to_start,
)
from audits.pages.inbox import Waiting, waiting_for
from audits.pages.live import cells_of, matrix_of
from audits.pages.plots import share_done
from audits.pages.recent import recent_events
from governance.access.admin_base import admin_url
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.registry.models import Channel
from releases.bundles.models import Release
from releases.gates.models import EvaluationStatus, GateEvaluation

NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What waits for the signed-in person."""
    actor = actor_from(request)
    votes = waiting_for(actor)
    confirm, ready = proposals_to_confirm(actor), ready_to_start(actor)
    own, policies = own_releases(actor), policies_to_lock(actor)
    cells = cells_of(actor, visible_to(Channel.objects.all(), actor))
    return {
        **context,
        "title": "Inbox",
        "crumbs": [("Inbox", "")],
        "headline": headline(votes, [*ready, *confirm, *policies], own),
        "votes": votes,
        "votes_limit": _common_limit(votes),
        "tasks": [*ready, *confirm, *policies],
        "own": own,
        "steps": first_steps(actor),
        "matrix": matrix_of(cells),
        "events": recent_events(actor),
        "running": running_evaluations(actor),
        "running_url": reverse("admin:running"),
    }


def headline(votes: list[Waiting], tasks: list[Task], own: list[Task]) -> str:
    """The sentence of the page: how much waits, and how urgent it is."""
    if votes:
        overdue = sum(row.deadline.look == "overdue" for row in votes)
        soon = sum(row.deadline.look == "held" for row in votes)
        parts = [f"{_number(overdue).lower()} overdue"] if overdue else []
        parts += [f"{_number(soon).lower()} within a day"] if soon else []
        due = f": {' and '.join(parts)}" if parts else ""
        count = len(votes)
        return f"{_number(count)} decision{'s wait' if count > 1 else ' waits'} for you{due}."
    if tasks:
        count = len(tasks)
        return f"{_number(count)} thing{'s wait' if count > 1 else ' waits'} for you."
    if own:
        count = len(own)
        return f"{_number(count)} of your releases need{'' if count > 1 else 's'} a next step."
    return "Nothing waits for you."


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _common_limit(votes: list[Waiting]) -> str:
    """The limit, if all pictures share it; it then stands in the head of the column."""
    limits = {row.picture.limit for row in votes if row.picture}
    return limits.pop() if len(limits) == 1 else ""


def running_evaluations(actor: Actor) -> list[dict[str, Any]]:
    """Evaluations that run now, with their progress."""
    rows = visible_to(GateEvaluation.objects.filter(status=EvaluationStatus.REQUESTED), actor)
    shown = rows.select_related("release", "progress").defer("inputs", "result").order_by("requested_at")
    return [
        {
            "row": row,
            "url": admin_url(Release, "change", row.release_id),
            "progress": getattr(row, "progress", None),
            "percent": _percent(row),
        }
        for row in shown
    ]


def _percent(row: GateEvaluation) -> int:
    progress = getattr(row, "progress", None)
    return share_done(progress.done, progress.total) if progress else 0


def running(request: HttpRequest) -> HttpResponse:
    """The running evaluations alone, asked for every three seconds while there are any."""
    context = {"running": running_evaluations(actor_from(request)), "running_url": reverse("admin:running")}
    return TemplateResponse(request, "countersign/running.html", context)
