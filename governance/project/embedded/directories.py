"""Where the embedded servers keep their data and their sockets."""

import fcntl
import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

LONGEST_SOCKET_PATH = 100  # bytes; the kernel's own limit is 107
_LONGEST_NAME = len("/postgres/.s.PGSQL.5432.lock")


class Refused(Exception):
    """The command cannot start; the message says why and what to do next."""


def socket_directory(var: Path) -> Path:
    """A private directory for unix sockets: ``var/run``, or elsewhere when that path is too long."""
    directory = var / "run"
    if len(os.fsencode(directory)) + _LONGEST_NAME >= LONGEST_SOCKET_PATH:
        mark = hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:12]
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")
        directory = base / f"countersign-{os.getuid()}-{mark}"
    return private_directory(directory)


def private_directory(directory: Path, *, or_of: int | None = None) -> Path:
    """``directory`` with mode 0700, made if absent.

    Refused when it is a link, or belongs to somebody else than this user (or the user ``or_of``).
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.getuid(), or_of):
        raise Refused(f"{directory} is not a directory of this user. Remove it and start again.")
    directory.chmod(0o700)
    return directory


def write_private(path: Path, text: str) -> None:
    """Write ``path`` whole or not at all, readable by this user only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def lock(var: Path) -> IO[str]:
    """Hold ``var`` for this process; the lock ends with the process, however it ends."""
    var.mkdir(parents=True, exist_ok=True)
    file = (var / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise Refused(
            f"Countersign already runs on {var} (process {holder}). Use it, or stop it first (Ctrl-C there)."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
