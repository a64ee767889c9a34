"""Proposals that a second person confirms, and what an administrator should know about people."""

from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from audits.pages.overrides import may_answer
from audits.pages.tasks import Section, Task
from governance.access.admin_base import Offer, admin_url
from governance.access.custody_proposals import act_of, open_custody_proposals
from governance.access.granting import VERB as GRANT
from governance.access.models import Account, AccountKind, Grant, Proposal
from governance.access.queries import active_administrators, grants_in_force, proposals_visible_to, reach
from governance.access.roles import Permission
from governance.access.scopes import AccessScope
from governance.actors import Actor
from releases.approvals.rules import VERB as RULES
from releases.bundles.models import Revision
from releases.gates.overrides.queries import open_proposals
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.queries import waiting_overrides
from releases.rollouts.adoption import VERB as ADOPTION

MOST_NAMES = 6


def proposals_to_confirm(actor: Actor) -> list[Task]:
    """Proposals of others that the actor could confirm."""
    now = timezone.now()
    waiting = Q(confirmed_at__isnull=True, expires_at__gt=now) & ~Q(proposed_by_id=actor.id)
    tasks = [_grant_task(row) for row in _administered(actor, GRANT, waiting)]
    tasks += [_rules_task(row) for row in _administered(actor, RULES, waiting)]
    tasks += [
        _custody_task(row) for row in open_custody_proposals(actor, now) if row.proposed_by_id != actor.id
    ]
    return [*tasks, *_trigger_overrides(actor), *_overrides(actor), *_adoptions(actor, waiting)]


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


def _custody_task(row: Proposal) -> Task:
    url = f"{reverse('admin:ledger_keys')}#proposed"
    sentence = f"It is proposed to {act_of(row)}: {row.reason}"
    offer = Offer("See how to confirm", url, "", "cs-pri", is_dialog=False)
    return Task("held", "key", "Second person", sentence, _by(row), offer)


def _by(row: Proposal) -> str:
    return f"proposed by {row.proposed_by_username}, open until {row.expires_at:%-d %b %H:%M} UTC"


def _overrides(actor: Actor) -> list[Task]:
    """Proposed overrides of others whose second person the actor could be."""
    found = reach(actor, Permission.OVERRIDE_FAIL)
    if found is None:
        return []
    rows = [row for row in open_proposals(actor, timezone.now()) if row.proposed_by_id != actor.id]
    keys = [row.arguments["revision"] for row in rows]
    revisions = {
        str(row.pk): row for row in Revision.objects.filter(pk__in=keys).select_related("release__system")
    }
    tasks = []
    for row in rows:
        revision = revisions[row.arguments["revision"]]
        channels = frozenset(UUID(key) for key in row.arguments["channels"])
        scope = AccessScope(revision.release.system_id, channels)
        if found.acts_on(scope) and may_answer(actor, revision, Permission.OVERRIDE_FAIL):
            tasks.append(_override_task(row, revision))
    return tasks


def _override_task(row: Proposal, revision: Revision) -> Task:
    name, haste = revision.release.name, row.arguments["expedite"]
    what = "is to be expedited because of an active attack" if haste else "is to be let past its gate"
    offer = Offer(
        "Read the brief", reverse("admin:review", args=[revision.pk]), "", "cs-pri", is_dialog=False
    )
    return Task("held", "key", "Second person", f"{name} {what}: {row.reason}", _by(row), offer)


def _trigger_overrides(actor: Actor) -> list[Task]:
    """Proposals of others to go on past a critical trigger, of which the actor could be the second person."""
    found = reach(actor, Permission.OVERRIDE_FAIL)
    if found is None:
        return []
    return [
        _trigger_task(proposal, status)
        for proposal, status in waiting_overrides(timezone.now())
        if proposal.proposed_by_id != actor.id
        and found.acts_on(status.access_scope())
        and may_answer(actor, status.deployment.revision, Permission.OVERRIDE_FAIL)
    ]


def _trigger_task(proposal: Proposal, status: TriggerStatus) -> Task:
    row = status.deployment
    sentence = f"{row.release.name} is to go on past {status} on {row.channel.name}: {proposal.reason}"
    url = admin_url(TriggerStatus, "change", status.pk)
    offer = Offer("Read the trigger", url, "", "cs-pri", is_dialog=False)
    return Task("held", "key", "Second person", sentence, _by(proposal), offer)


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


def people_to_mind(actor: Actor) -> list[Task]:
    """For administrators of the installation: that one is alone, and who can sign in but do nothing."""
    found = reach(actor, Permission.MANAGE_GRANTS)
    if found is None or not found.everywhere:
        return []
    now = timezone.now()
    tasks = []
    if active_administrators(now).count() == 1:
        tasks.append(
            Task(
                "inc",
                "unpublished",
                "Gap",
                "You are the only administrator: powerful roles are given without a second person.",
                "every such act is marked in the ledger",
                Offer("Give a role", admin_url(Grant, "give"), is_dialog=False),
            )
        )
    idle = Account.objects.filter(is_active=True, kind=AccountKind.PERSON).exclude(
        id__in=grants_in_force(now).values("account_id")
    )
    names = list(idle.order_by("username").values_list("username", flat=True)[: MOST_NAMES + 1])
    if names:
        shown = ", ".join(names[:MOST_NAMES]) + (" and more" if len(names) > MOST_NAMES else "")
        who = "One person holds" if len(names) == 1 else "Some people hold"
        sentence = f"{who} no role and can do nothing: {shown}."
        offer = Offer("Give a role", admin_url(Grant, "give"), is_dialog=False)
        tasks.append(Task("open", "person_off", "No role", sentence, "installation", offer))
    return tasks


def people_sections(actor: Actor) -> dict[str, Section]:
    """The sections by their key; empty ones too."""
    return {
        "confirm": Section(
            "confirm",
            "Waits for a second person",
            "proposed by others",
            proposals_to_confirm(actor),
            ("One proposal waits for you.", "{} proposals wait for you."),
        ),
        "people": Section(
            "people",
            "People and roles",
            "",
            people_to_mind(actor),
            ("One thing about people and roles needs you.", "{} things about people and roles need you."),
        ),
    }
