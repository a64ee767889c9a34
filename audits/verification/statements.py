"""Signed statements: in-toto in DSSE envelopes, each of which entries must bear out."""

import hashlib
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audits.verification.anchors import key_id, read_keys
from audits.verification.documents import Value, is_number, read_json, within
from audits.verification.entries import LoggedEntry
from audits.verification.files import ATTESTATIONS, STATEMENT_KEYS, Files
from audits.verification.refusals import Unfit
from governance.ledger.letters import read_bytes
from governance.ledger.notes import MOST_SIGNATURES

ENDING = ".dsse.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
APPROVAL = "urn:countersign:predicate:approval:v1"
RUN_COMPLETED, VOTE_CAST = "gate_evaluation.completed", "vote.cast"

Keys = Mapping[str, bytes]
"""Public keys by ``<name>+<hash>``."""


def check_statements(files: Files, entries: Sequence[LoggedEntry]) -> None:
    """That each statement is signed and says what the entries say.

    Raises:
        Unfit: naming the file.
    """
    names = files.below(ATTESTATIONS)
    keys = read_keys(files.text_of(STATEMENT_KEYS)) if names else ()
    known = {key_id(key): key.public for key in keys}
    for name in names:
        if not name.endswith(ENDING):
            raise Unfit(f"{name} is no envelope ({ENDING}).")
        try:
            _check_statement(files.bytes_of(name), known, entries)
        except Unfit as fault:
            raise Unfit(f"{name}: {fault}") from None


def _check_statement(envelope: bytes, keys: Keys, entries: Sequence[LoggedEntry]) -> None:
    statement = read_json(_payload(envelope, keys), "The statement")
    if within(statement, "_type") != STATEMENT_TYPE:
        raise Unfit("It holds no in-toto statement.")
    kind = within(statement, "predicateType")
    if kind == TEST_RESULT:
        _check_run(envelope, entries)
    elif kind == APPROVAL:
        _check_approval(within(statement, "predicate"), entries)
    else:
        raise Unfit("It is neither about a gate run nor about an approval; nothing here bears it out.")


def _payload(envelope: bytes, keys: Keys) -> bytes:
    """What a known key has signed, in DSSE's encoding before the signature.

    Raises:
        Unfit: it is no envelope, no known key has signed it, or one has signed something else.
    """
    value = read_json(envelope, "The envelope")
    payload, signatures = _bytes(within(value, "payload")), within(value, "signatures")
    if within(value, "payloadType") != PAYLOAD_TYPE or not isinstance(signatures, list):
        raise Unfit("It is no DSSE envelope of an in-toto statement.")
    if len(signatures) > MOST_SIGNATURES:
        raise Unfit(f"It has {len(signatures)} signatures; up to {MOST_SIGNATURES} are read.")
    signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    ids = [within(one, "keyid") for one in signatures]
    known = [(one, keys[name]) for one, name in zip(signatures, ids, strict=True) if _is_known(name, keys)]
    if not known:
        raise Unfit(f"No key of {STATEMENT_KEYS} has signed it.")
    for signature, public in known:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(_bytes(within(signature, "sig")), signed)
        except InvalidSignature:
            raise Unfit("Its signature does not hold: the statement was changed.") from None
    return payload


def _is_known(name: Value, keys: Keys) -> bool:
    return isinstance(name, str) and name in keys


def _bytes(text: Value) -> bytes:
    found = read_bytes(text) if isinstance(text, str) else None
    if not found:
        raise Unfit("Its payload or signature is no base64.")
    return found


def _check_run(envelope: bytes, entries: Sequence[LoggedEntry]) -> None:
    digest = f"sha256:{hashlib.sha256(envelope).hexdigest()}"
    if not any(digest in entry.refs.values() for entry in entries if entry.type == RUN_COMPLETED):
        raise Unfit("No entry of a completed gate run names it.")


def _check_approval(predicate: Value, entries: Sequence[LoggedEntry]) -> None:
    """That each vote, and each entry that it points to, stands in the ledger as the statement tells it."""
    votes, others = within(predicate, "votes"), within(predicate, "entries")
    if not isinstance(votes, list) or not isinstance(others, list) or not [*votes, *others]:
        raise Unfit("It names no entries.")
    at = {entry.index: entry for entry in entries}
    review = f"sha256:{within(predicate, 'reviewDigest', 'sha256')}"
    for vote in votes:
        entry = _entry_at(within(vote, "entry"), at)
        if entry is None or not _bears_out(entry, vote, review):
            raise Unfit("It tells of a vote that is not in the entries, or not as it was cast.")
    for other in others:
        entry = _entry_at(other, at)
        if entry is None or entry.type != within(other, "type"):
            raise Unfit("It points to an entry that is not here.")


def _entry_at(place: Value, at: Mapping[int, LoggedEntry]) -> LoggedEntry | None:
    """The entry at an index, if it is of the same stream and number."""
    index = within(place, "index")
    entry = at.get(index) if is_number(index) else None
    told = (within(place, "stream"), within(place, "seq"))
    return entry if entry is not None and (entry.stream, entry.seq) == told else None


def _bears_out(entry: LoggedEntry, vote: Value, review: str) -> bool:
    """Whether the entry is that of this vote, about this review."""
    paths = (("vote",), ("decision",), ("voter", "username"), ("voter", "id"))
    told = [within(vote, *path) for path in paths]
    cast = [within(entry.document, "after", *path) for path in paths]
    is_whole = all(isinstance(one, str) for one in told)
    return entry.type == VOTE_CAST and is_whole and told == cast and entry.refs.get("review") == review
