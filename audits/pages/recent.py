"""The newest entries of the ledger that lie within a person's reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from audits.pages.history import Event, events_of
from governance.access.admin_base import admin_url
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.ledger.models import Entry
from governance.registry.models import Channel, ComponentVersion, System
from releases.approvals.models import ApprovalRequest
from releases.bundles.models import Release
from releases.gates.models import GateEvaluation, GatePolicy

LOOK_BACK = 300
SILENT = frozenset(
    {"assignment.changed", "component.registered", "gate_policy.superseded", "approval_request.withdrawn"}
)


@dataclass(frozen=True)
class Subject:
    """What an entry is about."""

    name: str
    url: str


@dataclass(frozen=True)
class Recent:
    """An event with what it is about; templates read the event's fields through it."""

    event: Event
    subject: str
    url: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.event, name)


def _of_release(rows: Iterable[Any]) -> dict[UUID, Subject]:
    return {row.pk: Subject(row.release.name, admin_url(Release, "change", row.release_id)) for row in rows}


def _itself(rows: Iterable[Model]) -> dict[UUID, Subject]:
    return {row.pk: Subject(_name_of(row), admin_url(type(row), "change", row.pk)) for row in rows}


def _name_of(row: Model) -> str:
    """A release by its name alone: its text would read the system of each."""
    return row.name if isinstance(row, Release) else str(row)


SOURCES: dict[str, tuple[QuerySet[Any], Any]] = {
    "release": (Release.objects.all(), _itself),
    "approval_request": (ApprovalRequest.objects.select_related("release"), _of_release),
    "gate_evaluation": (
        GateEvaluation.objects.select_related("release").defer("result", "inputs"),
        _of_release,
    ),
    "gate_policy": (GatePolicy.objects.all(), _itself),
    "system": (System.objects.all(), _itself),
    "component": (ComponentVersion.objects.all(), _itself),
}
"""Streams that the front page tells about, by prefix: their rows and how each is named."""


def recent_events(actor: Actor, most: int = 12) -> list[Recent]:
    """The newest events that the actor may know of, in a fixed number of queries."""
    prefixes = "|".join(SOURCES)
    entries = list(
        Entry.objects.filter(stream__regex=f"^({prefixes}):")
        .exclude(document__type__in=SILENT)
        .select_related("leaf")
        .order_by("-at", "-id")[:LOOK_BACK]
    )
    subjects = _subjects(actor, entries)
    seen = [entry for entry in entries if entry.stream in subjects]
    rows = []
    for event in events_of(seen, visible_to(Channel.objects.all(), actor))[:most]:
        subject = subjects[event.entry.stream]
        rows.append(Recent(event, subject.name, subject.url))
    return rows


def _subjects(actor: Actor, entries: Sequence[Entry]) -> dict[str, Subject]:
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        prefix, _, key = entry.stream.partition(":")
        wanted.setdefault(prefix, set()).add(key)
    found: dict[str, Subject] = {}
    for prefix, keys in wanted.items():
        rows, named = SOURCES[prefix]
        visible = visible_to(rows.filter(pk__in=keys), actor)
        found |= {f"{prefix}:{key}": subject for key, subject in named(visible).items()}
    return found
