"""The zip file of a dossier: read with bounds, and only where it has one meaning.

A zip says everything twice, in front of each file and in a directory at its end, and readers differ in what
they believe. Taken is only what says it twice alike, with the files back to back and nothing beside them.
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from audits.verification.refusals import Unfit, quoted

MIB = 1 << 20
MOST_FILES = 20_000
LARGEST_FILE = 64 * MIB
LARGEST_TOTAL = 512 * MIB
LARGEST_RATIO = 200
LARGEST_DIRECTORY = MOST_FILES * 256

SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
NAME = re.compile(rf"{SEGMENT}(?:/{SEGMENT})*")
LONGEST_NAME = 200
UTF8_NAME = 0x800
FOLDER = 0x10
SYSTEMS = (0, 3)
"""MS-DOS and Unix: what a zip may say of the system it was made on, by which its file modes are read."""

LOCAL_BYTES, ENTRY_BYTES, END_BYTES = 30, 46, 22


def unpacked(data: bytes) -> dict[str, bytes]:
    """All files by their names.

    Raises:
        Unfit: the archive is none, is hostile, or is too large.
    """
    members = _members(data)
    _check_bounds(data, members)
    return {member.filename: _content(data, member) for member in members}


def _members(data: bytes) -> list[zipfile.ZipInfo]:
    """The directory, once it is known to be of a size that can be read."""
    if not END_BYTES < len(data) <= LARGEST_TOTAL:
        raise Unfit(f"The archive has {len(data)} bytes; up to {LARGEST_TOTAL} are read.")
    end = data[-END_BYTES:]
    disks, count, counted = end[4:8], end[8:10], int.from_bytes(end[10:12], "little")
    length, start = int.from_bytes(end[12:16], "little"), int.from_bytes(end[16:20], "little")
    if end[:4] != b"PK\5\6" or end[20:] != b"\0\0" or any(disks) or count != end[10:12]:
        raise Unfit("The archive does not end as a zip file does: it is cut off, or something follows.")
    if start + length + END_BYTES != len(data) or length > LARGEST_DIRECTORY:
        raise Unfit("The archive has something in front of it, or between its parts.")
    if not 0 < counted <= MOST_FILES:
        raise Unfit(f"The archive holds {counted} files; 1 to {MOST_FILES} are read.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as fault:
        raise Unfit(f"The archive cannot be read: {quoted(str(fault))}.") from None
    place = start
    for member in members:
        # The lengths of what else may be told of a file; zipfile passes over some that are wrong.
        if data[place + 30 : place + 34] != bytes(4):
            raise Unfit("The archive's directory holds something beside the names of its files.")
        place += ENTRY_BYTES + len(member.orig_filename)
    if len(members) != counted or place != start + length:
        raise Unfit("The archive's directory counts other files than it names.")
    return members


def _check_bounds(data: bytes, members: Sequence[zipfile.ZipInfo]) -> None:
    names: set[str] = set()
    place = 0
    for member in members:
        _check_member(member)
        lowered = member.filename.lower()
        if lowered in names:
            raise Unfit(f"The archive holds the name {member.filename} twice.")
        names.add(lowered)
        if member.header_offset != place or not data.startswith(_front(member), place):
            raise Unfit(f"{member.filename} is told of in two ways, or does not follow its neighbour.")
        place += LOCAL_BYTES + len(member.filename) + member.compress_size
    if place != int.from_bytes(data[-6:-2], "little"):
        raise Unfit("The archive holds bytes that belong to none of its files.")
    for name, total in _totals(members):
        if total > LARGEST_TOTAL or total > LARGEST_RATIO * len(data):
            raise Unfit(f"Up to {name} the archive unpacks to {total} bytes, from {len(data)}: a bomb.")


def _totals(members: Sequence[zipfile.ZipInfo]) -> Iterator[tuple[str, int]]:
    total = 0
    for member in members:
        total += member.file_size
        yield member.filename, total


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise Unfit(f"A file of a dossier is not named {quoted(name)}.")
    if member.flag_bits & ~UTF8_NAME or member.reserved:
        raise Unfit(f"{name} is encrypted, or has marks that are not read here.")
    known = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if member.compress_type not in known or member.extract_version > zipfile.DEFAULT_VERSION:
        raise Unfit(f"{name} is compressed in a way that is not read here.")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or member.external_attr & FOLDER or member.create_system not in SYSTEMS:
        raise Unfit(f"{name} is a link, a folder or a device, and no file.")
    if member.file_size > LARGEST_FILE:
        raise Unfit(f"{name} unpacks to {member.file_size} bytes; up to {LARGEST_FILE} are read.")


def _front(member: zipfile.ZipInfo) -> bytes:
    """What must stand in front of the file for both of its descriptions to say the same."""
    year, month, day, hour, minute, second = member.date_time
    numbers = (
        (0x04034B50, 4),
        (member.extract_version, 1),
        (member.reserved, 1),
        (member.flag_bits, 2),
        (member.compress_type, 2),
        (hour << 11 | minute << 5 | second // 2, 2),
        ((year - 1980) << 9 | month << 5 | day, 2),
        (member.CRC, 4),
        (member.compress_size, 4),
        (member.file_size, 4),
        (len(member.filename), 2),
        (0, 2),
    )
    return b"".join(number.to_bytes(width, "little") for number, width in numbers) + member.filename.encode()


def _content(data: bytes, member: zipfile.ZipInfo) -> bytes:
    """The file's bytes; at most one more than it says is ever unpacked."""
    first = member.header_offset + LOCAL_BYTES + len(member.filename)
    found = data[first : first + member.compress_size]
    if member.compress_type == zipfile.ZIP_DEFLATED:
        found = _inflated(found, member)
    if len(found) != member.file_size or zlib.crc32(found) != member.CRC:
        raise Unfit(f"{member.filename} is damaged, or lies about its size.")
    return found


def _inflated(packed: bytes, member: zipfile.ZipInfo) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = stream.decompress(packed, member.file_size + 1)
    except zlib.error as fault:
        raise Unfit(f"{member.filename} is damaged: {quoted(str(fault))}.") from None
    if not stream.eof or stream.unused_data:
        raise Unfit(f"{member.filename} is longer or shorter than it says.")
    return found
