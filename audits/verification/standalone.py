"""Verify a Countersign dossier with Python 3.8 or newer and nothing else: no package, no network, no trust.

    python3 -I verify.py DOSSIER.zip --vkey KEY [--previous OLDER [--previous-vkey KEY] [--consistency PROOF]]

KEY is the ledger's verifier key, or a file with it (one a line), that reached you by another way than the
dossier. OLDER is a dossier, or a checkpoint, that you kept from before: it must be contained. PROOF shows
that, if the dossier itself does not. A key of before goes with what you kept alone, as --previous-vkey.
Exit codes: 0 verified, 1 refused, 2 not used rightly, 3 in order, but under the key that the dossier brought.

Written from the published formats alone: RFC 6962 (tree), RFC 8032 (Ed25519), RFC 8785 (canonical JSON),
C2SP signed-note, tlog-checkpoint, tlog-proof, tlog-witness and tlog-policy, DSSE and in-toto.
"""

import sys

if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]  # before anything is imported: a json.py that lies beside this file must never run

import argparse
import base64
import hashlib
import json
import os
import re
import struct
import zlib
from typing import Any, Callable, Dict, FrozenSet, List, NamedTuple, NoReturn, Optional, Set, Tuple, Union

MIB = 1 << 20
MOST_FILES, LARGEST_FILE, LARGEST_TOTAL, LARGEST_RATIO = 20_000, 64 * MIB, 512 * MIB, 200
NAME = re.compile(rb"(?=.{1,200}$)[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
RUN, VOTE, ASKED = "gate_evaluation.completed", "vote.cast", "approval.requested"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MANIFEST, CONTENTS = "manifest-sha256.txt", "contents-sha256.txt"
NOTE, DESCRIPTION = "checkpoint", "dossier.json"
OLD_NOTE, GROWTH, LOG_KEYS, POLICY = "previous-checkpoint", "consistency.txt", "log.vkey", "policy.txt"
UNLISTED = {MANIFEST, CONTENTS, NOTE, OLD_NOTE, GROWTH, LOG_KEYS, POLICY}
CHECKS = (
    "the archive,the list of files,the checkpoint,the description,the proofs,the streams,the contents,"
    "the material that entries name,the statements,the dossier before,what you hold"
)
Keys = Dict[Tuple[str, bytes], bytes]
"""Public keys by name and by the four bytes that name them in a signature."""


class Refused(Exception):
    """The first check that fails, and why."""

    def __init__(self, check: int, sentence: str) -> None:
        super().__init__(f"refused at check {check} ({CHECKS.split(',')[check - 1]}): {sentence}")


class Unfit(ValueError):
    """A part that cannot be read or does not hold; whoever reads it knows in which check."""


class Head(NamedTuple):
    """A signed tree: the log's name, how many entries, the root over them, whose signatures hold."""

    origin: str
    size: int
    root: bytes
    signers: FrozenSet[str]


class Dossier:
    """What the checks have found so far."""

    def __init__(self, files: Dict[str, bytes]) -> None:
        self.files = files
        self.digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        self.keys: Keys = {}
        self.older: Keys = {}
        self.before: Optional[Head] = None
        self.head = Head("", 0, b"", frozenset())
        self.about: Dict[str, Any] = {}
        self.entries: Dict[int, Dict[str, Any]] = {}

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


def root_by(index: int, size: int, leaf: bytes, path: List[bytes]) -> bytes:
    """The root that an inclusion proof leads to."""
    if not 0 <= index < size or (size > 1) != bool(path):
        raise Unfit("The proof does not fit the size of the tree.")
    if size == 1:
        return leaf
    left = 1 << ((size - 1).bit_length() - 1)  # the largest power of two below it
    if index < left:
        return node(root_by(index, left, leaf, path[:-1]), path[-1])
    return node(path[-1], root_by(index - left, size - left, leaf, path[:-1]))


def roots_by(old: int, new: int, path: List[bytes], known: Optional[bytes]) -> Tuple[bytes, bytes]:
    """The roots of the old and the new tree that a consistency proof leads to."""
    if old == new:
        start = path if known is None else [known, *path]
        if len(start) != 1:
            raise Unfit("The consistency proof does not fit the sizes of the trees.")
        return start[0], start[0]
    if not path or not 0 < old < new:
        raise Unfit("The consistency proof does not fit the sizes of the trees.")
    left = 1 << ((new - 1).bit_length() - 1)
    if old <= left:
        before, after = roots_by(old, left, path[:-1], known)
        return before, node(after, path[-1])
    before, after = roots_by(old - left, new - left, path[:-1], None)
    return node(path[-1], before), node(path[-1], after)


def bytes_in(text: Any, length: int = 0) -> bytes:
    """What base64 stands for, of a length if one is given."""
    try:
        found = base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        found = b""
    if not found or base64.b64encode(found).decode() != text or (length and len(found) != length):
        raise Unfit(f"{shown(text)} is not the base64 of {length or 'some'} bytes.")
    return found


def key_id(key: Tuple[str, bytes]) -> str:
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
    parts = text[:-1].split("\n")
    for line in lines_of:
        dash, name, encoded = [*line.split(" ", 2), "", ""][:3]
        signature = bytes_in(encoded)
        if dash != "\u2014" or not name or re.search(r"[\s+]", name) or len(signature) < 5:
            raise Unfit(f"{shown(line)} is no line of a signature.")
        public = keys.get((name, signature[:4]))
        if public is None:
            continue
        if not has_signed(public, text.encode(), signature[4:]):
            raise Unfit(f"The signature of {shown(name)} does not hold: text or signature was changed.")
        if name != parts[0]:
            raise Unfit(f"The checkpoint is of the log {shown(parts[0])}, the key of {shown(name)}.")
        signers.add(key_id((name, signature[:4])))
    if not signers:
        raise Unfit("None of the known keys has signed it.")
    if len(parts) != 3 or not NUMBER.fullmatch(parts[1]):
        raise Unfit("It is not three lines of an origin, a size and a root.")
    return Head(parts[0], int(parts[1]), bytes_in(parts[2], 32), frozenset(signers))


def value_of(data: Union[bytes, str]) -> Any:
    """JSON in which no key stands twice and every number is one."""

    def once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    def never(found: str) -> NoReturn:
        raise ValueError(f"{found} is no number")

    def whole(found: str) -> int:
        return int(found) if len(found) < 18 else never(found[:20])

    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
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


def unzipped(data: bytes) -> Dict[str, bytes]:
    """The files of an archive in which they lie back to back, and nothing beside them."""
    if not 22 < len(data) <= LARGEST_TOTAL:
        raise Unfit(f"It has {len(data)} bytes; a dossier has up to {LARGEST_TOTAL}.")
    mark, disk, disks, here, count, length, at, comment = struct.unpack("<4s4H2IH", data[-22:])
    odd = disk or disks or here != count or comment
    if mark != b"PK\5\6" or odd or at + length + 22 != len(data):
        raise Unfit("It is no zip file, is cut off, or has something before or behind it.")
    if not 0 < count <= MOST_FILES:
        raise Unfit(f"It holds {count} files; 1 to {MOST_FILES} are read.")
    files: Dict[str, bytes] = {}
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


def check_list(dossier: Dossier, name: str, wanted: Set[str]) -> None:
    """That a list names exactly these files, in order, each with its digest."""
    *lines, end = dossier.text(name).split("\n")
    listed: Dict[str, str] = {}
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


def check_description(dossier: Dossier) -> None:
    """4. dossier.json."""
    text = dossier.text(DESCRIPTION)
    about = value_of(text)
    if canonical(about) != text:
        raise Unfit(f"{DESCRIPTION} is not in canonical form (RFC 8785).")
    streams, blobs, words = field(about, "streams"), field(about, "blobs"), field(about, "words")
    here, gone = field(blobs, "included"), field(blobs, "left_out")
    span, before, name = field(about, "range"), field(about, "previous"), field(about, "id")
    kind, first, size = field(about, "kind"), field(span, "first"), field(before, "size")
    is_range = is_count(first) and is_count(field(span, "end"), first)
    is_head = is_count(size) and isinstance(field(before, "root"), str)
    parts = {
        "schema": field(about, "schema") == "countersign.dossier.v1",
        "kind": kind in ("release", "decision", "period"),
        "id": isinstance(name, str) and UUID.fullmatch(name) is not None,
        "subject": isinstance(field(about, "subject"), dict),
        "streams": isinstance(streams, list) and all(map(is_stream, streams)),
        "blobs.included": isinstance(here, list) and all(map(is_digest, here)),
        "blobs.left_out": isinstance(gone, list)
        and all(is_digest(field(one, "digest")) and isinstance(field(one, "why"), str) for one in gone),
        "range": is_range if kind == "period" else span is None,
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


def numbers_of(dossier: Dossier, folder: str, ending: str) -> List[int]:
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
    try:
        for index in numbers:
            check_proof(dossier, f"proofs/{index}.tlog-proof", index)
    except Unfit as unfit:
        raise Unfit(f"proofs/{index}.tlog-proof: {unfit}") from None


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
    found: Dict[str, List[int]] = {}
    for index in numbers_of(dossier, "entries/", ".json"):
        body = value_of(dossier.text(f"entries/{index}.json"))
        texts = [field(body, "stream"), field(body, "type")]
        fits = field(body, "schema") == "countersign.entry.v1" and isinstance(field(body, "refs"), dict)
        is_told = fits and all(isinstance(one, str) and one for one in texts)
        if not is_told or not is_count(body.get("seq"), 1):
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
    check_matter(dossier, listed)


def check_matter(dossier: Dossier, listed: Dict[str, Any]) -> None:
    """That what it is about is here: a release's whole stream; every entry of a period, and no other."""
    kind, span = dossier.about["kind"], dossier.about.get("range") or {"first": 0, "end": 0}
    stream = f"release:{field(dossier.about, 'subject', 'release', 'id')}"
    if kind == "release" and not field(listed.get(stream), "whole"):
        raise Unfit(f"It is about a release, and its stream {shown(stream)} is not here as a whole.")
    outside = [index for index in dossier.entries if not span["first"] <= index < span["end"]]
    if len(dossier.entries) - len(outside) != span["end"] - span["first"]:
        raise Unfit(f"Not every entry from {span['first']} up to {span['end']} is here.")
    for index in outside:
        if kind == "period" and dossier.entries[index]["stream"] != f"dossier:{dossier.about['id']}":
            raise Unfit(f"Entry {index} lies outside of the period.")


def check_contents(dossier: Dossier) -> None:
    """7. What else is here stands in the ledger, by one digest in the entry of the issue."""
    name, size = f"dossier:{dossier.about['id']}", dossier.about["issued_at_size"]
    own = [(index, body) for index, body in dossier.entries.items() if body["stream"] == name]
    asked = [index for index, body in own if (body["type"], body["seq"]) == ("dossier.requested", 1)]
    issued = [(index, body["refs"]) for index, body in own if body["type"] == "dossier.issued"]
    if len(issued) != 1 or not asked:
        raise Unfit(f"There is not one entry dossier.issued of {name}, after one dossier.requested.")
    if not asked[0] < size <= issued[0][0]:
        raise Unfit(f"The contents were fixed at {size} entries: before the request, or after the issue.")
    dossier.text(CONTENTS)
    if issued[0][1].get("contents") != f"sha256:{dossier.digests[CONTENTS]}":
        raise Unfit(f"{CONTENTS} is not the one that entry {issued[0][0]} names: the contents were changed.")
    wanted = dossier.files.keys() - UNLISTED
    check_list(dossier, CONTENTS, {one for one in wanted if not one.startswith(("entries/", "proofs/"))})


def check_blobs(dossier: Dossier) -> None:
    """8. What entries name by digest is here, or is said to be left out."""
    named: Dict[str, int] = {}
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


def payload_of(text: str, keys: Dict[str, bytes]) -> Any:
    """The statement in a DSSE envelope that a known key has signed, and none wrongly."""
    envelope = value_of(text)
    payload, signatures = bytes_in(field(envelope, "payload")), field(envelope, "signatures")
    kind = "application/vnd.in-toto+json"
    if field(envelope, "payloadType") != kind or not isinstance(signatures, list):
        raise Unfit("It is no DSSE envelope of an in-toto statement.")
    names = [field(one, "keyid") for one in signatures]
    if len(names) > 4 or any(names.count(name) > 1 for name in names):
        raise Unfit(f"It has {len(names)} signatures; up to 4 are read, of each key one.")
    signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    known = [one for one in signatures if str(field(one, "keyid")) in keys]
    if not known or not all(has_signed(keys[o["keyid"]], signed, bytes_in(o.get("sig"))) for o in known):
        raise Unfit("No key of statements.vkey has signed it, or a signature does not hold.")
    return value_of(payload)


def entry_at(dossier: Dossier, place: Any) -> Any:
    """The entry at a place that a statement names; None where it is of another stream or number."""
    index = field(place, "index")
    body = dossier.entries.get(index) if is_count(index) else None
    names = ("stream", "seq")
    return body if [field(body, name) for name in names] == [field(place, name) for name in names] else None


def typed(dossier: Dossier, event: str) -> List[Any]:
    """The entries of an event."""
    return [body for body in dossier.entries.values() if body["type"] == event]


def is_run_told(dossier: Dossier, predicate: Any, digest: str) -> bool:
    """Whether a completed gate run names the statement, and ended as it tells."""
    told = field(predicate, "countersign")
    result, verdict = f"sha256:{field(told, 'resultDigest', 'sha256')}", field(told, "verdict")
    named = [body for body in typed(dossier, RUN) if body["refs"].get("statement") == digest]
    facts = [(body["refs"].get("result"), field(body, "after", "verdict")) for body in named]
    passed = field(predicate, "result") in ("PASSED", "WARNED")
    return (result, verdict) in facts and passed == (verdict == "pass")


def is_approval_told(dossier: Dossier, statement: Any) -> bool:
    """Whether an approval tells of every vote of its request, and of other entries, as they stand here."""
    told, subjects = field(statement, "predicate"), field(statement, "subject")
    votes, others, seats = (field(told, name) for name in ("votes", "entries", "seats"))
    request, review = field(told, "request"), f"sha256:{field(told, 'reviewDigest', 'sha256')}"
    if not isinstance(request, str) or any(type(one) is not list for one in (votes, others, seats, subjects)):
        return False
    named = [entry_at(dossier, field(vote, "entry")) for vote in votes]
    more = [entry_at(dossier, other) for other in others]
    about = [(field(body, "after", "request"), field(body, "refs", "review")) for body in named + more]
    if any(one != (request, review) for one in about):
        return False
    paths = (("vote",), ("decision",), ("voter", "username"), ("voter", "id"))
    cast = [field(vote, *path) for vote in votes for path in paths]
    types = [VOTE] * len(votes) + [field(other, "type") for other in others]
    ends = [body["after"] for body in more if body["type"] == "release.approved"]
    manifests = [f"sha256:{field(subject, 'digest', 'sha256')}" for subject in subjects]
    approving = [field(vote, "voter", "username") for vote in votes if field(vote, "decision") == "approve"]
    return (
        all(isinstance(one, str) for one in cast)
        and cast == [field(body, "after", *path) for body in named for path in paths]
        and types == [body["type"] for body in named + more]
        and bool(ends)
        and all(field(end, "approval", "id") == field(told, "approval") for end in ends)
        and all(end.get("seats") == seats for end in ends)
        and all(one["refs"].get("manifest") in manifests for one in more if one["type"] == ASKED)
        and all(one in named for one in typed(dossier, VOTE) if field(one, "after", "request") == request)
        and all(field(seat, "voter") in approving for seat in seats)
    )


def check_statements(dossier: Dossier) -> None:
    """9. Signed statements say what entries say."""
    names = sorted(name for name in dossier.files if name.startswith("attestations/"))
    keys = keys_in(dossier.text("statements.vkey")) if names else {}
    known = {key_id(key): public for key, public in keys.items()}
    for name in names:
        try:
            statement = payload_of(dossier.text(name), known)
        except Unfit as unfit:
            raise Unfit(f"{name}: {unfit}") from None
        digest, kind = f"sha256:{dossier.digests[name]}", field(statement, "predicateType")
        holds = name.endswith(".dsse.json") and field(statement, "_type") == "https://in-toto.io/Statement/v1"
        if kind == "https://in-toto.io/attestation/test-result/v0.1":
            holds = holds and is_run_told(dossier, field(statement, "predicate"), digest)
        else:
            is_approval = kind == "urn:countersign:predicate:approval:v1"
            holds = holds and is_approval and is_approval_told(dossier, statement)
        if not holds:
            raise Unfit(f"{name} says what entries do not: of another run, or not of all votes as cast.")


def path_in(text: str, old: Head, dossier: Dossier) -> List[bytes]:
    """The hashes of a consistency proof: as witnesses are asked (C2SP tlog-witness), or JSON of the API."""
    head, _, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    is_right = note == dossier.text(NOTE) and first == f"old {old.size}"
    if text.startswith("{"):
        told = value_of(text)
        lines, sizes = field(told, "hashes"), [field(told, "old_size"), field(told, "new_size")]
        is_right = sizes == [old.size, dossier.head.size] and isinstance(lines, list)
    if not is_right or len(lines) > 63:
        raise Unfit(f"It is no proof from {old.size} entries to the {dossier.head.size} of this dossier.")
    return [bytes_in(line, 32) for line in lines]


def check_growth(before: Head, now: Head, path: List[bytes]) -> None:
    """That one tree begins with another."""
    is_empty = not path and before.root == hashlib.sha256().digest()
    found = roots_by(before.size, now.size, path, before.root) if before.size else ()
    if found != (before.root, now.root) and (before.size or not is_empty):
        raise Unfit(f"The tree does not contain the one of {before.size} entries: the past was rewritten.")


def check_previous(dossier: Dossier) -> None:
    """10. The dossier before is contained."""
    told = dossier.about["previous"]
    if told is None:
        if OLD_NOTE in dossier.files or GROWTH in dossier.files:
            raise Unfit(f"{DESCRIPTION} knows of no dossier before, and {OLD_NOTE} or {GROWTH} is here.")
        return
    before, now = head_in(dossier.text(OLD_NOTE), {**dossier.keys, **dossier.older}), dossier.head
    root = base64.b64encode(before.root).decode()
    if (before.origin, before.size, root) != (now.origin, told["size"], told["root"]):
        raise Unfit(f"{OLD_NOTE} is not the checkpoint that {DESCRIPTION} names, or of another log.")
    check_growth(before, now, path_in(dossier.text(GROWTH), before, dossier))
    dossier.before = before


STEPS: List[Callable[[Dossier], None]] = [check_checkpoint, check_description, check_proofs, check_streams]
STEPS += [check_contents, check_blobs, check_statements, check_previous]


def verify(data: bytes, keys: Keys, older: Optional[Keys] = None) -> Dossier:
    """The dossier once every check holds; without keys it is trusted to bring its own. ``older`` ones count
    for what was signed before it alone."""
    number = 1
    try:
        dossier = Dossier(unzipped(data))
        dossier.keys, dossier.older, number = keys, older or {}, 2
        check_list(dossier, MANIFEST, dossier.files.keys() - {MANIFEST})
        for step in STEPS:
            number += 1
            step(dossier)
    except Unfit as unfit:
        raise Refused(number, str(unfit)) from None
    return dossier


def check_held(dossier: Dossier, data: bytes, proof: Optional[bytes]) -> str:
    """11. What was kept from before, a dossier or a checkpoint, is contained; answers what was compared."""
    keys, now = {**dossier.keys, **dossier.older}, dossier.head
    try:
        held = verify(data, keys, keys) if data.startswith(b"PK") else None
    except Refused as refusal:
        raise Unfit(f"The older dossier itself is {refusal}") from None
    head = held.head if held else head_in(data.decode("utf-8", "replace"), keys)
    if head.origin != now.origin:
        raise Unfit(f"It is of the log {shown(head.origin)}: another installation, or one begun anew.")
    here = f"; {compared(dossier, held)}" if held else ""
    if head.size > now.size:
        raise Unfit(f"It is newer ({head.size} entries): verify it, and give this dossier as the older one.")
    known = [one for one in (now, dossier.before) if one and one.size == head.size]
    if any(one.root != head.root for one in known):
        raise Unfit(f"The two have different roots at {head.size} entries: the past was rewritten.")
    if proof is not None:
        check_growth(head, now, path_in(proof.decode("utf-8", "replace"), head, dossier))
    elif not known:
        way = f"/api/v1/ledger/proofs/consistency?from={head.size}&to={now.size}"
        raise Unfit(
            "Not shown, so take it as refused until it is: this dossier proves nothing about a tree of "
            f"{head.size} entries. Fetch {way} and give the answer with --consistency."
        )
    return f"what you kept is contained in it{here}"


def compared(dossier: Dossier, held: Dossier) -> str:
    """How many entries of an older dossier are here; none of them is another one now, or was cut off."""
    whole = {row["stream"]: row["last"] for row in dossier.about["streams"] if row["whole"]}
    gone: List[str] = []
    for index, body in held.entries.items():
        name, stream = f"entries/{index}.json", body["stream"]
        if dossier.files.get(name, held.files[name]) != held.files[name]:
            raise Unfit(f"Entry {index} was another one then: the past was rewritten.")
        if body["seq"] > whole.get(stream, body["seq"]) and index < dossier.about["issued_at_size"]:
            raise Unfit(f"Entry {index} stood in {shown(stream)} then, and is left out now.")
        if name not in dossier.files and stream != f"dossier:{held.about['id']}":
            gone.append(stream)
    streams = sorted(set(gone))
    named = ", ".join(map(shown, streams[:3])) + (f" and {len(streams) - 3} more" if streams[3:] else "")
    lost = f"NOT HERE: {len(gone)} of its entries, of the streams {named}"
    return lost if gone else "all of its entries are here"


def said(text: str) -> str:
    """A sentence of the dossier, without letters that a terminal would act upon."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def verdict(dossier: Dossier, is_trusted: bool, kept: str) -> List[str]:
    """What was shown, and what was not."""
    about, head, bodies = dossier.about, dossier.head, dossier.entries.values()
    title, kind = field(about, "subject", "title"), about["kind"]
    matter = f"{kind} {field(about, 'subject', kind, 'id')}"
    if kind == "period":
        first, last = about["range"]["first"], about["range"]["end"] - 1
        start, end = (field(dossier.entries.get(index), "at") for index in (first, last))
        matter = f"entries {first} to {last}, of {start} to {end}"
    whole, brought = sum(row["whole"] for row in about["streams"]), dossier.text(LOG_KEYS).split()
    stated = {f"sha256:{dossier.digests[name]}" for name in dossier.files if name.startswith("attestations/")}
    runs = [body["refs"].get("statement") in stated for body in typed(dossier, RUN)]
    found = [
        f"about:  {title if isinstance(title, str) else canonical(about['subject'])} ({matter})",
        f"ledger: {head.origin}, {head.size} entries, signed by {', '.join(sorted(head.signers))}",
        f"here:   {len(bodies)} entries of {len(about['streams'])} streams, {whole} of them whole, "
        f"and {len(dossier.files)} files",
        f"kept:   {kept}",
        "What this cannot show:",
        "- That there is no other history: who holds key and database can write one. Keep what you verify.",
        "- That nothing else belongs to it: which streams do, and where a period ends, is the issuer's word.",
        *[f"- What {runs.count(False)} of {len(runs)} gate runs signed: it is not here."] * (False in runs),
        *(f"- {one}" for one in about["words"]),
    ]
    untrusted = [
        "UNTRUSTED KEY: all of it fits together, but under the key that it brought; anybody can make one.",
        f"Get the key by another way and give it with --vkey. It brought {' '.join(brought)}",
    ]
    return (["verified"] if is_trusted else untrusted) + found


def read(path: str) -> bytes:
    """A file, refused before it fills the memory."""
    if os.path.getsize(path) > LARGEST_TOTAL:
        raise OSError(f"{path} is larger than a dossier may be")
    with open(path, "rb") as file:
        return file.read()


def given_keys(given: Optional[str]) -> Keys:
    """A verifier key as it stands, or those of a file."""
    if given is None:
        return {}
    is_key = re.fullmatch(r"\S+\+[0-9a-f]{8}\+\S+", given)  # also where a file of that name lies
    return keys_in(given if is_key else read(given).decode("utf-8"))


def main(arguments: List[str]) -> int:
    """Verify what the arguments name; answers the exit code."""
    parser = argparse.ArgumentParser(description="Verify a Countersign dossier, offline.")
    parser.add_argument("dossier", help="the zip file")
    parser.add_argument("--vkey", help="the ledger's verifier key, or a file with it, got by another way")
    parser.add_argument("--previous", help="a dossier or checkpoint that you kept: it must be contained")
    parser.add_argument("--previous-vkey", help="a key of before, good for what you kept alone")
    parser.add_argument("--consistency", help="the proof that it is contained, if the dossier has none")
    given = parser.parse_args(arguments)
    try:
        keys, older = given_keys(given.vkey), given_keys(given.previous_vkey)
        paths = (given.dossier, given.previous, given.consistency)
        data, held, proof = (None if path is None else read(path) for path in paths)
        if held is None and proof is not None:
            raise ValueError("--consistency needs --previous, which it is about")
    except (OSError, ValueError) as fault:
        print(f"not used rightly: {said(str(fault))}", file=sys.stderr)
        return 2
    kept = "compared with nothing (--previous)"
    try:
        dossier = verify(data or b"", keys, older)
        if held is not None:
            kept = check_held(dossier, held, proof)
    except (Refused, Unfit) as fault:
        lines, code = [str(fault if isinstance(fault, Refused) else Refused(11, str(fault)))], 1
    else:
        lines, code = verdict(dossier, bool(keys), kept), 0 if keys else 3
    letters = sys.stdout.encoding or "ascii"
    print("\n".join(map(said, lines)).encode(letters, "backslashreplace").decode(letters))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
