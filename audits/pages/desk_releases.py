"""Releases that wait for a person: the author's own, and what the gate did not pass for those who judge."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from audits.pages.findings import finding_of
from audits.pages.standing import Facts, standing
from audits.pages.standing import Standing as Stands
from audits.pages.tasks import Section, Task
from audits.templatetags.countersign import when
from governance.access.admin_base import Offer, admin_url
from governance.access.queries import reach, visible_to
from governance.access.roles import Permission
from governance.actors import Actor
from releases.approvals.eligibility import effective_state
from releases.approvals.models import ApprovalRequest, RequestState
from releases.approvals.queries import listed_requests
from releases.bundles.models import Release, Revision, RevisionState
from releases.bundles.queries import newest_revisions
from releases.gates.models import EvaluationStatus, GateEvaluation, GatePolicy, PolicyState
from releases.gates.overrides.queries import listed_overrides, stands_at
from releases.gates.overrides.standing import Standing, overridden

UNFINISHED = (RevisionState.DRAFT, RevisionState.FROZEN, RevisionState.REJECTED, RevisionState.EXPIRED)
MOST = 12


def own_releases(actor: Actor) -> list[Task]:
    """The actor's releases that are not through yet and what each needs next; changes asked for on top."""
    releases = list(
        visible_to(Release.objects.filter(owner_id=actor.id), actor)
        .select_related("system")
        .order_by("-created_at")[:MOST]
    )
    wanted = {*UNFINISHED, RevisionState.IN_REVIEW}
    revisions = [row for row in newest_revisions(releases) if row.state in wanted and not row.adopted]
    latest = latest_evaluations(revisions)
    past = overridden_now(revisions)
    asked = _newest_requests(revisions)
    tasks = []
    for revision in sorted(revisions, key=lambda row: row.state_changed_at, reverse=True):
        request = asked.get(revision.pk)
        if revision.state == RevisionState.IN_REVIEW:
            tasks.append(_in_review(revision, request))
        elif request is not None and request.state == RequestState.CHANGES_REQUESTED:
            tasks.append(_to_change(revision, request))
        else:
            found = finding_of(revision.release.name, latest.get(revision.pk))
            facts = Facts(
                revision.release.name,
                revision.number,
                revision.state,
                verdict=found.verdict,
                overridden=past.get(revision.pk, ""),
            )
            tasks.append(_next(revision, standing(facts)))
    return sorted(tasks, key=lambda task: (task.is_waiting, task.chip != CHANGES))


CHANGES = "Changes requested"


def _newest_requests(revisions: Sequence[Revision]) -> dict[UUID, ApprovalRequest]:
    rows = listed_requests().filter(revision__in=revisions).order_by("requested_at")
    return {row.revision_id: row for row in rows}


def _offer(revision: Revision, look: str = "") -> Offer:
    return Offer("Open", admin_url(Release, "change", revision.release_id), look=look, is_dialog=False)


def _meta(revision: Revision) -> str:
    return f"{revision.release.system} · revision {revision.number}"


def _next(revision: Revision, stands: Stands) -> Task:
    return Task(stands.look, stands.icon, stands.chip, stands.headline, _meta(revision), _offer(revision))


def _to_change(revision: Revision, request: ApprovalRequest) -> Task:
    sentence = f"Changes to {revision.release.name} are asked for. {request.closing_reason}".strip()
    return Task("held", "edit", CHANGES, sentence, _meta(revision), _offer(revision, "cs-pri"))


def _in_review(revision: Revision, request: ApprovalRequest | None) -> Task:
    name = revision.release.name
    if request is None or effective_state(request, timezone.now()) is not RequestState.OPEN:
        sentence = f"The request for {name} takes no more votes. Ask again."
        return Task("held", "schedule", "Request over", sentence, _meta(revision), _offer(revision))
    meta = format_html("{} · until {}", _meta(revision), when(request.deadline_at))
    sentence = f"{name} is in review; others vote."
    return Task("open", "how_to_vote", "In review", sentence, meta, _offer(revision), is_waiting=True)


def latest_evaluations(revisions: Sequence[Revision]) -> dict[UUID, GateEvaluation]:
    """The newest evaluation of each revision."""
    rows = GateEvaluation.objects.filter(revision__in=revisions).order_by(
        "revision_id", "-requested_at", "-id"
    )
    return {row.revision_id: row for row in rows.distinct("revision_id").defer("inputs")}


def overridden_now(revisions: Sequence[Revision]) -> dict[UUID, str]:
    """By revision, the verdict in words where an override in force goes past it."""
    now = timezone.now()
    rows = listed_overrides().filter(revision__in=revisions, withdrawn_at__isnull=True, expires_at__gt=now)
    return {
        row.revision_id: overridden(row, Standing.IN_FORCE)
        for row in rows
        if stands_at(row, now) is Standing.IN_FORCE
    }


def not_passed(actor: Actor) -> list[Task]:
    """Frozen releases whose newest evaluation failed or ended inconclusive, for those who lock policies."""
    found = reach(actor, Permission.LOCK_POLICY)
    if found is None or not (found.everywhere or found.systems):
        return []
    rows = visible_to(Revision.objects.filter(state=RevisionState.FROZEN, adopted=False), actor)
    revisions = [
        row
        for row in rows.select_related("release__system").order_by("-state_changed_at")[: 2 * MOST]
        if found.acts_on(row.access_scope())
    ]
    latest, past = latest_evaluations(revisions), overridden_now(revisions)
    tasks = []
    for revision in revisions:
        row = latest.get(revision.pk)
        if row is None or row.status == EvaluationStatus.REQUESTED or row.verdict == "pass":
            continue
        shown = finding_of(revision.release.name, row)
        url = reverse("admin:review", args=[revision.pk])
        offer = Offer("Open brief", url, is_dialog=False)
        words = past.get(revision.pk)
        said = f"{revision.release.name} may go past its gate: {words}." if words else shown.headline
        tasks.append(Task(shown.look, shown.icon, shown.title, said, _meta(revision), offer))
    return sorted(tasks[:MOST], key=lambda task: task.look != "fail")


def policies_to_lock(actor: Actor) -> list[Task]:
    """Drafts of gate policies that the actor may lock."""
    found = reach(actor, Permission.LOCK_POLICY)
    if found is None or not (found.everywhere or found.systems):
        return []
    rows = GatePolicy.objects.filter(state=PolicyState.DRAFT).select_related("system")
    return [
        Task(
            "open",
            "edit",
            "Draft policy",
            f"{row} judges nothing until it is locked.",
            str(row.system),
            Offer("Open", admin_url(GatePolicy, "change", row.pk), is_dialog=False),
        )
        for row in rows
        if found.acts_on(row.access_scope())
    ]


def release_sections(actor: Actor) -> dict[str, Section]:
    """The sections by their key; empty ones too."""
    own = own_releases(actor)
    changes = [task for task in own if task.chip == CHANGES]
    rest = [replace(task) for task in own if task.chip != CHANGES]
    return {
        "changes": Section(
            "changes",
            "Changes asked for",
            "your releases",
            changes,
            (
                "Changes to one of your releases are asked for.",
                "Changes to {} of your releases are asked for.",
            ),
        ),
        "not_passed": Section(
            "not_passed",
            "Not passed by the gate",
            "what the lines ask for stands in the brief",
            not_passed(actor),
            ("One evaluation did not pass.", "{} evaluations did not pass."),
        ),
        "own": Section(
            "own",
            "Your releases",
            "what each needs next",
            rest,
            ("One of your releases needs a next step.", "{} of your releases need a next step."),
        ),
        "policies": Section(
            "policies",
            "Drafts of policies",
            "",
            policies_to_lock(actor),
            ("One draft of a policy is not locked.", "{} drafts of policies are not locked."),
        ),
    }
