"""Small ledgers in memory, for the dossiers of the tests."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from governance.ledger.canonical import canonical_bytes, digest_of_bytes
from governance.ledger.envelopes import signed_envelope
from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.signing import SigningKey, generate_key
from tests.governance.ledger.merkle.trees import root

ORIGIN = "example.org/countersign/ledger"
LEDGER, STRANGER, SUCCESSOR = generate_key(ORIGIN), generate_key(ORIGIN), generate_key(ORIGIN)
STATEMENTS = generate_key("example.org/countersign/statements")
RELEASE, REQUEST, RUN = "release:r", "approval_request:a", "gate_evaluation:g"
REFUSALS, CHANNEL = "refusals:u", "channel:c"
REVIEW = digest_of_bytes(b"what was reviewed")
MANIFEST, LEFT_OUT = b'{"slots":[]}', digest_of_bytes(b"a score table")
RESULT = digest_of_bytes(b"how the run ended")
SEATS = [{"rule": "risk", "index": number + 1, "voter": f"reviewer{number}"} for number in range(2)]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
APPROVAL = "urn:countersign:predicate:approval:v1"


@dataclass
class Log:
    """The bodies of a ledger's entries in their order, and who signs its checkpoints."""

    bodies: list[bytes] = field(default_factory=list)
    keys: Sequence[SigningKey] = (LEDGER,)
    origin: str = ORIGIN

    def add(self, stream: str, event: str, *, refs: Mapping[str, Any] | None = None, **more: Any) -> int:
        """Append an entry; ``more`` adds to its document or replaces parts. Answers its index."""
        document = {
            "schema": "countersign.entry.v1",
            "stream": stream,
            "seq": len(self.of(stream)) + 1,
            "type": event,
            "refs": {**(refs or {}), "cause": None},
            **more,
        }
        self.bodies.append(canonical_bytes(document))
        return len(self.bodies) - 1

    def of(self, stream: str) -> list[int]:
        """The indices of a stream's entries."""
        return [index for index, body in enumerate(self.bodies) if json.loads(body)["stream"] == stream]

    @property
    def leaves(self) -> list[bytes]:
        """The hashes of the entries."""
        return [leaf_hash(body) for body in self.bodies]

    def checkpoint(self, size: int | None = None) -> bytes:
        """The signed head of the first so many entries, or of all."""
        many = len(self.bodies) if size is None else size
        return note(head_text(self.origin, many, root(self.leaves[:many])), self.keys)


def head_text(origin: str, size: int, hashed: bytes) -> str:
    """The three lines of a checkpoint."""
    return f"{origin}\n{size}\n{base64.b64encode(hashed).decode()}\n"


def note(text: str, keys: Sequence[SigningKey]) -> bytes:
    """The text with a signature of each key."""
    signed = [(key.name, bytes.fromhex(key.hash) + key.private.sign(text.encode())) for key in keys]
    lines = [f"— {name} {base64.b64encode(signature).decode()}\n" for name, signature in signed]
    return f"{text}\n{''.join(lines)}".encode()


def history(*, keys: Sequence[SigningKey] = (LEDGER,), noise: int = 3, origin: str = ORIGIN) -> Log:
    """A ledger with a release that was judged and approved, somebody who was refused, and other business."""
    log = Log(keys=keys, origin=origin)
    log.add("system:s", "system.registered")
    log.add(RELEASE, "release.drafted")
    log.add(RELEASE, "release.frozen", refs={"manifest": digest_of_bytes(MANIFEST)})
    for number in range(noise):
        log.add(CHANNEL, "channel.registered", after={"number": number})
    log.add(RUN, "gate_evaluation.requested", refs={"scores": LEFT_OUT})
    refs = {"statement": digest_of_bytes(run_statement()), "result": RESULT}
    log.add(RUN, "gate_evaluation.completed", refs=refs, after={"verdict": "pass"})
    log.add(REFUSALS, "verb.refused", after={"targets": ["release:another"]})
    log.add(REFUSALS, "verb.refused", after={"targets": [RELEASE]})
    asked = {"review": REVIEW, "manifest": digest_of_bytes(MANIFEST)}
    log.add(REQUEST, "approval.requested", refs=asked, after={"request": "a"})
    for number in range(2):
        log.add(REQUEST, "vote.cast", refs={"review": REVIEW}, after=_vote(number))
    ending = {"request": "a", "approval": {"id": "approval1"}, "seats": SEATS, "share": 0.25, "note": "ü"}
    log.add(RELEASE, "release.approved", refs={"review": REVIEW}, after=ending)
    return log


def _vote(number: int) -> dict[str, Any]:
    voter = {"id": f"account{number}", "username": f"reviewer{number}", "role": "approver"}
    return {"request": "a", "vote": f"vote{number}", "decision": "approve", "voter": voter}


def stated(kind: str, predicate: Any, key: SigningKey = STATEMENTS, subject: bytes = MANIFEST) -> bytes:
    """A signed statement."""
    subjects = [{"name": "v1/manifest", "digest": {"sha256": digest_of_bytes(subject)[7:]}}]
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": kind,
        "predicate": predicate,
    }
    return signed_envelope(canonical_bytes(statement), PAYLOAD_TYPE, key)


@cache
def run_statement() -> bytes:
    """The statement of the gate run."""
    return stated(TEST_RESULT, run_told())


def run_told(**changed: Any) -> dict[str, Any]:
    """What the statement of the gate run tells."""
    more = {"verdict": "pass", "resultDigest": {"sha256": RESULT[7:]}, **changed}
    return {"result": "PASSED", "countersign": more}


def approval_statement(log: Log, **changed: Any) -> bytes:
    """The statement of the approval; ``changed`` replaces facts of its first vote."""
    votes = [{**body["after"], "entry": place} for place, body in _placed(log, "vote.cast")]
    votes[0].update(changed)
    ends = ("approval.requested", "release.approved")
    others = [{**place, "type": event} for event in ends for place, _ in _placed(log, event)]
    told = {"approval": "approval1", "request": "a", "seats": SEATS, "reviewDigest": {"sha256": REVIEW[7:]}}
    return stated(APPROVAL, {**told, "votes": votes, "entries": others})


def _placed(log: Log, event: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The entries of an event, each behind its place."""
    found = [(index, json.loads(body)) for index, body in enumerate(log.bodies)]
    return [
        ({"index": index, "stream": body["stream"], "seq": body["seq"]}, body)
        for index, body in found
        if body["type"] == event
    ]
