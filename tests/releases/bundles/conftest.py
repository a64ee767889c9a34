"""One world made once: the cast and the parts of a complete release. Every test starts from a copy of it.

``here`` is rolled back after the test; ``committed`` is a clone of its own, where COMMIT commits.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections, transaction
from django.test import Client
from psycopg import sql
from pytest_django import DjangoDbBlocker

from governance.checks.database_urls import DEFAULT_NAMES
from tests.database import servers
from tests.factories.bundles import Parts, parts
from tests.factories.cast import cast
from tests.factories.connections import kept_connection, let_go
from tests.factories.http import with_secret

_numbers = itertools.count(1)


@contextmanager
def _using(name: str) -> Iterator[None]:
    """Every connection goes to the database ``name``."""
    configuration = connections["default"].settings_dict
    before = configuration["NAME"]
    connections.close_all()
    configuration["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        configuration["NAME"] = before


@pytest.fixture(scope="session")
def made_once(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[str, Parts]]:
    """The database with the world, and the world."""
    with django_db_blocker.unblock():
        name = servers().clone("world_of_bundles")
        with _using(name):
            made = parts(cast())
        yield name, made
        servers().drop(name)


@pytest.fixture
def here(made_once: tuple[str, Parts], django_db_blocker: DjangoDbBlocker) -> Iterator[Parts]:
    """The world in a transaction that is rolled back."""
    name, made = made_once
    with django_db_blocker.unblock(), kept_connection(name):
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined]  # as django.test.TestCase does: verbs are durable
        with around:
            yield made
            transaction.set_rollback(True)


@pytest.fixture
def committed(made_once: tuple[str, Parts], django_db_blocker: DjangoDbBlocker) -> Iterator[Parts]:
    """The world in a database of this test alone, where COMMIT commits, also in threads."""
    template, made = made_once
    name = f"bundles_{next(_numbers)}"
    with django_db_blocker.unblock():
        let_go(template)
        servers().postgres.administer(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(DEFAULT_NAMES["owner"]), sql.Identifier(template)
            )
        )
        try:
            with _using(name):
                yield made
        finally:
            servers().drop(name)


@pytest.fixture
def author(here: Parts) -> Client:
    """The author's client, with a token for everything."""
    return with_secret(here.author_secret)
