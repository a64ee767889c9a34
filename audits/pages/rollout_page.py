"""The page of one rollout: what is the matter, who gets what, how its triggers stand, what it waits for, and
the way back. Most of it is a fragment that the page asks for again while the rollout is open."""

import hashlib
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import mark_safe

from audits.pages.frame import draw
from audits.pages.rollout_back import way_back
from audits.pages.rollout_checks import checks_of, waiting_sentence
from audits.pages.rollout_facts import RolloutFacts, rollout_facts, visible_rollout
from audits.pages.rollout_history import entries_of, rail_of, told
from audits.pages.rollout_offers import rollout_offers
from audits.pages.rollout_standing import rollout_standing, since
from audits.pages.shares import shares_of
from audits.pages.trigger_cards import cards_of
from audits.pages.trigger_drawing import Sides
from audits.pages.trigger_facts import Watch, watch_of
from audits.pages.trigger_stands import When, asking_of
from governance.access.admin_base import admin_url
from governance.access.requests import actor_from
from releases.approvals.grounds import gate_in_words
from releases.bundles.models import Release
from releases.rollouts.models import Deployment, Landing
from releases.rollouts.readings import Reading, last_reading

SHOWN_EVENTS = 8
"""Entries of the history that are shown at once; the others are one click away."""

ASKED_EVERY = 5
"""Seconds after which an open page asks whether something has changed."""


def rollout(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page."""
    facts = rollout_facts(visible_rollout(request, pk))
    row = facts.deployment
    context = {**_shown(request, facts), "release_url": release_url(row), "rollout": row}
    title = f"Rollout of {row.release} on {row.channel.name}"
    return draw(request, "countersign/rollout.html", context, title=title, crumbs=crumbs_of(row))


def rollout_now(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What of the page changes: nothing (204) while it reads as the asker has it, by its digest ``seen``."""
    shown = _shown(request, rollout_facts(visible_rollout(request, pk)))
    if request.GET.get("seen") == shown["seen"]:
        return HttpResponse(status=204)
    return HttpResponse(render_to_string("countersign/rollout_now.html", {**shown, "is_fragment": True}))


def crumbs_of(row: Deployment) -> list[tuple[str, str]]:
    """From the list to the rollout."""
    return [
        ("Rollouts", admin_url(Deployment, "changelist")),
        (f"{row.release.name} on {row.channel.name}", ""),
    ]


def release_url(row: Deployment) -> str:
    """The release's page at the rollout's revision."""
    return f"{admin_url(Release, 'change', row.release_id)}?revision={row.revision.number}"


def sides_of(facts: RolloutFacts) -> Sides:
    """What the candidate and what answers beside it are called."""
    assignment = facts.assignment
    beside = (assignment.control or assignment.stable) if assignment else None
    if beside is None and facts.rollback is not None:
        beside = facts.rollback.target
    if beside is None or beside.pk == facts.deployment.revision_id:
        return Sides(facts.name, "control")
    return Sides(facts.name, beside.release.name)


def moment_of(facts: RolloutFacts, watch: Watch) -> When:
    """When the page is, and whether the triggers are still evaluated."""
    return When(facts.now, watch.since, facts.is_open)


def _shown(request: HttpRequest, facts: RolloutFacts) -> dict[str, Any]:
    """The two parts that change, drawn, with their digest and the address to ask at."""
    context = _context(request, facts)
    body = render_to_string("countersign/rollout_body.html", context, request)
    bar = render_to_string("countersign/rollout_bar.html", context, request)
    return {
        "body": mark_safe(body),  # noqa: S308  # drawn by templates, which escape
        "bar": mark_safe(bar),  # noqa: S308
        "seen": hashlib.sha256((body + bar).encode()).hexdigest(),
        "now_url": reverse("admin:rollout_now", args=[facts.deployment.pk]) if _goes_on(facts) else "",
        "asked_every": ASKED_EVERY,
        "stops": context["stops"],
    }


def _goes_on(facts: RolloutFacts) -> bool:
    """Whether anything of it may still change: it is open, or its rollback is waited for."""
    waited = facts.rollback is not None and facts.rollback.landing in {Landing.PENDING, Landing.ESCALATED}
    return facts.is_open or waited


def _people(reading: Reading | None) -> dict[str, Any]:
    """How many people each arm saw, as the last look counted them."""
    found = reading.check("traffic") if reading else ()
    return found[0].numbers if found else {}


def _context(request: HttpRequest, facts: RolloutFacts) -> dict[str, Any]:
    row, actor = facts.deployment, actor_from(request)
    watch = watch_of(facts)
    sides, events = sides_of(facts), told(entries_of(row, [found.pk for _, found in watch.rows]))
    reading = last_reading(row) if facts.is_on_its_way else None
    return {
        "rollout": row,
        "release": row.release,
        "release_url": release_url(row),
        "review_url": reverse("admin:review", args=[row.revision_id]),
        "facts": facts,
        "standing": rollout_standing(facts, asking_of(watch, facts.now)),
        "since": since(facts),
        "shares": shares_of(facts.assignment) if facts.assignment else None,
        "stops": rail_of(facts),
        "watch": watch,
        "sides": sides,
        "cards": cards_of(watch, moment_of(facts, watch), sides),
        "checks": checks_of(facts) if facts.is_on_its_way else [],
        "waits": waiting_sentence(facts) if facts.is_on_its_way else "",
        "looked_at": reading.read_at.replace(second=0, microsecond=0) if reading else None,
        "people": _people(reading),
        "back": way_back(actor, facts),
        "events": events[:SHOWN_EVENTS],
        "older": events[SHOWN_EVENTS:],
        "offers": rollout_offers(actor, facts),
        "gate": gate_in_words(row.approval.request, facts.now) if row.approval else "",
    }
