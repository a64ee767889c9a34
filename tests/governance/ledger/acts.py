"""Verbs made for the tests of ``@verb``: each is one way in which a service can behave.

They need no accounts: what they test lies below the grants.
"""

import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from governance.actors import Actor, ActorKind, Authentication, AuthMethod, moment
from governance.errors import GovernanceError
from governance.identifiers import new_id
from governance.ledger.verbs import Unchanged, record, touching, verb
from governance.registry.models import Channel, System

EVENT = "system.registered"


class TooLate(GovernanceError):
    """What the refusing verbs raise."""

    code = "too_late"
    title = "Too late"


def nothing() -> None:
    """What most verbs do besides."""


def person(username: str = "ada", *, at: datetime | None = None, simulated: bool = False) -> Actor:
    """A signed-in person with an id of their own."""
    return Actor(
        ActorKind.USER,
        username,
        Authentication(AuthMethod.SESSION, mfa=True),
        id=new_id(),
        request_id="request-1",
        at=at,
        simulated=simulated,
    )


def unsaved_system(slug: str) -> System:
    """A system as a service would make it."""
    return System(slug=slug, name=slug, registered_at=timezone.now(), registered_by_username="ada")


@verb(EVENT)
def found(actor: Actor, *, slug: str) -> System:
    """Makes a system and records it."""
    system = unsaved_system(slug)
    system.registered_at = moment()
    system.save(force_insert=True)
    record(system.stream(), after={"slug": slug})
    return system


@verb(EVENT)
def rename(
    actor: Actor, *, system: System, name: str, meanwhile: Callable[[], None] = nothing, refs: object = None
) -> System:
    """Locks, changes, records; does something else before it ends."""
    system = System.objects.select_for_update(no_key=True).get(id=system.id)
    system.name = name
    system.save(update_fields=["name"])
    record(system.stream(), after={"name": name}, refs=refs)  # type: ignore[arg-type]  # tests pass wrong ones
    meanwhile()
    return system


@verb(EVENT)
def rename_then_refuse(actor: Actor, *, system: System, name: str, other: UUID | None = None) -> System:
    """Changes and records, then refuses."""
    touching(system.stream())
    System.objects.filter(id=system.id).update(name=name)
    record(system.stream(), after={"name": name})
    raise TooLate(f"{name} comes too late.")


@verb(EVENT)
def rename_silently(actor: Actor, *, system: System, name: str) -> System:
    """Changes and forgets the entry."""
    System.objects.filter(id=system.id).update(name=name)
    return system


@verb(EVENT)
def rename_two(actor: Actor, *, first: System, second: System, name: str) -> System:
    """Changes two systems, records one."""
    System.objects.filter(id__in=[first.id, second.id]).update(name=name)
    record(first.stream(), after={"name": name})
    return first


@verb(EVENT)
def record_something_else(actor: Actor, *, system: System) -> System:
    """Records another event than its own."""
    record(system.stream(), event="channel.registered")
    return system


@verb(EVENT)
def record_in_two_streams(actor: Actor, *, first: System, second: System) -> System:
    """Records its event and a consequence."""
    record(first.stream(), after={"part": 1})
    record(second.stream(), event="channel.registered", after={"part": 2})
    return first


@verb(EVENT)
def leave_alone(actor: Actor, *, system: System) -> Unchanged[System]:
    """Finds its work done."""
    return Unchanged(system)


@verb(EVENT)
def claim_unchanged(actor: Actor, *, system: System) -> Unchanged[System]:
    """Says that nothing changed, but records."""
    record(system.stream())
    return Unchanged(system)


@verb(EVENT)
def call_a_verb(actor: Actor, *, system: System) -> System:
    """Calls a verb, which only steps may be."""
    record(system.stream())
    return rename(actor, system=system, name="inner")


@verb(EVENT)
def add_channel_to_nowhere(actor: Actor) -> Channel:
    """Breaks a foreign key, which PostgreSQL notices at COMMIT only."""
    channel = Channel(system_id=new_id(), name="android", kind="android", registered_at=timezone.now())
    channel.save(force_insert=True)
    record(channel.stream())
    return channel


@verb(EVENT)
def lock_both(actor: Actor, *, first: System, second: System, rest: float = 0.3) -> System:
    """Locks two systems in the order given."""
    System.objects.select_for_update(no_key=True).get(id=first.id)
    time.sleep(rest)
    System.objects.select_for_update(no_key=True).get(id=second.id)
    record(first.stream())
    return first
