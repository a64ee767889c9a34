"""The words in which a slice declares what its entries say of its rows.

A column's word is a place in the entry: ``"decision"`` or ``"voter.id"`` in ``after`` (in the item, where
``each`` names a list), ``"^revision"`` in ``after`` beside a list, ``"@…"`` outside ``after`` (see
:func:`outside`), ``"=live"`` a text that follows from the event itself, or a function of the entry. What an
entry does not say (an older one, written before it said so) leaves the column unknown from then on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from governance.ledger.models import Governed


class NotSaid:
    """The entry says nothing of it."""

    def __repr__(self) -> str:
        return "not said"


NOT_SAID: Final = NotSaid()


@dataclass(frozen=True, slots=True)
class Committed:
    """What an entry says as a commitment. Before rows are compared it is opened, with those of many streams
    at once: to the digest of the value, or to ``NOT_SAID`` once nothing opens it.

    Not for tables ``by_entry``.
    """

    commitment: str


UNREADABLE = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What words raise on a body, and ``through`` on a row, that is not as the product writes it."""


class Person(msgspec.Struct, frozen=True):
    """Who acted, as entries name people."""

    id: str | None
    username: str


class Said(msgspec.Struct, frozen=True):
    """What is read of an entry's body."""

    id: str
    type: str
    stream: str
    seq: int
    at: str
    actor: Person
    on_behalf_of: Person | None = None
    reason: str | None = None
    before: Any = None
    after: Any = None
    refs: dict[str, str | None] = {}


@dataclass(frozen=True, slots=True)
class Heard:
    """An entry in its stream. ``is_late``: its time was raised to that of the entry before it, so that the
    verb's own time may be an earlier one. ``former`` is the entry before it that told the same."""

    said: Said
    is_late: bool = False
    former: Said | None = None


Word = str | Callable[[Heard], Any]
Rows = Mapping[str, Word]


def always(_said: Said) -> bool:
    """Every entry of the event."""
    return True


@dataclass(frozen=True)
class Told:
    """What entries of ``events`` say of one row, or of a row for each item of a list.

    ``row`` is the word for the value of the declaration's key; by default the row is the aggregate itself.
    ``is_first`` is said of the entry with which a row begins: a row that none began has no entry.
    """

    events: tuple[str, ...]
    columns: Rows
    row: Word = "@aggregate"
    each: str = ""
    only: Callable[[Said], bool] = always
    is_first: bool = False


@dataclass(frozen=True)
class Reconciled:
    """A table whose rows each have a key that entries name.

    ``through`` brings a row's value to what entries say of it (its digest, its length). ``left`` are the
    columns that are not followed, each with the reason. With ``by_entry`` a row is written once and names its
    entry in that column; such tables may have millions of rows and are compared row by row.
    """

    model: type[Governed]
    told: tuple[Told, ...]
    left: Mapping[str, str] = field(default_factory=dict)
    through: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    key: str = "id"
    by_entry: str = ""

    def columns(self) -> set[str]:
        """The columns that are followed; of a range both ends."""
        return {column for told in self.told for column in told.columns}

    def events(self) -> set[str]:
        """The events that say something of the table."""
        return {event for told in self.told for event in told.events}


@dataclass(frozen=True)
class Listed:
    """What entries of ``events`` list: all rows whose column ``of`` has the value of ``owner``, and no other.

    ``blob`` names the reference under which the list lies outside the entry; its owner stands in the entry.
    """

    events: tuple[str, ...]
    each: str
    columns: Rows
    owner: Word = "@aggregate"
    blob: str = ""
    only: Callable[[Said], bool] = always


@dataclass(frozen=True)
class ReconciledList:
    """A table whose rows have no name in entries: they are the items of lists, each list as a whole."""

    model: type[Governed]
    of: str
    listed: tuple[Listed, ...]
    left: Mapping[str, str] = field(default_factory=dict)

    def columns(self) -> set[str]:
        """The columns that are followed."""
        return {self.of, *(column for listed in self.listed for column in listed.columns)}

    def events(self) -> set[str]:
        """The events that list rows of the table."""
        return {event for listed in self.listed for event in listed.events}


Declaration = Reconciled | ReconciledList


def find(source: Any, path: str) -> Any:
    """What stands at a place, ``a.b.-1``; ``NOT_SAID`` where nothing does."""
    for part in path.split(".") if path else ():
        if isinstance(source, Mapping):
            source = source.get(part, NOT_SAID)
        elif (
            isinstance(source, list)
            and part.lstrip("-").isdigit()
            and -len(source) <= int(part) < len(source)
        ):
            source = source[int(part)]
        else:
            return NOT_SAID
    return source


def outside(heard: Heard, name: str) -> Any:
    """What an entry says outside ``after``: ``at``, ``id``, ``reason``, ``aggregate``; ``actor`` and
    ``actor_id``; ``whom`` and ``whom_id`` for whom somebody acted, else the actor; ``refs.…``, ``before.…``.
    """
    said = heard.said
    head, _, rest = name.partition(".")
    whom = said.on_behalf_of or said.actor
    plain: dict[str, Any] = {
        "at": NOT_SAID if heard.is_late else said.at,
        "id": said.id,
        "reason": said.reason,
        "aggregate": said.stream.partition(":")[2],
        "actor": said.actor.username,
        "actor_id": said.actor.id,
        "whom": whom.username,
        "whom_id": whom.id,
    }
    if head in plain:
        return plain[head]
    return find({"refs": said.refs, "before": said.before}[head], rest)


def spoken(word: Word, heard: Heard, item: Any) -> Any:
    """What a word comes to in an entry."""
    if callable(word):
        return word(heard)
    if word[:1] == "@":
        return outside(heard, word[1:])
    if word[:1] == "=":
        return word[1:]
    if word[:1] == "^":
        return find(heard.said.after, word[1:])
    return find(item, word)


def const(value: Any) -> Word:
    """What follows from the event itself."""
    return lambda _heard: value


def maybe(path: str, otherwise: Any) -> Word:
    """A place in ``after`` that entries leave out where ``otherwise`` holds."""

    def said(heard: Heard) -> Any:
        found = find(heard.said.after, path)
        return otherwise if found is NOT_SAID else found

    return said


def of_former(path: str) -> Word:
    """A place outside ``after`` of the entry before it that told the same."""

    def said(heard: Heard) -> Any:
        return NOT_SAID if heard.former is None else outside(Heard(heard.former), path)

    return said


def has(path: str) -> Callable[[Said], bool]:
    """Whether ``after`` has something at the place."""
    return lambda said: find(said.after, path) not in (NOT_SAID, None)
