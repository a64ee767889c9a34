"""A ledger that asks a witness, which is a process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_django import Settings

from governance.ledger.signing import SigningKey, read_witness_key
from governance.ledger.witnesses.asking import Asked, ask_all
from tests.governance.ledger.keeping import ledger_keys
from tests.governance.witness.watching import free_port, made, served


@dataclass(frozen=True)
class Neighbour:
    """A witness of the ledger: its key file, and the port that it serves at."""

    key_file: Path
    port: int

    @property
    def key(self) -> SigningKey:
        """Its private key."""
        return read_witness_key(self.key_file)

    @property
    def line(self) -> str:
        """How the ledger's settings name it."""
        return f"witness neighbour {self.key.vkey} http://127.0.0.1:{self.port}\n"

    @contextmanager
    def awake(self) -> Iterator[None]:
        """It serves in this block."""
        with served(self.key_file, self.port):
            yield


def neighbour(settings: Settings, directory: Path, *vkeys: str) -> Neighbour:
    """A witness that watches the ledger, or the logs of these keys, and that the settings name."""
    directory.mkdir(exist_ok=True)
    found = Neighbour(made(directory, *(vkeys or [ledger_keys()[0].vkey])), free_port())
    settings.LEDGER_WITNESSES_FILE = directory / "witnesses"
    settings.LEDGER_WITNESSES_FILE.write_text(f"# who cosigns\n{found.line}")
    return found


def asked() -> Asked:
    """What came of asking the one witness."""
    (found,) = ask_all()
    return found
