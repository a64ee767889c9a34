"""PostgreSQL and Valkey of the benchmark's own, with a database for each row that writes or asks.

Nothing here is made unsafe to be fast: the settings are those that ``make up`` runs with.
"""

import atexit
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from psycopg import sql

from benchmarks.measuring import MeasurementFailed
from governance.project.embedded.directories import socket_directory
from governance.project.embedded.postgres import Postgres
from governance.project.embedded.valkey import Valkey

ROOT = Path(__file__).resolve().parents[1]


class Installation:
    """Both servers in one directory, until the benchmark ends."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._log = (directory / "servers.log").open("w")
        sockets, stop = socket_directory(directory), threading.Event()
        self._postgres = Postgres(directory / "pgdata-18", sockets / "postgres", self._write, stop)
        self._valkey = Valkey(directory / "valkey", sockets, self._write, stop)

    def start(self) -> None:
        """Start both; they end with this process."""
        self._postgres.start()
        self._postgres.ensure_roles()
        self._valkey.start()
        atexit.register(self._end)

    def environment(self, database: str) -> dict[str, str]:
        """The variables by which a process of the product uses these servers and that database."""
        return {
            **self._postgres.urls(database).environment(),
            "REDIS_URL": self._valkey.url,
            "COUNTERSIGN_SECRET_KEY": "only-for-benchmarks-" * 3,
            "COUNTERSIGN_VAR": str(self._directory / database),
            "COUNTERSIGN_DEMO": "1",
        }

    def fresh(self, database: str, *commands: str) -> dict[str, str]:
        """An empty database of that name, migrated, with ``manage.py`` commands run on it; its variables.

        Raises:
            MeasurementFailed: a command ended with an error.
        """
        (self._directory / database).mkdir(parents=True, exist_ok=True)
        name = sql.Identifier(database)
        self._postgres.administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        self._postgres.ensure_database(database)
        environment = self.environment(database)
        for command in ("migrate --verbosity 0", *commands):
            self._manage(environment, *command.split())
        return environment

    def kept(self, database: str, fill: Callable[[dict[str, str]], None]) -> dict[str, str]:
        """A migrated database of that name which ``fill`` has filled, now or in an earlier run."""
        if self._postgres.ask("SELECT 1 FROM pg_database WHERE datname = %s", database):
            return self.environment(database)
        draft = f"{database}_draft"
        fill(self.fresh(draft))
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        self._postgres.administer(rename.format(sql.Identifier(draft), sql.Identifier(database)))
        shutil.rmtree(self._directory / database, ignore_errors=True)
        (self._directory / draft).rename(self._directory / database)
        return self.environment(database)

    def _manage(self, environment: dict[str, str], *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MeasurementFailed(f"manage.py {arguments[0]} failed: {done.stderr[-2000:]}")

    def _write(self, line: str) -> None:
        if not self._log.closed:
            print(line, file=self._log, flush=True)

    def _end(self) -> None:
        self._valkey.end()
        self._postgres.end()
        self._log.close()


@lru_cache(maxsize=1)
def installation(directory: Path) -> Installation:
    """The servers below ``directory``, started when the first row needs them."""
    found = Installation(directory / "servers")
    found.start()
    return found
