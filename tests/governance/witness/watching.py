"""A small log, a witness that watches it, and the witness as the process that another team runs."""

import base64
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from governance.ledger.checkpoints import TreeHead
from governance.ledger.signing import SigningKey, generate_key, read_witness_key
from governance.witness.__main__ import main
from governance.witness.answering import Answer, Witness
from governance.witness.logs import read_logs
from tests.governance.ledger.merkle.trees import leaves_of, proof, root
from tests.servers import ROOT

ORIGIN = "example.org/countersign/ledger"
NAME = "witness.example.net/w1"
PATIENCE_SECONDS = 60
NOWHERE = "256.256.256.256:1"
"""Where nothing can serve: a test in which a witness begins to, against its word, ends all the same."""


@dataclass
class SmallLog:
    """A log of up to 300 entries; proofs follow the definitions of RFC 6962."""

    key: SigningKey = field(default_factory=lambda: generate_key(ORIGIN))
    leaves: Sequence[bytes] = field(default_factory=lambda: leaves_of(300))

    def checkpoint(self, size: int, *keys: SigningKey) -> str:
        """The signed head of the first so many entries."""
        return TreeHead(self.key.name, size, root(list(self.leaves[:size]))).signed(keys or [self.key])

    def request(self, old: int, size: int, *keys: SigningKey) -> bytes:
        """What the log sends a witness that has cosigned ``old`` entries."""
        hashes = proof(old, list(self.leaves[:size])) if 0 < old < size else []
        lines = [f"old {old}", *(base64.b64encode(one).decode() for one in hashes), ""]
        return "\n".join([*lines, self.checkpoint(size, *keys)]).encode()


def rewritten(log: SmallLog, index: int = 0) -> SmallLog:
    """The same log, by the same key, in which one entry has always been another one."""
    return SmallLog(log.key, [*log.leaves[:index], leaves_of(301)[-1], *log.leaves[index + 1 :]])


def run(*arguments: object) -> int:
    """A command of ``manage.py witness``; its exit status."""
    return main([str(one) for one in arguments])


def made(directory: Path, *vkeys: str) -> Path:
    """A witness with a new key that begins to watch these logs; its key file. The directory is ``state``."""
    key = directory / "witness-key"
    assert run("make-key", key, "--name", NAME) == 0
    for vkey in vkeys:
        assert run("begin", directory / "state", "--key", key, "--log", vkey) == 0
    return key


def awake(key_file: Path) -> Witness:
    """The witness as it is after a start: all that it knows stands in its files."""
    key, directory = read_witness_key(key_file), key_file.parent / "state"
    return Witness(directory, key, read_logs(directory, key))


def begun(witness: Witness, log: SmallLog, size: int) -> Witness:
    """It has cosigned so many entries of the log, from the first on."""
    assert witness.add_checkpoint(log.request(0, size)).status == 200
    return witness


def post(url: str, body: bytes, method: str = "POST") -> Answer:
    """Status, body and type of what a server answers."""
    request = urllib.request.Request(url, body if method == "POST" else None, method=method)
    request.add_header("Content-Type", "text/plain; charset=utf-8")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return Answer(response.status, response.read().decode(), response.headers["Content-Type"])
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.read().decode(), refused.headers["Content-Type"])


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def served(key_file: Path, port: int | None = None) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The witness as a process of its own, told of no database; its prefix, and the process."""
    port = port or free_port()
    ours = ("DATABASE", "COUNTERSIGN", "DJANGO", "REDIS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    process = subprocess.Popen(
        [
            *(sys.executable, "manage.py", "witness", "serve", str(key_file.parent / "state")),
            *("--key", str(key_file), "--bind", f"127.0.0.1:{port}"),
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if listens(port):
            return
        time.sleep(0.05)
    raise AssertionError("the witness did not begin to serve")
