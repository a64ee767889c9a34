"""What a Parquet file says about itself, read before anything in it is unpacked.

The footer and the headers of pages are small Thrift structures (compact protocol; the layout is
parquet.thrift of the Apache Parquet format). Reading only those gives the columns, the rows and the size of
every page after decompression, so that a bomb is refused by its own declaration. What is declared too small
is refused by the reader, which unpacks a page into exactly the declared size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from releases.scores.refusals import FileBroken, FileTooLarge

MAGIC, ENCRYPTED_MAGIC = b"PAR1", b"PARE"
LARGEST_FOOTER = 16 * 2**20
LARGEST_PAGE_HEADER = 64 * 2**10
MOST_NODES = 2_000_000
DEEPEST = 32

CUT_SHORT = "The Parquet file is damaged or was cut short"

Struct = dict[int, Any]


@dataclass(frozen=True)
class Column:
    """A column of the table; ``nested`` if it holds lists or records."""

    name: str
    nested: bool


@dataclass(frozen=True)
class Chunk:
    """The pages of one column in one row group; ``path`` is the column's name."""

    column: str
    start: int
    size: int


@dataclass(frozen=True)
class Layout:
    """What the footer declares."""

    rows: int
    columns: tuple[Column, ...]
    chunks: tuple[Chunk, ...]


def read_layout(file: BinaryIO, size: int) -> Layout:
    """The layout of a file of ``size`` bytes that begins with MAGIC. Raises FileBroken or FileTooLarge."""
    file.seek(max(size - 8, 0))
    tail = file.read(8)
    if tail[4:] == ENCRYPTED_MAGIC:
        raise FileBroken("The Parquet file is encrypted.", next_step="Upload it without encryption.")
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or not 0 < length <= size - 12:
        raise FileBroken(f"{CUT_SHORT}: it does not end with a footer.")
    if length > LARGEST_FOOTER:
        raise FileTooLarge(f"The footer of the Parquet file takes {length:,} bytes.")
    file.seek(size - 8 - length)
    footer = _Compact(file.read(length)).struct()
    if 8 in footer:  # encryption_algorithm: the footer is plain, the columns are not
        raise FileBroken("The Parquet file is encrypted.", next_step="Upload it without encryption.")
    columns = tuple(_columns(footer.get(2)))
    groups = _list_of_structs(footer.get(4, []))
    rows = footer.get(3)
    declared = sum(_number(group.get(3)) for group in groups)
    if not isinstance(rows, int) or rows < 0 or rows != declared:
        raise FileBroken(f"{CUT_SHORT}: its footer states {rows!r} rows, its row groups {declared!r}.")
    chunks = tuple(chunk for group in groups for chunk in _chunks(group, size))
    return Layout(rows, columns, chunks)


def page_sizes(file: BinaryIO, chunk: Chunk) -> Iterator[tuple[int, int]]:
    """Compressed and uncompressed bytes of each page of a chunk, by the page's own header."""
    place, end = chunk.start, chunk.start + chunk.size
    while place < end:
        file.seek(place)
        reader = _Compact(file.read(min(LARGEST_PAGE_HEADER, end - place)))
        header = reader.struct()
        uncompressed, compressed = _number(header.get(2)), _number(header.get(3))
        if compressed > end - place - reader.place:
            raise FileBroken(
                f"{CUT_SHORT}: a page of column {chunk.column[:80]!r} is longer than its column."
            )
        yield compressed, uncompressed
        place += reader.place + compressed


def _columns(schema: Any) -> Iterator[Column]:
    """The children of the root; what lies below them is only measured."""
    nodes = _list_of_structs(schema)
    if not nodes:
        raise FileBroken(f"{CUT_SHORT}: its footer names no columns.")
    place = 1
    for _ in range(_number(nodes[0].get(5, 0))):
        if place >= len(nodes):
            raise FileBroken(f"{CUT_SHORT}: its footer names fewer columns than it counts.")
        children = _number(nodes[place].get(5, 0))
        yield Column(_text(nodes[place].get(4)), nested=children > 0 or nodes[place].get(3) == 2)
        place = _behind(nodes, place)


def _behind(nodes: list[Struct], place: int) -> int:
    """The place behind a node and all below it."""
    open_nodes, depths = 1, [1]
    while open_nodes:
        if place >= len(nodes) or len(depths) > DEEPEST:
            raise FileBroken("The Parquet file nests its columns too deeply, or its footer is damaged.")
        children = _number(nodes[place].get(5, 0))
        place, depths[-1] = place + 1, depths[-1] - 1
        if children:
            depths.append(children)
        while depths and not depths[-1]:
            depths.pop()
        open_nodes = len(depths)
    return place


def _chunks(group: Struct, size: int) -> Iterator[Chunk]:
    for column in _list_of_structs(group.get(1, [])):
        meta = column.get(3)
        if 8 in column or not isinstance(meta, dict):
            raise FileBroken(
                "The Parquet file is encrypted or keeps its columns in other files.",
                next_step="Upload one file that holds everything, without encryption.",
            )
        names = meta.get(3)
        starts = [_number(meta[key]) for key in (9, 11) if key in meta]  # data pages, dictionary page
        start, length = min((one for one in starts if one > 0), default=0), _number(meta.get(7))
        if start < len(MAGIC) or start + length > size:
            raise FileBroken(f"{CUT_SHORT}: its footer points outside the file.")
        yield Chunk(_text(names[0]) if isinstance(names, list) and names else "", start, length)


def _list_of_structs(found: Any) -> list[Struct]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise FileBroken(f"{CUT_SHORT}: its footer cannot be read.")
    return found


def _number(found: Any) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise FileBroken(f"{CUT_SHORT}: its footer cannot be read.")
    return found


def _text(found: Any) -> str:
    if not isinstance(found, bytes):
        raise FileBroken(f"{CUT_SHORT}: its footer cannot be read.")
    return found.decode("utf-8", errors="replace")


class _Compact:
    """Thrift's compact protocol, as much of it as Parquet uses: numbers, bytes, lists, structs."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0
        self.nodes = 0

    def struct(self, depth: int = 0) -> Struct:
        """Fields by their number."""
        found: Struct = {}
        key = 0
        while (head := self._byte()) != 0:
            step, kind = head >> 4, head & 15
            key = key + step if step else self._signed()
            found[key] = self._value(kind, depth, in_list=False)
        return found

    def _value(self, kind: int, depth: int, *, in_list: bool) -> Any:
        self.nodes += 1
        if self.nodes > MOST_NODES or depth > DEEPEST:
            raise FileTooLarge("The footer of the Parquet file describes more than a table of scores needs.")
        if kind in {1, 2}:  # a field's kind is the truth value, an element of a list has a byte of its own
            return self._byte() == 1 if in_list else kind == 1
        if kind == 3:
            return self._byte()
        if kind in {4, 5, 6}:
            return self._signed()
        if kind == 7:
            return self._bytes(8)
        if kind == 8:
            return self._bytes(self._unsigned())
        if kind in {9, 10}:
            return self._list(depth)
        if kind == 12:
            return self.struct(depth + 1)
        raise FileBroken(f"{CUT_SHORT}: its footer cannot be read.")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size, kind = head >> 4, head & 15
        if size == 15:
            size = self._unsigned()
        if size > len(self.data) - self.place:  # every element takes at least a byte
            raise FileBroken(f"{CUT_SHORT}: its footer cannot be read.")
        return [self._value(kind, depth + 1, in_list=True) for _ in range(size)]

    def _signed(self) -> int:
        number = self._unsigned()
        return (number >> 1) ^ -(number & 1)

    def _unsigned(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number
            if shift > 63:
                raise FileBroken(f"{CUT_SHORT}: its footer cannot be read.")

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        found = self.data[self.place : self.place + count]
        if len(found) < count:
            raise FileBroken(f"{CUT_SHORT}: its footer cannot be read.")
        self.place += count
        return found
