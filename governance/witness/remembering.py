"""What a witness remembers of each log: the newest checkpoint it has cosigned, as a note that it signed.

One file a log, written whole or not at all, and on disk before a cosignature leaves. A file that is missing,
cut off or changed is refused, never begun anew: a witness that has forgotten what it saw would cosign another
past. Beginning is an act of its own, :func:`begin`.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from governance.ledger.checkpoints import TreeHead, read_head
from governance.ledger.notes import NoteFails, cosign, open_note, verifier_of
from governance.ledger.signing import SigningKey

LOCK = "lock"


class StateUnfit(Exception):
    """What was cosigned last is not known: nothing is cosigned before somebody has looked."""


def state_file(directory: Path, origin: str) -> Path:
    """The file of a log; its name follows from the log's, whatever letters that has."""
    return directory / f"{sha256(origin.encode()).hexdigest()}.checkpoint"


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Nobody else reads or writes the directory in this block: two requests never get two roots of a size."""
    with (directory / LOCK).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remembered(directory: Path, origin: str, key: SigningKey) -> TreeHead:
    """What was cosigned last of a log; of size 0 where nothing was since it was begun.

    Raises:
        StateUnfit: with what to do.
    """
    path = state_file(directory, origin)
    try:
        note = path.read_bytes().decode()
    except FileNotFoundError:
        raise StateUnfit(
            f"{path} is missing: what was cosigned last of {origin} is not known. Bring the file back. Only "
            "if the log was never watched here, begin: manage.py witness begin."
        ) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise StateUnfit(f"{path}, the newest checkpoint of {origin}, cannot be read: {fault}.") from fault
    try:
        found = read_checkpoint_text(open_note(note, [verifier_of(key)]).text)
    except NoteFails as fault:
        raise StateUnfit(
            f"{path} is not what this witness wrote: {fault} It was cut off, changed, or written under "
            "another key. Bring back the file, and the key."
        ) from fault
    if found.origin != origin:
        raise StateUnfit(f"{path} is of the log {found.origin}, not of {origin}: files were mixed up.")
    return found


def remember(directory: Path, origin: str, note: str) -> None:
    """Write down a note that bears this witness's signature; it is on disk afterwards.

    Raises:
        OSError: it cannot be written; what stood there before still does.
    """
    path = state_file(directory, origin)
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(note.encode())
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _to_disk(directory)


def begin(directory: Path, head: TreeHead, key: SigningKey, at: int) -> None:
    """Begin to watch a log with this head, which somebody vouches for; size 0 takes the first that comes.

    Raises:
        StateUnfit: it is watched already.
        OSError: the directory cannot be written.
    """
    with alone(directory):
        if state_file(directory, head.origin).exists():
            raise StateUnfit(
                f"{head.origin} is watched already, with {remembered(directory, head.origin, key).size} "
                "entries. To give it another key: manage.py witness trust."
            )
        remember(directory, head.origin, f"{head.text()}\n{cosign(head.text(), key, at)}")


def read_checkpoint_text(text: str) -> TreeHead:
    """Origin, size and root of a checkpoint's text, which may have extension lines below them.

    Raises:
        NoteFails: it is no checkpoint.
    """
    lines = text.removesuffix("\n").split("\n")
    if "" in lines:
        raise NoteFails("A checkpoint has no empty lines in its text.")
    return read_head("\n".join([*lines[:3], ""]))


def _to_disk(directory: Path) -> None:
    """The new name of a file as well."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
