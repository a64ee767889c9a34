"""The page of one rollout: where it is, who gets what, what it waits for, and the way back."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from audits.pages.frame import draw
from audits.pages.rollout_checks import checks_of, waiting_sentence
from audits.pages.rollout_facts import RolloutFacts, rollout_facts, visible_rollout
from audits.pages.rollout_history import entries_of, rail_of, told
from audits.pages.rollout_offers import rollout_offers
from audits.pages.rollout_standing import rollout_standing, since
from audits.pages.shares import shares_of
from governance.access.admin_base import admin_url
from governance.access.requests import actor_from
from releases.approvals.grounds import gate_in_words
from releases.bundles.models import Release
from releases.rollouts.models import Deployment


def rollout(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page."""
    row = visible_rollout(request, pk)
    facts = rollout_facts(row)
    entries = entries_of(row)
    stands = rollout_standing(facts)
    context: dict[str, Any] = {
        "rollout": row,
        "release": row.release,
        "release_url": f"{admin_url(Release, 'change', row.release_id)}?revision={row.revision.number}",
        "review_url": reverse("admin:review", args=[row.revision_id]),
        "facts": facts,
        "standing": stands,
        "since": since(facts),
        "shares": shares_of(facts.assignment) if facts.assignment else None,
        "stops": rail_of(facts),
        "checks": checks_of(facts) if facts.is_on_its_way else [],
        "waits": waiting_sentence(facts) if facts.is_on_its_way else "",
        "back": _back_rows(facts) if facts.is_open else [],
        "events": told(entries),
        "offers": rollout_offers(actor_from(request), facts),
        "gate": gate_in_words(row.approval.request, facts.now) if row.approval else "",
    }
    crumbs = [
        ("Rollouts", admin_url(Deployment, "changelist")),
        (f"{row.release.name} on {row.channel.name}", ""),
    ]
    title = f"Rollout of {row.release} on {row.channel.name}"
    return draw(request, "countersign/rollout.html", context, title=title, crumbs=crumbs)


def _back_rows(facts: RolloutFacts) -> list[tuple[str, str]]:
    """If it is rolled back: where it lands, who owns it, what is afterwards."""
    row, plan = facts.deployment, facts.deployment.revision.rollback_plan
    lands = "Nothing: nothing served the channel before."
    if facts.target:
        release = facts.target.deployment.revision.release.name
        verb = "stays live" if facts.is_on_its_way else "goes live again"
        lands = " ".join([f"{release}, which {verb} on {facts.channel}.", *facts.target.warnings])
    return [
        ("Lands on", lands),
        ("Takes effect", "At once; no gate and no second person."),
        ("Owner", str(plan.get("owner", "")) or "nobody"),
        (
            "Afterwards",
            f"{row.release.name} stays off {facts.channel} until a new approval. Other channels keep it.",
        ),
        ("Steps", str(plan.get("steps", "")) or "none written down"),
    ]
