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

MOST_SIGNATURES = 4
"""Of each key one: whoever checks them, perhaps in plain Python, is not to be kept busy for hours."""

ENDING = ".dsse.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
APPROVAL = "urn:countersign:predicate:approval:v1"
RUN_COMPLETED, VOTE_CAST = "gate_evaluation.completed", "vote.cast"
ASKED, APPROVED = "approval.requested", "release.approved"
STATEMENT = "statement"
PASSES = frozenset({"PASSED", "WARNED"})
VOTE_FACTS = (("vote",), ("decision",), ("voter", "username"), ("voter", "id"))

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
        _check_run(envelope, within(statement, "predicate"), entries)
    elif kind == APPROVAL:
        _check_approval(statement, entries)
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
    signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    ids = [within(one, "keyid") for one in signatures]
    if len(ids) > MOST_SIGNATURES or any(ids.count(one) > 1 for one in ids):
        raise Unfit(f"It has {len(ids)} signatures; up to {MOST_SIGNATURES} are read, of each key one.")
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


def _check_run(envelope: bytes, predicate: Value, entries: Sequence[LoggedEntry]) -> None:
    """That a completed run names the statement, and ended with the verdict and the result that it tells."""
    digest = f"sha256:{hashlib.sha256(envelope).hexdigest()}"
    named = [
        entry for entry in entries if entry.type == RUN_COMPLETED and entry.refs.get(STATEMENT) == digest
    ]
    if not named:
        raise Unfit("No entry of a completed gate run names it.")
    told = within(predicate, "countersign")
    verdict, result = within(told, "verdict"), f"sha256:{within(told, 'resultDigest', 'sha256')}"
    ended = [(within(entry.document, "after", "verdict"), entry.refs.get("result")) for entry in named]
    is_pass = within(predicate, "result") in PASSES
    if (verdict, result) not in ended or is_pass != (verdict == "pass"):
        raise Unfit("It tells of another verdict or result than the run's entry.")


def unstated_runs(files: Files, entries: Sequence[LoggedEntry]) -> tuple[int, int]:
    """Of how many completed runs no statement is here, and how many runs there are."""
    here = {f"sha256:{files.digests[name]}" for name in files.below(ATTESTATIONS)}
    runs = [entry for entry in entries if entry.type == RUN_COMPLETED]
    return sum(entry.refs.get(STATEMENT) not in here for entry in runs), len(runs)


def _check_approval(statement: Value, entries: Sequence[LoggedEntry]) -> None:
    """That each vote, and each entry that it points to, stands in the ledger as the statement tells it, and
    that it leaves none out."""
    predicate, subjects = within(statement, "predicate"), within(statement, "subject")
    votes, others, seats = (within(predicate, name) for name in ("votes", "entries", "seats"))
    request = within(predicate, "request")
    if not isinstance(request, str) or not all(
        isinstance(one, list) for one in (votes, others, seats, subjects)
    ):
        raise Unfit("It does not name its request, votes, seats, entries and subjects.")
    at = {entry.index: entry for entry in entries}
    cast = [_cast(vote, _entry_at(within(vote, "entry"), at)) for vote in votes]
    ends = [_pointed(other, _entry_at(other, at)) for other in others]
    review = f"sha256:{within(predicate, 'reviewDigest', 'sha256')}"
    for entry in (*cast, *ends):
        if _request_of(entry) != request or entry.refs.get("review") != review:
            raise Unfit(f"Entry {entry.index} is about another request, or another review.")
    _check_end(predicate, subjects, ends)
    missing = {one.index for one in entries if one.type == VOTE_CAST and _request_of(one) == request}
    if missing - {one.index for one in cast}:
        raise Unfit("It leaves out a vote that the entries have.")
    approving = [within(one, "voter", "username") for one in votes if within(one, "decision") == "approve"]
    if not all(within(seat, "voter") in approving for seat in seats):
        raise Unfit("It names a seat that nobody's vote fills.")


def _request_of(entry: LoggedEntry) -> Value:
    return within(entry.document, "after", "request")


def _cast(vote: Value, entry: LoggedEntry | None) -> LoggedEntry:
    told = [within(vote, *path) for path in VOTE_FACTS]
    if entry is None or entry.type != VOTE_CAST or not all(isinstance(one, str) for one in told):
        raise Unfit("It tells of a vote that is not in the entries.")
    if told != [within(entry.document, "after", *path) for path in VOTE_FACTS]:
        raise Unfit(f"It tells of a vote that was not cast so, in entry {entry.index}.")
    return entry


def _pointed(other: Value, entry: LoggedEntry | None) -> LoggedEntry:
    if entry is None or entry.type != within(other, "type"):
        raise Unfit("It points to an entry that is not here.")
    return entry


def _check_end(predicate: Value, subjects: Sequence[Value], told: Sequence[LoggedEntry]) -> None:
    """That the approval is the one that the ledger has, of the manifest that was asked about."""
    ends = [within(entry.document, "after") for entry in told if entry.type == APPROVED]
    if not ends:
        raise Unfit(f"It points to no entry {APPROVED}.")
    approval, seats = within(predicate, "approval"), within(predicate, "seats")
    if any((within(end, "approval", "id"), within(end, "seats")) != (approval, seats) for end in ends):
        raise Unfit(f"It tells of another approval, or of other seats, than the entry {APPROVED}.")
    manifests = [f"sha256:{within(subject, 'digest', 'sha256')}" for subject in subjects]
    if any(entry.refs.get("manifest") not in manifests for entry in told if entry.type == ASKED):
        raise Unfit("Its subjects are not what was asked about.")


def _entry_at(place: Value, at: Mapping[int, LoggedEntry]) -> LoggedEntry | None:
    """The entry at an index, if it is of the same stream and number."""
    index = within(place, "index")
    entry = at.get(index) if is_number(index) else None
    told = (within(place, "stream"), within(place, "seq"))
    return entry if entry is not None and (entry.stream, entry.seq) == told else None
