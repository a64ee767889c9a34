"""A cluster with migrated tables as one file: made once for each state of the sources, unpacked by whoever
needs it.

Migrating takes ten seconds of a processor, unpacking half a one. Runs and processes side by side wait for
the one that packs. What is half written or damaged counts as absent, so that it is made anew.
"""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from governance.project.embedded.directories import private_directory, write_private


@dataclass(frozen=True)
class PackedCluster:
    """The file of one state, beside a digest of its bytes that is written last."""

    directory: Path
    name: str
    write: Callable[[str], None]

    @property
    def file(self) -> Path:
        """The cluster's files, as tar keeps them."""
        return self.directory / f"{self.name}.tar"

    @property
    def digest(self) -> Path:
        """The digest of the file, to know it whole by."""
        return self.directory / f"{self.name}.sha256"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else packs, looks or unpacks in this block; the lock ends with the process."""
        private_directory(self.directory)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def is_whole(self) -> bool:
        """Whether it is there as it was packed."""
        if not (self.file.exists() and self.digest.exists()):
            return False
        is_whole = self.digest.read_text() == _digest(self.file)
        if not is_whole:
            self.write(f"{self.file} is damaged; it is made anew")
        return is_whole

    def pack(self, cluster: Path) -> None:
        """Keep a stopped cluster, and remove those of other states."""
        for stale in (*self.directory.glob("*.sha256"), *self.directory.glob("*.tar")):
            stale.unlink()
        _tar("--create", self.file, cluster)
        write_private(self.digest, _digest(self.file))

    def unpack(self, cluster: Path) -> None:
        """Put it in place of a stopped cluster."""
        draft = cluster.with_name(f"{cluster.name}.unpacked")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        _tar("--extract", self.file, draft)
        shutil.rmtree(cluster, ignore_errors=True)
        draft.rename(cluster)


def _tar(act: str, file: Path, directory: Path) -> None:
    """The directory itself is in the file too, with its owner and mode."""
    subprocess.run(["tar", act, "--file", file, "--directory", directory, "."], check=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
