"""The front page: what waits for the person first, then what is live, the gaps, what happened, what runs."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audits.pages.desk_aftercare import aftercare_sections
from audits.pages.desk_people import people_sections
from audits.pages.desk_releases import release_sections
from audits.pages.desk_rollouts import rollout_sections
from audits.pages.drafting import drafting_systems
from audits.pages.first_steps import first_steps, next_of
from audits.pages.gap_page import gap_rows
from audits.pages.inbox import Waiting, waiting_for
from audits.pages.ledger_state import auditors_view
from audits.pages.live import cells_of, matrix_of
from audits.pages.plots import share_done
from audits.pages.reader import holds, what_comes_next
from audits.pages.recent import recent_events
from audits.pages.standing import number
from audits.pages.tasks import Section
from audits.templatetags.reader import roles_held
from governance.access.admin_base import admin_url
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.access.roles import Role
from governance.actors import Actor
from governance.registry.models import Channel
from releases.approvals.models import Approval
from releases.bundles.models import Release
from releases.gates.models import EvaluationStatus, GateEvaluation

LATEST = 5


ORDER = (
    "held",
    "votes",
    "stages",
    "changes",
    "ready",
    "aftercare",
    "not_passed",
    "start",
    "confirm",
    "own",
    "policies",
    "people",
    "running",
)
"""The sections in the order of danger; a person of several roles meets the union of theirs so."""

BEFORE_THE_WAY = tuple(key for key in ORDER if key not in {"people", "policies", "running"})
"""What is more pressing than the next step on the way to a first release."""


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What waits for the signed-in person."""
    actor = actor_from(request)
    held = roles_held(actor.id)
    votes = waiting_for(actor)
    sections = {
        **rollout_sections(actor),
        **aftercare_sections(actor),
        **release_sections(actor),
        **people_sections(actor),
    }
    steps = first_steps(actor) if held else []
    step = next_of(steps)
    led = f"Next: {step.sentence[0].lower()}{step.sentence[1:]}" if step else ""
    said = headline(votes, sections, BEFORE_THE_WAY) or led or headline(votes, sections)
    cells = cells_of(actor, visible_to(Channel.objects.all(), actor))
    return {
        **context,
        "title": "Inbox",
        "crumbs": [("Inbox", "")],
        "headline": said or "Nothing waits for you.",
        "support": "" if said else what_comes_next(held),
        "blocks": _blocks(votes, sections),
        "votes": votes,
        "votes_limit": _common_limit(votes),
        "steps": steps,
        "next_step": step,
        "matrix": matrix_of(cells),
        "events": recent_events(actor),
        "running": running_evaluations(actor),
        "running_url": reverse("admin:running"),
        "gaps": gap_rows(request),
        "approvals": latest_approvals(actor) if holds(held, Role.AUDITOR) else [],
        "holds_a_role": bool(held),
        "is_auditor": holds(held, Role.AUDITOR),
        "ledger": auditors_view(actor) if holds(held, Role.AUDITOR) else None,
        "drafts": drafting_systems(actor).exists() and any(cell.assignment for cell in cells),
    }


def _blocks(votes: list[Waiting], sections: dict[str, Section]) -> list[dict[str, Any]]:
    """What is shown, in order: the votes among the sections that hold something."""
    shown: list[dict[str, Any]] = []
    for key in ORDER:
        if key == "votes" and votes:
            shown.append({"votes": votes})
        elif key != "votes" and sections[key].tasks:
            shown.append({"section": sections[key]})
    return shown


def headline(votes: list[Waiting], sections: dict[str, Section], among: Sequence[str] = ORDER) -> str:
    """The sentence of the page: the most dangerous thing first, then how much else waits; '' for nothing."""
    counts = {key: len(votes) if key == "votes" else sections[key].count for key in ORDER}
    first = next((key for key in among if counts[key]), None)
    if first is None:
        return ""
    others = sum(counts.values()) - counts[first]
    count = counts[first]
    if first == "votes":
        said = _votes_said(votes)
    else:
        one, many = sections[first].says
        spelt = number(count) if many.startswith("{}") else number(count).lower()
        said = one if count == 1 else many.format(spelt)
    if not others:
        return said
    return f"{said} {number(others)} other thing{'s wait' if others > 1 else ' waits'} too."


def _votes_said(votes: list[Waiting]) -> str:
    overdue = sum(row.deadline.look == "overdue" for row in votes)
    soon = sum(row.deadline.look == "held" for row in votes)
    parts = [f"{number(overdue).lower()} overdue"] if overdue else []
    parts += [f"{number(soon).lower()} within a day"] if soon else []
    due = f": {' and '.join(parts)}" if parts else ""
    count = len(votes)
    return f"{number(count)} decision{'s wait' if count > 1 else ' waits'} for you{due}."


def latest_approvals(actor: Actor) -> list[Approval]:
    """The newest approvals within the reach, for those who look whether people approved what is live."""
    rows = visible_to(Approval.objects.all(), actor).select_related(
        "release__system", "revision", "last_voter"
    )
    return list(rows.order_by("-approved_at")[:LATEST])


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
