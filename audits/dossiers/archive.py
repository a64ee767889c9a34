"""The archive of a dossier as bytes that are the same whenever and wherever they are made. Pure.

Files are stored, not deflated: the bytes of a deflated file depend on the library that made them. Names are
sorted by their bytes, times and modes fixed, nothing else written.
"""

import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from zipfile import ZIP_STORED, ZipFile, ZipInfo

MANIFEST = "manifest-sha256.txt"
CONTENTS = "contents-sha256.txt"
ABOUT = "dossier.json"
CHECKPOINT = "checkpoint"
PREVIOUS = "previous-checkpoint"
CONSISTENCY = "consistency.txt"
LOG_KEYS = "log.vkey"
POLICY = "policy.txt"
STATEMENT_KEYS = "statements.vkey"

NAME = re.compile(r"(?!/)(?!.*//)(?!(?:.*/)?\.{1,2}(?:/|$))[A-Za-z0-9._/-]+(?<!/)")
BEGINNING = (1980, 1, 1, 0, 0, 0)
UNIX = 3
REGULAR_0644 = 0o100644 << 16

Files = Mapping[str, bytes]


def listing(files: Files) -> bytes:
    """``<64 hex>  <path>`` for each file, sorted by path: what ``sha256sum -c`` reads."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in _sorted(files))
    return "".join(lines).encode()


def read_listing(listed: bytes) -> dict[str, str]:
    """Digests by path, from a listing of ours."""
    lines = (line.split("  ", 1) for line in listed.decode().splitlines())
    return {name: f"sha256:{digest}" for digest, name in lines}


def archive(files: Files) -> bytes:
    """The archive of ``files``, with the list of all their digests beside them.

    Raises:
        ValueError: a name has no place in a dossier.
    """
    whole = {**files, MANIFEST: listing(files)}
    target = io.BytesIO()
    with ZipFile(target, "w", ZIP_STORED) as zipped:
        for name in _sorted(whole):
            zipped.writestr(_member(name), whole[name])
    return target.getvalue()


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names, key=str.encode)


def _member(name: str) -> ZipInfo:
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r}: a dossier's files have names of letters, digits, dots, dashes, slashes")
    info = ZipInfo(name, BEGINNING)
    info.create_system, info.external_attr = UNIX, REGULAR_0644
    return info
