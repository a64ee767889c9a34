"""The release page: where it stands, what comes next, and everything behind it."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from audits.pages.attestations import attestation_rows
from audits.pages.changes import comparisons, stack_rows
from audits.pages.comparing import compare_url
from audits.pages.findings import finding_of
from audits.pages.frame import visible_revision
from audits.pages.history import events_of
from audits.pages.plans import card_rows, plan_rows, stage_rows
from audits.pages.plots import share_done
from audits.pages.rail import steps_of
from audits.pages.release_facts import Known, known_of
from audits.pages.release_offers import offers_of
from audits.pages.seating import seating_of
from governance.access.models import Proposal
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.ledger.queries import entry_of
from releases.bundles.differences import difference_by_channel
from releases.bundles.histories import history_of
from releases.bundles.models import Release, Revision
from releases.bundles.queries import newest_revision
from releases.gates.models import GateEvaluation
from releases.rollouts.adoption import VERB as ADOPTION

LONGEST_HISTORY = 60


def revision_asked_for(request: HttpRequest, release: Release) -> Revision:
    """The revision that the address names by number, else the newest."""
    number = request.GET.get("revision", "")
    if number.isdecimal() and len(number) < 7:
        found = release.revisions.filter(number=int(number)).first()
        if found is not None:
            return found
    return newest_revision(release)


def release_context(request: HttpRequest, release: Release) -> dict[str, Any]:
    """All that the template shows."""
    actor = actor_from(request)
    revision = visible_revision(request, revision_asked_for(request, release).pk)
    known = known_of(actor, revision)
    entries = list(history_of(release)[:LONGEST_HISTORY])
    compared = comparisons(revision, difference_by_channel(revision).values())
    offers = offers_of(actor, known)
    return {
        "release": release,
        "revision": revision,
        "known": known,
        "standing": known.standing,
        "override": known.override,
        "steps": steps_of(known, entries),
        "voids": [row for row in known.revisions if row.pk != known.newest.pk],
        "frozen_entry": entry_of(release.stream(), "release.frozen") if revision.frozen_at else None,
        "comparisons": compared,
        "stack": stack_rows(revision, compared),
        "card": card_rows(revision),
        "plan": plan_rows(revision),
        "stages": stage_rows(revision),
        "evaluations": [_evaluation(known, row) for row in known.evaluations],
        "reviews": attestation_rows(actor, revision, known.evaluations),
        "compare_url": compare_url(known.evaluations),
        "seatings": [seating_of(actor, row) for row in known.requests],
        "events": events_of(entries),
        "offers": offers,
        "proposals": adoption_proposals(actor, revision),
        "review_url": reverse("admin:review", args=[revision.pk]),
        "running_url": reverse("admin:release_running", args=[revision.pk]),
    }


def _evaluation(known: Known, row: GateEvaluation) -> dict[str, Any]:
    past = [one for one in known.past if one.override.evaluation_id == row.pk]
    return {**progress_of(row), "finding": finding_of(known.revision.release.name, row), "past": past}


def adoption_proposals(actor: Actor, revision: Revision) -> list[dict[str, Any]]:
    """Open proposals to adopt the revision, with whether this person made them."""
    rows = Proposal.objects.filter(
        verb=ADOPTION,
        system=revision.release.system,
        confirmed_at__isnull=True,
        arguments__revision=str(revision.pk),
    ).order_by("-proposed_at")
    now = timezone.now()
    return [
        {"proposal": row, "is_own": row.proposed_by_id == actor.id} for row in rows if row.expires_at > now
    ]


def running(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress of a running evaluation, asked for every few seconds; reloads the page when it ended."""
    revision = visible_revision(request, pk)
    row = revision.evaluations.select_related("progress").order_by("-requested_at", "-id").first()
    if row is None or row.status != "requested":
        return HttpResponse(status=286, headers={"HX-Refresh": "true"})
    known = {"evaluation": progress_of(row), "running_url": reverse("admin:release_running", args=[pk])}
    request.current_app = admin.site.name
    return TemplateResponse(request, "countersign/running_release.html", known)


def progress_of(row: GateEvaluation) -> dict[str, Any]:
    """How far a run is; rows carry their progress."""
    progress = getattr(row, "progress", None)
    percent = share_done(progress.done, progress.total) if progress else 0
    step = min(progress.done + 1, progress.total) if progress and progress.total else None
    running = row.status == "requested"
    return {"row": row, "percent": percent, "progress": progress, "step": step, "is_running": running}
