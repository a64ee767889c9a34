"""The PostgreSQL and the Valkey of one test run.

Migrations run once per state of the sources, as the owner, into a template database that every process
takes over (see tests/packed.py). Runs side by side in one tree take different slots, ``var/test-<n>``, so
that nobody's database is dropped.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from functools import cached_property
from pathlib import Path
from typing import IO

import pytest
from psycopg import sql

from governance.checks.database_urls import DEFAULT_NAMES
from governance.project.embedded.directories import socket_directory
from governance.project.embedded.postgres import Postgres
from governance.project.embedded.valkey import Valkey
from tests.packed import PackedCluster

ROOT = Path(__file__).resolve().parents[1]
SLOTS = 16
SESSION_DATABASE = "countersign_tests"
UNSAFE_BUT_FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "checkpoint_timeout=1h",
    "max_wal_size=8GB",
    "max_connections=200",
    # Two cores are shared by all: no helpers of PostgreSQL's own, and no bookkeeping that no test looks at.
    "max_parallel_workers_per_gather=0",
    "io_method=sync",
    "wal_level=minimal",
    "max_wal_senders=0",
    "update_process_title=off",
)
# What decides the state of a freshly migrated database.
SOURCES = (
    "requirements.txt",
    "*/migrations/*.py",
    "*/models.py",
    "*/*/models.py",
    "governance/ledger/*.py",
    "governance/access/roles.py",
    "governance/management/commands/migrate.py",
    "governance/checks/database_roles.py",
)
_DATABASES = "SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')"


class TestServers:
    """The two servers of this run, in the first slot that no other run holds."""

    __test__ = False

    def __init__(self) -> None:
        self.directory, self._lock = _take_slot()
        self._log = (self.directory / "servers.log").open("w")
        stop = threading.Event()
        sockets = socket_directory(self.directory)
        self.postgres = Postgres(
            self.directory / "pgdata-18", sockets / "postgres", self._write, stop, options=UNSAFE_BUT_FAST
        )
        self.valkey = Valkey(self.directory / "valkey", sockets, self._write, stop)

    def start(self) -> None:
        """Start both and tell Django where they are."""
        self.postgres.start()
        self.postgres.ensure_roles()
        self.valkey.start()
        os.environ.update(self.environment(SESSION_DATABASE))
        os.environ.update(COUNTERSIGN_DATABASE_ROLE="app", DJANGO_ALLOW_ASYNC_UNSAFE="true")
        os.environ.setdefault("POLARS_MAX_THREADS", "1")  # small tables: handing them to threads takes longer
        os.environ.pop("COUNTERSIGN_DEMO", None)

    def end(self) -> None:
        """Stop both and free the slot."""
        self.valkey.end()
        self.postgres.end()
        self._log.close()
        self._lock.close()

    def environment(self, database: str) -> dict[str, str]:
        """The variables by which a process uses these servers and that database."""
        return {
            **self.postgres.urls(database).environment(),
            "REDIS_URL": self.valkey.url,
            "COUNTERSIGN_SECRET_KEY": "only-for-tests-" * 4,
            "COUNTERSIGN_VAR": str(self.directory),
        }

    @cached_property
    def template(self) -> str:
        """The template of the present sources; all that older runs left is dropped.

        The first process that needs it migrates, others wait and take over what came of it.
        """
        name = f"template_{state_of_sources()[:16]}"
        present = [str(row[0]) for row in self.postgres.ask(_DATABASES)]
        if name in present:
            for stale in set(present) - {name}:
                self.drop(stale)
            return name
        packed = PackedCluster(ROOT / "var" / "test-template", name, self._write)
        with packed.alone():
            self.postgres.end()
            if packed.is_whole():
                packed.unpack(self.postgres.data)
            else:
                self._build(name)
                packed.pack(self.postgres.data)
            self.postgres.start()
        return name

    def clone(self, name: str) -> str:
        """A fresh copy of the template, owned by the owner's role."""
        return self.copy(self.template, name)

    def copy(self, source: str, name: str) -> str:
        """A copy of a database that nobody is connected to, owned by the owner's role."""
        self.postgres.administer(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(DEFAULT_NAMES["owner"]), sql.Identifier(source)
            )
        )
        return name

    def drop(self, name: str) -> None:
        """Drop a database whoever is connected to it.

        Also what a killed run was dropping: nothing else may be said of such a one.
        """
        database = sql.Identifier(name)
        if self.postgres.ask("SELECT FROM pg_database WHERE datname = %s AND datistemplate", name):
            self.postgres.administer(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(database))
        self.postgres.administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))

    def _build(self, name: str) -> None:
        """In place of the stopped cluster one that holds the template and nothing else, stopped too."""
        shutil.rmtree(self.postgres.data, ignore_errors=True)
        self.postgres.start()
        self.postgres.ensure_roles()
        draft = f"{name}_draft"
        self.postgres.ensure_database(draft)
        migration = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            cwd=ROOT,
            env={**os.environ, **self.environment(draft)},
            capture_output=True,
            text=True,
            check=False,
        )
        if migration.returncode:
            pytest.exit(f"manage.py migrate failed:\n{migration.stdout}{migration.stderr}", returncode=3)
        self.postgres.administer(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name)),
            sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(sql.Identifier(name)),
        )
        self.postgres.end()

    def _write(self, line: str) -> None:
        if not self._log.closed:
            print(line, file=self._log, flush=True)


def state_of_sources() -> str:
    """A digest that changes when a migrated database would."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in ROOT.glob(pattern)}):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _take_slot() -> tuple[Path, IO[str]]:
    """The first directory no other run holds; the lock ends with the process."""
    for number in range(SLOTS):
        directory = ROOT / "var" / f"test-{number}"
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return directory, lock
    pytest.exit(f"{SLOTS} test runs are already going on in {ROOT}. Wait for one to end.", returncode=3)
