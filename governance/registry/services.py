"""Verbs on systems, channels and segments."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model

from governance.access.queries import require
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.verbs import record, verb
from governance.registry.models import Channel, Segment, System
from governance.registry.predicates import as_json, parse_predicate, sentence


class AlreadyRegistered(GovernanceError):
    """The name is taken; what is registered is immutable."""

    code = "already_registered"
    title = "Registered before"
    next_step = "Choose another name or version; registered versions never change."


def check_fields(instance: Model, *, exclude: tuple[str, ...] = ()) -> None:
    """Check an instance's fields against its model and name the first that does not fit.

    Raises:
        InvalidInput: naming the field.
    """
    try:
        instance.clean_fields(exclude=set(exclude))
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise invalid(field, f"{getattr(instance, field)!r}: {' '.join(messages)}") from error


@verb("system.registered")
def register_system(
    actor: Actor,
    *,
    slug: str,
    name: str,
    description: str = "",
    dataset_change_limit_rate: float = 0.1,
    starter_may_cast_last_vote: bool = False,
) -> System:
    """Register a decision system, the scope under which everything else stands."""
    require(actor, Permission.REGISTER_SYSTEM, INSTALLATION)
    if System.objects.filter(slug=slug).exists():
        raise AlreadyRegistered(f"There is a system {slug!r} already.")
    system = System(
        slug=slug,
        name=name,
        description=description,
        dataset_change_limit_rate=dataset_change_limit_rate,
        starter_may_cast_last_vote=starter_may_cast_last_vote,
        registered_at=moment(),
        registered_by_username=actor.username,
    )
    check_fields(system)
    if not 0 <= dataset_change_limit_rate <= 1:
        raise invalid(
            "dataset_change_limit_rate", f"{dataset_change_limit_rate} is no share between 0 and 1."
        )
    system.save(force_insert=True)
    record(
        system.stream(),
        after={
            "slug": slug,
            "name": name,
            "description": description,
            "dataset_change_limit_rate": dataset_change_limit_rate,
            "starter_may_cast_last_vote": starter_may_cast_last_vote,
        },
    )
    return system


@verb("channel.registered")
def register_channel(actor: Actor, *, system: System, name: str, kind: str, drill: bool = False) -> Channel:
    """Register a channel of a system; grants on the system cover it at once."""
    require(actor, Permission.REGISTER_CHANNEL, system)
    if Channel.objects.filter(system=system, name=name).exists():
        raise AlreadyRegistered(f"{system} has a channel {name!r} already.")
    channel = Channel(system=system, name=name, kind=kind, drill=drill, registered_at=moment())
    check_fields(channel)
    channel.save(force_insert=True)
    record(
        channel.stream(),
        after={"system": system.id, "name": name, "kind": kind, "drill": drill},
    )
    return channel


@verb("segment.defined")
def define_segment(
    actor: Actor,
    *,
    system: System,
    key: str,
    title: str,
    predicate: dict[str, Any],
    protected: bool,
    reason: str,
) -> Segment:
    """Define a segment, or its next version: a named predicate over attributes of a sample.

    Raises:
        InvalidInput: a predicate that is not structured JSON of the documented form, or no reason.
    """
    require(actor, Permission.DEFINE_SEGMENT, system)
    parsed = parse_predicate(predicate)
    if not reason.strip():
        raise invalid("reason", "say why the segment is watched, and for whom it stands.")
    System.objects.select_for_update(no_key=True).get(id=system.id)
    last = Segment.objects.filter(system=system, key=key).order_by("-version").first()
    segment = Segment(
        system=system,
        key=key,
        version=last.version + 1 if last else 1,
        title=title,
        predicate=as_json(parsed),
        protected=protected,
        reason=reason,
        defined_at=moment(),
        defined_by_username=actor.username,
    )
    check_fields(segment)
    segment.save(force_insert=True)
    before = {"version": last.version, "predicate": last.predicate} if last else None
    record(segment.stream(), before=before, after=_document(segment, sentence(parsed)), reason=reason)
    return segment


def _document(segment: Segment, words: str) -> dict[str, Any]:
    return {
        "system": segment.system_id,
        "key": segment.key,
        "version": segment.version,
        "title": segment.title,
        "predicate": segment.predicate,
        "sentence": words,
        "protected": segment.protected,
    }
