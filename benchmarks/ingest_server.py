"""A PostgreSQL of the benchmark's own, with the settings of an installation and a fresh migrated database."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from governance.checks.database_urls import DEFAULT_NAMES
from governance.project.embedded.directories import socket_directory
from governance.project.embedded.postgres import Postgres

ROOT = Path(__file__).resolve().parents[1]
RUN = "ingest"
PARTITIONS = ROOT / "releases" / "monitoring" / "decisions" / "partitions.py"


@contextmanager
def server(directory: Path) -> Iterator[Postgres]:
    """A running PostgreSQL with an empty migrated database named ``RUN``; the environment leads there."""
    directory.mkdir(parents=True, exist_ok=True)
    sockets = socket_directory(directory)
    found = Postgres(directory / "pgdata-18", sockets / "postgres", lambda line: None, threading.Event())
    found.start()
    try:
        found.ensure_roles()
        template = _template(found)
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
        "DJANGO_SETTINGS_MODULE": "governance.project.settings",
    }


def _template(found: Postgres) -> str:
    """The migrated database of the present migrations."""
    state = hashlib.sha256()
    for place in (*sorted(ROOT.glob("*/migrations/*.py")), PARTITIONS):
        state.update(place.read_bytes())
    name = f"template_{state.hexdigest()[:12]}"
    if found.ask("SELECT 1 FROM pg_database WHERE datname = %s", name):
        return name
    draft = f"{name}_draft"
    found.ensure_database(draft)
    subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, **_environment(found, draft)},
        check=True,
    )
    found.administer(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name))
    )
    return name
