"""Hostile archives: refused at the first check by both, before anything in them is believed or unpacked."""

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest

from audits.verification import archives, standalone
from audits.verification.refusals import Unfit
from tests.audits.verification.building import dossier, member, zipped
from tests.audits.verification.judging import Bench

Archive = Callable[[], bytes]
ZEROS = bytes(8 * 2**20)
LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


def named(name: str) -> bytes:
    """A dossier with another file of this name."""
    return zipped([*sorted(dossier().items()), (name, b"x")])


def marked(**changed: int | bytes) -> bytes:
    """A dossier with one more file, whose place in the archive is marked otherwise."""
    info = member("more.txt")
    for name, value in changed.items():
        setattr(info, name, value)
    return with_member(info, b"x")


def with_member(info: zipfile.ZipInfo, data: bytes) -> bytes:
    """A dossier with this file at its end."""
    buffer = io.BytesIO(zipped(dossier()))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(info, data)
    return buffer.getvalue()


def patched(mark: bytes, at: int, kind: str, value: int, *, is_last: bool = False) -> bytes:
    """A dossier with a number changed in the first, or last, record of this kind in its archive."""
    data = bytearray(zipped(dossier()))
    struct.pack_into(kind, data, (data.rindex(mark) if is_last else data.index(mark)) + at, value)
    return bytes(data)


def told_twice(at_front: int, at_end: int, kind: str, value: int) -> bytes:
    """A dossier with a number of its first file changed in both of the places where an archive says it."""
    data = bytearray(patched(LOCAL, at_front, kind, value))
    struct.pack_into(kind, data, data.index(CENTRAL) + at_end, value)
    return bytes(data)


def alone(packed: bytes, size: int, crc: int) -> bytes:
    """An archive of one deflated file, which tells this of its size and checksum."""
    numbers = (0, 8, 0, 33, crc, len(packed), size, 1, 0)
    front = struct.pack("<4s5H3I2H", LOCAL, 20, *numbers) + b"a"
    directory = struct.pack("<4s6H3I5H2I", CENTRAL, 788, 20, *numbers, 0, 0, 0, 0, 0) + b"a"
    return (
        front
        + packed
        + directory
        + struct.pack("<4s4H2IH", END, 0, 0, 1, 1, len(directory), len(front + packed), 0)
    )


def deflated(*parts: bytes, end: int = zlib.Z_FINISH) -> bytes:
    """The parts one behind the other, deflated; ``end`` may leave the end open."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(deflate.compress(part) for part in parts) + deflate.flush(end)


def overlapping() -> bytes:
    """Two names for the bytes of one file, as bombs do it that unpack to more than their ratio tells."""
    data = zipped({"a": b"x", "b": b"x"})
    second = data.index(CENTRAL, data.index(CENTRAL) + 1)
    return data[: second + 42] + bytes(4) + data[second + 46 :]


def told_fewer() -> bytes:
    """A dossier whose archive counts one file less."""
    data = bytearray(zipped(dossier()))
    many = len(dossier()) - 1
    struct.pack_into("<2H", data, len(data) - 14, many, many)
    return bytes(data)


ARCHIVES = {
    "no archive": lambda: b"words, and more of them than an archive's end has",
    "nothing": lambda: b"",
    "an archive without files": lambda: END + bytes(18),
    "cut off": lambda: zipped(dossier())[:-1],
    "something behind it": lambda: zipped(dossier()) + b"\n",
    "something in front of it": lambda: b"#!/bin/sh\n" + zipped(dossier()),
    "another archive in front of it": lambda: zipped({"a": b"x"}) + zipped(dossier()),
    "a comment at its end": lambda: patched(END, 20, "<H", 1) + b"x",
    "a way out of the directory": lambda: named("../../etc/passwd"),
    "a way out from within": lambda: named("blobs/../../x"),
    "a path from the root": lambda: named("/etc/passwd"),
    "a path of another system": lambda: named("blobs\\x"),
    "a drive": lambda: named("C:x"),
    "a point": lambda: named("./x"),
    "a hidden file": lambda: named(".bashrc"),
    "an empty part of a path": lambda: named("a//b"),
    "a folder": lambda: named("blobs/"),
    "a name with a space": lambda: named("a b"),
    "a name with a newline": lambda: named("a\n"),
    "a name in other letters": lambda: named("checkpoint\u200b"),
    "a name that is too long": lambda: named("a" * 201),
    "a name that ends early": lambda: zipped(dossier()).replace(b"report.html", b"report\0html"),
    "the same name": lambda: zipped([("a", b"1"), ("b", b"2")]).replace(b"b", b"a"),
    "the same name in capitals": lambda: named("REPORT.html"),
    "a link": lambda: marked(external_attr=0o120777 << 16),
    "a device": lambda: marked(external_attr=0o020666 << 16),
    "a folder of MS-DOS": lambda: marked(external_attr=0x10),
    "made on a system whose modes are unknown": lambda: marked(create_system=19),
    "a comment on a file": lambda: marked(comment=b"x"),
    "a comment on a file that is not there": lambda: patched(CENTRAL, 32, "<H", 45_000, is_last=True),
    "more about a file": lambda: marked(extra=b"UT\5\0\3abcd"),
    "encrypted": lambda: told_twice(6, 8, "<H", 0x1),
    "sizes behind the file": lambda: told_twice(6, 8, "<H", 0x8),
    "for readers of a later version": lambda: told_twice(4, 6, "<H", 46),
    "for readers of another system": lambda: told_twice(4, 6, "<H", 0x0314),
    "bzip2": lambda: zipped(dossier(), zipfile.ZIP_BZIP2),
    "lzma": lambda: zipped(dossier(), zipfile.ZIP_LZMA),
    "another size in front than at the end": lambda: patched(LOCAL, 22, "<I", 7),
    "another name in front than at the end": lambda: zipped(dossier()).replace(
        b"report.html", b"repair.html", 1
    ),
    "another time in front than at the end": lambda: patched(LOCAL, 10, "<H", 7),
    "a size that is too small": lambda: told_twice(22, 24, "<I", 7),
    "a size that is too large": lambda: told_twice(22, 24, "<I", 60 * 2**20),
    "a file that goes on": lambda: alone(deflated(b"a" * 2000), 1, zlib.crc32(b"a")),
    "a file with something behind its end": lambda: alone(deflated(b"a") + b"x", 1, zlib.crc32(b"a")),
    "a file without an end": lambda: alone(deflated(b"a", end=zlib.Z_SYNC_FLUSH), 1, zlib.crc32(b"a")),
    "another checksum": lambda: told_twice(14, 16, "<I", 7),
    "damaged": lambda: patched(LOCAL, 60, "<I", 2**32 - 1),
    "two names for the same bytes": overlapping,
    "a place beyond the end": lambda: patched(CENTRAL, 42, "<I", 2**31),
    "more files than there are": lambda: patched(END, 10, "<H", 999),
    "fewer files than there are": told_fewer,
    "a second disk": lambda: patched(END, 4, "<H", 1),
    "a directory elsewhere": lambda: patched(END, 16, "<I", 0),
    "a directory that is none": lambda: patched(CENTRAL, 0, "<I", 0),
    "too many files": lambda: patched(END, 8, "<I", 20_001 << 16 | 20_001),
    "a file that is too large": lambda: patched(CENTRAL, 24, "<I", 65 * 2**20),
    "a bomb": lambda: with_member(member("bomb"), ZEROS),
}


@pytest.mark.parametrize("archive", ARCHIVES.values(), ids=ARCHIVES.keys())
def test_a_hostile_archive_is_refused_before_anything_else(bench: Bench, archive: Archive) -> None:
    answer = bench.agreed(archive())

    assert (answer.code, answer.check) == (1, 1), answer.text


@pytest.mark.parametrize("unpacked", [archives.unpacked, standalone.unzipped], ids=["package", "script"])
def test_a_bomb_is_refused_without_unpacking_it(unpacked: Callable[[bytes], object]) -> None:
    """Many noughts are told as one mebibyte."""
    bomb = alone(deflated(*[ZEROS] * 6), 2**20, 0)

    tracemalloc.start()
    with pytest.raises((Unfit, standalone.Unfit)):
        unpacked(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 8 * 2**20
