"""Dossiers made in memory from their published format alone: no database, none of the builder's code.

The tree's proofs follow the definitions of RFC 6962 as ``trees.py`` has them, and the zip is written by the
standard library.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from governance.ledger.canonical import canonical_bytes, digest_of_bytes
from tests.audits.verification.ledgers import (
    LEFT_OUT,
    MANIFEST,
    REFUSALS,
    RELEASE,
    REQUEST,
    RESULT,
    REVIEW,
    RUN,
    STATEMENTS,
    Log,
    approval_statement,
    history,
    run_statement,
)
from tests.governance.ledger.merkle.trees import path, proof

Files = dict[str, bytes]

DOSSIER_ID = "01990000-0000-7000-8000-000000000001"
OWN = f"dossier:{DOSSIER_ID}"
IN_THE_TREE = ("entries/", "proofs/")
LISTS = {"manifest-sha256.txt", "contents-sha256.txt"}
ANCHORED = LISTS | {"checkpoint", "previous-checkpoint", "consistency.txt", "log.vkey", "policy.txt"}


def described(log: Log, **changed: Any) -> bytes:
    """``dossier.json`` before the entry of the issue is written, which it counts already."""
    streams = [_whole(stream, len(log.of(stream))) for stream in (RELEASE, REQUEST, RUN)]
    some = {"stream": REFUSALS, "entries": [2], "whole": False, "why": "the others are about other releases"}
    left_out = [
        {"digest": one, "bytes": None, "why": "too large"} for one in sorted((LEFT_OUT, RESULT, REVIEW))
    ]
    document = {
        "schema": "countersign.dossier.v1",
        "kind": "release",
        "id": DOSSIER_ID,
        "subject": {"release": {"id": "r", "name": "quality_rbf"}, "revision": 2},
        "streams": sorted([*streams, some, _whole(OWN, 2)], key=lambda row: str(row["stream"])),
        "blobs": {"included": [digest_of_bytes(MANIFEST)], "left_out": left_out},
        "issued_at_size": len(log.bodies),
        "previous": None,
        "words": ["Times are claims: no time authority has signed them."],
    }
    return canonical_bytes({**document, **changed})


def _whole(stream: str, last: int) -> dict[str, Any]:
    return {"stream": stream, "last": last, "whole": True}


def material(log: Log, **changed: Any) -> Files:
    """What the list of contents lists; ``changed`` replaces parts of ``dossier.json``."""
    return {
        "dossier.json": described(log, **changed),
        "attestations/run.dsse.json": run_statement(),
        "attestations/approval.dsse.json": approval_statement(log),
        f"blobs/{digest_of_bytes(MANIFEST)[7:]}": MANIFEST,
        "statements.vkey": f"{STATEMENTS.vkey}\n".encode(),
        "report.html": b"<!doctype html><title>Approved</title>",
    }


def issued(log: Log, content: Files, stream: str = OWN) -> Files:
    """The dossier: with the entry of its issue, other business after it, checkpoint and proofs."""
    listed = listing(content)
    log.add(stream, "dossier.issued", refs={"contents": digest_of_bytes(listed)})
    log.add("channel:d", "channel.registered")
    log.add("channel:d", "channel.renamed")
    return anchored(log, {**content, "contents-sha256.txt": listed})


def anchored(log: Log, files: Files) -> Files:
    """With entries, proofs and checkpoint of the log as it is now, and the list of all files."""
    about = json.loads(files["dossier.json"])
    leaves, checkpoint = log.leaves, log.checkpoint()
    made = {name: data for name, data in files.items() if not name.startswith(IN_THE_TREE)}
    for index in promised(log, about):
        made[f"entries/{index}.json"] = log.bodies[index]
        made[f"proofs/{index}.tlog-proof"] = proof_file(index, path(index, leaves), checkpoint)
    vkeys = [key.vkey for key in log.keys]
    made["checkpoint"] = checkpoint
    made["log.vkey"] = "".join(f"{one}\n" for one in vkeys).encode()
    made["policy.txt"] = ("".join(f"log {one}\n" for one in vkeys) + "quorum none\n").encode()
    if about["previous"]:
        made.update(grown_from(log, about["previous"]["size"]))
    return manifested(made)


def promised(log: Log, about: Mapping[str, Any]) -> list[int]:
    """The indices of the entries that the description names."""
    numbers: list[int] = []
    for row in about["streams"]:
        found = log.of(row["stream"])
        numbers += found[: row["last"]] if row["whole"] else [found[seq - 1] for seq in row["entries"]]
    return sorted(numbers)


def proof_file(index: int, hashes: Iterable[bytes], checkpoint: bytes) -> bytes:
    """A proof in the form of C2SP tlog-proof."""
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *_encoded(hashes), "", ""]
    return "\n".join(lines).encode() + checkpoint


def grown_from(log: Log, size: int) -> Files:
    """The checkpoint of the dossier before, and the proof that its tree is contained."""
    lines = [f"old {size}", *_encoded(proof(size, log.leaves) if size else []), "", ""]
    grown = "\n".join(lines).encode() + log.checkpoint()
    return {"previous-checkpoint": log.checkpoint(size), "consistency.txt": grown}


def _encoded(hashes: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]


def listing(files: Mapping[str, bytes]) -> bytes:
    """A list of files in the form of ``sha256sum``."""
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    return "".join(lines).encode()


def manifested(files: Mapping[str, bytes]) -> Files:
    """With the list of all files made anew, as by somebody who has changed one."""
    others = {name: data for name, data in files.items() if name != "manifest-sha256.txt"}
    return {**others, "manifest-sha256.txt": listing(others)}


def contented(files: Mapping[str, bytes]) -> Files:
    """With both lists made anew."""
    listed = {
        name: data
        for name, data in files.items()
        if name not in ANCHORED and not name.startswith(IN_THE_TREE)
    }
    return manifested({**files, "contents-sha256.txt": listing(listed)})


@cache
def _plain() -> Files:
    return remade()


def dossier() -> Files:
    """A dossier about the release."""
    return dict(_plain())


def remade(
    change: Callable[[Log, Files], object] | None = None, log: Log | None = None, **changed: Any
) -> Files:
    """A dossier by somebody who signs and issues rightly; ``change`` had the ledger and the material before
    that, ``changed`` replaces parts of ``dossier.json``."""
    log = log or history()
    log.add(OWN, "dossier.requested")
    content = material(log, **changed)
    if change is not None:
        change(log, content)
    return issued(log, content)


def redescribed(files: Files, **changed: Any) -> Files:
    """With another ``dossier.json`` and the list of all files made anew."""
    document = {**json.loads(files["dossier.json"]), **changed}
    return manifested({**files, "dossier.json": canonical_bytes(document)})


def zipped(
    files: Mapping[str, bytes] | Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """The archive, as the format asks for it."""
    pairs = sorted(files.items()) if isinstance(files, Mapping) else files
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in pairs:
            archive.writestr(member(name, method), data)
    return buffer.getvalue()


def member(name: str, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    """A file's place in the archive, with the fixed time and mode of the format."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type, info.create_system, info.external_attr = method, 3, 0o100644 << 16
    return info
