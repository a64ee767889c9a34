"""Databases that hold a governed world, built once for a run.

Tests share one clone, each in a transaction that is rolled back; a test that commits gets a clone of its
own, so that the guard, threads and other processes see what it does.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connections
from pytest_django import DjangoDbBlocker

from releases.bundles.models import Revision
from tests.database import servers
from tests.factories.approvals import World, candidate, world
from tests.factories.cast import cast
from tests.factories.connections import kept_connection
from tests.lent import Lent
from tests.servers import SESSION_DATABASE

TEMPLATE = "template_of_worlds"
SHARED = "shared_world"
_lent: list[Lent] = []
_clones: set[str] = set()
_built: list[bytes] = []


@dataclass(frozen=True)
class Prepared:
    """A world whose release ``v1`` is frozen and has passed the gate, and where its score files are."""

    here: World
    candidate: Revision
    score_store: Path


def _switch(name: str) -> None:
    connections.close_all()
    connections["default"].settings_dict["NAME"] = name


def prepared(directory: Path) -> Prepared:
    """The template's world, built at the first call of the run; ``directory`` is for its score files.

    Each call answers objects of its own: what a test changes in them (a sign-in notes its time) is no news to
    the next one.
    """
    if not _built:
        servers().clone(TEMPLATE)
        before, settings.SCORE_STORE = settings.SCORE_STORE, directory
        _switch(TEMPLATE)
        try:
            here = world(cast())
            _built.append(pickle.dumps(Prepared(here, candidate(here), directory)))
        finally:
            _switch(SESSION_DATABASE)
            settings.SCORE_STORE = before
    found: Prepared = pickle.loads(_built[0])
    return found


def _clone(name: str) -> str:
    return servers().copy(TEMPLATE, name)


@contextmanager
def shared_world(blocker: DjangoDbBlocker, directory: Path) -> Iterator[Prepared]:
    """The clone that tests share: whoever uses it opens a transaction and rolls it back.

    A test with the mark ``django_db`` has opened its transaction already, in another database: what it wrote
    here would stay.
    """
    with blocker.unblock():
        if connections["default"].in_atomic_block:
            raise RuntimeError(
                "Leave the mark django_db out: the fixture of the world opens the transaction."
            )
        found = prepared(directory)
        if SHARED not in _clones:
            _clones.add(_clone(SHARED))
        with kept_connection(SHARED):
            yield found


@contextmanager
def own_world(blocker: DjangoDbBlocker, directory: Path) -> Iterator[tuple[str, Prepared]]:
    """A database of one test alone while it runs, by name; Django uses it until the block ends."""
    with blocker.unblock():
        found = prepared(directory)
        if not _lent:
            _lent.append(Lent(servers(), lambda: TEMPLATE, "world"))
        _switch(_lent[0].take())
        try:
            yield _lent[0].name, found
        finally:
            _switch(SESSION_DATABASE)
            _lent[0].give_back()
