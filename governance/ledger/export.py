"""The ledger as a directory of files that any web server hands out (https://c2sp.org/tlog-tiles).

``checkpoint``, ``tile/<level>/<number>`` and, where it is asked for, ``tile/entries/<number>``: the bytes are
those of the interface. Full tiles never change, so an export that goes on writes only what is new; what an
earlier one wrote at the tree's edge is removed, so that the same checkpoint always gives the same files.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from governance.ledger.checkpoints import TreeHead, read_head
from governance.ledger.merkle.hashing import HASH_SIZE
from governance.ledger.merkle.tiles import WIDTH, Tile, number_path, tiles_of
from governance.ledger.models import Leaf
from governance.ledger.notes import NoteFails
from governance.ledger.sealing import newest_signed
from governance.ledger.stored_tree import TreeIncomplete, root_at, tiles_at
from governance.ledger.witnesses.published import published

READ_AT_ONCE = 256
CHECKPOINT = "checkpoint"


class NotExported(Exception):
    """The directory is not that of this log, or there is nothing to export."""


@dataclass(frozen=True)
class Exported:
    """What the directory holds now, and how much of it was written."""

    size: int
    files: int


def export_tree(directory: Path, *, entries: bool = False) -> Exported:
    """Write what was signed last to ``directory``; what is there of the same log is gone on with.

    ``entries`` writes their bodies as well. They tell everything that the ledger holds: who may read the
    directory reads it all.

    Raises:
        NotExported: nothing was signed yet, or the directory is of another log, or of another past.
        TreeIncomplete: a tile is missing.
        OSError: a file cannot be written.
    """
    signed = newest_signed()
    if signed is None:
        raise NotExported("No checkpoint has been signed yet; see 'seal' on /readyz.")
    size = signed.checkpoint_id
    before = _before(directory, read_head(signed.note.partition("\n\n")[0] + "\n"))
    files = _write_tiles(directory, size, before)
    # Bodies may be wanted of a directory that has had none so far.
    has_entries = (directory / "tile" / "entries").exists()
    if entries or has_entries:
        files += _write_entries(directory, size, before if has_entries else 0)
    # Last: a reader never sees a checkpoint whose tiles are not there.
    _write(directory / CHECKPOINT, published(signed).encode())
    return Exported(size, files)


def entry_bundle(first: int, width: int) -> bytes | None:
    """Bodies of ``width`` entries from ``first`` on, each behind its length as two bytes; None if some are
    not in the tree yet.
    """
    rows = Leaf.objects.filter(index__gte=first, index__lt=first + width).order_by("index")
    bodies = [bytes(body) for body in rows.values_list("entry__body", flat=True)]
    if len(bodies) < width:
        return None
    return b"".join(len(body).to_bytes(2, "big") + body for body in bodies)


def _before(directory: Path, new: TreeHead) -> int:
    """The size that the directory is of; none where it is empty."""
    try:
        note = (directory / CHECKPOINT).read_text(encoding="utf-8")
        old = read_head(note.partition("\n\n")[0] + "\n")
    except FileNotFoundError:
        if directory.exists() and any(directory.iterdir()) and not (directory / "tile").exists():
            raise NotExported(f"{directory} holds something else; name an empty directory.") from None
        return 0
    except (NoteFails, UnicodeDecodeError) as fault:
        raise NotExported(f"{directory}/{CHECKPOINT} is no checkpoint: {fault}") from fault
    if old.origin != new.origin:
        raise NotExported(
            f"{directory} is of the log {old.origin}; this is {new.origin}. Name another directory."
        )
    if old.size > new.size or root_at(old.size) != old.root:
        raise NotExported(
            f"{directory} holds a checkpoint of {old.size} entries that is not of this tree of {new.size}: "
            "one of them has another past. Keep both, and run verify_ledger."
        )
    return old.size


def _write_tiles(directory: Path, size: int, before: int) -> int:
    files = 0
    for some in _batches(list(tiles_of(size, before))):
        found = tiles_at([(tile.level, tile.index) for tile in some])
        for tile in some:
            hashes = found.get((tile.level, tile.index), b"")[: tile.width * HASH_SIZE]
            if len(hashes) < tile.width * HASH_SIZE:
                raise TreeIncomplete(
                    f"Tile {tile.path()} of the tree of {size} leaves is missing or too short."
                )
            files += _put(directory / "tile", tile.path(), hashes)
    return files


def _write_entries(directory: Path, size: int, before: int) -> int:
    files = 0
    for index in range(before // WIDTH, -(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        bundle = entry_bundle(index * WIDTH, width)
        if bundle is None:
            raise TreeIncomplete(f"Entries from {index * WIDTH} on are missing in the tree of {size} leaves.")
        partial = f".p/{width}" if width < WIDTH else ""
        files += _put(directory / "tile" / "entries", f"{number_path(index)}{partial}", bundle)
    return files


def _put(root: Path, address: str, content: bytes) -> int:
    """Write a tile in its newest form, and remove narrower ones of it; answers 1, or 0 where it is there."""
    path = root / address
    narrower = path.parent if path.parent.suffix == ".p" else path.with_name(f"{path.name}.p")
    is_there = path.is_file() and path.read_bytes() == content
    if not is_there:
        _write(path, content)
    for other in narrower.iterdir() if narrower.is_dir() else ():
        if other != path:
            other.unlink()
    if narrower != path.parent:
        shutil.rmtree(narrower, ignore_errors=True)
    return 0 if is_there else 1


def _write(path: Path, content: bytes) -> None:
    """The whole file or none, whenever somebody reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _batches(tiles: list[Tile]) -> Iterator[list[Tile]]:
    for start in range(0, len(tiles), READ_AT_ONCE):
        yield tiles[start : start + READ_AT_ONCE]
