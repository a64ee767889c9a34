"""From uploaded bytes to lines of text: format by content, bounded decompression, strict UTF-8.

The name of a file is never believed. Nothing here holds more than one line and one buffer in memory.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Literal

from releases.scores.limits import Limits
from releases.scores.refusals import FileBroken, FileTooLarge, FormatNotRead

SourceFormat = Literal["csv", "csv_gzip", "parquet"]
ENDINGS: dict[SourceFormat, tuple[str, ...]] = {
    "csv": (".csv", ".txt", ".tsv"),
    "csv_gzip": (".gz", ".gzip"),
    "parquet": (".parquet", ".pq"),
}
WORDS: dict[SourceFormat, str] = {"csv": "CSV", "csv_gzip": "CSV in gzip", "parquet": "Parquet"}

GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (PARQUET_MAGIC, "The file is Parquet."),  # only inside gzip: on its own it is read
    (b"PARE", "The file is Parquet, encrypted."),
    (b"ARROW1", "The file is Arrow IPC (Feather), which is not imported."),
    (b"PK\x03\x04", "The file is a zip archive or a spreadsheet (xlsx, ods)."),
    (b"PK\x05\x06", "The file is an empty zip archive."),
    (b"\xd0\xcf\x11\xe0", "The file is an old Office document (xls)."),
    (b"BZh", "The file is compressed with bzip2."),
    (b"\xfd7zXZ\x00", "The file is compressed with xz."),
    (b"\x28\xb5\x2f\xfd", "The file is compressed with zstd."),
    (b"7z\xbc\xaf\x27\x1c", "The file is a 7-zip archive."),
    (b"SQLite format 3\x00", "The file is a SQLite database."),
    (b"\x80\x04\x95", "The file is a Python pickle; pickles are never opened."),
    (b"\x89HDF", "The file is HDF5."),
    (b"\xff\xfe\x00\x00", "The file is encoded in UTF-32."),
    (b"\x00\x00\xfe\xff", "The file is encoded in UTF-32."),
    (b"\xff\xfe", "The file is encoded in UTF-16."),
    (b"\xfe\xff", "The file is encoded in UTF-16."),
)
LONGEST_MAGIC = max(len(magic) for magic, _ in OTHER_FORMATS)


def name_note(name: str, found: SourceFormat) -> str:
    """What to say where a file's name promises another format than its bytes hold; else nothing."""
    ending = f".{name.rsplit('.', 1)[-1].lower()}" if "." in name else ""
    promised = next((one for one, endings in ENDINGS.items() if ending in endings), found)
    if promised == found:
        return ""
    return f"The file is named {name[-100:]!r}, but holds {WORDS[found]}; it was read as {WORDS[found]}."


def is_parquet(upload: BinaryIO) -> bool:
    """Whether the upload begins as Parquet files do. Raises FileBroken where only its end does."""
    upload.seek(0)
    head = upload.read(len(PARQUET_MAGIC))
    if head == PARQUET_MAGIC or len(head) < len(PARQUET_MAGIC):
        return head == PARQUET_MAGIC
    upload.seek(-len(PARQUET_MAGIC), io.SEEK_END)
    if upload.read() == PARQUET_MAGIC:
        raise FileBroken("The file ends as Parquet files do, but does not begin so: its start is damaged.")
    return False


def open_text_lines(upload: BinaryIO, limits: Limits) -> tuple[SourceFormat, Iterator[str]]:
    """The format found and the lines of the file, each with its line end, without a byte order mark.

    ``upload`` must be seekable and is read from its start. Errors come while the lines are drawn.
    """
    upload.seek(0)
    head = upload.read(LONGEST_MAGIC)
    upload.seek(0)
    if not head:
        raise FileBroken("The file is empty.")
    if not head.startswith(GZIP_MAGIC):
        _refuse_other_formats(head, "")
        return "csv", _lines(_Counted(upload, limits), limits)
    counted = _Counted(upload, limits)
    unzipped = _Unzipped(counted, limits)
    _refuse_other_formats(unzipped.peek(LONGEST_MAGIC), " inside gzip")
    return "csv_gzip", _lines(unzipped, limits)


def _refuse_other_formats(head: bytes, where: str) -> None:
    if where and head.startswith(GZIP_MAGIC):
        raise FormatNotRead("The file is compressed with gzip twice.")
    for magic, sentence in OTHER_FORMATS:
        if head.startswith(magic):
            raise FormatNotRead(sentence if not where else f"{sentence[:-1]} (found{where}).")


class _Counted(io.RawIOBase):
    """A reader that counts what it hands out and stops at the cap on bytes."""

    def __init__(self, inner: BinaryIO, limits: Limits) -> None:
        super().__init__()
        self.inner = inner
        self.limits = limits
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # the stub wants Buffer
        chunk = self.inner.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.count += len(chunk)
        if self.count > self.limits.bytes:
            raise FileTooLarge(f"The file holds more than {self.limits.bytes:,} bytes of text.")
        return len(chunk)


class _Unzipped(io.RawIOBase):
    """Decompression in small steps, so that a bomb is refused long before it is unpacked."""

    def __init__(self, packed: _Counted, limits: Limits) -> None:
        super().__init__()
        self.packed = packed
        self.limits = limits
        self.count = 0
        self.ahead = b""
        self.gzip = gzip.GzipFile(fileobj=io.BufferedReader(packed), mode="rb")

    def readable(self) -> bool:
        return True

    def peek(self, size: int) -> bytes:
        """The first bytes that will be read, without using them up."""
        self.ahead = self._unzip(size)
        return self.ahead

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # the stub wants Buffer
        chunk, self.ahead = self.ahead[: len(buffer)], self.ahead[len(buffer) :]
        if not chunk:
            chunk = self._unzip(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _unzip(self, size: int) -> bytes:
        try:
            chunk = self.gzip.read(size)
        except EOFError as error:
            raise FileBroken("The gzip file ends in the middle: it was cut short.") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise FileBroken(
                f"The gzip file is damaged after {self.count:,} bytes of text ({error})."
            ) from error
        self.count += len(chunk)
        if self.count > self.limits.bytes:
            raise FileTooLarge(f"The gzip file unpacks to more than {self.limits.bytes:,} bytes.")
        if self.count > self.limits.expansion_from and self.count > self.limits.expansion * self.packed.count:
            raise FileTooLarge(
                f"The gzip file unpacks to more than {self.limits.expansion} times its size, as only "
                "decompression bombs do.",
                next_step="Upload the table uncompressed if it is genuine.",
            )
        return chunk


def _line_ends(piece: bytes) -> int:
    """How many lines end in a piece of text: a whole piece is decoded before its first line is handed out."""
    return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")


def _lines(raw: io.RawIOBase, limits: Limits) -> Iterator[str]:
    """Lines with their ends kept as they are: the CSV reader needs them inside quoted cells."""
    text = io.TextIOWrapper(
        io.BufferedReader(raw, 1 << 18), encoding="utf-8-sig", errors="strict", newline=""
    )
    number = 0
    while True:
        try:
            line = text.readline(limits.line_characters + 1)
        except UnicodeDecodeError as error:
            place = number + 1 + _line_ends(error.object[: error.start])
            raise FormatNotRead(
                f"The file is not UTF-8: byte 0x{error.object[error.start]:02x} in line {place}.",
                next_step="Save the file as CSV in UTF-8 and upload it again.",
                rows=(place,),
            ) from error
        if not line:
            return
        number += 1
        if len(line) > limits.line_characters:
            raise FileTooLarge(f"Line {number} is longer than {limits.line_characters:,} characters.")
        if "\x00" in line:
            raise FileBroken(
                f"Line {number} holds a NUL byte: the file is binary or damaged.", rows=(number,)
            )
        yield line
