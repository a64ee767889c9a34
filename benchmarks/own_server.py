"""A PostgreSQL that one measured process has to itself, as an installation has it, with a fresh database.

It is copied from one that was migrated, and filled by ``manage.py`` commands, once. There is no Redis.
"""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from governance.checks.database_urls import DEFAULT_NAMES
from governance.project.embedded.directories import socket_directory
from governance.project.embedded.postgres import Postgres

ROOT = Path(__file__).resolve().parents[1]
RUN = "run"
MADE_BY = ("*/migrations/*.py", "releases/monitoring/*/*.py", "releases/demo/*.py")
"""What a database depends on that is kept for the next run."""


@contextmanager
def server(directory: Path, *commands: str) -> Iterator[Postgres]:
    """A running PostgreSQL with a migrated database on which the commands were run; the environment leads
    there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    sockets = socket_directory(directory)
    found = Postgres(directory / "pgdata-18", sockets / "postgres", lambda line: None, threading.Event())
    found.start()
    try:
        found.ensure_roles()
        template = _template(found, commands)
        found.administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(RUN)))
        found.administer(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(RUN), sql.Identifier(DEFAULT_NAMES["owner"]), sql.Identifier(template)
            )
        )
        os.environ.update(_environment(found, RUN))
        yield found
    finally:
        found.end()


def _environment(found: Postgres, database: str) -> dict[str, str]:
    return {
        **found.urls(database).environment(),
        "REDIS_URL": f"unix://{found.sockets}/no-redis",
        "COUNTERSIGN_SECRET_KEY": "only-for-benchmarks-" * 3,
        "COUNTERSIGN_VAR": str(found.data.parent / "var"),
        "COUNTERSIGN_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "governance.project.settings",
    }


def _template(found: Postgres, commands: Sequence[str]) -> str:
    """The database of the present migrations and commands."""
    state = hashlib.sha256("\0".join(commands).encode())
    for place in sorted(place for pattern in MADE_BY for place in ROOT.glob(pattern)):
        state.update(place.read_bytes())
    name = f"template_{state.hexdigest()[:12]}"
    if found.ask("SELECT 1 FROM pg_database WHERE datname = %s", name):
        return name
    draft = f"{name}_draft"
    found.administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(draft)))
    found.ensure_database(draft)
    for command in ("migrate --verbosity 0", *commands):
        subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", *command.split()],
            cwd=ROOT,
            env={**os.environ, **_environment(found, draft)},
            check=True,
            stdout=subprocess.DEVNULL,
        )
    found.administer(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name))
    )
    return name
