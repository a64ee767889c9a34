"""Which entries of the ledger a person may read: those of streams whose object the person may see.

Whoever reads the whole installation reads them all. For others the names of their streams are asked for
first and then stand in the query themselves: only so does the database know whether it is about most of a
million entries or about few of them.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db.models import F, Func, JSONField, Q, QuerySet, Value
from django.db.models.lookups import Exact
from django.utils.module_loading import import_string

from audits.records.related import refused_on
from governance.access.models import Account, Proposal
from governance.access.queries import (
    Reach,
    accounts_visible_to,
    grants_visible_to,
    proposals_visible_to,
    reach,
    visible_to,
)
from governance.access.roles import Permission
from governance.actors import Actor
from governance.ledger.models import Entry, Governed, stream_name
from governance.ledger.nightly import STREAM as CHECKS
from governance.ledger.refusals import refusal_stream
from releases.bundles.models import Revision

OF_ACCOUNTS = ("account.created", "account.deactivated", "account.password_changed")
OF_GRANTS = ("grant.given", "grant.revoked")
OPEN = frozenset({"ledger_key", "ledger_epoch"})
"""Streams about the ledger itself: of its keys, and of where it began anew. Whoever reads anything of it
needs them to check it."""


def entries_visible_to(actor: Actor) -> QuerySet[Entry]:
    """The entries that the actor may read, with their places in the tree."""
    rows = Entry.objects.select_related("leaf")
    found = reach(actor, Permission.VIEW)
    if found is None:
        return rows.none()
    if found.everywhere:
        return rows
    streams = streams_visible_to(actor, found)
    if found.systems or found.channels:
        streams |= {CHECKS}
    own = {refusal_stream(actor), stream_name(Account.stream_prefix, actor.id)} if actor.id else set()
    return rows.filter(
        Q(stream__in=sorted(streams | own)) | _of_people(actor) | _wholly_refused_on(streams | own)
    )


def streams_visible_to(actor: Actor, found: Reach) -> frozenset[str]:
    """Names of all streams that are about something the actor may see, but for those of people."""
    names: set[str] = set()
    for prefix, model in aggregates().items():
        rows = _rows(prefix, model, actor, found)
        names.update(stream_name(prefix, key) for key in rows.order_by().values_list("pk", flat=True))
    return frozenset(names)


def aggregates() -> dict[str, type[Governed]]:
    """The models whose rows have streams of their own, by the prefix; those of people apart."""
    governed = (model for model in apps.get_models() if issubclass(model, Governed))
    return {
        model.stream_prefix: model
        for model in governed
        if model.stream_column == "id" and model is not Account
    }


def seen_among(streams: Iterable[str], actor: Actor) -> frozenset[str]:
    """Those of the streams whose objects the actor may see now, be it that the actor once tried something
    there."""
    found = reach(actor, Permission.VIEW)
    if found is None or found.everywhere:
        return frozenset(streams if found else ())
    keys: dict[str, set[UUID]] = {}
    for stream in streams:
        prefix, _, key = stream.partition(":")
        with suppress(ValueError):
            keys.setdefault(prefix, set()).add(UUID(key))
    rows: dict[str, QuerySet[Any]] = {
        prefix: _rows(prefix, model, actor, found) for prefix, model in aggregates().items() if prefix in keys
    }
    if Account.stream_prefix in keys:
        rows[Account.stream_prefix] = accounts_visible_to(actor)
    return frozenset(
        stream_name(prefix, key)
        for prefix, visible in rows.items()
        for key in visible.filter(pk__in=keys[prefix]).order_by().values_list("pk", flat=True)
    )


def _rows(prefix: str, model: type[Governed], actor: Actor, found: Reach) -> QuerySet[Any]:
    if model is Proposal:
        return _proposals(actor, found)
    if prefix in settings.STREAM_READERS:
        own: QuerySet[Any] = import_string(settings.STREAM_READERS[prefix])(actor)
        return own
    rows = model._default_manager.all()
    if prefix in OPEN:
        return rows if found.systems or found.channels else rows.none()
    return visible_to(rows, actor)


def _proposals(actor: Actor, found: Reach) -> QuerySet[Proposal]:
    """What the actor could confirm, what is proposed in a system that the actor reads, and what is proposed
    about a revision that the actor sees through one of its channels."""
    rows = Proposal.objects.all()
    known = proposals_visible_to(actor).order_by().values("pk")
    where = Q(pk__in=known) | Q(system__in=found.systems)
    if found.channels:
        seen = visible_to(Revision.objects.all(), actor).order_by().values_list("pk", flat=True)
        where |= Q(
            system__in=set(found.channels.values()), arguments__revision__in=[str(key) for key in seen]
        )
    return rows.filter(where)


def _of_people(actor: Actor) -> Q:
    """Of other people's streams: roles within the actor's reach, and accounts that the actor administers."""
    grants = grants_visible_to(actor).order_by().values_list("pk", flat=True)
    accounts = accounts_visible_to(actor).order_by().values_list("pk", flat=True)
    streams = [stream_name(Account.stream_prefix, key) for key in accounts]
    return Q(document__type__in=OF_GRANTS, document__after__grant__in=[str(key) for key in grants]) | Q(
        document__type__in=OF_ACCOUNTS, stream__in=streams
    )


def _wholly_refused_on(streams: Iterable[str]) -> Q:
    """What others were refused, where all that they tried it on may be seen."""
    names = sorted(streams)
    unseen = Func(
        F("document__after__targets"),
        Value(names),
        template="(%(expressions)s::text[])",
        arg_joiner=" - ",
        output_field=JSONField(),
    )
    return refused_on(names) & Q(Exact(unseen, Value([], JSONField())))
