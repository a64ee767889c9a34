"""Verify a Countersign dossier with Python 3.8 or newer and nothing else: no package, no network, no trust.

    python3 -I verify.py DOSSIER.zip --vkey KEY [--previous OLDER]

KEY is the ledger's verifier key, or a file with it (one a line), that reached you by another way than the
dossier. OLDER is a dossier, or a checkpoint, that you kept from before: it must be contained.
Exit codes: 0 verified, 1 refused, 2 not used rightly, 3 in order, but under the key that the dossier brought.

Written from the published formats alone: RFC 6962 (tree), RFC 8032 (Ed25519), RFC 8785 (canonical JSON),
C2SP signed-note, tlog-checkpoint, tlog-proof, tlog-witness and tlog-policy, DSSE and in-toto.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import struct
import sys
import zlib
from typing import Any, Callable, Dict, NamedTuple, NoReturn, Tuple

MIB = 1 << 20
MOST_FILES, LARGEST_FILE, LARGEST_TOTAL, LARGEST_RATIO = 20_000, 64 * MIB, 512 * MIB, 200
NAME = re.compile(rb"(?=.{1,200}$)[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MANIFEST, CONTENTS = "manifest-sha256.txt", "contents-sha256.txt"
NOTE, DESCRIPTION = "checkpoint", "dossier.json"
OLD_NOTE, GROWTH, LOG_KEYS, POLICY = "previous-checkpoint", "consistency.txt", "log.vkey", "policy.txt"
UNLISTED = {MANIFEST, CONTENTS, NOTE, OLD_NOTE, GROWTH, LOG_KEYS, POLICY}
CHECKS = {
    1: "the archive",
    2: "the list of files",
    3: "the checkpoint",
    4: "the description",
    5: "the proofs",
    6: "the streams",
    7: "the contents",
    8: "the material that entries name",
    9: "the statements",
    10: "the dossier before",
    11: "what you hold",
}
Keys = Dict[Tuple[str, bytes], bytes]
"""Public keys by name and by the four bytes that name them in a signature."""


class Refused(Exception):
    """The first check that fails, and why."""

    def __init__(self, check: int, sentence: str) -> None:
        super().__init__(f"refused at check {check} ({CHECKS[check]}): {sentence}")


class Unfit(ValueError):
    """A part that cannot be read or does not hold; whoever reads it knows in which check."""


class Head(NamedTuple):
    """A signed tree: the log's name, how many entries, the root over them, whose signatures hold."""

    origin: str
    size: int
    root: bytes
    signers: frozenset[str]


class Dossier:
    """What the checks have found so far."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        self.keys: Keys = {}
        self.head = Head("", 0, b"", frozenset())
        self.about: dict[str, Any] = {}
        self.entries: dict[int, dict[str, Any]] = {}

    def text(self, name: str) -> str:
        """A file that must be there, as text."""
        if name not in self.files:
            raise Unfit(f"{name} is missing.")
        try:
            return self.files[name].decode("utf-8")
        except ValueError:
            raise Unfit(f"{name} is not text in UTF-8.") from None


def shown(found: object) -> str:
    """What a dossier says, in letters that no terminal acts upon."""
    return ascii(found)[:90]


# Ed25519 (RFC 8032, section 5.1), in extended coordinates.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = Tuple[int, int, int, int]
ZERO: Point = (0, 1, 1, 0)


def added(one: Point, other: Point) -> Point:
    """The sum of two points; also of a point with itself."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_of(data: bytes) -> Point:
    """The point that 32 bytes stand for."""
    number = int.from_bytes(data, "little")
    y, odd = number & ((1 << 255) - 1), number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and odd):
        raise Unfit("The key is no point of the curve.")
    x = x if x % 2 == odd else P - x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def has_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature over the message is the key's."""
    response = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or response >= L:
        return False
    x, y, z, t = point_of(public)
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(hashed, "little") % L
    key = (P - x, y, z, P - t)
    table = (ZERO, BASE, key, added(BASE, key))
    found = ZERO
    for bit in range(252, -1, -1):
        found = added(found, found)
        step = (response >> bit & 1) | (challenge >> bit & 1) << 1
        found = added(found, table[step]) if step else found
    inverse = pow(found[2], P - 2, P)
    x, y = found[0] * inverse % P, found[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# The tree (RFC 6962, section 2.1): the definitions of its proofs, read from their ends.


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def left_of(size: int) -> int:
    """How many leaves lie in the left subtree: the largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def root_by(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to."""
    if not 0 <= index < size or (size > 1) != bool(path):
        raise Unfit("The proof does not fit the size of the tree.")
    if size == 1:
        return leaf
    left = left_of(size)
    if index < left:
        return node(root_by(index, left, leaf, path[:-1]), path[-1])
    return node(path[-1], root_by(index - left, size - left, leaf, path[:-1]))


def roots_by(old: int, new: int, path: list[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """The roots of the old and the new tree that a consistency proof leads to."""
    if old == new:
        start = path if known is None else [known, *path]
        if len(start) != 1:
            raise Unfit("The consistency proof does not fit the sizes of the trees.")
        return start[0], start[0]
    if not path or not 0 < old < new:
        raise Unfit("The consistency proof does not fit the sizes of the trees.")
    left = left_of(new)
    if old <= left:
        before, after = roots_by(old, left, path[:-1], known)
        return before, node(after, path[-1])
    before, after = roots_by(old - left, new - left, path[:-1], None)
    return node(path[-1], before), node(path[-1], after)


# Notes, keys, numbers and JSON, each in one form only.


def number_in(text: str) -> int:
    """A number without leading noughts."""
    if not NUMBER.fullmatch(text):
        raise Unfit(f"{shown(text)} is no number.")
    return int(text)


def bytes_in(text: Any, length: int = 0) -> bytes:
    """What base64 stands for, of a length if one is given."""
    try:
        found = base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        found = b""
    if not found or base64.b64encode(found).decode() != text or (length and len(found) != length):
        raise Unfit(f"{shown(text)} is not the base64 of {length or 'some'} bytes.")
    return found


def key_id(key: tuple[str, bytes]) -> str:
    """How a signature names its key, in letters."""
    return f"{key[0]}+{key[1].hex()}"


def keys_in(text: str) -> Keys:
    """The verifier keys, one a line."""
    keys: Keys = {}
    for line in map(str.strip, text.split("\n")):
        if line and not line.startswith("#"):
            name, given, encoded = [*line.split("+", 2), "", ""][:3]
            public = bytes_in(encoded, 33)
            named = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
            if not name or re.search(r"\s", name) or named.hex() != given or public[:1] != b"\x01":
                raise Unfit(f"{shown(line)} is no Ed25519 verifier key; is a letter missing or wrong?")
            keys[name, named] = public[1:]
    if not keys:
        raise Unfit("There is no verifier key; it looks like <name>+<8 hex digits>+<base64>.")
    return keys


def head_in(note: str, keys: Keys) -> Head:
    """The tree of a checkpoint that at least one of the keys has signed, and none of them wrongly."""
    text, _, lines = note.rpartition("\n\n")
    text, signers = text + "\n", set()
    *lines_of, end = lines.split("\n")
    if re.search("[\x00-\x09\x0b-\x1f]", note) or text == "\n" or end or not 0 < len(lines_of) <= 100:
        raise Unfit("It is no signed note: a text, an empty line, and lines of signatures.")
    for line in lines_of:
        dash, name, encoded = [*line.split(" ", 2), "", ""][:3]
        signature = bytes_in(encoded)
        if dash != "\u2014" or not name or re.search(r"[\s+]", name) or len(signature) < 5:
            raise Unfit(f"{shown(line)} is no line of a signature.")
        public = keys.get((name, signature[:4]))
        if public is not None and not has_signed(public, text.encode(), signature[4:]):
            raise Unfit(
                f"The signature of {shown(name)} does not hold: the text or the signature was changed."
            )
        if public is not None:
            signers.add(key_id((name, signature[:4])))
    if not signers:
        raise Unfit("None of the known keys has signed it.")
    parts = text[:-1].split("\n")
    if len(parts) != 3 or not parts[0]:
        raise Unfit("It is not three lines of an origin, a size and a root.")
    return Head(parts[0], number_in(parts[1]), bytes_in(parts[2], 32), frozenset(signers))


def value_of(text: str) -> Any:
    """JSON in which no key stands twice and every number is one."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    def never(found: str) -> NoReturn:
        raise ValueError(f"{found} is no number")

    def whole(found: str) -> int:
        return int(found) if len(found) < 18 else never(found[:20])

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=never, parse_int=whole)
    except (ValueError, RecursionError) as error:
        raise Unfit(f"It is no JSON: {shown(str(error))}.") from None


def canonical(value: Any, depth: int = 0) -> str:
    """The text of RFC 8785 for what has no fractional numbers."""
    if depth > 64 or isinstance(value, float) or (type(value) is int and abs(value) >= 2**53):
        raise Unfit("It is nested too deep, or has a number that is fractional or too large.")
    if isinstance(value, list):
        return "[" + ",".join(canonical(item, depth + 1) for item in value) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        pairs = [f"{canonical(key)}:{canonical(value[key], depth + 1)}" for key in keys]
        return "{" + ",".join(pairs) + "}"
    return json.dumps(value, ensure_ascii=False)


# The checks, in their order.


class Member(NamedTuple):
    """One file of the archive, as its directory has it."""

    name: bytes
    head: bytes
    method: int
    crc: int
    packed: int
    size: int
    local: int
    end: int


def member_at(data: bytes, at: int) -> Member:
    """What stands at a place of the archive's directory."""
    if at + 46 > len(data) or data[at : at + 4] != b"PK\1\2":
        raise Unfit("Its directory is damaged.")
    _, made, *head, name, extra, comment, _, _, mode, local = struct.unpack_from("<4s6H3I5H2I", data, at)
    flags, method, crc, packed, size = head[1], head[2], head[5], head[6], head[7]
    text = data[at + 46 : at + 46 + name]
    if not NAME.fullmatch(text):
        raise Unfit(f"The name {shown(text)} is none for a file of a dossier.")
    if extra or comment or flags & ~0x800 or method not in (0, 8) or head[0] > 20:
        raise Unfit(f"{text.decode()} is encrypted, or packed in a way that is not read here.")
    if mode & 0x10 or mode >> 16 & 0o170000 not in (0, 0o100000) or made >> 8 not in (0, 3):
        raise Unfit(f"{text.decode()} is a link, a folder or another thing than a file.")
    before = struct.pack("<4s5H3I2H", b"PK\3\4", *head, name, 0) + text
    return Member(text, before, method, crc, packed, size, local, at + 46 + name)


def unpacked(data: bytes, member: Member) -> bytes:
    """The bytes of a file; never more than its size says."""
    start = member.local + len(member.head)
    packed = data[start : start + member.packed]
    if member.method == 0:
        found, is_whole = packed, True
    else:
        inflate = zlib.decompressobj(-15)
        try:
            found = inflate.decompress(packed, member.size + 1)
        except zlib.error:
            found = b""
        is_whole = inflate.eof and not inflate.unused_data
    if not is_whole or len(found) != member.size or zlib.crc32(found) != member.crc:
        raise Unfit(f"{member.name.decode()} is damaged, or of another size than it says.")
    return found


def unzipped(data: bytes) -> dict[str, bytes]:
    """The files of an archive in which they lie back to back, and nothing beside them."""
    if not 22 < len(data) <= LARGEST_TOTAL:
        raise Unfit(f"It has {len(data)} bytes; a dossier has up to {LARGEST_TOTAL}.")
    mark, disk, disks, here, count, length, at, comment = struct.unpack("<4s4H2IH", data[-22:])
    odd = disk or disks or here != count or comment
    if mark != b"PK\5\6" or odd or at + length + 22 != len(data):
        raise Unfit("It is no zip file, is cut off, or has something before or behind it.")
    if not 0 < count <= MOST_FILES:
        raise Unfit(f"It holds {count} files; 1 to {MOST_FILES} are read.")
    files: dict[str, bytes] = {}
    names, directory, place, total = set(), at, 0, 0
    for _ in range(count):
        member = member_at(data, at)
        at, name, total = member.end, member.name.decode(), total + member.size
        if name.lower() in names:
            raise Unfit(f"The name {name} stands in it twice.")
        if member.local != place or not data.startswith(member.head, place):
            raise Unfit(f"{name} is described in two ways, or lies apart from its neighbours.")
        if member.size > LARGEST_FILE or total > min(LARGEST_TOTAL, LARGEST_RATIO * len(data)):
            raise Unfit(f"With {name} it unpacks to more than a dossier may: is it a bomb?")
        files[name] = unpacked(data, member)
        names.add(name.lower())
        place += len(member.head) + member.packed
    if place != directory or at != len(data) - 22:
        raise Unfit("It holds bytes that belong to none of its files.")
    return files


def check_list(dossier: Dossier, name: str, wanted: set[str]) -> None:
    """That a list names exactly these files, in order, each with its digest."""
    *lines, end = dossier.text(name).split("\n")
    listed: dict[str, str] = {}
    last = ""
    for number, line in enumerate(lines, 1):
        match = re.fullmatch(r"([0-9a-f]{64})  ([!-~]+)", line)
        if match is None or match[2] <= last:
            raise Unfit(f"Line {number} of {name} is no digest and path, or not in order.")
        listed[match[2]], last = match[1], match[2]
    if end:
        raise Unfit(f"The last line of {name} does not end.")
    for path in sorted(wanted ^ listed.keys()):
        told = "is not listed in" if path in wanted else "must not, or cannot, be listed in"
        raise Unfit(f"{path} {told} {name}: a file was added, removed or renamed.")
    for path, digest in listed.items():
        if dossier.digests[path] != digest:
            raise Unfit(f"{path} has another digest than in {name}: it was changed.")


def check_manifest(dossier: Dossier) -> None:
    """2. The list of files."""
    check_list(dossier, MANIFEST, dossier.files.keys() - {MANIFEST})


def check_checkpoint(dossier: Dossier) -> None:
    """3. The checkpoint is signed by a key from outside, and by each that the dossier brings."""
    lines, outside = dossier.text(LOG_KEYS).split("\n"), dossier.keys
    own = keys_in("\n".join(lines))
    if len(own) != len(lines) - 1 or lines[-1] or any(line != line.strip() for line in lines):
        raise Unfit(f"{LOG_KEYS} holds something beside verifier keys, one a line.")
    if dossier.text(POLICY) != "".join(f"log {line}\n" for line in lines[:-1]) + "quorum none\n":
        raise Unfit(f"{POLICY} does not say that the keys of {LOG_KEYS}, each by itself, are enough.")
    # Apart, and not in one go: a key that the dossier brings must never stand in for one that is held.
    if {key_id(key) for key in own} != head_in(dossier.text(NOTE), own).signers:
        raise Unfit(f"{LOG_KEYS} names a key that has not signed the checkpoint.")
    dossier.keys = outside or own
    dossier.head = head_in(dossier.text(NOTE), dossier.keys)


def is_count(value: Any, least: int = 0) -> bool:
    """Whether it is a whole number from ``least`` on."""
    return type(value) is int and value >= least


def is_digest(value: Any) -> bool:
    """Whether it is a digest as entries write it."""
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None


def field(value: Any, *names: str) -> Any:
    """What lies at a path within JSON; None where nothing does."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def is_stream(row: Any) -> bool:
    """Whether it says of a stream which of its entries are here."""
    if not isinstance(field(row, "stream"), str) or not row["stream"]:
        return False
    if row.get("whole") is True:
        return is_count(row.get("last"), 1)
    numbers = row.get("entries")
    is_list = isinstance(numbers, list) and all(is_count(one, 1) for one in numbers)
    return is_list and row.get("whole") is False and isinstance(row.get("why"), str)


def is_reason(row: Any) -> bool:
    """Whether it says why something that entries name is left out."""
    return is_digest(field(row, "digest")) and isinstance(field(row, "why"), str)


def check_description(dossier: Dossier) -> None:
    """4. dossier.json."""
    text = dossier.text(DESCRIPTION)
    about = value_of(text)
    if canonical(about) != text:
        raise Unfit(f"{DESCRIPTION} is not in canonical form (RFC 8785).")
    streams, blobs, words = field(about, "streams"), field(about, "blobs"), field(about, "words")
    here, gone = field(blobs, "included"), field(blobs, "left_out")
    span, before, name = field(about, "range"), field(about, "previous"), field(about, "id")
    first, size = field(span, "first"), field(before, "size")
    is_range = is_count(first) and is_count(field(span, "end"), first)
    is_head = is_count(size) and isinstance(field(before, "root"), str)
    is_period = field(about, "kind") == "period"
    parts = {
        "schema": field(about, "schema") == "countersign.dossier.v1",
        "kind": field(about, "kind") in ("release", "decision", "period"),
        "id": isinstance(name, str) and UUID.fullmatch(name) is not None,
        "subject": isinstance(field(about, "subject"), dict),
        "streams": isinstance(streams, list) and all(map(is_stream, streams)),
        "blobs.included": isinstance(here, list) and all(map(is_digest, here)),
        "blobs.left_out": isinstance(gone, list) and all(map(is_reason, gone)),
        "range": is_range if is_period else span is None,
        "issued_at_size": is_count(field(about, "issued_at_size")),
        "previous": before is None or is_head,
        "words": isinstance(words, list) and all(isinstance(one, str) for one in words),
    }
    for part, is_right in parts.items():
        if not is_right:
            raise Unfit(f"{DESCRIPTION} says nothing that can be read as {part}.")
    names = [row["stream"] for row in streams]
    if sorted(set(names)) != names:
        raise Unfit(f"{DESCRIPTION} names a stream twice, or not in order.")
    dossier.about = about


def numbers_of(dossier: Dossier, folder: str, ending: str) -> list[int]:
    """The numbers by which the files of a folder are named."""
    names = [name[len(folder) :] for name in dossier.files if name.startswith(folder)]
    for name in names:
        if not name.endswith(ending) or not NUMBER.fullmatch(name[: -len(ending)]):
            raise Unfit(f"{folder}{name} is not named by the number of an entry.")
    return sorted(int(name[: -len(ending)]) for name in names)


def check_proofs(dossier: Dossier) -> None:
    """5. Each entry is in the signed tree."""
    numbers = numbers_of(dossier, "entries/", ".json")
    for index in sorted(set(numbers) ^ set(numbers_of(dossier, "proofs/", ".tlog-proof"))):
        raise Unfit(f"Entry {index} has no proof, or the proof {index} has no entry.")
    for index in numbers:
        name = f"proofs/{index}.tlog-proof"
        try:
            check_proof(dossier, name, index)
        except Unfit as unfit:
            raise Unfit(f"{name}: {unfit}") from None


def check_proof(dossier: Dossier, name: str, index: int) -> None:
    """That one entry is in the signed tree."""
    head, _, note = dossier.text(name).partition("\n\n")
    first, *lines = head.split("\n")
    if first != "c2sp.org/tlog-proof@v1" or lines[:1] != [f"index {index}"] or len(lines) > 65:
        raise Unfit(f"It is no proof of entry {index} in the form of C2SP tlog-proof.")
    if note != dossier.text(NOTE):
        raise Unfit("It leads to another checkpoint than the dossier's.")
    leaf = hashlib.sha256(b"\x00" + dossier.files[f"entries/{index}.json"]).digest()
    path = [bytes_in(line, 32) for line in lines[1:]]
    if root_by(index, dossier.head.size, leaf, path) != dossier.head.root:
        raise Unfit(f"Entry {index} is not in the signed tree: the entry or its proof was changed.")


def check_streams(dossier: Dossier) -> None:
    """6. Of each stream exactly the entries that the description says, in the order of the tree."""
    found: dict[str, list[int]] = {}
    for index in numbers_of(dossier, "entries/", ".json"):
        body = value_of(dossier.text(f"entries/{index}.json"))
        texts = [field(body, "stream"), field(body, "type")]
        fits = field(body, "schema") == "countersign.entry.v1" and isinstance(field(body, "refs"), dict)
        if (
            not fits
            or not all(isinstance(one, str) and one for one in texts)
            or not is_count(body.get("seq"), 1)
        ):
            raise Unfit(f"Entry {index} is not of the schema countersign.entry.v1.")
        found.setdefault(texts[0], []).append(body["seq"])
        dossier.entries[index] = body
    listed = {row["stream"]: row for row in dossier.about["streams"]}
    for stream in sorted(found.keys() - listed.keys()):
        raise Unfit(f"{DESCRIPTION} does not name the stream {shown(stream)}.")
    for stream, row in listed.items():
        here = found.get(stream, [])
        if row["whole"] and (len(here) != row["last"] or here != list(range(1, len(here) + 1))):
            raise Unfit(f"Of the stream {shown(stream)} not exactly the entries 1 to {row['last']} are here.")
        if not row["whole"] and here != row["entries"]:
            raise Unfit(f"Of the stream {shown(stream)} other entries are here than {DESCRIPTION} says.")
    if dossier.about["kind"] == "period":
        check_period(dossier, dossier.about["range"]["first"], dossier.about["range"]["end"])


def check_period(dossier: Dossier, first: int, end: int) -> None:
    """That all entries of a range are here, and beside them only those about the dossier."""
    inside = [index for index in dossier.entries if first <= index < end]
    if len(inside) != end - first:
        raise Unfit(f"Not every entry from {first} up to {end} is here.")
    for index in sorted(dossier.entries.keys() - set(inside)):
        if dossier.entries[index]["stream"] != f"dossier:{dossier.about['id']}":
            raise Unfit(f"Entry {index} lies outside of the period.")


def check_contents(dossier: Dossier) -> None:
    """7. What else is here stands in the ledger, by one digest in the entry of the issue."""
    own = f"dossier:{dossier.about['id']}"
    issued = [
        index
        for index, body in dossier.entries.items()
        if body["stream"] == own and body["type"] == "dossier.issued"
    ]
    if len(issued) != 1 or dossier.about["issued_at_size"] > issued[0]:
        raise Unfit(f"There is not one entry dossier.issued of {own} behind what the dossier is about.")
    dossier.text(CONTENTS)
    if dossier.entries[issued[0]]["refs"].get("contents") != f"sha256:{dossier.digests[CONTENTS]}":
        raise Unfit(f"{CONTENTS} is not the one that entry {issued[0]} names: the contents were changed.")
    in_tree = ("entries/", "proofs/")
    check_list(
        dossier,
        CONTENTS,
        {name for name in dossier.files if name not in UNLISTED and not name.startswith(in_tree)},
    )


def check_blobs(dossier: Dossier) -> None:
    """8. What entries name by digest is here, or is said to be left out."""
    named: dict[str, int] = {}
    for index, body in dossier.entries.items():
        for name, digest in body["refs"].items():
            if name != "cause" and not is_digest(digest):
                raise Unfit(f"Entry {index} names something by {shown(digest)}, which is no digest.")
            if name != "cause":
                named.setdefault(digest, index)
    here = []
    for name in sorted(name for name in dossier.files if name.startswith("blobs/")):
        digest = f"sha256:{name[6:]}"
        if name[6:] != dossier.digests[name] or digest not in named:
            raise Unfit(f"{name} has another digest than its name, or no entry names it.")
        here.append(digest)
    if dossier.about["blobs"]["included"] != here:
        raise Unfit(f"{DESCRIPTION} lists other material than is here.")
    left_out = {row["digest"] for row in dossier.about["blobs"]["left_out"]}
    present = {f"sha256:{digest}" for digest in dossier.digests.values()}
    for digest in sorted(named.keys() - left_out - present):
        raise Unfit(f"Entry {named[digest]} names {digest}, which is neither here nor said to be left out.")


def payload_of(text: str, keys: dict[str, bytes]) -> Any:
    """The statement in a DSSE envelope that a known key has signed, and none wrongly."""
    envelope = value_of(text)
    payload, signatures = bytes_in(field(envelope, "payload")), field(envelope, "signatures")
    kind = "application/vnd.in-toto+json"
    if field(envelope, "payloadType") != kind or not isinstance(signatures, list) or len(signatures) > 100:
        raise Unfit("It is no DSSE envelope of an in-toto statement.")
    signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    known = [one for one in signatures if isinstance(field(one, "keyid"), str) and one["keyid"] in keys]
    if not known or not all(
        has_signed(keys[one["keyid"]], signed, bytes_in(one.get("sig"))) for one in known
    ):
        raise Unfit("No key of statements.vkey has signed it, or a signature does not hold.")
    try:
        return value_of(payload.decode("utf-8"))
    except UnicodeDecodeError:
        raise Unfit("Its statement is not text in UTF-8.") from None


def entry_at(dossier: Dossier, place: Any) -> Any:
    """The entry at a place that a statement names; None where it is of another stream or number."""
    index = field(place, "index")
    body = dossier.entries.get(index) if is_count(index) else None
    names = ("stream", "seq")
    return body if [field(body, name) for name in names] == [field(place, name) for name in names] else None


def is_borne_out(dossier: Dossier, predicate: Any) -> bool:
    """Whether an approval tells of votes, and of other entries, as they stand in the ledger."""
    votes, others = field(predicate, "votes"), field(predicate, "entries")
    review = f"sha256:{field(predicate, 'reviewDigest', 'sha256')}"
    if not isinstance(votes, list) or not isinstance(others, list) or not votes + others:
        return False
    for vote in votes:
        body = entry_at(dossier, field(vote, "entry"))
        paths = (("vote",), ("decision",), ("voter", "username"), ("voter", "id"))
        told = [field(vote, *path) for path in paths]
        if told != [field(body, "after", *path) for path in paths] or not all(
            type(one) is str for one in told
        ):
            return False
        if body["type"] != "vote.cast" or body["refs"].get("review") != review:
            return False
    found = [(entry_at(dossier, one), one) for one in others]
    return all(body is not None and body["type"] == field(one, "type") for body, one in found)


def check_statements(dossier: Dossier) -> None:
    """9. Signed statements say what entries say."""
    names = sorted(name for name in dossier.files if name.startswith("attestations/"))
    keys = keys_in(dossier.text("statements.vkey")) if names else {}
    known = {key_id(key): public for key, public in keys.items()}
    runs = [body["refs"] for body in dossier.entries.values() if body["type"] == "gate_evaluation.completed"]
    stated = {digest for refs in runs for digest in refs.values() if isinstance(digest, str)}
    for name in names:
        try:
            statement = payload_of(dossier.text(name), known)
        except Unfit as unfit:
            raise Unfit(f"{name}: {unfit}") from None
        if not name.endswith(".dsse.json") or field(statement, "_type") != "https://in-toto.io/Statement/v1":
            raise Unfit(f"{name} holds no in-toto statement.")
        kind = field(statement, "predicateType")
        if kind == "https://in-toto.io/attestation/test-result/v0.1":
            holds = f"sha256:{dossier.digests[name]}" in stated
        else:
            is_approval = kind == "urn:countersign:predicate:approval:v1"
            holds = is_approval and is_borne_out(dossier, field(statement, "predicate"))
        if not holds:
            raise Unfit(
                f"{name} says what no entry says: it is of another run, or of votes that were not cast so."
            )


def before_of(dossier: Dossier) -> Head | None:
    """The head of the dossier before, once it is shown that this one's tree contains it; None without one."""
    told = dossier.about["previous"]
    if told is None:
        if OLD_NOTE in dossier.files or GROWTH in dossier.files:
            raise Unfit(f"{DESCRIPTION} knows of no dossier before, and {OLD_NOTE} or {GROWTH} is here.")
        return None
    before, now = head_in(dossier.text(OLD_NOTE), dossier.keys), dossier.head
    head, _, note = dossier.text(GROWTH).partition("\n\n")
    first, *lines = head.split("\n")
    root = base64.b64encode(before.root).decode()
    if (before.origin, before.size, root) != (now.origin, told["size"], told["root"]):
        raise Unfit(f"{OLD_NOTE} is not the checkpoint that {DESCRIPTION} names, or of another log.")
    if note != dossier.text(NOTE) or first != f"old {before.size}" or len(lines) > 63:
        raise Unfit(f"{GROWTH} is no proof from {before.size} entries to the dossier's checkpoint.")
    path = [bytes_in(line, 32) for line in lines]
    if before.size == 0:
        is_contained = not path and before.root == hashlib.sha256().digest()
    else:
        is_contained = roots_by(before.size, now.size, path, before.root) == (before.root, now.root)
    if not is_contained:
        raise Unfit(f"The tree does not contain the one of {before.size} entries: the past was rewritten.")
    return before


def check_previous(dossier: Dossier) -> None:
    """10. The dossier before is contained."""
    before_of(dossier)


STEPS: tuple[Callable[[Dossier], None], ...] = (
    check_manifest,
    check_checkpoint,
    check_description,
    check_proofs,
    check_streams,
    check_contents,
    check_blobs,
    check_statements,
    check_previous,
)


def verify(data: bytes, keys: Keys) -> Dossier:
    """The dossier once every check holds; without keys it is trusted to bring its own."""
    number = 1
    try:
        dossier = Dossier(unzipped(data))
        dossier.keys = keys
        for step in STEPS:
            number += 1
            step(dossier)
    except Unfit as unfit:
        raise Refused(number, str(unfit)) from None
    return dossier


def check_held(dossier: Dossier, data: bytes) -> None:
    """11. What was kept from before, a dossier or a checkpoint, is contained."""
    try:
        held = verify(data, dossier.keys) if data.startswith(b"PK") else None
    except Refused as refusal:
        raise Unfit(f"The older dossier itself is {refusal}") from None
    head = held.head if held else head_in(data.decode("utf-8", "replace"), dossier.keys)
    now, before = dossier.head, before_of(dossier)
    if head.origin != now.origin:
        raise Unfit(f"It is of the log {shown(head.origin)}: another installation, or one begun anew.")
    whole = {row["stream"]: row["last"] for row in dossier.about["streams"] if row["whole"]}
    for index, body in held.entries.items() if held else ():
        name = f"entries/{index}.json"
        if held and dossier.files.get(name, held.files[name]) != held.files[name]:
            raise Unfit(f"Entry {index} was another one then: the past was rewritten.")
        is_hidden = body["seq"] > whole.get(body["stream"], body["seq"])
        if is_hidden and index < dossier.about["issued_at_size"]:
            raise Unfit(f"Entry {index} stood in {shown(body['stream'])} then, and is left out now.")
    if head.size > now.size:
        raise Unfit(f"It is newer ({head.size} entries): verify it, and give this dossier as the older one.")
    same = before if before and before.size == head.size else now
    if same.size != head.size:
        raise Unfit(
            f"This dossier proves nothing about a tree of {head.size} entries. It need not be false: ask for "
            "the dossier in between, or for /api/v1/ledger/proofs/consistency."
        )
    if same.root != head.root:
        raise Unfit(f"The two have different roots at {head.size} entries: the past was rewritten.")


def said(text: str) -> str:
    """A sentence of the dossier, without letters that a terminal would act upon."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def verdict(dossier: Dossier, is_trusted: bool, is_compared: bool) -> list[str]:
    """What was shown, and what was not."""
    about, head = dossier.about, dossier.head
    whole, title = sum(row["whole"] for row in about["streams"]), about["subject"].get("title")
    signers, brought = ", ".join(sorted(head.signers)), dossier.text(LOG_KEYS).strip()
    kept = "what you kept is contained in it" if is_compared else "compared with nothing (--previous)"
    found = [
        f"about:  {said(title if isinstance(title, str) else canonical(about['subject']))}",
        f"ledger: {said(head.origin)}, {head.size} entries, signed by {said(signers)}",
        f"here:   {len(dossier.entries)} entries of {len(about['streams'])} streams, {whole} of them whole, "
        f"and {len(dossier.files)} files",
        f"kept:   {kept}",
        "What this cannot show:",
        "- That there is no other history: who holds key and database can write one. Keep what you verify.",
        *(f"- {said(one)}" for one in about["words"]),
    ]
    if is_trusted:
        return ["verified", *found]
    return [
        "UNTRUSTED KEY: all of it fits together, but under the key that it brought; anybody can make one.",
        f"Get the key by another way and give it with --vkey. It brought {said(brought)}",
        *found,
    ]


def read(path: str) -> bytes:
    """A file, refused before it fills the memory."""
    if os.path.getsize(path) > LARGEST_TOTAL:
        raise OSError(f"{path} is larger than a dossier may be")
    with open(path, "rb") as file:
        return file.read()


def main(arguments: list[str]) -> int:
    """Verify what the arguments name; answers the exit code."""
    parser = argparse.ArgumentParser(description="Verify a Countersign dossier, offline.")
    parser.add_argument("dossier", help="the zip file")
    parser.add_argument("--vkey", help="the ledger's verifier key, or a file with it, got by another way")
    parser.add_argument("--previous", help="a dossier or checkpoint that you kept: it must be contained")
    given = parser.parse_args(arguments)
    try:
        outside = given.vkey
        is_file = outside is not None and (os.path.exists(outside) or "+" not in outside)
        keys = keys_in(read(outside).decode("utf-8") if is_file else outside) if outside is not None else {}
        data, older = read(given.dossier), read(given.previous) if given.previous else None
    except (OSError, ValueError) as fault:
        print(f"not used rightly: {said(str(fault))}", file=sys.stderr)
        return 2
    try:
        dossier = verify(data, keys)
        if older is not None:
            check_held(dossier, older)
    except Refused as refusal:
        lines, code = [str(refusal)], 1
    except Unfit as unfit:
        lines, code = [str(Refused(11, str(unfit)))], 1
    else:
        lines, code = verdict(dossier, bool(keys), older is not None), 0 if keys else 3
    letters = sys.stdout.encoding or "ascii"
    print("\n".join(lines).encode(letters, "backslashreplace").decode(letters))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
