"""States that many tests pass through: reached once by the real services, then put back row for row.

A factory declared :func:`remembered` runs for real when a process first comes to it; a later test that takes
the same steps from the same beginning gets the rows that were written then. Put back is only what is certain
to come out the same: every step since the transaction began was a remembered one, with equal arguments and
settings, and nothing else has written a row. Whatever differs, and everything that commits, runs for real.
Sequences go on from test to test, so rows that come back never collide with new ones. Their times are those
of the first run: a test that needs a moment before them takes it from the rows. Where a test has stopped the
clock, they are of the moment at which it stands.
"""

import functools
import hashlib
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import UUID

import time_machine
from django.conf import UserSettingsHolder, settings
from django.db import connection, models, transaction

from tests.factories.rows import Kept, mark, put_back, standing, written_since
from tests.servers import SESSION_DATABASE

P = ParamSpec("P")
R = TypeVar("R")

BEGINNINGS = (SESSION_DATABASE, "shared_world", "world_of_bundles")
"""Databases in which every test begins alike, since none commits there."""


@dataclass(frozen=True)
class Place:
    """A certain state: the transaction, where in it, the writes so far, and the steps that led there."""

    transaction: tuple[str, str]
    savepoints: tuple[str, ...]
    writes: int
    steps: str

    def still_holds(self, found: "Place") -> bool:
        """Whether nothing was written or taken back since."""
        is_inside = found.savepoints[: len(self.savepoints)] == self.savepoints
        return is_inside and (found.transaction, found.writes) == (self.transaction, self.writes)


class NotComparable(Exception):
    """An argument whose equality says nothing about the rows that it leads to."""


_kept: dict[str, tuple[Kept, bytes]] = {}
_place: Place | None = None
_is_trusted = True


def trust(is_trusted: bool) -> bool:
    """Say whether the product runs as it is written: what a test has patched is not remembered.

    Answers what held before.
    """
    global _is_trusted
    before, _is_trusted = _is_trusted, is_trusted
    return before


def is_trusted() -> bool:
    """Whether the product runs as it is written."""
    return _is_trusted


def settings_of_the_test() -> str:
    """The settings that differ from those of the run, as a text that is equal for equal ones.

    Raises:
        NotComparable: one of them has no such text.
    """
    return _look(_overridden())


def remembered(factory: Callable[P, R]) -> Callable[P, R]:
    """Declare that equal calls of ``factory`` in one state lead to equal rows and answers."""

    @functools.wraps(factory)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return _reached(factory.__qualname__, (args, kwargs), lambda: factory(*args, **kwargs))

    return call


def once(name: str, build: Callable[[], object]) -> None:
    """Reach the state ``name`` by ``build``, which answers nothing."""
    _reached(name, (), build)


@contextmanager
def undone() -> Iterator[None]:
    """A transaction, or a savepoint in one, that ends taken back: the state before is known again.

    Durable verbs may run in it.
    """
    global _place  # noqa: PLW0603 - see below
    before = _where()
    atomic = transaction.atomic()
    atomic._from_testcase = True  # type: ignore[attr-defined]  # as django.test.TestCase does: verbs are durable
    with atomic:
        yield
        transaction.set_rollback(True)
    _place = None if before is None else _now(before)


def _reached(name: str, given: object, build: Callable[[], R]) -> R:
    global _place  # noqa: PLW0603 - one connection, one place
    moment = _moment()
    before = _where() if _is_trusted and moment is not None else None
    if before is None or moment is None:
        return build()
    try:
        steps = _digest(before, name, moment, _look(given), settings_of_the_test())
    except NotComparable:
        return build()
    answer: R
    if steps in _kept:
        rows, pickled = _kept[steps]
        put_back(rows)
        answer = pickle.loads(pickled)
    else:
        answer, written = _run(before, build)
        _kept[steps] = written, pickle.dumps(answer)
    _place = _now(steps)
    return answer


def _where() -> str | None:
    """The steps since the transaction began; None where something else may have happened."""
    blocks = connection.atomic_blocks
    if not (
        blocks
        and getattr(blocks[0], "_from_testcase", False)
        and connection.settings_dict["NAME"] in BEGINNINGS
    ):
        return None
    found = _now("")
    database, has_written = found.transaction
    if not has_written:
        return database  # what stands there from the start differs from one to the other
    return _place.steps if _place is not None and _place.still_holds(found) else None


def _moment() -> str | None:
    """The moment at which a test has stopped the clock, '' where it runs as ever; None where a test has set
    it and it goes on from there."""
    if not time_machine.escape_hatch.is_travelling():
        return ""
    first, second = time.time_ns(), time.time_ns()
    return str(first) if first == second else None


def _now(steps: str) -> Place:
    xid, writes = standing()
    database = str(connection.settings_dict["NAME"])
    return Place((database, xid), tuple(connection.savepoint_ids), writes, steps)


def _run(before: str, build: Callable[[], R]) -> tuple[R, Kept]:
    """What ``build`` answers and has written.

    A refusal keeps what it wrote, as it does outside the savepoint.
    """
    global _place  # noqa: PLW0603 - see above
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]  # as django.test.TestCase does: verbs are durable
    with around:
        since = mark()
        _place = _now(before)
        try:
            return build(), written_since(since)
        except Exception as error:
            refusal = error
    raise refusal


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _overridden() -> dict[str, object]:
    """The settings that differ from those of the run."""
    found: dict[str, object] = {}
    holder = vars(settings)["_wrapped"]
    while isinstance(holder, UserSettingsHolder):
        found = {**vars(holder), **found}
        holder = found.pop("default_settings")
    return found


def _look(value: object) -> str:
    """A text that is equal for values that lead to equal rows."""
    match value:
        case models.Model():
            columns = {
                field.attname: value.__dict__.get(field.attname) for field in value._meta.concrete_fields
            }
            return f"{value._meta.label}{_look(columns)}"
        case None | str() | int() | float() | bytes() | datetime() | UUID() | Path():
            return repr(value)
        case Mapping():
            return "{" + ",".join(f"{_look(key)}:{_look(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(_look(one) for one in value) + "]"
        case set() | frozenset():
            return "{" + ",".join(sorted(_look(one) for one in value)) + "}"
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__name__}{_look({one.name: getattr(value, one.name) for one in fields(value)})}"
    raise NotComparable(type(value).__name__)
