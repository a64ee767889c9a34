"""The gap board: what the record of a live release lacks, why that is dangerous, and how it is closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from audits.answers.gap_kinds import KINDS, GapKind, KindWords
from audits.answers.gaps import Gap, gaps_visible_to
from audits.pages.frame import draw
from audits.pages.standing import listed, number
from governance.access.admin_base import Offer, admin_url, lock_reason
from governance.access.models import Grant
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION
from governance.actors import Actor
from governance.registry.models import Channel, ComponentVersion, System
from releases.bundles.models import Release, Revision
from releases.gates.models import GatePolicy, Override
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.incidents.models import Incident
from releases.monitoring.replaying.models import ReplayWindow

KEPT = "_countersign_gaps"
TAKE_A_NEW_RELEASE = {
    GapKind.RELEASE_ADOPTED,
    GapKind.NO_APPROVAL_RECORD,
    GapKind.NO_GUARDED_ROLLOUT,
    GapKind.OVERRIDE_EXPIRED,
}


@dataclass(frozen=True)
class GapRow:
    """A gap as the board shows it."""

    gap: Gap
    where: str
    url: str
    offer: Offer

    @property
    def words(self) -> KindWords:
        """What its kind means."""
        return self.gap.words


def gaps_of(request: HttpRequest) -> list[Gap]:
    """The reader's gaps, computed once in a request: pages list them and their sidebar counts them."""
    found: list[Gap] | None = getattr(request, KEPT, None)
    if found is None:
        found = gaps_visible_to(actor_from(request))
        setattr(request, KEPT, found)
    return found


def badge(request: HttpRequest) -> str:
    """Beside the link in the sidebar: the count where the page lists the gaps, else where it is asked for.

    Finding the gaps takes as long as many a page: nobody waits for their number. Nothing before signing in.
    """
    if not request.user.is_authenticated:
        return ""
    found: list[Gap] | None = getattr(request, KEPT, None)
    return reverse("admin:gap_count") if found is None else _count(found)


def count(request: HttpRequest) -> HttpResponse:
    """The number alone, for the sidebar of a page that stands already."""
    return TemplateResponse(request, "countersign/nav_count.html", {"count": _count(gaps_of(request))})


def _count(gaps: Sequence[Gap]) -> str:
    """Nothing where there is none."""
    return str(len(gaps) or "")


def gap_rows(request: HttpRequest) -> list[GapRow]:
    """The gaps with where they are and what closes them."""
    actor = actor_from(request)
    return [_row(actor, gap) for gap in gaps_of(request)]


def _row(actor: Actor, gap: Gap) -> GapRow:
    names = listed([f"{one.name} (drill)" if one.drill else one.name for one in gap.channels])
    on = f" on {names}" if names else ""
    if gap.revision is not None:
        url = f"{admin_url(Release, 'change', gap.revision.release_id)}?revision={gap.revision.number}"
        return GapRow(gap, f"{gap.system} {gap.name}{on}", url, _offer(actor, gap, gap.revision))
    offer = _offer_of_all(actor, gap)
    if gap.system is None:
        return GapRow(gap, "This installation", "", offer)
    return GapRow(gap, f"{gap.system}{on}", admin_url(System, "change", gap.system.pk), offer)


_WHERE: dict[GapKind, tuple[type[Model], Permission]] = {
    GapKind.POLICY_NOT_LOCKED: (GatePolicy, Permission.LOCK_POLICY),
    GapKind.DRILL_OVERDUE: (Channel, Permission.RUN_DRILL),
    GapKind.SOLE_ADMINISTRATOR: (Grant, Permission.MANAGE_GRANTS),
}
"""Where gaps of systems and of the installation are closed, and by what permission; those of the ledger are
seen to outside, and their page is the ledger's."""


def _offer_of_all(actor: Actor, gap: Gap) -> Offer:
    """The button of a gap that is of no one release."""
    if gap.field is not None:
        return Offer(gap.words.verb, _field_url(gap), is_dialog=False)
    if gap.kind not in _WHERE:
        return Offer(gap.words.verb, reverse("admin:ledger"), is_dialog=False)
    model, permission = _WHERE[gap.kind]
    why = lock_reason(actor, permission, gap.system or INSTALLATION)
    return Offer(gap.words.verb, admin_url(model, "changelist"), why=why, is_dialog=False)


def _offer(actor: Actor, gap: Gap, revision: Revision) -> Offer:
    """The button that begins to close it, for those who may; else it says who does."""
    release = revision.release
    if gap.override is not None and gap.kind not in TAKE_A_NEW_RELEASE:
        return Offer(gap.words.verb, admin_url(Override, "change", gap.override.pk), is_dialog=False)
    if gap.field is not None:
        return Offer(gap.words.verb, _field_url(gap), is_dialog=False)
    permission, url = Permission.DRAFT_RELEASE, reverse("admin:revision_edit", args=[revision.pk])
    if gap.kind in TAKE_A_NEW_RELEASE:
        url = f"{reverse('admin:release_draft_form', args=[release.system_id])}?from={revision.pk}"
    elif gap.kind is GapKind.REVOKED_COMPONENT_LIVE:
        permission, url = Permission.ROLL_BACK, reverse("admin:live")
    elif gap.kind is GapKind.POLICY_NOT_LOCKED:
        permission, url = Permission.LOCK_POLICY, admin_url(GatePolicy, "changelist")
    elif gap.kind is GapKind.ATTESTATION_STALE:
        permission = Permission.ATTEST
        url = f"{admin_url(Release, 'change', release.pk)}?revision={revision.number}#reviews"
    elif gap.kind is GapKind.THRESHOLD_NOT_VERSIONED:
        permission, url = Permission.REGISTER_COMPONENT, admin_url(ComponentVersion, "register")
    why = lock_reason(actor, permission, release)
    return Offer(gap.words.verb, url, why=why, is_dialog=False)


def _field_url(gap: Gap) -> str:
    """Where what the time after the launch left open is seen to."""
    if gap.kind is GapKind.ROLLBACK_NOT_LANDED:
        return reverse("admin:live")
    if gap.field is not None and gap.field.decision is not None:
        return f"{reverse('admin:decision_search')}?id={gap.field.decision}"
    if gap.deployment is not None:
        return reverse("admin:rollout", args=[gap.deployment.pk])
    if gap.incident is not None:
        return admin_url(Incident, "change", gap.incident.pk)
    if gap.drift_review is not None:
        return admin_url(DriftReview, "change", gap.drift_review.pk)
    return f"{admin_url(ReplayWindow, 'changelist')}?came_out=otherwise"


@dataclass(frozen=True)
class SystemRow:
    """A system with the number of gaps of each kind."""

    system: System
    counts: tuple[tuple[int, KindWords], ...]


def open_kinds(gaps: Sequence[Gap]) -> list[KindWords]:
    """The kinds of which one is open in a system: a column for each of the others would say nothing."""
    found = {gap.kind for gap in gaps if gap.system is not None}
    return [words for kind, words in KINDS.items() if kind in found]


def by_system(systems: Sequence[System], gaps: Sequence[Gap]) -> list[SystemRow]:
    """Every system that the reader sees, those without gaps too, with the kinds that are open."""
    return [
        SystemRow(
            system,
            tuple(
                (
                    sum(gap.kind is words.kind and gap.system == system for gap in gaps),
                    words,
                )
                for words in open_kinds(gaps)
            ),
        )
        for system in systems
    ]


def gap_headline(gaps: Sequence[Gap]) -> str:
    """The sentence of the page."""
    if not gaps:
        return "No gap is open: every live release has what the record asks for."
    first = gaps[0]
    count = "One gap is" if len(gaps) == 1 else f"{number(len(gaps))} gaps are"
    title = first.words.title.lower().removeprefix("no ")
    return f"{count} open. Start with the {title} of {first.name}."


def board(request: HttpRequest) -> HttpResponse:
    """The page."""
    rows = gap_rows(request)
    systems = list(visible_to(System.objects.order_by("slug"), actor_from(request)))
    context: dict[str, Any] = {
        "lead": gap_headline([row.gap for row in rows]),
        "rows": rows,
        "kinds": open_kinds([row.gap for row in rows]),
        "systems": by_system(systems, [row.gap for row in rows]),
    }
    return draw(request, "countersign/gaps.html", context, title="Gaps", crumbs=[("Gaps", "")])
