"""The logs that a witness watches: a file ``logs`` in its directory, one verifier key a line.

The name of a key is the origin of its log. While a log rotates its key it has two lines.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from governance.ledger.notes import NoteFails, VerifierKey, verifier_key
from governance.ledger.signing import SigningKey

LOGS = "logs"
Logs = Mapping[str, tuple[VerifierKey, ...]]
"""Trusted keys by the origin of their log."""


class LogsUnfit(Exception):
    """The list of logs cannot be used."""


def read_logs(directory: Path, witness: SigningKey) -> Logs:
    """The keys that are trusted for each log.

    Raises:
        LogsUnfit: naming the line.
    """
    path = directory / LOGS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    except (OSError, UnicodeDecodeError) as fault:
        raise LogsUnfit(f"{path} cannot be read: {fault}.") from fault
    logs: dict[str, tuple[VerifierKey, ...]] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            key = _read(line, f"{path}, line {number}", witness)
            if key in logs.get(key.name, ()):
                raise LogsUnfit(f"{path}, line {number}: the key stands there twice.")
            logs[key.name] = (*logs.get(key.name, ()), key)
    return logs


def add_log(directory: Path, vkey: str, witness: SigningKey) -> VerifierKey:
    """Trust a key from now on; one that is trusted already is left alone.

    Raises:
        LogsUnfit: it is no key of a log.
        OSError: the list cannot be written.
    """
    key = _read(vkey, "--log", witness)
    if key not in read_logs(directory, witness).get(key.name, ()):
        with (directory / LOGS).open("a", encoding="utf-8") as file:
            file.write(f"{key.text()}\n")
            file.flush()
            os.fsync(file.fileno())
    return key


def _read(line: str, where: str, witness: SigningKey) -> VerifierKey:
    try:
        key = verifier_key(line)
    except NoteFails as fault:
        raise LogsUnfit(f"{where}: {fault}") from fault
    if key.public == witness.public:
        # What the one says could be passed off as said by the other.
        raise LogsUnfit(f"{where} is the witness's own key; a log signs with another one.")
    return key
