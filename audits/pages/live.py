"""What is live where, now or at another time: the list, and the matrix of the front page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from audits.pages.drafting import drafting_systems
from audits.pages.frame import draw
from audits.pages.release_offers import rollback_targets
from audits.pages.rollout_offers import back_offer, rollout_url, takes_back
from audits.pages.shares import Shares, shares_of
from governance.access.admin_base import Offer, admin_url
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.errors import InvalidInput
from governance.registry.models import Channel, System
from releases.approvals.eligibility import effective_state
from releases.approvals.models import RequestState
from releases.approvals.queries import listed_requests
from releases.bundles.models import Assignment, Release, Slot
from releases.bundles.queries import live_matrix
from releases.bundles.times import asked_moment
from releases.rollouts.models import Deployment, DeploymentState, Rollback
from releases.rollouts.stages import ON_ITS_WAY


@dataclass(frozen=True)
class OnItsWay:
    """A candidate beside what is live: in words, and who gets it."""

    look: str
    icon: str
    words: str
    url: str
    shares: Shares | None


@dataclass(frozen=True)
class Cell:
    """A channel with what answers on it, and what is about to."""

    channel: Channel
    assignment: Assignment | None
    revoked: tuple[str, ...]
    in_review: tuple[tuple[str, str], ...]
    """Name and address of releases that are asked for on the channel."""
    rolled_back: Rollback | None
    offer: Offer | None
    coming: OnItsWay | None = None
    since: datetime | None = None
    """Since when the release answers, other stages of a candidate beside it notwithstanding."""

    @property
    def beside(self) -> str:
        """Whom what is live answers while a candidate is beside it: a control there is only with shares."""
        if self.assignment is None:
            return ""
        if self.assignment.treatment_share:
            return "control and rest"
        return "everybody else" if self.assignment.internal_keys else "everybody"

    @property
    def url(self) -> str:
        """The page of the release that answers."""
        if self.assignment is None:
            return ""
        stable = self.assignment.stable
        return f"{admin_url(Release, 'change', stable.release_id)}?revision={stable.number}"


def cells_of(actor: Actor, channels: QuerySet[Channel], at: datetime | None = None) -> list[Cell]:
    """A cell for each channel that the actor may see, in a fixed number of queries."""
    matrix = live_matrix(channels, at)
    stable = {cell.assignment.stable_id for cell in matrix if cell.assignment}
    revoked = _revoked(stable)
    now = at is None
    asked = _asked_for(actor) if now else {}
    back = _rolled_back([cell.channel for cell in matrix]) if now else {}
    rows = _deployments([cell.channel for cell in matrix]) if now else []
    offers = _offers(actor, rows)
    since = {row.channel_id: row.state_changed_at for row in rows if row.state == DeploymentState.LIVE}
    return [
        Cell(
            channel=cell.channel,
            assignment=cell.assignment,
            revoked=tuple(revoked.get(cell.assignment.stable_id, ())) if cell.assignment else (),
            in_review=tuple(asked.get(cell.channel.pk, ())),
            rolled_back=_if_target_serves(back.get(cell.channel.pk), cell.assignment),
            offer=offers.get(cell.channel.pk),
            coming=_coming(cell.assignment, is_now=now) if cell.assignment else None,
            since=since.get(cell.channel.pk, cell.since),
        )
        for cell in matrix
    ]


def _coming(assignment: Assignment, *, is_now: bool) -> OnItsWay | None:
    """What is on its way; at another time only what the assignment itself holds is known."""
    if assignment.candidate is None:
        return None
    name, stage = assignment.candidate.release.name, assignment.stage.replace("_", " ")
    share = f" {assignment.treatment_share * 100:.4g} %" if assignment.treatment_share else ""
    deployment = assignment.deployment
    url = rollout_url(deployment) if deployment else ""
    look, icon, words = "open", "stairs", f"{name} rolling out: {stage}{share}"
    if is_now and deployment is not None and deployment.state == DeploymentState.HELD:
        words = f"{name} paused, nobody gets it" if deployment.paused else f"{name} held at {stage}{share}"
        look, icon = "held", "pause_circle"
    return OnItsWay(look, icon, words, url, shares_of(assignment))


def _revoked(stable: set[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    rows = Slot.objects.filter(revision_id__in=stable, component__status="revoked").select_related(
        "component"
    )
    for slot in rows:
        found.setdefault(slot.revision_id, []).append(str(slot.component))
    return found


def _asked_for(actor: Actor) -> dict[UUID, list[tuple[str, str]]]:
    found: dict[UUID, list[tuple[str, str]]] = {}
    now = timezone.now()
    for request in visible_to(listed_requests().filter(state=RequestState.OPEN), actor):
        if effective_state(request, now) is RequestState.OPEN:
            url = admin_url(Release, "change", request.release_id)
            for row in request.channel_rows.all():
                found.setdefault(row.channel_id, []).append((request.release.name, url))
    return found


def _rolled_back(channels: Sequence[Channel]) -> dict[UUID, Rollback]:
    rows = Rollback.objects.filter(deployment__channel__in=channels).select_related(
        "deployment__revision__release"
    )
    newest = rows.order_by("deployment__channel_id", "-rolled_back_at").distinct("deployment__channel_id")
    return {row.deployment.channel_id: row for row in newest}


def _if_target_serves(rollback: Rollback | None, assignment: Assignment | None) -> Rollback | None:
    """The rollback, while what it went back to still answers."""
    if rollback is None or assignment is None or rollback.target_id != assignment.stable_id:
        return None
    return rollback if assignment.period.lower >= rollback.rolled_back_at else None


def _deployments(channels: Sequence[Channel]) -> list[Deployment]:
    """What is live and what is on its way on the channels, the latter last."""
    rows = Deployment.objects.filter(
        channel__in=channels, state__in=[DeploymentState.LIVE, *ON_ITS_WAY]
    ).select_related("channel__system", "revision__release", "release")
    return sorted(rows, key=lambda row: row.state in ON_ITS_WAY)


def _offers(actor: Actor, rows: Sequence[Deployment]) -> dict[UUID, Offer]:
    """The way back on each channel where the actor may take it: of a candidate, else of what is live."""
    targets = rollback_targets(rows)
    may = takes_back(actor, rows)
    offers = {
        row.channel_id: back_offer(
            row, target=targets.get(row.pk, ""), may=row.pk in may, label=f"Roll back {row.release.name}"
        )
        for row in rows
    }
    return {channel: offer for channel, offer in offers.items() if not offer.why}


@dataclass(frozen=True)
class MatrixRow:
    """A system with a cell, or none, for each column."""

    system: System
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Matrix:
    """Systems by channel names."""

    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    channels: int


def matrix_of(cells: Sequence[Cell]) -> Matrix:
    """The cells as a table; a channel's name is its column."""
    columns = tuple(sorted({cell.channel.name for cell in cells}))
    by_system: dict[UUID, dict[str, Cell]] = {}
    systems: dict[UUID, System] = {}
    for cell in cells:
        systems[cell.channel.system_id] = cell.channel.system
        by_system.setdefault(cell.channel.system_id, {})[cell.channel.name] = cell
    rows = tuple(
        MatrixRow(systems[key], tuple(found.get(name) for name in columns))
        for key, found in by_system.items()
    )
    return Matrix(columns, rows, len(cells))


def moment_asked_for(text: str) -> tuple[datetime | None, str]:
    """The time of ``?at=``, read as UTC, and what is wrong with it if it is none or lies ahead."""
    if not text.strip():
        return None, ""
    try:
        return asked_moment(text.strip(), zone=UTC), ""
    except InvalidInput as error:
        return None, error.message


def live_list(request: HttpRequest) -> HttpResponse:
    """What is live per system and channel, now or at another time."""
    actor = actor_from(request)
    at, wrong = moment_asked_for(request.GET.get("at", ""))
    cells = cells_of(actor, visible_to(Channel.objects.all(), actor), at)
    context: dict[str, Any] = {
        "cells": cells,
        "at": at,
        "wrong": wrong,
        "asked": request.GET.get("at", ""),
        "lead": _lead(cells, at),
        "warned": [cell for cell in cells if cell.revoked],
        "drafts": drafting_systems(actor).exists(),
    }
    return draw(
        request, "countersign/live.html", context, title="What is live", crumbs=[("What is live", "")]
    )


def _lead(cells: Sequence[Cell], at: datetime | None) -> str:
    served = [cell for cell in cells if cell.assignment]
    systems = {cell.channel.system_id for cell in cells}
    if not cells:
        return "You see no channel yet."
    when = f" at {at:%-d %b %Y, %H:%M} UTC" if at else ""
    verb = "answered" if at else "answers"
    many = f"{len(served)} of {len(cells)} channels" if len(cells) > 1 else f"{len(served)} of 1 channel"
    names = len({cell.assignment.stable_id for cell in served if cell.assignment})
    releases = f"{names} release{'' if names == 1 else 's'}"
    of = f"{len(systems)} system{'' if len(systems) == 1 else 's'}"
    return f"{releases} {verb if names == 1 else verb.removesuffix('s')} on {many} of {of}{when}."
