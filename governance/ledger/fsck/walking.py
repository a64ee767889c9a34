"""One walk over all leaves in their order: bodies, hashes, places, tiles and roots are compared on the way.

The tree is computed from the bodies, never from what is stored of it. Each kind of fault is named once, where
it is first met: what follows from it would only repeat it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256

import msgspec
from django.db import connection
from psycopg import Cursor

from governance.ledger.fsck.findings import Finding
from governance.ledger.merkle.growing import Place
from governance.ledger.merkle.hashing import EMPTY_ROOT, HASH_SIZE, LEAF_PREFIX, folded, node_hash
from governance.ledger.merkle.tiles import HEIGHT, WIDTH, complete, split

READ_AT_ONCE = 32 * WIDTH
_LEAVES = """
SELECT leaf.index, leaf.hash, entry.body, entry.stream, entry.stream_seq
FROM leaf JOIN entry ON entry.id = leaf.entry_id
WHERE leaf.index >= %s AND leaf.index < %s ORDER BY leaf.index
"""
_TILES = "SELECT level, index, hashes FROM tile WHERE level = %s AND index >= %s AND index < %s"
Row = tuple[int, bytes, bytes, str, int]


class Placed(msgspec.Struct):
    """What a body says of its own place."""

    stream: str
    seq: int


class Walk:
    """The state of a walk: what was computed so far, and what was found.

    ``roots`` are the roots that are on record, by the size of their tree; they are compared when the walk
    gets there, and what is left of them belongs to larger trees than there are leaves.
    """

    def __init__(self, roots: Mapping[int, bytes]) -> None:
        self.findings: list[Finding] = []
        self.size = 0
        self._roots = deque(sorted(roots.items()))
        self._edge: list[tuple[int, bytes]] = []
        self._levels: list[list[bytes]] = []
        self._streams: dict[str, int] = {}
        self._kinds: set[str] = set()
        self._decoder = msgspec.json.Decoder(Placed)

    def run(self, size: int, progress: Callable[[int], None]) -> None:
        """Walk over the leaves of a tree of ``size``."""
        for first, end, rows in _steps(size):
            hashes = self._hashed(first, rows)
            if len(hashes) < end - first:
                self._find("leaf", first + len(hashes), "Leaf {} is missing: the tree was numbered past it.")
                return
            self._grow(hashes)
            progress(end)
        self._compare_rest()

    def _hashed(self, first: int, rows: Iterable[Row]) -> list[bytes]:
        """Leaf hashes of the bodies; what is as it should be, which is nearly all, is looked at once."""
        hashes, streams, decode = [], self._streams, self._decoder.decode
        for expected, (index, stored, body, stream, seq) in enumerate(rows, start=first):
            hashed = sha256(LEAF_PREFIX + body).digest()
            hashes.append(hashed)
            try:
                said = decode(body)
            except (msgspec.DecodeError, RecursionError):
                self._find("body", index, "Entry {} is no JSON of an entry.")
                continue
            last = streams.get(said.stream, 0)
            streams[said.stream] = said.seq
            place = (index, said.stream, said.seq, last)
            if hashed != stored or place != (expected, stream, seq, seq - 1):
                self._name(expected, index, hashed != stored, (stream, seq), (said.stream, said.seq, last))
        return hashes

    def _name(
        self, expected: int, index: int, changed: bool, stands: tuple[str, int], said: tuple[str, int, int]
    ) -> None:
        """What is wrong with a leaf, and where its entry stands beside what its body says."""
        stream, seq, last = said
        if index != expected:
            self._find("leaf", expected, "Leaf {} is missing: an entry was taken out of the tree.")
        if changed:
            self._find("body", index, "Entry {} was changed after it was numbered: its leaf is another hash.")
        if (stream, seq) != stands:
            self._find("place", index, "Entry {} stands under another stream or number than its body says.")
        if seq != last + 1:
            self._find("stream", index, f"Entry {{}} is number {seq} of {stream}, behind number {last}.")

    def _grow(self, hashes: list[bytes]) -> None:
        """Add leaves: compare the roots that fall among them, then the tiles that they fill."""
        above = []
        for at in range(0, len(hashes), WIDTH):
            chunk = hashes[at : at + WIDTH]
            whole = complete(chunk) if len(chunk) == WIDTH else None
            if whole is not None:
                above.append(whole)
            if whole is not None and not self._has_root_before(self.size + WIDTH):
                self._push(whole, HEIGHT)
                self.size += WIDTH
                self._compare_root()
            else:
                self._one_by_one(chunk)
        self._fill(0, hashes, above)

    def _one_by_one(self, chunk: list[bytes]) -> None:
        for leaf in chunk:
            self._push(leaf, 0)
            self.size += 1
            self._compare_root()

    def _push(self, added: bytes, height: int) -> None:
        while self._edge and self._edge[-1][0] == height:
            added = node_hash(self._edge.pop()[1], added)
            height += 1
        self._edge.append((height, added))

    def root(self) -> bytes:
        """The root of what was walked over so far."""
        return folded([found for _, found in self._edge]) if self._edge else EMPTY_ROOT

    def _has_root_before(self, size: int) -> bool:
        return bool(self._roots) and self._roots[0][0] < size

    def _compare_root(self) -> None:
        while self._roots and self._roots[0][0] <= self.size:
            size, root = self._roots.popleft()
            if size != self.size or root != self.root():
                sentence = f"The checkpoint of {size} entries has another root than the entries up to it."
                self._find("checkpoint", size - 1, sentence)

    def _compare_rest(self) -> None:
        if self._roots:
            size, _ = self._roots[-1]
            sentence = (
                f"A checkpoint of {size} entries was made, and only {self.size} are here: the last are gone."
            )
            self._find("checkpoint", self.size, sentence)
        for level, hashes in enumerate(self._levels):
            if hashes:
                self._compare_tiles(level, self._begun(level), [b"".join(hashes)])

    def _begun(self, level: int) -> int:
        return (self.size >> (8 * level)) // WIDTH

    def _fill(self, level: int, hashes: list[bytes], above: list[bytes] | None = None) -> None:
        """Tiles of a level that these hashes complete, and the level above them, if that is known already."""
        if len(self._levels) == level:
            self._levels.append([])
        row = [*self._levels[level], *hashes]
        whole = len(row) // WIDTH
        first = ((self.size >> (8 * level)) - len(row)) // WIDTH
        tiles = [b"".join(row[at * WIDTH : (at + 1) * WIDTH]) for at in range(whole)]
        self._levels[level] = row[whole * WIDTH :]
        if tiles:
            self._compare_tiles(level, first, tiles)
            self._fill(level + 1, above or [complete(split(tile)) for tile in tiles])

    def _compare_tiles(self, level: int, first: int, tiles: list[bytes]) -> None:
        stored = _tiles(level, first, first + len(tiles))
        for index, computed in enumerate(tiles, start=first):
            found = stored.get((level, index), b"")
            if found != computed:
                bad = (index * WIDTH + _first_difference(found, computed)) << (8 * level)
                sentence = f"Tile {level}/{index} differs from the entries below it, from entry {{}} on."
                self._find("tile", bad, sentence)

    def _find(self, kind: str, index: int, sentence: str) -> None:
        if kind not in self._kinds:
            self._kinds.add(kind)
            self.findings.append(Finding(kind, sentence.format(index), index))


def _first_difference(found: bytes, computed: bytes) -> int:
    pairs = zip(split(found), split(computed), strict=False)
    shorter = min(len(found), len(computed)) // HASH_SIZE
    return next((at for at, (one, other) in enumerate(pairs) if one != other), shorter)


def _steps(size: int) -> Iterator[tuple[int, int, Iterator[Row]]]:
    """Leaf numbers from and to, with the rows between them, which come while those before them are hashed."""
    for first in range(0, size, READ_AT_ONCE):
        end = min(size, first + READ_AT_ONCE)
        yield first, end, _rows(first, end)


def _rows(first: int, end: int) -> Iterator[Row]:
    """The leaves with their entries, in the driver's binary form: bodies as text take twice as long.

    A few at a time, so that the database goes on while this process hashes. Until the last has come, the
    connection answers nothing else.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        yield from cursor.stream(_LEAVES, [first, end], binary=True, size=WIDTH)


def _tiles(level: int, first: int, end: int) -> dict[Place, bytes]:
    with connection.cursor() as cursor:
        cursor.execute(_TILES, [level, first, end])
        return {(level, index): bytes(hashes) for level, index, hashes in cursor.fetchall()}
