"""What else waits for a person: own releases, approved ones, proposals, drafts of policies."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from audits.pages.findings import finding_of
from audits.pages.standing import Facts, Standing, standing
from governance.access.admin_base import Offer, admin_url
from governance.access.granting import VERB as GRANT
from governance.access.models import Grant, Proposal
from governance.access.queries import proposals_visible_to, reach, visible_to
from governance.access.roles import Permission
from governance.actors import Actor
from governance.registry.models import System
from releases.approvals.models import Approval
from releases.approvals.rules import VERB as RULES
from releases.bundles.models import Release, Revision, RevisionState
from releases.bundles.queries import newest_revisions
from releases.gates.models import GateEvaluation, GatePolicy, PolicyState
from releases.rollouts.adoption import VERB as ADOPTION

UNFINISHED = (RevisionState.DRAFT, RevisionState.FROZEN, RevisionState.REJECTED, RevisionState.EXPIRED)
MOST = 12


@dataclass(frozen=True)
class Task:
    """Something that waits: a state, a sentence, and the button that goes on."""

    look: str
    icon: str
    chip: str
    sentence: str
    meta: str
    offer: Offer


def own_releases(actor: Actor) -> list[Task]:
    """The actor's releases that are not through yet, and what each needs next."""
    releases = list(
        visible_to(Release.objects.filter(owner_id=actor.id), actor)
        .select_related("system")
        .order_by("-created_at")[:MOST]
    )
    revisions = [row for row in newest_revisions(releases) if row.state in UNFINISHED and not row.adopted]
    latest = latest_evaluations(revisions)
    tasks = []
    for revision in sorted(revisions, key=lambda row: row.state_changed_at, reverse=True):
        found = finding_of(revision.release.name, latest.get(revision.pk))
        facts = Facts(revision.release.name, revision.number, revision.state, verdict=found.verdict)
        tasks.append(_task_of(revision, standing(facts)))
    return tasks


def _task_of(revision: Revision, stands: Standing) -> Task:
    url = admin_url(Release, "change", revision.release_id)
    meta = f"{revision.release.system} · revision {revision.number}"
    return Task(
        stands.look, stands.icon, stands.chip, stands.headline, meta, Offer("Open", url, is_dialog=False)
    )


def latest_evaluations(revisions: Sequence[Revision]) -> dict[UUID, GateEvaluation]:
    """The newest evaluation of each revision."""
    rows = GateEvaluation.objects.filter(revision__in=revisions).order_by(
        "revision_id", "-requested_at", "-id"
    )
    return {row.revision_id: row for row in rows.distinct("revision_id").defer("inputs")}


def ready_to_start(actor: Actor) -> list[Task]:
    """Approved releases that are not live on a channel that their approval covers."""
    found = reach(actor, Permission.START_ROLLOUT)
    if found is None or not (found.systems or found.channels or found.everywhere):
        return []
    now = timezone.now()
    approvals = (
        visible_to(
            Approval.objects.filter(valid_until__gt=now, revision__state=RevisionState.APPROVED), actor
        )
        .select_related("release__system", "revision")
        .prefetch_related("request__channel_rows__channel", "deployments")
        .order_by("approved_at")
    )
    tasks = []
    for approval in approvals:
        used = {row.channel_id for row in approval.deployments.all()}
        free = [row.channel for row in approval.request.channel_rows.all() if row.channel_id not in used]
        mine = [channel for channel in free if found.acts_on(channel.access_scope())]
        if mine:
            names = " and ".join(sorted(channel.name for channel in mine))
            url = admin_url(Release, "change", approval.release_id)
            sentence = f"{approval.release.name} is approved for {names} and not live there yet."
            meta = f"{approval.release.system} · approval valid until {approval.valid_until:%-d %b}"
            tasks.append(
                Task("pass", "verified", "Approved", sentence, meta, Offer("Open", url, is_dialog=False))
            )
    return tasks


def proposals_to_confirm(actor: Actor) -> list[Task]:
    """Proposals of others that the actor could confirm."""
    now = timezone.now()
    waiting = Q(confirmed_at__isnull=True, expires_at__gt=now) & ~Q(proposed_by_id=actor.id)
    tasks = [_grant_task(row) for row in _administered(actor, GRANT, waiting)]
    tasks += [_rules_task(row) for row in _administered(actor, RULES, waiting)]
    return [*tasks, *_adoptions(actor, waiting)]


def _administered(actor: Actor, verb: str, waiting: Q) -> list[Proposal]:
    found = reach(actor, Permission.MANAGE_GRANTS)
    if found is None or not (found.everywhere or found.systems):
        return []
    rows = proposals_visible_to(actor).filter(waiting, verb=verb).select_related("system")
    return list(rows.order_by("expires_at"))


def _grant_task(row: Proposal) -> Task:
    url = reverse("admin:governance_grant_confirm", args=[row.pk])
    role = str(row.arguments.get("role", "")).replace("_", " ")
    sentence = f"The role {role} is to be given: {row.reason}"
    return Task(
        "held", "group_add", "Second person", sentence, _by(row), Offer("Confirm", url, look="cs-pri")
    )


def _rules_task(row: Proposal) -> Task:
    url = reverse("admin:releases_approvalruleset_confirm", args=[row.pk])
    sentence = f"New approval rules for {row.system} wait: {row.reason}"
    return Task("held", "rule", "Second person", sentence, _by(row), Offer("Confirm", url, look="cs-pri"))


def _by(row: Proposal) -> str:
    return f"proposed by {row.proposed_by_username}, open until {row.expires_at:%-d %b %H:%M} UTC"


def _adoptions(actor: Actor, waiting: Q) -> list[Task]:
    found = reach(actor, Permission.CONFIRM_ADOPTION)
    if found is None:
        return []
    rows = [
        row
        for row in Proposal.objects.filter(waiting, verb=ADOPTION)
        if found.everywhere or row.system_id in found.systems
    ]
    names = {
        str(row.pk): row
        for row in Revision.objects.filter(pk__in=[row.arguments["revision"] for row in rows]).select_related(
            "release"
        )
    }
    tasks = []
    for row in rows:
        revision = names.get(str(row.arguments["revision"]))
        if revision is not None:
            url = reverse("admin:revision_confirm_adoption", args=[revision.pk, row.pk])
            sentence = f"{revision.release.name} is to be adopted: {row.reason}"
            tasks.append(
                Task(
                    "held",
                    "handshake",
                    "Second person",
                    sentence,
                    _by(row),
                    Offer("Confirm", url, look="cs-pri"),
                )
            )
    return tasks


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


@dataclass(frozen=True)
class FirstStep:
    """One step on the way to the first release, done or not."""

    sentence: str
    is_done: bool
    offer: Offer | None


def first_steps(actor: Actor) -> list[FirstStep]:
    """The way from nothing to a first release; empty once there is one."""
    if visible_to(Release.objects.all(), actor).exists():
        return []
    systems = list(visible_to(System.objects.prefetch_related("channels"), actor))
    may_administer = reach(actor, Permission.REGISTER_SYSTEM)
    is_admin = bool(may_administer and may_administer.everywhere)
    may_draft = reach(actor, Permission.DRAFT_RELEASE)
    drafts = bool(may_draft and may_draft.systems)
    system_url = admin_url(System, "change", systems[0].pk) if systems else ""
    grants = Grant.objects.filter(system__in=systems).exists()
    return [
        FirstStep(
            "Register the decision system.",
            bool(systems),
            _if(is_admin, "Register a system", admin_url(System, "register")),
        ),
        FirstStep(
            "Register its channels.",
            any(row.channels.all() for row in systems),
            _if(is_admin and bool(systems), "Open the system", system_url),
        ),
        FirstStep(
            "Grant roles to the people who write, judge and approve.",
            grants,
            _if(is_admin, "Grant a role", admin_url(Grant, "give")),
        ),
        FirstStep(
            "Draft the first release.", False, _if(drafts, "Draft a release", reverse("admin:release_draft"))
        ),
    ]


def _if(may: bool, label: str, url: str) -> Offer | None:
    return Offer(label, url, is_dialog=False) if may else None
