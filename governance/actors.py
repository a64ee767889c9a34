"""Who acts, and when: the two facts that every write carries.

An :class:`Actor` is made at the interface (session, token, task wrapper, command) and passed to the
service as its first argument. ``@verb`` binds it while the verb runs, so that steps and the ledger read
the same actor and the same moment; outside a verb there is none and asking raises.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.utils import timezone


class ActorKind(StrEnum):
    """What kind of thing acts; stored in every ledger entry."""

    USER = "user"
    SERVICE = "service"
    TASK = "task"
    COMMAND = "command"


class AuthMethod(StrEnum):
    """How the actor proved who it is; stored in every ledger entry."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - the name of a method, not a secret
    WORKER = "worker"
    SHELL = "shell"
    DEMO = "demo"


@dataclass(frozen=True)
class Authentication:
    """Method of authentication, whether a second factor was used, and when the person last proved it."""

    method: AuthMethod
    mfa: bool = False
    proved_at: datetime | None = None
    scopes: frozenset[str] | None = None
    token_id: UUID | None = None

    def is_fresh(self, at: datetime, within: timedelta) -> bool:
        """Whether the proof is at most ``within`` old at ``at``; an unknown time is never fresh."""
        return self.proved_at is not None and at - self.proved_at <= within


@dataclass(frozen=True)
class Principal:
    """An account as it stood when it acted: id and username, copied beside every key."""

    id: UUID
    username: str


@dataclass(frozen=True)
class IdempotencyKey:
    """The client's key and the digest (``sha256:…``) of the request it names."""

    key: str
    request_digest: str


@dataclass(frozen=True)
class Actor:
    """Who performs a verb. ``at`` is set only by the demo's seeding, which lives in the past."""

    kind: ActorKind
    username: str
    auth: Authentication
    id: UUID | None = None
    on_behalf_of: Principal | None = None
    request_id: str = ""
    task_id: str = ""
    idempotency: IdempotencyKey | None = None
    at: datetime | None = None
    simulated: bool = field(default=False)

    def with_idempotency(self, key: str, request_digest: str) -> "Actor":
        """The same actor, claiming this idempotency key for its next verb."""
        return replace(self, idempotency=IdempotencyKey(key, request_digest))


class ActorMissing(RuntimeError):
    """A write was attempted outside a verb: nobody would be accountable for it."""


@dataclass
class _Act:
    actor: Actor
    moment: datetime | None = None


_act: ContextVar[_Act | None] = ContextVar("countersign_act", default=None)


def _current() -> _Act:
    act = _act.get()
    if act is None:
        raise ActorMissing("No actor is bound. Call the service through @verb with an Actor.")
    return act


def current_actor() -> Actor:
    """The actor of the running verb.

    Raises:
        ActorMissing: outside a verb.
    """
    return _current().actor


def moment() -> datetime:
    """The one time of the running verb, UTC, from the server's clock.

    It is taken when it is first asked for, which verbs do after they have locked what they change: of two
    that wait for one lock, the second never writes an earlier time than the first.

    Raises:
        ActorMissing: outside a verb.
    """
    act = _current()
    if act.moment is None:
        act.moment = act.actor.at or timezone.now()
    return act.moment


@contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    """Bind ``actor`` and its moment for the block."""
    token = _act.set(_Act(actor))
    try:
        yield actor
    finally:
        _act.reset(token)


def command_actor(operator: str) -> Actor:
    """The operator at the server's shell, by the name of the operating system's user."""
    return Actor(ActorKind.COMMAND, operator, Authentication(AuthMethod.SHELL))


def task_actor(task_id: str, on_behalf_of: Principal | None = None) -> Actor:
    """The worker, acting for whoever asked for the work."""
    return Actor(
        ActorKind.TASK,
        "engine",
        Authentication(AuthMethod.WORKER),
        on_behalf_of=on_behalf_of,
        task_id=task_id,
    )
