"""Runs ``manage.py up`` or ``serve`` for real, in a directory and on a port of a test's own."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_OUTSIDE = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_INTEGRATOR_URL",
    "REDIS_URL",
    "COUNTERSIGN_SECRET_KEY",
)


@dataclass(frozen=True)
class Process:
    """One process as /proc shows it; pid and start time together are never reused, the rest may change."""

    pid: int
    started: str
    parent: int = field(compare=False)
    state: str = field(compare=False)
    command: str = field(compare=False)


class Installation:
    """One directory of data, and the supervisor that runs on it from time to time."""

    def __init__(
        self, var: Path, *, command: str = "serve", environment: Mapping[str, str] | None = None
    ) -> None:
        self.var = var
        self.port = free_port()
        self._command = command
        self._environment = {
            **environment_without_servers(var),
            "PORT": str(self.port),
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._family: set[Process] = set()

    def start(self, *, until: str = "/healthz", seconds: float = 240) -> None:
        """Start and wait until ``until`` answers 200; fails with the output if it never does."""
        self._family = set()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", self._command],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + seconds
        while self.get(until)[0] != 200:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"did not reach {until}:\n{self.output}")
            time.sleep(0.1)

    def wait_for_output(self, words: str, *, seconds: float = 60) -> None:
        """Wait until it has printed these words."""
        deadline = time.monotonic() + seconds
        while words not in self.output:
            assert time.monotonic() < deadline, f"did not print {words!r}:\n{self.output}"
            time.sleep(0.05)

    @property
    def log(self) -> Path:
        """The file of its output."""
        return self.var.with_name(f"{self.var.name}.log")

    @property
    def output(self) -> str:
        """What it has printed since the last start."""
        return self.log.read_text()

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        assert self._process is not None
        return self._process.pid

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of one address; status 0 when nothing answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end; the exit status."""
        assert self._process is not None
        self.remember_family()
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the supervisor to end by itself; the exit status."""
        assert self._process is not None
        return self._process.wait(60)

    def kill(self) -> None:
        """kill -9 the supervisor, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self.remember_family()
            self._process.kill()
            self._process.wait(10)

    def remember_family(self) -> set[Process]:
        """Note, and give, every process that descends from the supervisor now."""
        self._family |= descendants(self.pid)
        return self._family

    def left_running(self, *, seconds: float) -> set[Process]:
        """Those of the noted processes that still run after waiting up to ``seconds`` for them to go."""
        deadline = time.monotonic() + seconds
        while (left := self._family & running()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command typed beside the running supervisor."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def environment_without_servers(var: Path) -> dict[str, str]:
    """This environment without the run's own servers, with its data in ``var``."""
    kept = {name: value for name, value in os.environ.items() if name not in _OUTSIDE}
    return {**kept, "COUNTERSIGN_VAR": str(var)}


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def running() -> set[Process]:
    """All processes but zombies: those have ended and only wait for their new parent to notice."""
    return {process for process in _all() if process.state not in "ZX"}


def descendants(pid: int) -> set[Process]:
    """Children, their children and so on."""
    everything = _all()
    family: set[Process] = set()
    parents = {pid}
    while parents:
        generation = {process for process in everything if process.parent in parents}
        family |= generation
        parents = {process.pid for process in generation}
    return family


def _all() -> list[Process]:
    entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [process for entry in entries if (process := _read(entry))]


def _read(entry: Path) -> Process | None:
    try:
        after_name = (entry / "stat").read_text().rpartition(")")[2].split()
        command = (entry / "cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return None
    return Process(
        int(entry.name), after_name[19], parent=int(after_name[1]), state=after_name[0], command=command
    )
