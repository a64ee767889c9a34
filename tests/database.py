"""Databases and broker for tests: a pytest plugin, loaded by ``-p tests.database``.

A run starts its own PostgreSQL and Valkey before Django reads its settings and ends both afterwards (see
tests/servers.py). Tests connect as the application's role, which owns nothing. Nothing is ever flushed:
the run gets a clone of the template, and the tests that commit another, see tests/lent.py.
"""

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connections
from pytest_django import DjangoDbBlocker

from governance.project.embedded.valkey import Valkey
from tests.lent import Lent, drop_all
from tests.servers import SESSION_DATABASE, TestServers

_servers: TestServers | None = None
_committed: Lent | None = None


def servers() -> TestServers:
    """The servers of this run."""
    assert _servers is not None
    return _servers


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """Start the servers before pytest-django reads the settings."""
    global _servers  # noqa: PLW0603 - one run, one pair of servers
    _servers = TestServers()
    _servers.start()
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Passwords of tests need no million rounds."""
    if settings.configured:
        settings.PASSWORD_HASHERS = [
            "django.contrib.auth.hashers.MD5PasswordHasher",
            *settings.PASSWORD_HASHERS,
        ]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """The process that only hands out tests makes the template while the others still collect."""
    if session.config.getoption("dist", "no") != "no":
        assert servers().template


def pytest_unconfigure() -> None:
    """Leave nothing running."""
    global _servers  # noqa: PLW0603 - see above
    if _servers is not None:
        _servers.end()
        _servers = None


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In place of pytest-django's: the run's database is a clone made by the cluster's administrator."""
    with django_db_blocker.unblock():
        servers().clone(SESSION_DATABASE)
        yield
        connections.close_all()
        drop_all()
        servers().drop(SESSION_DATABASE)


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A database of this test alone while it runs, where COMMIT commits, also in threads; yields its name.

    Not to be combined with ``db`` or ``django_db``: those hold a transaction open.
    """
    global _committed  # noqa: PLW0603 - one run, one database that goes round
    configuration = connections["default"].settings_dict
    if _committed is None:
        _committed = Lent(servers(), lambda: servers().template, "committed")
    with django_db_blocker.unblock():
        connections.close_all()
        configuration["NAME"] = _committed.take()
        try:
            yield _committed.name
        finally:
            connections.close_all()
            configuration["NAME"] = SESSION_DATABASE
            _committed.give_back()


@pytest.fixture
def database_urls(committed_db: str) -> dict[str, str]:
    """The environment by which a child process uses the database of ``committed_db`` and the broker."""
    return {**os.environ, **servers().environment(committed_db)}


@dataclass(frozen=True)
class Broker:
    """The run's Valkey, to be stopped and started by a test."""

    server: Valkey

    @property
    def url(self) -> str:
        """What REDIS_URL is; the same after a restart."""
        return self.server.url

    def kill(self) -> None:
        """kill -9; what was written before is in its file."""
        assert self.server.child is not None
        os.kill(self.server.child.pid, signal.SIGKILL)
        self.server.child.end()

    def start(self) -> None:
        """Start it again."""
        self.server.start()

    def pause(self) -> None:
        """Stop it from answering, connections stay open."""
        assert self.server.child is not None
        os.kill(self.server.child.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self.server.child is not None
        os.kill(self.server.child.pid, signal.SIGCONT)

    def waiting(self, queue: str) -> int:
        """How many messages wait in one queue."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.llen(queue))

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.server.child is not None and self.server.child.status is None


@pytest.fixture
def broker() -> Iterator[Broker]:
    """The run's Valkey, empty at the start of the test, running and empty again afterwards."""
    broker = Broker(servers().valkey)
    _flush()
    yield broker
    if not broker.is_running:
        broker.start()
    broker.resume()
    _flush()


def _flush() -> None:
    with redis.Redis.from_url(servers().valkey.url) as client:
        client.flushall()


def in_threads(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at once, each in a thread with its own connection; the result or exception of each."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[index] = call()
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
