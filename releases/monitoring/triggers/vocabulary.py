"""Words of triggers: what they do, the states they are in, and what an evaluation answers.

An evaluation acts on nothing. It says which triggers ask for what (:class:`Firing`), how each stands
(:class:`Standing`), and which of them keep a rollout from going on (:class:`Blocked`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Action(StrEnum):
    """What a trigger asks for while it fires, the strongest first."""

    ROLLBACK = "rollback"
    HOLD = "hold"
    NOTIFY = "notify"


STRONGEST_FIRST = tuple(Action)


class Mode(StrEnum):
    """``observe``: it is evaluated, shown and recorded, and asks for nothing."""

    ENFORCE = "enforce"
    OBSERVE = "observe"


class Phase(StrEnum):
    """Where a trigger is in its course; what follows what stands in ``states.py`` beside this."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"


class Lack(StrEnum):
    """What an evaluation may lack, beside the phase: it neither trips nor clears."""

    NOTHING = ""
    NO_DATA = "no_data"
    ERROR = "error"


class State(StrEnum):
    """How a trigger stands. ``no_data`` and ``error`` say that nothing was found out; what fires goes on
    firing beside them. ``overridden``: it fires, and somebody answers for going on nevertheless."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    NO_DATA = "no_data"
    ERROR = "error"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True)
class Firing:
    """A trigger of the plan that asks for ``action`` now: because it fires, or because what it needs is
    missing (``because`` is ``no_data`` or ``error``) and its plan says what then.

    Only one in mode ``enforce`` is acted on. ``digest`` is that of ``evidence``; ``since`` is when it began
    to fire. ``latched``: it goes on until somebody acknowledges it, whatever the data say. ``after_override``
    is the newest override that went past this evidence and is over, if there is one.
    """

    key: str
    segment: str
    action: Action
    mode: Mode
    sentence: str
    evidence: dict[str, Any]
    digest: str
    since: datetime
    because: State = State.FIRING
    latched: bool = False
    trigger: UUID | None = None
    after_override: UUID | None = None


@dataclass(frozen=True)
class Standing:
    """How one trigger stands after the evaluation, with the sentence that says what was found."""

    key: str
    segment: str
    kind: str
    mode: Mode
    state: State
    sentence: str
    since: datetime
    overridden_until: datetime | None = None


@dataclass(frozen=True)
class Blocked:
    """A trigger in force that keeps the rollout from going on: it is not shown to be quiet.

    Absent data is no success: a trigger without data, or with too few subjects, blocks.
    """

    key: str
    segment: str
    state: State
    sentence: str


@dataclass(frozen=True)
class Evaluated:
    """What all triggers in force on a deployment came to at ``at``.

    ``overridden`` are those that ask for an act while somebody answers for going past it. ``not_measured``
    are keys of triggers in force that are words for people.
    """

    at: datetime
    firings: tuple[Firing, ...] = ()
    states: tuple[Standing, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    not_measured: tuple[str, ...] = field(default=())
    overridden: tuple[Firing, ...] = ()

    def asks_for(self, action: Action) -> tuple[Firing, ...]:
        """The enforced firings that ask for ``action``."""
        return tuple(one for one in self.firings if one.mode is Mode.ENFORCE and one.action is action)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing that is enforced asks for more than a message, overridden or not."""
        asking = (one for one in (*self.firings, *self.overridden) if one.action is not Action.NOTIFY)
        return all(one.mode is not Mode.ENFORCE for one in asking)
