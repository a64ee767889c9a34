"""``@verb``: one service, one transaction, one entry per stream changed.

The decorator alone opens the transaction. Inside it binds the actor, claims the idempotency key, runs
the service and stores what it answered; on a refusal it rolls back and then writes the refusal in a
transaction of its own. A verb calls steps, never another verb: the durable transaction would refuse it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from uuid import UUID

from django.db import DatabaseError, DataError, IntegrityError, OperationalError, models, transaction
from django.utils import timezone

from governance.actors import Actor, ActorMissing, acting_as
from governance.background.transient import Transient
from governance.errors import GovernanceError, InvalidInput
from governance.ledger import idempotency, refusals
from governance.ledger.entries import Recording, append_entry
from governance.ledger.events import event_named
from governance.ledger.guard import GUARD_VIOLATION
from governance.ledger.models import Entry
from governance.ledger.waking import wake_integrator

P = ParamSpec("P")
R = TypeVar("R", bound=models.Model)


class NothingRecorded(RuntimeError):
    """A verb ended without its entry, or changed a stream without one; this is a defect of the service."""


class Conflict(GovernanceError, Transient):
    """Somebody else changed the same thing at the same time, or it exists already."""

    code = "conflict"
    title = "Conflict"
    next_step = "Read the object again and repeat the request if it still applies."


@dataclass(frozen=True)
class Unchanged(Generic[R]):
    """Answer of a verb that found its work done already: nothing changed, so nothing is recorded."""

    instance: R


_recording: ContextVar[Recording | None] = ContextVar("countersign_recording", default=None)


def _current() -> Recording:
    recording = _recording.get()
    if recording is None:
        raise ActorMissing("No verb is running: only a service decorated with @verb may record.")
    return recording


def touching(stream: str) -> None:
    """Remember that the running verb asked about this object, so that a refusal names it."""
    recording = _recording.get()
    if recording is not None and stream not in recording.targets:
        recording.targets.append(stream)


def record(
    stream: str,
    *,
    event: str = "",
    before: Any = None,
    after: Any = None,
    reason: str = "",
    refs: dict[str, str] | None = None,
) -> Entry:
    """Append the running verb's entry to ``stream``; further entries name the first as their cause.

    ``event`` differs from the verb's own only for a consequence in another stream.
    """
    recording = _current()
    cause = recording.entries[0].id if recording.entries else None
    name = event or recording.event
    entry = append_entry(name, stream, before=before, after=after, reason=reason, refs=refs, cause=cause)
    recording.entries.append(entry)
    recording.events.append(name)
    return entry


def cause() -> UUID:
    """The id of the running verb's first entry, which whatever follows from it names.

    Raises:
        ActorMissing: no verb is running.
        NothingRecorded: it has recorded nothing yet.
    """
    entries = _current().entries
    if not entries:
        raise NothingRecorded("Record the change first; what follows from it names its entry.")
    return entries[0].id


@contextmanager
def _recording_of(event: str) -> Iterator[Recording]:
    recording = Recording(event)
    token = _recording.set(recording)
    try:
        yield recording
    finally:
        _recording.reset(token)


def _check(recording: Recording, answer: object) -> None:
    if isinstance(answer, Unchanged):
        if recording.entries:
            raise NothingRecorded(f"{recording.event} answered Unchanged but recorded entries.")
        return
    if not recording.events or recording.events[0] != recording.event:
        raise NothingRecorded(f"{recording.event} ended without its own entry.")


def _translated(error: Exception) -> GovernanceError | NothingRecorded | None:
    """What an error of the database means; None for one that only an operator can help with."""
    state = getattr(error.__cause__, "sqlstate", "") or ""
    if state == GUARD_VIOLATION:
        return NothingRecorded(str(error).strip())
    if isinstance(error, IntegrityError) and state in {"23505", "23P01", "23503"}:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or "a constraint"
        return Conflict(f"The change collides with what is stored ({constraint}).")
    if isinstance(error, OperationalError) and state in {"40001", "40P01", "55P03"}:
        return Conflict("Another change of the same objects was running.")
    if isinstance(error, DataError):
        return InvalidInput(f"A value cannot be stored: {str(error).splitlines()[0]}.")
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return InvalidInput("A text cannot be stored: it holds half of a surrogate pair.")
    return None


def _run(event: str, function: Callable[..., Any], actor: Actor, recording: Recording, call: Any) -> Any:
    args, kwargs = call
    claim = idempotency.claim(actor, event)
    if claim is not None and claim.is_replay:
        return claim.stored_result()
    answer = function(actor, *args, **kwargs)
    _check(recording, answer)
    result = answer.instance if isinstance(answer, Unchanged) else answer
    if claim is not None:
        claim.store(result)
    return result


def _check_actor(verb_name: str, actor: object) -> None:
    if not isinstance(actor, Actor):
        raise ActorMissing(f"{verb_name} needs an Actor first, not {type(actor).__name__}.")
    if actor.at is not None and actor.at > timezone.now():
        raise ValueError(f"{verb_name}: a simulated time lies in the past, not at {actor.at:%F %T}.")


def verb(
    event: str,
) -> Callable[[Callable[Concatenate[Actor, P], R | Unchanged[R]]], Callable[Concatenate[Actor, P], R]]:
    """Make ``service(actor, …)`` the verb ``event``. It answers a model instance.

    Raises (when called):
        GovernanceError: the service's refusal, after it was recorded.
        ActorMissing: the first argument is no Actor.
    """
    event_named(event)

    def declare(
        function: Callable[Concatenate[Actor, P], R | Unchanged[R]],
    ) -> Callable[Concatenate[Actor, P], R]:
        @wraps(function)
        def call(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            _check_actor(function.__name__, actor)
            with acting_as(actor), _recording_of(event) as recording:
                try:
                    with transaction.atomic(durable=True):
                        answer = _run(event, function, actor, recording, (args, kwargs))
                except GovernanceError as refusal:
                    refusals.record_refusal(actor, event, refusal, recording.targets, kwargs)
                    raise
                except (DatabaseError, UnicodeEncodeError) as error:
                    translated = _translated(error)
                    if translated is None:
                        raise
                    if isinstance(translated, GovernanceError):
                        refusals.record_refusal(actor, event, translated, recording.targets, kwargs)
                    raise translated from error
            if recording.entries:
                wake_integrator()
            return answer  # type: ignore[no-any-return]  # the claim's stored result is of the verb's own type

        return call

    return declare
