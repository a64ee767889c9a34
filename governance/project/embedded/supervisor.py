"""``manage.py up`` and ``manage.py serve``: start everything in order, watch it, end it in reverse.

Servers, then migrations and demo data, then the web server; workers, beat and integrator follow once the
port is open, because on two cores they would only slow the first page down.
"""

import itertools
import json
import os
import secrets
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

import psycopg

from governance.checks.database_roles import refuse_unfit_roles
from governance.checks.database_urls import DatabaseRefused, DatabaseUrls, read_database_urls
from governance.ledger.signing import KeyFileUnfit
from governance.project.embedded import programs
from governance.project.embedded.demo import KnownDatabases, describe_accounts, judge_demo
from governance.project.embedded.directories import Refused, lock, socket_directory, write_private
from governance.project.embedded.keys import make_signing_keys
from governance.project.embedded.options import Options, read_options
from governance.project.embedded.output import write, write_server_line
from governance.project.embedded.ports import is_ready, refuse_taken_port, serves
from governance.project.embedded.postgres import Postgres
from governance.project.embedded.processes import (
    Child,
    ChildFailed,
    Program,
    StopRequested,
    end_with_parent,
    wait_until,
)
from governance.project.embedded.valkey import Valkey

_WATCH_SECONDS = 0.25
_POLL_READY_EVERY = 4  # watches
REFUSED, FAILED, STOPPED = 2, 1, 0
ANOTHER_HISTORY = 3  # of run_integrator, where what was signed before is not in the database


class Ending(Protocol):
    """Whatever was started and must be ended."""

    def end(self) -> None:
        """Stop it; returns when it is gone."""


@dataclass
class Supervisor:
    """One run of the whole."""

    options: Options
    stop: threading.Event
    started: list[Ending] = field(default_factory=list)
    watched: list[Child] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def run(self) -> int:
        """Start, watch until a signal comes or a child dies, end in reverse; the exit status."""
        try:
            self._start()
            return self._watch()
        except StopRequested:
            return STOPPED
        except ChildFailed as error:
            self.say(f"FAILED: {error}")
            return FAILED
        finally:
            self._end()

    def say(self, line: str) -> None:
        """One line of progress."""
        write(f"{'up':<10} | {line}")

    def _start(self) -> None:
        known = KnownDatabases(self.options.var / "databases.json")
        given_urls = read_database_urls(os.environ)
        secret = self._secret_key(embedded=given_urls is None)
        self._make_keys()
        refuse_taken_port(self.options.port)
        if given_urls:
            self.say("checking the database that DATABASE_URL names")
            refuse_unfit_roles(given_urls)
        urls = given_urls or self._start_postgres(known)
        redis_url = os.environ.get("REDIS_URL") or self._start_valkey()
        environment = self._environment(urls, redis_url, secret)
        self.say("migrating")
        self._run_to_end(
            programs.management("migrate", "migrate", "--verbosity", "1", environment=environment)
        )
        if not self._seal(environment):
            return
        demo = self.options.demo and self._may_hold_demo(known, urls)
        environment["COUNTERSIGN_DEMO"] = "1" if demo else "0"
        self._leave_note(environment)
        if demo:
            self._seed(known, urls, environment)
        self._start_web(environment, demo=demo)
        self._start_workers(environment)

    def _environment(self, urls: DatabaseUrls, redis_url: str, secret: str) -> dict[str, str]:
        """What every program is started with."""
        return {
            **os.environ,
            **urls.environment(),
            "REDIS_URL": redis_url,
            "COUNTERSIGN_SECRET_KEY": secret,
            "COUNTERSIGN_VAR": str(self.options.var),
            "COUNTERSIGN_DATABASE_ROLE": "app",
            "COUNTERSIGN_DEMO": "0",
            "COUNTERSIGN_BASE_URL": os.environ.get("COUNTERSIGN_BASE_URL")
            or f"http://127.0.0.1:{self.options.port}",
            "PYTHONUNBUFFERED": "1",
        }

    def _make_keys(self) -> None:
        """Signing keys, where nobody has given any."""
        if not os.environ.get("COUNTERSIGN_SIGNING_KEY_FILE"):
            head = os.environ.get("COUNTERSIGN_LEDGER_HEAD") or self.options.var / "ledger-head"
            if trouble := make_signing_keys(self.options.var, Path(head)):
                self.say(trouble)

    def _seal(self, environment: dict[str, str]) -> bool:
        """Give what a restore left pending its place before writes open: transaction ids repeat after a
        restore, and a pending entry of the past must not vouch for a change of today. Whether to go on.
        """
        seal = programs.management("seal", "run_integrator", "--once", environment=environment)
        if not self._run_to_end(seal, also=ANOTHER_HISTORY):
            return True
        # Writes stay closed; the database stays up, so that two administrators can begin a new epoch.
        self._leave_note(environment)
        self.say("NOTHING ELSE IS STARTED, for the reason above. Only the database runs; Ctrl-C ends it.")
        return False

    def _start_postgres(self, known: KnownDatabases) -> DatabaseUrls:
        fresh = not (self.options.var / "pgdata-18").exists()
        self.say("creating the database cluster" if fresh else "starting PostgreSQL on the data of last time")
        sockets = socket_directory(self.options.var) / "postgres"
        server = Postgres(self.options.var / "pgdata-18", sockets, write_server_line, self.stop)
        self.started.append(server)
        server.start()
        self._watch_child(server.child)
        server.ensure_roles()
        created = server.ensure_database()
        urls = server.urls()
        if created:
            known.note("created", urls.app)
        return urls

    def _start_valkey(self) -> str:
        self.say("starting Valkey")
        server = Valkey(
            self.options.var / "valkey", socket_directory(self.options.var), write_server_line, self.stop
        )
        self.started.append(server)
        server.start()
        self._watch_child(server.child)
        return server.url

    def _may_hold_demo(self, known: KnownDatabases, urls: DatabaseUrls) -> bool:
        asked_for = os.environ.get("COUNTERSIGN_DEMO") == "1"
        verdict = judge_demo(urls.app, known, asked_for=asked_for)
        if not verdict.allowed:
            self.say(f"NO DEMO DATA: {verdict.reason}")
        return verdict.allowed

    def _seed(self, known: KnownDatabases, urls: DatabaseUrls, environment: dict[str, str]) -> None:
        known.note("demo", urls.app)
        if not programs.has_command("seed_demo"):
            self.say("this version brings no demo data")
            return
        self.say("writing the demo's story (first time: a minute or two)")
        self._run_to_end(programs.management("seed_demo", "seed_demo", environment=environment))

    def _start_web(self, environment: dict[str, str], *, demo: bool) -> None:
        self.say("starting the web server")
        port = self.options.port
        child = self._launch(programs.web(port, environment))
        wait_until(lambda: serves(port), child, self.stop, seconds=120, what="answering /healthz")
        self.say(f"http://127.0.0.1:{port}/  ({time.monotonic() - self.began:.0f} s)")
        for line in describe_accounts(programs.ROOT) if demo else ():
            self.say(line)

    def _start_workers(self, environment: dict[str, str]) -> None:
        self.say("starting workers, beat and integrator")
        for program in programs.beside_the_web(self.options.port, environment):
            self._launch(program)
        self._launch(programs.management("integrator", "run_integrator", environment=environment))

    def _watch(self) -> int:
        announced, rounds = False, itertools.count(1)
        while not self.stop.wait(_WATCH_SECONDS):
            for child in self.watched:
                if child.status is not None:
                    raise ChildFailed(
                        f"{child.program.name} ended with status {child.status}; ending the rest."
                    )
            if not announced and next(rounds) % _POLL_READY_EVERY == 0 and is_ready(self.options.port):
                announced = True
                self.say(f"everything is ready ({time.monotonic() - self.began:.0f} s); Ctrl-C ends it")
        return STOPPED

    def _end(self) -> None:
        if self.started:
            self.say("stopping")
        for thing in reversed(self.started):
            thing.end()
        (self.options.var / "run.json").unlink(missing_ok=True)
        if self.started:
            self.say("stopped; the data is kept")

    def _launch(self, program: Program) -> Child:
        child = Child(program, write)
        self.started.append(child)
        self._watch_child(child)
        return child

    def _watch_child(self, child: Child | None) -> None:
        assert child is not None
        self.watched.append(child)

    def _run_to_end(self, program: Program, *, also: int = 0) -> int:
        """Run a program; its exit status, which is 0 or ``also``."""
        child = Child(program, write)
        self.started.append(child)
        status = child.wait(self.stop)
        self.started.remove(child)
        child.end()
        if status not in (0, also):
            raise ChildFailed(f"{program.name} ended with status {status}; its lines above say why.")
        return status

    def _leave_note(self, environment: dict[str, str]) -> None:
        """What a command typed beside this one needs; the file is for this user only and goes at the end."""
        names = (
            *("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_INTEGRATOR_URL", "REDIS_URL"),
            *("COUNTERSIGN_SECRET_KEY", "COUNTERSIGN_DEMO"),
        )
        note = {"pid": os.getpid(), "environment": {name: environment[name] for name in names}}
        write_private(self.options.var / "run.json", json.dumps(note, indent=2))

    def _secret_key(self, *, embedded: bool) -> str:
        if given := os.environ.get("COUNTERSIGN_SECRET_KEY"):
            return given
        if not embedded:
            raise Refused(
                "COUNTERSIGN_SECRET_KEY is not set; with a database of your own it is needed. "
                "Set it to 50 or more random characters and keep it."
            )
        path = self.options.var / "secret-key"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(50))
        return path.read_text()


def run(arguments: list[str]) -> int:
    """Entry from manage.py; ``arguments`` starts with ``up`` or ``serve``."""
    options = read_options(arguments)
    stop = threading.Event()

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, request_stop)
    if os.environ.get("MAKELEVEL"):
        end_with_parent()  # kill -9 of make ends this too
    try:
        held = lock(options.var)
        with held:
            return Supervisor(options, stop).run()
    except (Refused, DatabaseRefused, KeyFileUnfit, psycopg.OperationalError) as error:
        print(f"Cannot start: {error}", file=sys.stderr)
        return REFUSED
