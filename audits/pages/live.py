"""What is live where, now or at another time: the list, and the matrix of the front page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from audits.pages.frame import draw
from audits.pages.release_offers import channels_with_target, rollback_offer
from governance.access.admin_base import Offer, admin_url
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.registry.models import Channel, System
from releases.approvals.eligibility import effective_state
from releases.approvals.models import RequestState
from releases.approvals.queries import listed_requests
from releases.bundles.models import Assignment, Release, Slot
from releases.bundles.queries import live_matrix
from releases.rollouts.models import Deployment, DeploymentState, Rollback


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
    offers = _offers(actor, [cell.channel for cell in matrix]) if now else {}
    return [
        Cell(
            channel=cell.channel,
            assignment=cell.assignment,
            revoked=tuple(revoked.get(cell.assignment.stable_id, ())) if cell.assignment else (),
            in_review=tuple(asked.get(cell.channel.pk, ())),
            rolled_back=_if_target_serves(back.get(cell.channel.pk), cell.assignment),
            offer=offers.get(cell.channel.pk),
        )
        for cell in matrix
    ]


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


def _offers(actor: Actor, channels: Sequence[Channel]) -> dict[UUID, Offer]:
    rows = Deployment.objects.filter(channel__in=channels, state=DeploymentState.LIVE)
    live = rows.select_related("channel__system", "revision__release", "release")
    returnable = channels_with_target(channel.pk for channel in channels)
    offers = {
        row.channel_id: rollback_offer(actor, row, has_target=row.channel_id in returnable) for row in live
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
    """The time of ``?at=`` in UTC, and what is wrong with it if it is none."""
    if not text.strip():
        return None, ""
    try:
        found = parse_datetime(text.strip())
    except ValueError:
        found = None
    if found is None:
        return None, f"“{text[:40]}” is no time. Write it like 2026-11-23T14:20, in UTC."
    return (found if found.tzinfo else found.replace(tzinfo=UTC)), ""


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
