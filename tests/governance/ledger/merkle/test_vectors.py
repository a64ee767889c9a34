"""Proofs, roots and checkpoints that others published (``tests/data/ledger``), letter by letter (L1)."""

import base64
import json
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.ledger.checkpoints import TreeHead, open_checkpoint
from governance.ledger.merkle.checking import ProofFails, check_consistency, check_inclusion
from governance.ledger.merkle.hashing import EMPTY_ROOT, leaf_hash, root_of
from governance.ledger.merkle.proofs import consistency_plan, inclusion_plan
from governance.ledger.notes import verifier_key
from governance.ledger.signing import SigningKey
from tests.governance.ledger.merkle.test_hashing import LEAVES
from tests.governance.ledger.merkle.trees import proof_of
from tests.servers import ROOT

DATA = ROOT / "tests" / "data" / "ledger"
PUBLISHED: dict[str, Any] = json.loads((DATA / "merkle.json").read_text())
LOG: dict[str, Any] = json.loads((DATA / "tessera.json").read_text())
BYTES = {name: base64.b64decode(text) for name, text in PUBLISHED["bytes"].items()}
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
LOGGED = [leaf_hash(leaf.encode()) for leaf in LOG["leaves"]]


@dataclass(frozen=True)
class Case:
    """A published proof: two numbers, two hashes, the steps, and whether it is to hold."""

    name: str
    first: int
    second: int
    one: bytes
    other: bytes
    steps: tuple[bytes, ...]
    is_to_hold: bool


def published(kind: str) -> list[Case]:
    return [
        Case(name, first, second, BYTES[one], BYTES[other], tuple(BYTES[step] for step in steps), holds)
        for name, first, second, one, other, steps, holds in PUBLISHED[kind]
    ]


INCLUSION, CONSISTENCY = published("inclusion"), published("consistency")
NO_ROOTS = {
    "additional/sizes are equal (one) and proof is empty",
    "additional/sizes are equal (zero) and proof is empty",
}
"""Published as good, with a few words in the place of both roots: here a root is 32 bytes."""


def is_included(case: Case) -> bool:
    try:
        check_inclusion(case.first, case.second, case.other, case.steps, case.one)
    except ProofFails:
        return False
    return True


def is_consistent(case: Case) -> bool:
    try:
        check_consistency(case.first, case.second, case.steps, case.one, case.other)
    except ProofFails:
        return False
    return True


def test_published_inclusion_proofs_hold_or_fail_as_published() -> None:
    found = {case.name: is_included(case) for case in INCLUSION}

    assert len(found) == 98
    assert found == {case.name: case.is_to_hold for case in INCLUSION}


def test_published_consistency_proofs_hold_or_fail_as_published() -> None:
    found = {case.name: is_consistent(case) for case in CONSISTENCY}

    assert len(found) == 98
    assert found == {case.name: case.is_to_hold and case.name not in NO_ROOTS for case in CONSISTENCY}


def test_what_was_published_with_words_for_roots_holds_with_roots() -> None:
    wordy = [case for case in CONSISTENCY if case.name in NO_ROOTS]

    assert [case.is_to_hold for case in wordy] == [True, True]
    assert all(is_consistent(replace(case, one=EMPTY_ROOT, other=EMPTY_ROOT)) for case in wordy)


def test_our_inclusion_proofs_are_the_published_ones() -> None:
    good = [case for case in INCLUSION if case.name.endswith("/happy path")]

    found = [proof_of(inclusion_plan(case.first, case.second), HASHES[: case.second]) for case in good]

    assert found == [list(case.steps) for case in good]
    assert [case.one for case in good] == [root_of(HASHES[: case.second]) for case in good]
    assert [case.other for case in good] == [HASHES[case.first] for case in good]


def test_our_consistency_proofs_are_the_published_ones() -> None:
    good = [case for case in CONSISTENCY if case.name.endswith("/happy path")]

    found = [proof_of(consistency_plan(case.first, case.second), HASHES[: case.second]) for case in good]

    assert found == [list(case.steps) for case in good]
    assert [(case.one, case.other) for case in good] == [
        (root_of(HASHES[: case.first]), root_of(HASHES[: case.second])) for case in good
    ]


def test_checkpoints_of_a_published_log_are_signed_to_the_letter() -> None:
    name, _, seed = LOG["signing_key"].removeprefix("PRIVATE+KEY+").split("+", 2)
    key = SigningKey(name, Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed)[1:]))

    notes = [TreeHead(name, size, root_of(LOGGED[:size])).signed([key]) for size in range(len(LOGGED) + 1)]

    assert key.vkey == LOG["verifier_key"]
    assert notes == LOG["checkpoints"]


def test_every_two_checkpoints_of_a_published_log_are_of_one_history() -> None:
    key = verifier_key(LOG["verifier_key"])
    heads = [open_checkpoint(note, key.name, [key]) for note in LOG["checkpoints"]]
    pairs = list(combinations_with_replacement(heads, 2))

    shown = [
        is_consistent(Case("", old.size, new.size, old.root, new.root, tuple(steps), is_to_hold=True))
        for old, new in pairs
        for steps in [proof_of(consistency_plan(old.size, new.size), LOGGED[: new.size])]
    ]

    assert shown == [True] * (16 * 17 // 2)
