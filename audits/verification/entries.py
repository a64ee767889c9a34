"""The entries: each in the signed tree, and of each stream exactly those that the dossier says it has."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.verification.description import PERIOD, RELEASE, Description, Stream
from audits.verification.documents import is_number, is_text, read_json, within
from audits.verification.files import CHECKPOINT, DESCRIPTION, ENTRIES, PROOFS, Files
from audits.verification.refusals import Unfit, quoted
from governance.ledger.checkpoints import TreeHead
from governance.ledger.merkle.checking import ProofFails, check_inclusion
from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.notes import NoteFails
from governance.ledger.proof_texts import read_proof

SCHEMA = "countersign.entry.v1"
ENTRY_ENDING, PROOF_ENDING = ".json", ".tlog-proof"
INDEX = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry whose place in the signed tree was proved."""

    index: int
    stream: str
    seq: int
    type: str
    refs: Mapping[str, Any]
    document: Mapping[str, Any]


def entry_file(index: int) -> str:
    """Where the bytes of an entry lie."""
    return f"{ENTRIES}{index}{ENTRY_ENDING}"


def check_proofs(files: Files, head: TreeHead) -> list[int]:
    """The numbers of the entries, each of which is proved to be in the tree.

    Raises:
        Unfit: one is not, lacks its proof, or a proof its entry.
    """
    entries, proofs = _numbers(files, ENTRIES, ENTRY_ENDING), _numbers(files, PROOFS, PROOF_ENDING)
    alone = min(set(entries) ^ set(proofs), default=None)
    if alone is not None:
        raise Unfit(f"Of entry {alone} either the entry or the proof is missing.")
    checkpoint = files.text_of(CHECKPOINT)
    for index in entries:
        _check_proof(files, head, checkpoint, index)
    return entries


def _numbers(files: Files, folder: str, ending: str) -> list[int]:
    names = [name.removeprefix(folder) for name in files.below(folder)]
    odd = next((name for name in names if not _is_numbered(name, ending)), None)
    if odd is not None:
        raise Unfit(f"{folder}{odd} is not named by the number of an entry.")
    return sorted(int(name.removesuffix(ending)) for name in names)


def _is_numbered(name: str, ending: str) -> bool:
    return name.endswith(ending) and INDEX.fullmatch(name.removesuffix(ending)) is not None


def _check_proof(files: Files, head: TreeHead, checkpoint: str, index: int) -> None:
    name = f"{PROOFS}{index}{PROOF_ENDING}"
    try:
        proof = read_proof(files.text_of(name))
    except NoteFails as fault:
        raise Unfit(f"{name}: {fault}") from None
    if proof.index != index:
        raise Unfit(f"{name} is the proof of entry {proof.index}.")
    if proof.checkpoint != checkpoint:
        raise Unfit(f"{name} leads to another checkpoint than that of the dossier.")
    leaf = leaf_hash(files.bytes_of(entry_file(index)))
    try:
        check_inclusion(index, head.size, leaf, proof.hashes, head.root)
    except ProofFails as fault:
        raise Unfit(f"Entry {index} is not shown to be in the tree: {fault} It was changed.") from None


def check_streams(files: Files, numbers: Sequence[int], description: Description) -> list[LoggedEntry]:
    """The entries in the order of the tree, once each stream has those that are promised.

    Raises:
        Unfit: an entry is none, one is missing, or one is there that was not promised.
    """
    entries = [_read_entry(files, index) for index in numbers]
    found: dict[str, list[int]] = {}
    for entry in entries:
        found.setdefault(entry.stream, []).append(entry.seq)
    unnamed = min(found.keys() - {stream.name for stream in description.streams}, default=None)
    if unnamed is not None:
        raise Unfit(f"There are entries of {quoted(unnamed)}, a stream that {DESCRIPTION} does not name.")
    for stream in description.streams:
        _check_stream(stream, found.get(stream.name, []))
    if description.kind == PERIOD:
        _check_period(entries, description)
    if description.kind == RELEASE:
        _check_release(description)
    return entries


def _read_entry(files: Files, index: int) -> LoggedEntry:
    name = entry_file(index)
    document = read_json(files.bytes_of(name), name)
    stream, seq, kind, refs = (within(document, key) for key in ("stream", "seq", "type", "refs"))
    is_entry = within(document, "schema") == SCHEMA and isinstance(refs, dict)
    if not is_entry or not is_text(stream) or not is_text(kind) or not is_number(seq, 1):
        raise Unfit(f"Entry {index} is not of the schema {SCHEMA}.")
    return LoggedEntry(index, stream, seq, kind, refs, document)


def _check_stream(stream: Stream, found: Sequence[int]) -> None:
    name = quoted(stream.name)
    if stream.last is None:
        if tuple(found) != stream.some:
            raise Unfit(f"Of the stream {name} other entries are here than {DESCRIPTION} says.")
        return
    gap = next((wanted for wanted, seq in enumerate(found, 1) if seq != wanted), None)
    if gap is not None:
        raise Unfit(f"In the stream {name} entry #{found[gap - 1]} stands where #{gap} belongs.")
    if len(found) != stream.last:
        raise Unfit(f"The stream {name} should have {stream.last} entries; {len(found)} are here.")


def _check_period(entries: Sequence[LoggedEntry], description: Description) -> None:
    first, end = description.period or (0, 0)
    inside = sum(first <= entry.index < end for entry in entries)
    if inside != end - first:
        raise Unfit(f"Of the period's entries {first} to {end - 1} only {inside} are here.")
    beyond = [entry for entry in entries if not first <= entry.index < end]
    foreign = next((entry for entry in beyond if entry.stream != description.own_stream), None)
    if foreign is not None:
        raise Unfit(f"Entry {foreign.index} lies outside of the period {first} to {end - 1}.")


def _check_release(description: Description) -> None:
    """What stands in the dossier must have to do with the release that its title names."""
    stream = f"{RELEASE}:{within(description.subject, RELEASE, 'id')}"
    if not any(one.name == stream and one.last is not None for one in description.streams):
        raise Unfit(f"It is about a release, and its stream {quoted(stream)} is not here as a whole.")
