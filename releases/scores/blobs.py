"""Bytes stored by what they are: a local directory in which every file is named by its SHA-256.

A file is written beside its place, flushed to disk and renamed into it, so that a crash leaves either nothing
or the whole file. Reading hashes the bytes again and refuses any that changed. Nothing is ever overwritten
with other content; a damaged file is replaced only by bytes that have the digest it should have.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from releases.scores.refusals import BlobDamaged, BlobMissing, BlobTooLarge, DigestMismatch

CHUNK = 1 << 20
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
READ_ONLY = 0o440


@dataclass(frozen=True, slots=True)
class StagedBlob:
    """Bytes received and hashed, not yet part of the store. ``path`` is valid inside ``staged`` only."""

    path: Path
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob in the store. ``already_there``: the same bytes were stored before. ``repaired``: they stood
    there damaged and were replaced; worth an alarm.
    """

    digest: str
    size: int
    already_there: bool
    repaired: bool


class BlobStore:
    """The directory at ``root``; created when the first blob is stored."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def staged(self, source: BinaryIO, *, most: int, expected: str | None = None) -> Iterator[StagedBlob]:
        """Copy ``source`` from where it stands into a temporary file of the store, hashing on the way.

        At most ``most`` bytes are taken. ``expected`` is the digest the sender states, if any. The temporary
        file is gone afterwards unless ``keep`` was called.
        """
        directory = self.root / "incoming"
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=directory, delete=False) as target:
            path = Path(target.name)
            try:
                yield self._receive(source, target, most, expected)
            finally:
                path.unlink(missing_ok=True)

    def keep(self, staged: StagedBlob) -> StoredBlob:
        """Make a staged blob part of the store. Storing the same bytes twice is no error."""
        place = self._place(staged.digest)
        damaged = False
        if place.exists():
            damaged = _digest_of(place) != staged.digest
            if not damaged:
                return StoredBlob(staged.digest, staged.size, already_there=True, repaired=False)
        for directory in (place.parent.parent, place.parent):
            directory.mkdir(parents=True, exist_ok=True)
        staged.path.chmod(READ_ONLY)
        staged.path.replace(place)
        for directory in (place.parent, place.parent.parent, self.root):
            _flush_directory(directory)
        return StoredBlob(staged.digest, staged.size, already_there=False, repaired=damaged)

    def verified_path(self, digest: str) -> Path:
        """The file of a digest, after hashing it again. Raises BlobMissing or BlobDamaged."""
        place = self._place(digest)
        try:
            found = _digest_of(place)
        except FileNotFoundError as error:
            raise BlobMissing(f"No file with the digest {digest} is stored.") from error
        if found != digest:
            raise BlobDamaged(f"The file stored as {digest} now has the digest {found}.")
        return place

    def holds(self, digest: str) -> bool:
        """Whether a file stands under this digest; says nothing about its bytes."""
        return self._place(digest).exists()

    def _place(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise BlobMissing(f"{digest[:100]!r} is no digest of the form sha256:<64 hex digits>.")
        name = digest.removeprefix("sha256:")
        return self.root / "sha256" / name[:2] / name

    def _receive(
        self,
        source: BinaryIO,
        target: "tempfile._TemporaryFileWrapper[bytes]",
        most: int,
        expected: str | None,
    ) -> StagedBlob:
        hashed, size = hashlib.sha256(), 0
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > most:
                raise BlobTooLarge(f"The file is larger than {most:,} bytes.")
            hashed.update(chunk)
            target.write(chunk)
        digest = f"sha256:{hashed.hexdigest()}"
        if expected is not None and expected != digest:
            raise DigestMismatch(f"The file received has the digest {digest}, stated was {expected[:100]}.")
        target.flush()
        os.fsync(target.fileno())
        return StagedBlob(Path(target.name), digest, size)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _flush_directory(directory: Path) -> None:
    """A rename is durable only once the directory that holds the name is."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
