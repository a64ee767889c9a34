"""Narrowing the ledger: each filter by its name, the same for the interface and for the pages.

Whether an object exists is not told apart from whether the reader may see it: of either nothing is found.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audits.records.related import REFUSED, refused_on, related_to_release
from audits.records.visibility import OF_GRANTS, aggregates
from governance.access.models import Grant, Proposal
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.ledger.models import Entry, stream_name
from governance.registry.models import Channel, System
from releases.bundles.models import Release
from releases.monitoring.incidents.models import Incident
from releases.monitoring.triggers.models import TriggerStatus

Entries = QuerySet[Entry]
FEW = 2_000
DOSSIER = "dossier"


def of_release(rows: Entries, actor: Actor, key: UUID) -> Entries:
    """All about a release: what it is made of, what judged it, approvals, rollouts, incidents, refusals, and
    dossiers of it."""
    release = visible_to(Release.objects.filter(pk=key), actor).first()
    if release is None:
        return rows.none()
    found = related_to_release(release)
    # A dossier does not hold the histories of dossiers, its own least of all; whoever searches finds them.
    dossiers: QuerySet[Any] = aggregates()[DOSSIER]._default_manager.all()
    named = _named(DOSSIER, dossiers.filter(release=release.pk))
    return replace(found, whole=found.whole | frozenset(named)).among(rows)


def of_person(rows: Entries, actor: Actor, key: UUID) -> Entries:
    """What an account did, and what was done on its behalf."""
    return any_of(rows, newest(document__actor__id=str(key)), newest(document__on_behalf_of__id=str(key)))


def of_system(rows: Entries, actor: Actor, key: UUID) -> Entries:
    """All about a system and what belongs to it, roles on it and what was refused there."""
    if not visible_to(System.objects.filter(pk=key), actor).exists():
        return rows.none()
    streams = _streams_in(key)
    grants = Grant.objects.filter(Q(system=key) | Q(channel__system=key)).order_by()
    given = [str(one) for one in grants.values_list("pk", flat=True)]
    roles = Q(document__type__in=OF_GRANTS, document__after__grant__in=given)
    return any_of(rows, Q(stream__in=streams), roles, refused_on(streams))


def of_channel(rows: Entries, actor: Actor, key: UUID) -> Entries:
    """What happened on a channel: what was live, rollouts, triggers, incidents, reports, refusals."""
    if not visible_to(Channel.objects.filter(pk=key), actor).exists():
        return rows.none()
    triggers = TriggerStatus.objects.filter(deployment__channel=key)
    streams = [
        stream_name("channel", key),
        *_named("trigger", triggers),
        *_named("incident", Incident.objects.filter(channel=key)),
    ]
    named = newest(document__after__channel=str(key))
    return any_of(rows, Q(stream__in=streams), named, refused_on(streams))


def of_event(rows: Entries, actor: Actor, name: str) -> Entries:
    """Entries of one event."""
    return rows.filter(document__type=name)


def of_stream(rows: Entries, actor: Actor, name: str) -> Entries:
    """One stream from its first entry on."""
    return rows.filter(stream=name)


def from_time(rows: Entries, actor: Actor, at: datetime) -> Entries:
    """From a time on, itself included."""
    return rows.filter(at__gte=at)


def until_time(rows: Entries, actor: Actor, at: datetime) -> Entries:
    """Up to a time, itself not included."""
    return rows.filter(at__lt=at)


def refused_only(rows: Entries, actor: Actor, only: bool) -> Entries:
    """Refused attempts alone, or everything but these."""
    return rows.filter(document__type=REFUSED) if only else rows.exclude(document__type=REFUSED)


FILTERS: dict[str, Callable[[Entries, Actor, Any], Entries]] = {
    "release": of_release,
    "person": of_person,
    "system": of_system,
    "channel": of_channel,
    "event": of_event,
    "stream": of_stream,
    "at_from": from_time,
    "at_until": until_time,
    "refused": refused_only,
}
"""The one place where a filter of the ledger is added."""


@dataclass(frozen=True)
class Newest:
    """A condition with an index of its own that ends with the time."""

    condition: Q


def newest(**lookups: Any) -> Newest:
    """The condition of these lookups."""
    return Newest(Q(**lookups))


def any_of(rows: Entries, *conditions: Q | Newest, few: int = FEW) -> Entries:
    """Rows that fit one of the conditions, each of which has an index.

    Joined by OR they have none: the database would guess between reading all by time until a page is full,
    which is right where most entries fit, and each index, which is right where few do. So few are asked for
    by each condition first, and named.
    """
    found: set[UUID] = set()
    for one in conditions:
        kept = one.condition if isinstance(one, Newest) else one
        fitting = Entry.objects.filter(kept).order_by(*(["-at"] if isinstance(one, Newest) else []))
        found.update(fitting.values_list("pk", flat=True)[: few + 1])
        if len(found) > few:
            every = (one.condition if isinstance(one, Newest) else one for one in conditions)
            return rows.filter(reduce(or_, every))
    return rows.filter(pk__in=found)


def _streams_in(system: UUID) -> list[str]:
    """The streams of all that belongs to a system."""
    found: list[str] = []
    for prefix, model in aggregates().items():
        paths = getattr(model, "access_paths", None)
        path = "system" if model is Proposal else paths.system if paths else None
        if path is not None:
            found += _named(prefix, model._default_manager.filter(**{path: system}))
    return found


def _named(prefix: str, rows: QuerySet[Any]) -> list[str]:
    return [stream_name(prefix, key) for key in rows.order_by().values_list("pk", flat=True)]
