"""A log and a witness that watches it."""

from pathlib import Path

import pytest

from governance.witness.answering import Witness
from tests.governance.witness.watching import SmallLog, awake, made


@pytest.fixture
def log() -> SmallLog:
    """A log with a key of its own."""
    return SmallLog()


@pytest.fixture
def key_file(log: SmallLog, tmp_path: Path) -> Path:
    """The key file of a witness that begins to watch the log."""
    return made(tmp_path, log.key.vkey)


@pytest.fixture
def witness(key_file: Path) -> Witness:
    """That witness, which has cosigned nothing so far."""
    return awake(key_file)
