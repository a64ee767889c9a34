"""The way from an empty installation to a first release, step by step, for whoever does each step."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from audits.pages.standing import listed
from governance.access.admin_base import Offer, admin_url
from governance.access.models import Account, AccountKind, Grant
from governance.access.queries import grants_in_force, reach, visible_to
from governance.access.roles import Permission, Role
from governance.actors import Actor
from governance.registry.kinds import KINDS
from governance.registry.models import ComponentVersion, System
from releases.bundles.models import Release
from releases.gates.models import GatePolicy, PolicyState


@dataclass(frozen=True)
class FirstStep:
    """One step on the way to the first release, done or not."""

    sentence: str
    is_done: bool
    offer: Offer | None


NEEDED_ROLES = (Role.AUTHOR, Role.QA_LEAD, Role.APPROVER, Role.RELEASE_MANAGER)
"""Without one of these a release cannot be written, judged, approved or started."""


def first_steps(actor: Actor) -> list[FirstStep]:
    """The way from nothing to a first release; empty once there is one."""
    if visible_to(Release.objects.all(), actor).exists():
        return []
    systems = list(visible_to(System.objects.prefetch_related("channels"), actor))
    return [*_of_administrators(actor, systems), *_of_a_qa_lead(actor, systems), *_of_authors(actor, systems)]


def _of_administrators(actor: Actor, systems: Sequence[System]) -> list[FirstStep]:
    found = reach(actor, Permission.REGISTER_SYSTEM)
    may = bool(found and found.everywhere)
    system_url = admin_url(System, "change", systems[0].pk) if systems else ""
    people = Account.objects.filter(is_active=True, kind=AccountKind.PERSON).count()
    given = set(grants_in_force(timezone.now()).filter(system__in=systems).values_list("role", flat=True))
    left = [role.value.replace("_", " ") for role in NEEDED_ROLES if role not in given]
    whom = f" Nobody is {listed(left)} yet." if left and systems else ""
    return [
        FirstStep(
            "Register the decision system.",
            bool(systems),
            _if(may, "Register a system", admin_url(System, "register")),
        ),
        FirstStep(
            "Register its channels.",
            any(row.channels.all() for row in systems),
            _if(may and bool(systems), "Open the system", system_url),
        ),
        FirstStep(
            "Create accounts for the people.",
            people > 1,
            _if(may, "Create an account", admin_url(Account, "create")),
        ),
        FirstStep(
            f"Grant roles to the people who write, judge, approve and start.{whom}",
            bool(systems) and not left,
            _if(may and bool(systems) and people > 1, "Grant a role", admin_url(Grant, "give")),
        ),
    ]


def _of_a_qa_lead(actor: Actor, systems: Sequence[System]) -> list[FirstStep]:
    found = reach(actor, Permission.DRAFT_POLICY)
    may = bool(found and (found.everywhere or found.systems))
    rows = GatePolicy.objects.filter(system__in=systems)
    draft = rows.filter(state=PolicyState.DRAFT).first()
    locked = rows.exclude(state=PolicyState.DRAFT).exists()
    url = admin_url(GatePolicy, "change", draft.pk) if draft else admin_url(GatePolicy, "draft")
    label = "Open the draft" if draft else "Draft a policy"
    return [
        FirstStep(
            "Write down what a release must show, and lock it as the gate policy.",
            locked,
            _if(may, label, url),
        )
    ]


def _of_authors(actor: Actor, systems: Sequence[System]) -> list[FirstStep]:
    found = reach(actor, Permission.DRAFT_RELEASE)
    may = bool(found and found.systems)
    kinds = set(ComponentVersion.objects.filter(system__in=systems).values_list("kind", flat=True))
    left = [kind.title.lower() for kind in KINDS.values() if kind.name not in kinds]
    missing = f" Missing: {listed(left)}." if left and may else ""
    return [
        FirstStep(
            f"Register the parts of the stack that serves now.{missing}",
            not left,
            _if(may, "Register a component", admin_url(ComponentVersion, "register")),
        ),
        FirstStep(
            "Draft the first release; what serves already is then adopted by two persons.",
            False,
            _if(may, "Draft a release", reverse("admin:release_draft")),
        ),
    ]


def next_of(steps: Sequence[FirstStep]) -> FirstStep | None:
    """The first step that is left and that the reader can do."""
    return next((step for step in steps if not step.is_done and step.offer), None)


def _if(may: bool, label: str, url: str) -> Offer | None:
    return Offer(label, url, is_dialog=False) if may else None
