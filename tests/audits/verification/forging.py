"""Forgeries, each as somebody would make it who knows the format: what can be mended afterwards is mended.

A forgery of ``AFTER`` changes a dossier that was issued rightly; one of ``BEFORE`` is that of an issuer, who
signs everything with the right keys and lies in the material or the ledger.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from governance.ledger.canonical import canonical_bytes, digest_of_bytes
from governance.ledger.signing import SigningKey
from tests.audits.verification.building import (
    OWN,
    Files,
    contented,
    dossier,
    issued,
    manifested,
    material,
    proof_file,
    redescribed,
    remade,
)
from tests.audits.verification.ledgers import (
    APPROVAL,
    CHANNEL,
    LEDGER,
    LEFT_OUT,
    MANIFEST,
    RELEASE,
    REQUEST,
    RESULT,
    REVIEW,
    RUN,
    Log,
    approval_statement,
    history,
    note,
    run_statement,
    stated,
)
from tests.governance.ledger.merkle.trees import path, root

Forgery = Callable[[], Files]
RUN_FILE, APPROVAL_FILE = "attestations/run.dsse.json", "attestations/approval.dsse.json"


def with_(name: str, data: bytes | None, mend: Callable[[Files], Files] = manifested) -> Files:
    """A dossier with one file replaced, or removed, and lists made anew."""
    files = dossier()
    files.pop(name, None)
    return mend(files if data is None else {**files, name: data})


def edited(name: str, old: bytes, new: bytes, mend: Callable[[Files], Files] = manifested) -> Files:
    """A dossier with the first place of some bytes in a file replaced."""
    data = dossier()[name]
    assert old in data, f"{name} holds no {old!r}"
    return with_(name, data.replace(old, new, 1), mend)


def as_it_is(files: Files) -> Files:
    """Nothing is mended."""
    return files


def renamed(old: str, new: str) -> Files:
    """A dossier with a file under another name."""
    files = dossier()
    files[new] = files.pop(old)
    return manifested(files)


def described(**changed: Any) -> Files:
    """A dossier with another ``dossier.json``."""
    return redescribed(dossier(), **changed)


def without(*indices: int) -> Files:
    """A dossier without some entries and their proofs."""
    gone = {name for one in indices for name in (f"entries/{one}.json", f"proofs/{one}.tlog-proof")}
    return manifested({name: data for name, data in dossier().items() if name not in gone})


def swapped(one: str, other: str) -> Files:
    """A dossier with two files exchanged."""
    files = dossier()
    files[one], files[other] = files[other], files[one]
    return manifested(files)


def naming(*keys: SigningKey) -> Files:
    """A dossier that names these keys as the log's."""
    files = dossier()
    files["log.vkey"] = "".join(f"{key.vkey}\n" for key in keys).encode()
    files["policy.txt"] = ("".join(f"log {key.vkey}\n" for key in keys) + "quorum none\n").encode()
    return manifested(files)


def resigned(text: str) -> Files:
    """A dossier whose checkpoint says something else, signed by the right key, in every place."""
    files = dossier()
    old, new = files["checkpoint"], note(text, [LEDGER])
    return manifested({name: data.replace(old, new) for name, data in files.items()})


def with_entry_of_another_stream() -> Files:
    """A dossier with an entry more, which is in the tree and which nobody promised."""
    log = history()
    files = remade(log=log)
    index = log.of(CHANNEL)[0]
    files[f"entries/{index}.json"] = log.bodies[index]
    files[f"proofs/{index}.tlog-proof"] = proof_file(index, path(index, log.leaves), log.checkpoint())
    return manifested(files)


def proved_to(size: int) -> Files:
    """A dossier with one proof to the signed checkpoint of a smaller tree."""
    log = history()
    files = remade(log=log)
    proof = proof_file(1, path(1, log.leaves[:size]), log.checkpoint(size))
    return manifested({**files, "proofs/1.tlog-proof": proof})


def hash_flipped() -> Files:
    """A dossier with one letter of a proof's first hash changed."""
    lines = dossier()["proofs/1.tlog-proof"].split(b"\n")
    lines[2] = (b"B" if lines[2][:1] == b"A" else b"A") + lines[2][1:]
    return with_("proofs/1.tlog-proof", b"\n".join(lines))


def logged(stream: str, event: str, **more: Any) -> Files:
    """A dossier by somebody whose ledger holds such an entry too."""
    log = history()
    log.add(stream, event, **more)
    return remade(log=log)


def logged_raw(body: bytes) -> Files:
    """A dossier by somebody whose ledger holds these bytes as the last entry of the release."""
    log = history()
    seq = len(log.of(RELEASE)) + 1
    log.bodies.append(body % seq)
    return remade(log=log)


def stating(name: str, data: bytes) -> Files:
    """A dossier by somebody who puts this statement into it."""
    return remade(lambda _log, content: content.update({name: data}))


def misnamed(named: bytes, data: bytes) -> Files:
    """A dossier by somebody who puts other material under the name of what an entry names."""
    digest = digest_of_bytes(named)
    gone = [{"digest": one, "why": ""} for one in (digest, LEFT_OUT, RESULT, REVIEW)]
    change = {f"blobs/{digest[7:]}": data}
    blobs = {"included": [digest], "left_out": gone}
    return remade(lambda _log, content: content.update(change), blobs=blobs)


def voted(**changed: Any) -> Files:
    """A dossier by somebody whose statement tells something else of the first vote."""
    return remade(lambda log, content: content.update({APPROVAL_FILE: approval_statement(log, **changed)}))


def approving(subject: bytes = MANIFEST, **changed: Any) -> Files:
    """A dossier by somebody whose approval tells something else as a whole."""

    def change(log: Log, content: Files) -> None:
        content[APPROVAL_FILE] = stated(APPROVAL, {**_approval(log), **changed}, subject=subject)

    return remade(change)


def _approval(log: Log) -> dict[str, Any]:
    envelope = json.loads(approval_statement(log))
    predicate: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))["predicate"]
    return predicate


def approving_only(event: str) -> Files:
    """A dossier by somebody whose approval points to entries of this event alone."""
    told = _approval(history())
    return approving(entries=[one for one in told["entries"] if one["type"] == event])


def with_a_vote_unmentioned() -> Files:
    """A dossier by somebody whose approval is silent about a vote against it."""
    log = history()
    statement = approval_statement(log)
    against = {"request": "a", "vote": "vote2", "decision": "reject", "voter": {"id": "x", "username": "x"}}
    log.add(REQUEST, "vote.cast", refs={"review": REVIEW}, after=against)
    return remade(lambda _log, content: content.update({APPROVAL_FILE: statement}), log=log)


def with_votes_kept_back() -> Files:
    """A dossier by somebody who holds the votes back and still says who sat where."""
    told = _approval(history())
    ends = [one for one in told["entries"] if one["type"] == "release.approved"]
    statement = stated(APPROVAL, {**told, "votes": [], "entries": ends})
    return remade(
        lambda _log, content: content.update({APPROVAL_FILE: statement}), streams=streams_but_votes()
    )


def streams_but_votes() -> list[dict[str, Any]]:
    """What ``dossier.json`` says of streams, but for the one with the votes."""
    return [row for row in json.loads(dossier()["dossier.json"])["streams"] if row["stream"] != REQUEST]


def named_run(envelope: bytes) -> Files:
    """A dossier by somebody whose ledger names this envelope as the statement of a run."""
    log = history()
    log.add(RUN, "gate_evaluation.completed", refs={"statement": digest_of_bytes(envelope)})
    return remade(lambda _log, content: content.update({"attestations/second.dsse.json": envelope}), log=log)


def repacked(old: bytes, new: bytes) -> Files:
    """A dossier with a run's statement in other words, under the signature of the old ones."""
    document = json.loads(run_statement())
    payload = base64.b64decode(document["payload"]).replace(old, new)
    return named_run(canonical_bytes({**document, "payload": base64.b64encode(payload).decode()}))


def enveloped(**changed: Any) -> Files:
    """A dossier with a run's envelope, named rightly, that has other parts."""
    return named_run(canonical_bytes({**json.loads(run_statement()), **changed}))


def never_issued() -> Files:
    """A dossier that no entry of its issue stands behind."""
    log = history()
    files = remade(log=log)
    own = {"stream": OWN, "last": 1, "whole": True}
    streams = [one for one in json.loads(files["dossier.json"])["streams"] if one["stream"] != own["stream"]]
    gone = log.of(OWN)[1]
    kept = {name: data for name, data in files.items() if f"/{gone}." not in name}
    return redescribed(contented(kept), streams=sorted([*streams, own], key=lambda one: str(one["stream"])))


def never_asked_for() -> Files:
    """A dossier whose stream begins with something else than the request."""
    log = history()
    log.add(OWN, "dossier.failed")
    return issued(log, material(log))


def issued_twice() -> Files:
    """A dossier with two entries of its issue."""
    log = history()
    log.add(OWN, "dossier.issued", refs={"contents": digest_of_bytes(b"another")})
    streams = json.loads(dossier()["dossier.json"])["streams"]
    return remade(log=log, streams=[{**one, "last": 3} if one["stream"] == OWN else one for one in streams])


def period(first: int, end: int) -> Files:
    """A dossier of a time that ends elsewhere than its entries."""
    return remade(kind="period", range={"first": first, "end": end})


def grown(**replaced: bytes) -> Files:
    """A dossier after one of eight entries, with ``before`` or ``growth``, which show that, replaced."""
    names = {"before": "previous-checkpoint", "growth": "consistency.txt"}
    files = remade(previous=head_of(history(), 8))
    return manifested({**files, **{names[key]: data for key, data in replaced.items()}})


def head_of(log: Log, size: int) -> dict[str, Any]:
    """How ``dossier.json`` names the tree of the dossier before."""
    return {"size": size, "root": base64.b64encode(root(log.leaves[:size])).decode()}


def another_past() -> Log:
    """The same ledger, but with another entry in it."""
    log = history()
    log.bodies[2] = log.bodies[2].replace(b"release.frozen", b"release.melted")
    return log


def rewritten() -> Files:
    """A dossier after one of a tree in which another entry stood; everything is signed."""
    files = remade(previous=head_of(another_past(), 8))
    return manifested({**files, "previous-checkpoint": another_past().checkpoint(8)})
