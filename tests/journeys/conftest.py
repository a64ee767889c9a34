"""What a journey starts from: everybody with a client, and a candidate that a real worker has evaluated.

The beginning is told once over HTTP into a database of its own; every test then goes on in a copy of it.
"""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from tests.database import servers
from tests.factories.cast import cast
from tests.journeys.steps import Journey, tell_beginning, travellers
from tests.servers import SESSION_DATABASE

ROOT = Path(__file__).resolve().parents[2]
BEGINNING = "journey_beginning"
_numbers = itertools.count(1)


@contextmanager
def _working(database: str) -> Iterator[None]:
    """A Celery worker on the database."""
    command = [
        *(sys.executable, "-W", "ignore", "-m", "celery", "--quiet"),
        *("-A", "governance.project.celery", "worker", "--pool", "solo", "--loglevel", "WARNING"),
    ]
    environment = {**os.environ, **servers().environment(database), "COUNTERSIGN_DATABASE_ROLE": "app"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def _connected(database: str) -> Iterator[None]:
    connections.close_all()
    connections["default"].settings_dict["NAME"] = database
    try:
        yield
    finally:
        connections.close_all()
        connections["default"].settings_dict["NAME"] = SESSION_DATABASE


@pytest.fixture(scope="session")
def beginning(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Journey]:
    """The story up to the evaluated candidate."""
    with django_db_blocker.unblock():
        servers().clone(BEGINNING)
        with _connected(BEGINNING), _working(BEGINNING):
            journey = travellers(cast())
            tell_beginning(journey)
        yield journey
        servers().drop(BEGINNING)


@pytest.fixture
def journey(beginning: Journey, django_db_blocker: DjangoDbBlocker) -> Iterator[Journey]:
    """The same people in a copy of the database, where the test's part of the story commits."""
    with django_db_blocker.unblock():
        name = servers().copy(BEGINNING, f"journey_{next(_numbers)}")
        with _connected(name):
            yield replace(beginning)
        servers().drop(name)
