"""Worlds in which a release can be approved."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from tests.database import servers
from tests.factories.worlds import Prepared, own_world, shared_world


@pytest.fixture
def score_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the score files of all worlds of this run are."""
    return tmp_path_factory.getbasetemp() / "scores-of-worlds"


@pytest.fixture
def shared(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, settings: Settings, score_directory: Path
) -> Iterator[Prepared]:
    """The database that tests share; without a transaction of its own, see ``prepared``."""
    with shared_world(django_db_blocker, score_directory) as found:
        settings.SCORE_STORE = found.score_store
        yield found


@pytest.fixture
def prepared(shared: Prepared, db: None) -> Prepared:
    """A world whose release ``v1`` is frozen and has passed the gate; the test's changes are rolled back."""
    return shared


@pytest.fixture
def committed_world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, settings: Settings, score_directory: Path
) -> Iterator[tuple[str, Prepared]]:
    """The name of a database of this test alone, and the same world in it."""
    with own_world(django_db_blocker, score_directory) as (name, found):
        settings.SCORE_STORE = found.score_store
        yield name, found


@pytest.fixture
def committed(committed_world: tuple[str, Prepared]) -> Prepared:
    """The same world in a database of this test alone, where COMMIT commits, also in threads."""
    return committed_world[1]


@pytest.fixture
def world_urls(committed_world: tuple[str, Prepared]) -> dict[str, str]:
    """The environment by which a child process uses the database of ``committed``."""
    return {**os.environ, **servers().environment(committed_world[0])}
