"""The head outside the database: what was signed last, in a file that is only ever appended to.

A database can be replaced by an older copy of itself, and nothing within it would know. Before a checkpoint
is handed out its size and root are written here, so that whoever starts on an older or another database is
stopped (L8). One line a head: size, space, root in base64; from the second epoch on, space and its number.

Below the head that an epoch gives up stands one line more: ``epoch``, its number and the SHA-256 of its
entry's body in base64. ``begin_epoch`` writes it: an epoch of which this file does not know was begun by
nobody who had the file, and nothing is signed in it.
"""

import base64
import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, NoReturn

from django.conf import settings

from governance.ledger.letters import read_hash, read_number

READ_AT_END = 64 * 1024
"""Far more than the last head and the lines below it take."""

EPOCH_LINE = "epoch"
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
    """Size and root of the tree at a checkpoint, and the epoch (:mod:`governance.ledger.epochs`) it is of.

    ``begun`` are the epochs that the file says gave up this head: number, and digest of the entry's body.
    """

    size: int
    root: bytes
    epoch: int = 1
    begun: frozenset[tuple[int, bytes]] = field(default=frozenset(), compare=False)

    def line(self) -> bytes:
        """The form in the file."""
        epoch = b" %d" % self.epoch if self.epoch > 1 else b""
        return b"%d %s%s\n" % (self.size, base64.b64encode(self.root), epoch)


@dataclass(frozen=True, slots=True)
class Beginning:
    """An epoch as the database tells of it: what it gave up, and the SHA-256 of its entry's body."""

    given_up: Head
    entry_digest: bytes

    def follows(self, last: Head, epoch: int) -> bool:
        """Whether the file, whose last head is ``last``, says that just this entry begins the epoch."""
        return last.epoch < epoch and last == self.given_up and (epoch, self.entry_digest) in last.begun


class HeadDisagrees(Exception):
    """The head outside and the tree in the database are not of one history: nothing may be signed."""


class HeadMissing(Exception):
    """Checkpoints were signed, and the head that was written down of them is gone."""


class EpochUnknown(HeadMissing):
    """The database tells of an epoch that was not begun beside this head: nothing may be signed in it."""


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
    beginning: Beginning | None = None,
) -> None:
    """Append ``new``, which is on disk afterwards, if it follows from the last head of the file.

    ``signed`` is the head that was signed last, ``root_at`` answers the root of the tree in the database
    at a size, and ``beginning`` is that of the epoch of ``new``. A head that stands there
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
        check_follows(path, last, new, signed, root_at, beginning=beginning)
        if last != new:
            _append(file, new.line())


def note_epoch(path: Path, number: int, lost: Head, entry_digest: bytes) -> None:
    """Append that an epoch gives up ``lost``, the file's last head, by the entry with this body.

    Raises:
        HeadDisagrees: the file's last head is another one by now.
        OSError: the file cannot be written, or another process holds it.
    """
    with path.open("a+b") as file:
        _lock(path, file)
        if _last(file) != lost:
            raise HeadDisagrees(f"{path} has another last head by now. Look at it, and begin anew.")
        digest = base64.b64encode(entry_digest).decode()
        _append(file, f"{EPOCH_LINE} {number} {digest}\n".encode())


def _append(file: BinaryIO, line: bytes) -> None:
    """A line that is on disk afterwards. One that a crash has cut off stays where it is, and ends here."""
    file.write((b"" if _ends_whole(file) else b"\n") + line)
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
    beginning: Beginning | None = None,
) -> None:
    """That the tree which ends with ``new`` is, or contains, the one whose head was written down; or that it
    is of a later epoch, and the file says so too: a row and an entry of an epoch are quickly put in.

    Raises:
        HeadDisagrees: with both sizes, and what to do.
        HeadMissing: with the line to write.
        EpochUnknown: it holds that tree, and an epoch of which the file does not know.
    """
    if last is None and signed is not None:
        raise HeadMissing(
            f"{path} is missing or empty, and a tree of {signed.size} entries was signed. Bring it back. "
            f"Only if it is lost and nobody holds a larger one, write into it: {signed.line().decode()}"
        )
    if last is None or (beginning is not None and beginning.follows(last, new.epoch)):
        return
    if last.epoch != new.epoch:
        _refuse_epoch(path, last, new, root_at, beginning)
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


def _refuse_epoch(
    path: Path, last: Head, new: Head, root_at: Callable[[int], bytes], beginning: Beginning | None
) -> NoReturn:
    """The file is of another epoch, and does not say that the database's follows it."""
    if beginning is None or last.epoch > new.epoch or last != beginning.given_up:
        raise HeadDisagrees(
            f"{path} is of epoch {last.epoch} with {last.size} entries; the database is in epoch "
            f"{new.epoch}, which did not give that up: {OLDER_COPY}"
        )
    is_ours = last.size <= new.size and root_at(last.size) == last.root
    raise (EpochUnknown if is_ours else HeadDisagrees)(
        f"The database says that epoch {new.epoch} gave up the tree of {last.size} entries, and {path} "
        "knows nothing of it: begin_epoch, which two administrators run on this host, writes it there. "
        "Somebody has put it into the database, or the file was restored from an older copy. If that is "
        "settled, two administrators begin another epoch: manage.py begin_epoch."
    )


def _ends_whole(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _last(file: BinaryIO) -> Head | None:
    """The last whole line of a head, with the epochs noted below it; a line that was cut off by a crash
    before it was on disk counts for nothing.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - READ_AT_END))
    begun: set[tuple[int, bytes]] = set()
    for line in reversed(file.read().split(b"\n")[:-1]):
        text = line.decode("ascii", "replace")
        if epoch := _epoch(text):
            begun.add(epoch)
        elif text:
            return replace(_head(text), begun=frozenset(begun))
    if begun:
        raise HeadDisagrees("The ledger's head names epochs, and no size and root above them.")
    return None


def _epoch(line: str) -> tuple[int, bytes] | None:
    word, _, rest = line.partition(" ")
    digits, _, encoded = rest.partition(" ")
    number, digest = read_number(digits), read_hash(encoded)
    if word != EPOCH_LINE or number is None or digest is None:
        return None
    return number, digest


def _head(line: str) -> Head:
    digits, *rest = line.split(" ")
    size, root = read_number(digits), read_hash(rest[0]) if rest else None
    epoch = read_number(rest[1]) if len(rest) == 2 else len(rest)
    if size is None or root is None or epoch is None or len(rest) > 2 or epoch < len(rest):
        raise HeadDisagrees(
            f"The last line of the ledger's head is {line[:80].encode()!r}: size and root are wanted."
        )
    return Head(size, root, epoch)
