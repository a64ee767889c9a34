"""The head outside the database: what was signed last, in a file that is only ever appended to.

A database can be replaced by an older copy of itself, and nothing within it would know. Before a checkpoint
is handed out its size and root are written here, so that whoever starts on an older or another database is
stopped (L8). One line a head: size, space, root in base64; from the second epoch on, space and its number.
"""

import base64
import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from governance.ledger.letters import read_hash, read_number

LONGEST_LINE = 80
OLDER_COPY = (
    "an older backup was restored, or this is another database. Restore the newest backup, or connect to the "
    "database that the file belongs to."
)
FOR_GOOD = (
    "Only if what was signed is lost for good, two administrators begin a new epoch: manage.py begin_epoch."
)
LOCK_TRIES, LOCK_WAIT_SECONDS = 20, 0.1


@dataclass(frozen=True, slots=True)
class Head:
    """Size and root of the tree at a checkpoint, and the epoch (:mod:`governance.ledger.epochs`) it is of."""

    size: int
    root: bytes
    epoch: int = 1

    def line(self) -> bytes:
        """The form in the file."""
        epoch = b" %d" % self.epoch if self.epoch > 1 else b""
        return b"%d %s%s\n" % (self.size, base64.b64encode(self.root), epoch)


class HeadDisagrees(Exception):
    """The head outside and the tree in the database are not of one history: nothing may be signed."""


class HeadMissing(Exception):
    """Checkpoints were signed, and the head that was written down of them is gone."""


class HeadLocked(OSError):
    """Another process holds the file for longer than writing a line takes."""


def head_file() -> Path:
    """Where the head is kept: ``COUNTERSIGN_LEDGER_HEAD``, or a file in the installation's directory."""
    path: Path = settings.LEDGER_HEAD_FILE
    return path


def read_head(path: Path) -> Head | None:
    """The last head of the file; None where there is no file yet, or an empty one.

    Raises:
        HeadDisagrees: the file's end is no head.
    """
    try:
        with path.open("rb") as file:
            return _last(file)
    except FileNotFoundError:
        return None


def advance(
    path: Path,
    new: Head,
    signed: Head | None,
    root_at: Callable[[int], bytes],
    *,
    given_up: Head | None = None,
) -> None:
    """Append ``new``, which is on disk afterwards, if it follows from the last head of the file.

    ``signed`` is the head that was signed last, ``root_at`` answers the root of the tree in the database
    at a size, and ``given_up`` is the head that the epoch of ``new`` gave up. A head that stands there
    already is left alone, so that going on after a crash changes nothing.

    Raises:
        HeadDisagrees: the file is ahead of ``new``, or its head is of another tree.
        HeadMissing: something was signed, and the file knows of nothing.
        OSError: the file cannot be written, or another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        _lock(path, file)
        last = _last(file)
        check_follows(path, last, new, signed, root_at, given_up=given_up)
        if last == new:
            return
        # A line that a crash has cut off stays where it is, and ends here.
        file.write((b"" if _ends_whole(file) else b"\n") + new.line())
        file.flush()
        os.fsync(file.fileno())


def _lock(path: Path, file: BinaryIO) -> None:
    """Hold the file, without waiting for somebody who never lets go."""
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_WAIT_SECONDS)
        else:
            return
    raise HeadLocked(f"{path} is held by another process; is a second integrator stopped or hanging?")


def check_follows(
    path: Path,
    last: Head | None,
    new: Head,
    signed: Head | None,
    root_at: Callable[[int], bytes],
    *,
    given_up: Head | None = None,
) -> None:
    """That the tree which ends with ``new`` is, or contains, the one whose head was written down; or that it
    is of a later epoch, in which two persons gave that one up.

    Raises:
        HeadDisagrees: with both sizes, and what to do.
        HeadMissing: with the line to write.
    """
    if last is None and signed is not None:
        raise HeadMissing(
            f"{path} is missing or empty, and a tree of {signed.size} entries was signed. Bring it back. "
            f"Only if it is lost and nobody holds a larger one, write into it: {signed.line().decode()}"
        )
    if last is None or (last.epoch < new.epoch and last == given_up):
        return
    if last.epoch != new.epoch:
        raise HeadDisagrees(
            f"{path} is of epoch {last.epoch} with {last.size} entries; the database is in epoch "
            f"{new.epoch}, which did not give that up: {OLDER_COPY}"
        )
    if last.size > new.size:
        raise HeadDisagrees(
            f"{path} says that a tree of {last.size} entries was signed; the database holds {new.size}. "
            f"{last.size - new.size} entries are missing: {OLDER_COPY} {FOR_GOOD}"
        )
    if (new.root if last.size == new.size else root_at(last.size)) != last.root:
        raise HeadDisagrees(
            f"{path} and the database have different roots at {last.size} entries: what was signed has been "
            "rewritten, or this is another database. Keep both as they are and compare them with a dossier. "
            f"{FOR_GOOD}"
        )


def _ends_whole(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _last(file: BinaryIO) -> Head | None:
    """The last whole line; one that was cut off by a crash before it was on disk counts for nothing."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 2 * LONGEST_LINE))
    lines = file.read().split(b"\n")
    whole = [line for line in lines[:-1] if line]
    if not whole:
        return None
    head = _head(whole[-1].decode("ascii", "replace"))
    if head is None:
        raise HeadDisagrees(
            f"The last line of the ledger's head is {whole[-1][:80]!r}: size and root are wanted."
        )
    return head


def _head(line: str) -> Head | None:
    digits, *rest = line.split(" ")
    size, root = read_number(digits), read_hash(rest[0]) if rest else None
    epoch = read_number(rest[1]) if len(rest) == 2 else len(rest)
    if size is None or root is None or epoch is None or len(rest) > 2 or epoch < len(rest):
        return None
    return Head(size, root, epoch)
