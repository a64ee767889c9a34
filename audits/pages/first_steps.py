"""The way from an empty installation to a first gated release, step by step, for whoever does each step.

The order is the one in which the steps are possible: a gate compares with what serves, so what serves is
recorded before a policy is locked.
"""

from collections.abc import Iterator, Sequence
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
from governance.registry.models import ComponentVersion, Segment, System
from releases.bundles.models import Release, Revision, RevisionState
from releases.bundles.queries import assignments_at
from releases.gates.models import GatePolicy, PolicyState
from releases.scores.models import ScoreTable


@dataclass(frozen=True)
class FirstStep:
    """One step on the way to the first release, done or not; ``whose`` is the role that does it."""

    sentence: str
    is_done: bool
    offer: Offer | None
    whose: str


NEEDED_ROLES = (Role.AUTHOR, Role.QA_LEAD, Role.APPROVER, Role.RELEASE_MANAGER)
"""Without one of these a release cannot be written, judged, approved or started."""

ADMINISTRATOR, AUTHOR, QA_LEAD, RELEASE_MANAGER = "administrator", "author", "QA lead", "release manager"
AFTER_THE_DRAFT = "evaluation_report"
"""A report names the stack that it measured; there is none to name before the draft."""


def first_steps(actor: Actor) -> list[FirstStep]:
    """The way from nothing to a first release that a gate judges; empty once one is frozen under a policy."""
    systems = list(visible_to(System.objects.prefetch_related("channels"), actor))
    locked = GatePolicy.objects.filter(system__in=systems).exclude(state=PolicyState.DRAFT).exists()
    if locked and _has_gated(actor):
        return []
    return [
        *_of_administrators(actor, systems),
        *_of_authors(actor, systems),
        *_of_a_release_manager(actor, systems),
        *_of_a_qa_lead(actor, systems, locked),
        *_at_last(actor, systems),
    ]


def _has_gated(actor: Actor) -> bool:
    frozen = Revision.objects.filter(frozen_at__isnull=False, adopted=False)
    return visible_to(frozen, actor).exists()


def _may(actor: Actor, permission: Permission, *, installation: bool = False) -> bool:
    """Whether the actor may somewhere; with ``installation``, everywhere."""
    found = reach(actor, permission)
    if found is None or installation:
        return bool(found and found.everywhere)
    return bool(found.everywhere or found.systems or found.channels)


def _of_administrators(actor: Actor, systems: Sequence[System]) -> Iterator[FirstStep]:
    may = _may(actor, Permission.REGISTER_SYSTEM, installation=True)
    system_url = admin_url(System, "change", systems[0].pk) if systems else ""
    people = Account.objects.filter(is_active=True, kind=AccountKind.PERSON).count()
    given = set(grants_in_force(timezone.now()).filter(system__in=systems).values_list("role", flat=True))
    left = [_said(role) for role in NEEDED_ROLES if role not in given]
    whom = f" Still missing: {listed(left)}." if left and systems else ""
    yield FirstStep(
        "Register the decision system.",
        bool(systems),
        _if(may, "Register a system", admin_url(System, "register")),
        ADMINISTRATOR,
    )
    yield FirstStep(
        "Register its channels.",
        any(row.channels.all() for row in systems),
        _if(may and bool(systems), "Open the system", system_url),
        ADMINISTRATOR,
    )
    yield FirstStep(
        "Create accounts for the people.",
        people > 1,
        _if(may, "Create an account", admin_url(Account, "create")),
        ADMINISTRATOR,
    )
    yield FirstStep(
        f"Give roles to the people who write, judge, approve and start.{whom}",
        bool(systems) and not left,
        _if(may and bool(systems) and people > 1, "Give a role", admin_url(Grant, "give")),
        ADMINISTRATOR,
    )


def _of_authors(actor: Actor, systems: Sequence[System]) -> Iterator[FirstStep]:
    may = _may(actor, Permission.DRAFT_RELEASE)
    held = set(ComponentVersion.objects.filter(system__in=systems).values_list("kind", flat=True))
    left = [kind for kind in KINDS.values() if kind.name not in held and kind.name != AFTER_THE_DRAFT]
    titles = [kind.title if kind.title.isupper() else kind.title.lower() for kind in left]
    missing = f" Missing: {listed(titles)}." if left and may else ""
    url = admin_url(ComponentVersion, "register")
    yield FirstStep(
        f"Register the parts of the stack that serves now.{missing}",
        bool(systems) and not left,
        _if(may, "Register a component", f"{url}?kind={left[0].name}" if left else url),
        AUTHOR,
    )
    yield FirstStep(
        "Draft the first release.",
        _has_release(actor),
        _if(may, "Draft a release", reverse("admin:release_draft")),
        AUTHOR,
    )


def _has_release(actor: Actor) -> bool:
    return visible_to(Release.objects.all(), actor).exists()


def _of_a_release_manager(actor: Actor, systems: Sequence[System]) -> Iterator[FirstStep]:
    may = _may(actor, Permission.PROPOSE_ADOPTION)
    rows = Revision.objects.filter(state__in=[RevisionState.DRAFT, RevisionState.FROZEN], adopted=False)
    draft = visible_to(rows, actor).order_by("-drafted_at").first()
    url = admin_url(Release, "change", draft.release_id) if draft else ""
    yield FirstStep(
        "If the first release serves already, have it adopted: two persons answer for that.",
        assignments_at().filter(channel__system__in=systems).exists(),
        _if(may and draft is not None, "Open the draft", url),
        RELEASE_MANAGER,
    )


def _of_a_qa_lead(actor: Actor, systems: Sequence[System], locked: bool) -> Iterator[FirstStep]:
    draft = GatePolicy.objects.filter(system__in=systems, state=PolicyState.DRAFT).first()
    url = admin_url(GatePolicy, "change", draft.pk) if draft else admin_url(GatePolicy, "draft")
    yield FirstStep(
        "Define the groups of people that must not fare worse, as segments.",
        Segment.objects.filter(system__in=systems).exists(),
        _if(
            _may(actor, Permission.DEFINE_SEGMENT) and bool(systems),
            "Define a segment",
            admin_url(Segment, "define"),
        ),
        QA_LEAD,
    )
    yield FirstStep(
        "Write down what a release must show, and lock it as the gate policy.",
        locked,
        _if(
            _may(actor, Permission.DRAFT_POLICY) and bool(systems),
            "Open the draft" if draft else "Draft a policy",
            url,
        ),
        QA_LEAD,
    )


def _at_last(actor: Actor, systems: Sequence[System]) -> Iterator[FirstStep]:
    yield FirstStep(
        "Import the scores of what serves, on the test data of the next release.",
        ScoreTable.objects.filter(system__in=systems).exists(),
        _if(
            _may(actor, Permission.IMPORT_SCORES) and _has_release(actor),
            "Import scores",
            admin_url(ScoreTable, "import"),
        ),
        AUTHOR,
    )
    yield FirstStep(
        "Draft the next release, and freeze it for the gate to judge.",
        False,
        _if(
            _may(actor, Permission.DRAFT_RELEASE) and _has_release(actor),
            "Draft a release",
            reverse("admin:release_draft"),
        ),
        AUTHOR,
    )


def next_of(steps: Sequence[FirstStep]) -> FirstStep | None:
    """The first step that is left and that the reader can do."""
    return next((step for step in steps if not step.is_done and step.offer), None)


def _said(role: Role) -> str:
    return QA_LEAD if role == Role.QA_LEAD else role.value.replace("_", " ")


def _if(may: bool, label: str, url: str) -> Offer | None:
    return Offer(label, url, is_dialog=False) if may else None
