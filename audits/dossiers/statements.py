"""Signed statements of a dossier: those of gate runs as they were signed, and one for each approval.

An approval is stated as in-toto Statement v1 with a predicate of our own, in a DSSE envelope. The subjects
are manifest and stack of the approved revision. The predicate (``PREDICATE_TYPE``) holds

* ``approval``, ``request``: their ids; ``release`` {id, name}, ``revision`` {id, number};
* ``channels`` [{id, name}]; ``approvedAt``, ``validUntil``, ``reviewDigest`` (of all that was reviewed);
* ``votes`` [{vote, decision, role, voter {id, username}, castAt, entry {index, stream, seq}}]: every vote,
  and where in the ledger it stands; an approval of which the dossier holds only some votes is not stated;
* ``seats`` [{rule, index, voter, channel?}]: whose vote filled which seat;
* ``entries`` [{index, stream, seq, type}]: of the request and of the approval.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from governance.ledger.canonical import canonical_bytes
from governance.ledger.envelopes import signed_envelope
from governance.ledger.models import Entry
from governance.ledger.signing import SigningKey
from releases.approvals.models import Approval
from releases.gates.runs.statement import PAYLOAD_TYPE, STATEMENT_TYPE

PREDICATE_TYPE = "urn:countersign:predicate:approval:v1"
OF_RUN = "gate_evaluation.completed"


def statements(
    entries: Sequence[Entry],
    blobs: Mapping[str, bytes],
    approvals: Iterable[Approval],
    keys: Sequence[SigningKey],
) -> dict[str, bytes]:
    """Envelopes by file name; none without a key. What an unknown key has signed stays among the blobs."""
    if not keys:
        return {}
    found = {}
    for entry in entries:
        digest = (entry.document["refs"] or {}).get("statement")
        envelope = blobs.get(digest) if digest and entry.document["type"] == OF_RUN else None
        if envelope is not None and _is_signed(envelope, keys):
            found[f"attestations/{entry.stream.partition(':')[2]}.dsse.json"] = envelope
    for approval in approvals:
        payload = canonical_bytes(approval_statement(approval, entries))
        name = f"attestations/approval-{approval.id}.dsse.json"
        found[name] = signed_envelope(payload, PAYLOAD_TYPE, keys[0])
    return found


def has_every_vote(approval: Approval, entries: Iterable[Entry]) -> bool:
    """Whether the request, every vote on it and its end are among the entries.

    A statement says all of them; one without some would be as validly signed, and travels alone.
    """
    types = [one.document["type"] for one in entries if _asked_in(one) == str(approval.request_id)]
    return {"approval.requested", "release.approved"} <= set(types) and (
        types.count("vote.cast") == approval.request.votes.count()
    )


def approval_statement(approval: Approval, entries: Sequence[Entry]) -> dict[str, Any]:
    """The statement; equal for equal entries, whenever it is asked for."""
    revision = approval.revision
    name = f"{revision.release.system.slug}/{revision.release.name}/{revision.number}"
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": f"{name}/manifest", "digest": _digest(revision.manifest_digest)},
            {"name": f"{name}/stack", "digest": _digest(revision.stack_digest)},
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": _predicate(approval, entries),
    }


def _predicate(approval: Approval, entries: Sequence[Entry]) -> dict[str, Any]:
    revision, request = approval.revision, approval.request
    about = [one for one in entries if _asked_in(one) == str(request.id)]
    told = [one for one in about if one.document["type"] in {"approval.requested", "release.approved"}]
    seats: list[Any] = next((_after(one)["seats"] for one in told if "seats" in _after(one)), [])
    return {
        "approval": approval.id,
        "request": request.id,
        "release": {"id": revision.release_id, "name": revision.release.name},
        "revision": {"id": revision.id, "number": revision.number},
        "channels": [
            {"id": row.channel_id, "name": row.channel.name}
            for row in sorted(request.channel_rows.all(), key=lambda row: row.channel.name)
        ],
        "approvedAt": approval.approved_at,
        "validUntil": approval.valid_until,
        "reviewDigest": _digest(approval.review_digest),
        "votes": [_vote(one) for one in about if one.document["type"] == "vote.cast"],
        "seats": seats,
        "entries": [{**_place(one), "type": one.document["type"]} for one in told],
    }


def _vote(entry: Entry) -> dict[str, Any]:
    after = entry.document["after"]
    return {
        "vote": after["vote"],
        "decision": after["decision"],
        "role": after["voter"]["role"],
        "voter": {"id": after["voter"]["id"], "username": after["voter"]["username"]},
        "castAt": entry.document["at"],
        "entry": _place(entry),
    }


def _after(entry: Entry) -> dict[str, Any]:
    after = entry.document["after"]
    return after if isinstance(after, dict) else {}


def _asked_in(entry: Entry) -> str:
    return str(_after(entry).get("request", ""))


def _place(entry: Entry) -> dict[str, Any]:
    return {"index": entry.leaf.index, "stream": entry.stream, "seq": entry.stream_seq}


def _digest(digest: str) -> dict[str, str]:
    algorithm, _, value = digest.partition(":")
    return {algorithm: value}


def _is_signed(envelope: bytes, keys: Iterable[SigningKey]) -> bool:
    """Whether one of the keys has signed the envelope."""
    read = json.loads(envelope)
    payload = base64.b64decode(read["payload"])
    kind = read["payloadType"].encode()
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    signatures = [base64.b64decode(one["sig"]) for one in read["signatures"]]
    return any(_holds(key, signature, signed) for key in keys for signature in signatures)


def _holds(key: SigningKey, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, signed)
    except InvalidSignature:
        return False
    return True
