"""Child processes that cannot outlive their parent, with prefixed output and an orderly stop.

Every child starts through a few lines of Python that ask the kernel for a signal when the parent dies
(PR_SET_PDEATHSIG) and then become the real program. The request is made in the child itself, after any
change of user or user namespace, because the kernel drops it on a change of credentials.
The kernel ties the request to the parent's *thread*: children are started from the main thread only.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_BECOME = """
import ctypes, os, signal, sys
death, parent, user, group = (int(word) for word in sys.argv[1:5])
if user:
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
ctypes.CDLL(None).prctl(1, death, 0, 0, 0)
if os.getppid() != parent:
    sys.exit("the parent is gone")
os.execv(sys.argv[5], sys.argv[5:])
"""
_POLL_SECONDS = 0.05
PR_SET_PDEATHSIG = 1


class StopRequested(Exception):
    """A signal asked the supervisor to stop while it waited for something."""


@dataclass(frozen=True)
class Program:
    """What to run and how to end it.

    ``before`` goes in front, outside the request for the death signal; ``user_and_group`` other than zeros
    is who to become before it.
    """

    name: str
    command: Sequence[str]
    before: Sequence[str] = ()
    environment: Mapping[str, str] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 15.0
    user_and_group: tuple[int, int] = (0, 0)
    directory: Path | None = None


class Child:
    """One running program, leader of a session and process group of its own."""

    def __init__(self, program: Program, write: Callable[[str], None]) -> None:
        self.program = program
        self._write = write
        command = [
            *program.before,
            *(sys.executable, "-I", "-S", "-c", _BECOME),
            *(str(int(program.death_signal)), str(os.getpid())),
            *(str(number) for number in program.user_and_group),
            *program.command,
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(program.environment) if program.environment is not None else None,
            cwd=program.directory,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._copy_output, name=f"{program.name} output", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id; ``before`` must exec, not fork."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._process.poll()

    def wait(self, stop: threading.Event) -> int:
        """Wait for a program that ends by itself; raises StopRequested when ``stop`` is set meanwhile."""
        while (status := self._process.poll()) is None:
            if stop.wait(_POLL_SECONDS):
                raise StopRequested
        self._reader.join(timeout=5)
        return status

    def end(self) -> None:
        """Ask to stop, wait the grace, kill; then sweep what is left of its process group."""
        if self._process.poll() is None:
            self._process.send_signal(self.program.stop_signal)
            try:
                self._process.wait(self.program.grace_seconds)
            except subprocess.TimeoutExpired:
                self._write(f"{self.program.name} did not stop in {self.program.grace_seconds:.0f} s; killed")
                self._process.kill()
                self._process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._reader.join(timeout=5)

    def _copy_output(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._write(f"{self.program.name:<10} | {line.decode(errors='replace').rstrip()}")


def end_with_parent(death_signal: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel for a signal to this process when the one that started it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def wait_until(
    ready: Callable[[], bool], child: Child, stop: threading.Event, *, seconds: float, what: str
) -> None:
    """Poll ``ready`` until it holds; raises when the child ends, time runs out or a stop is asked for."""
    deadline = time.monotonic() + seconds
    while not ready():
        if child.status is not None:
            raise ChildFailed(f"{child.program.name} ended with status {child.status} before {what}.")
        if time.monotonic() > deadline:
            raise ChildFailed(f"{child.program.name} did not reach {what!r} in {seconds:.0f} s.")
        if stop.wait(_POLL_SECONDS):
            raise StopRequested


class ChildFailed(Exception):
    """A child ended or stalled when it should have served; the message names it."""
