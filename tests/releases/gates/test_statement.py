"""The signed statement of a run: what it states, that others can check it, and runs without a key."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings

from governance.ledger.canonical import digest_of_bytes
from governance.ledger.models import Blob
from governance.ledger.queries import entry_of
from governance.ledger.signing import generate_key_file, read_key_file
from releases.gates.models import GateEvaluation
from releases.gates.runs.statement import statement_of
from tests.factories.gates import Gate
from tests.factories.http import with_token
from tests.governance.ledger.ed25519 import opened

GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}
UNCLEAR = {"print": 2, "mask": 9, "1": 2, "6": 2}
BAD = {"print": 2, "mask": 30, "1": 2, "6": 30}


@pytest.fixture
def vkey(tmp_path: Path, settings: Settings) -> str:
    """The verifier key of an installation that signs."""
    path = tmp_path / "keys"
    path.write_text(generate_key_file("example.org/countersign"))
    path.chmod(0o600)
    settings.SIGNING_KEY_FILE = path
    return read_key_file(path)[0].vkey


def evaluated(small: Gate, errors: dict[str, int]) -> GateEvaluation:
    revision = small.candidate("second")
    small.scored(revision, errors)
    return small.evaluated(revision)


def envelope_of(small: Gate, evaluation: GateEvaluation) -> Any:
    address = reverse("gate-evaluation-statement", args=[evaluation.id])
    return with_token(small.cast.auditor).get(address)


def test_a_completed_run_is_signed_for_whoever_holds_the_verifier_key(small: Gate, vkey: str) -> None:
    evaluation = evaluated(small, GOOD)

    answer = envelope_of(small, evaluation)
    statement = opened(answer.content, vkey)

    revision, policy = evaluation.revision, evaluation.policy
    assert policy is not None
    assert answer.status_code == 200
    assert digest_of_bytes(answer.content) == evaluation.statement_digest
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert [f"sha256:{one['digest']['sha256']}" for one in statement["subject"]] == [
        revision.manifest_digest,
        revision.stack_digest,
    ]
    predicate = statement["predicate"]
    assert predicate["result"] == "PASSED"
    assert predicate["failedTests"] == predicate["warnedTests"] == []
    assert predicate["passedTests"] == sorted(one["key"] for one in evaluation.result["criteria"])
    assert predicate["configuration"][0]["digest"] == {"sha256": policy.digest.removeprefix("sha256:")}
    assert predicate["configuration"][0]["uri"].endswith(f"/api/v1/gate-policies/{policy.id}/")
    assert predicate["countersign"]["resultDigest"]["sha256"] in evaluation.result_digest


def test_the_entry_of_completion_names_the_statement(small: Gate, vkey: str) -> None:
    evaluation = evaluated(small, GOOD)

    entry = entry_of(evaluation.stream(), "gate_evaluation.completed")

    assert entry is not None
    assert entry.document["refs"]["statement"] == evaluation.statement_digest
    assert Blob.objects.filter(digest=evaluation.statement_digest).exists()


@pytest.mark.parametrize(
    ("errors", "verdict", "undecided"),
    [(BAD, "fail", False), (UNCLEAR, "inconclusive", True)],
    ids=["fail", "inconclusive"],
)
def test_what_did_not_pass_is_failed_for_whoever_only_knows_the_predicate(
    small: Gate, vkey: str, errors: dict[str, int], verdict: str, undecided: bool
) -> None:
    evaluation = evaluated(small, errors)

    predicate = opened(envelope_of(small, evaluation).content, vkey)["predicate"]

    not_passed = {one["key"] for one in evaluation.result["criteria"] if one["verdict"] != "pass"}
    assert evaluation.verdict == verdict
    assert predicate["result"] == "FAILED"
    assert set(predicate["failedTests"]) == not_passed
    assert predicate["countersign"]["verdict"] == verdict
    assert bool(predicate["countersign"]["inconclusiveTests"]) is undecided


def criterion(key: str, **changes: Any) -> dict[str, Any]:
    plain = {"key": key, "severity": "blocking", "mode": "enforce", "counted": True, "verdict": "pass"}
    return {**plain, "strata": [], **changes}


def test_a_pass_with_a_regression_or_a_shown_line_that_does_not_hold_is_warned(small: Gate) -> None:
    evaluation = evaluated(small, GOOD)
    evaluation.result["criteria"] = [
        criterion("worse", strata=[{"regression_detected": True}]),
        criterion("shown", severity="advisory", verdict="fail"),
        criterion("plain"),
    ]

    predicate = statement_of(evaluation)["predicate"]

    assert predicate["result"] == "WARNED"
    assert predicate["warnedTests"] == ["shown", "worse"]
    assert (predicate["passedTests"], predicate["failedTests"]) == (["plain"], [])


def test_without_a_key_a_run_completes_unsigned_and_says_so(
    small: Gate, tmp_path: Path, settings: Settings
) -> None:
    settings.SIGNING_KEY_FILE = tmp_path / "nowhere"
    evaluation = evaluated(small, GOOD)

    answer = envelope_of(small, evaluation)
    read = with_token(small.cast.auditor).get(reverse("gate-evaluation-detail", args=[evaluation.id]))

    assert (evaluation.verdict, evaluation.statement_digest) == ("pass", "")
    assert (answer.status_code, answer.json()["code"]) == (404, "run_unsigned")
    assert "unsigned" in answer.json()["detail"]
    assert (read.json()["signed"], read.json()["statement_digest"]) == (False, None)


def test_the_verifier_key_is_read_where_signatures_are_read(small: Gate, vkey: str) -> None:
    answer = with_token(small.cast.auditor).get("/api/v1/ledger/key")
    stranger = with_token(small.cast.stranger).get("/api/v1/ledger/key")

    assert answer.json() == stranger.json()
    statements, ledger = answer.json()["keys"]
    assert (statements["purpose"], statements["name"]) == ("statements", vkey.partition("+")[0])
    assert (statements["vkey"], statements["state"]) == (vkey, "signs")
    assert ledger["purpose"] == "ledger"
    assert "PRIVATE" not in answer.content.decode()


def test_a_statement_outside_the_readers_reach_is_not_found(small: Gate, vkey: str) -> None:
    evaluation = evaluated(small, GOOD)
    address = reverse("gate-evaluation-statement", args=[evaluation.id])

    assert with_token(small.cast.stranger).get(address).status_code == 404
