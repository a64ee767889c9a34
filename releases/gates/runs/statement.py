"""The signed statement of a completed run: in-toto Statement v1 with the test-result predicate, in DSSE.

Who holds it knows, without asking us, which release was judged by which policy and how it ended.

* The subjects are the manifest and the stack of the frozen revision, by digest.
* ``result`` is PASSED for a pass, WARNED for a pass with something in ``warnedTests``, FAILED for everything
  else. WARNED means "passed, with warnings" in the predicate; an inconclusive gate has not passed and blocks
  like a failed one, so it is FAILED, and its undecided criteria stand in ``failedTests``: whoever only asks
  for "no failed test" must not let it through. The three-valued verdict itself stands in ``countersign``,
  which consumers that do not know it ignore, as in-toto's parsing rules ask.
* ``warnedTests`` are criteria that hold with a regression that a person must acknowledge, and those that the
  policy only shows and that do not hold.

https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

from typing import Any

from django.conf import settings
from django.urls import reverse

from governance.errors import GovernanceError
from governance.ledger.canonical import canonical_bytes
from governance.ledger.envelopes import signed_envelope
from governance.ledger.keys import signing_key
from governance.ledger.queries import blob_bytes
from governance.ledger.signing import STATEMENTS
from releases.gates.models import EvaluationStatus, GateEvaluation, Verdict

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
PASSED, WARNED, FAILED = "passedTests", "warnedTests", "failedTests"


class RunUnsigned(GovernanceError):
    """There is no statement: the run has not completed, or no key was there when it did."""

    code = "run_unsigned"
    status = 404
    title = "No signed statement"
    next_step = (
        "If the run has completed, set up a signing key (manage.py check says how) and evaluate again."
    )


def signed_statement(evaluation: GateEvaluation) -> bytes | None:
    """The envelope of a run that has its result; None where the installation has no key for statements."""
    key = signing_key(STATEMENTS)
    if key is None:
        return None
    return signed_envelope(canonical_bytes(statement_of(evaluation)), PAYLOAD_TYPE, key)


def stored_statement(evaluation: GateEvaluation) -> bytes:
    """The envelope as it was signed when the run completed.

    Raises:
        RunUnsigned: the run has none.
    """
    if not evaluation.statement_digest:
        state = "has not completed" if evaluation.status != EvaluationStatus.COMPLETED else "is unsigned"
        raise RunUnsigned(f"The run {evaluation.id} {state}.")
    return blob_bytes(evaluation.statement_digest)


def statement_of(evaluation: GateEvaluation) -> dict[str, Any]:
    """The statement; equal for equal runs, whenever it is asked for."""
    revision, release, inputs = evaluation.revision, evaluation.release, evaluation.inputs
    name = f"{release.system.slug}/{release.name}/{revision.number}"
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": f"{name}/manifest", "digest": _digest(inputs["manifest_digest"])},
            {"name": f"{name}/stack", "digest": _digest(inputs["stack_digest"])},
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": _predicate(evaluation),
    }


def _predicate(evaluation: GateEvaluation) -> dict[str, Any]:
    criteria = evaluation.result["criteria"]
    sorted_in = {one["key"]: _list_of(one) for one in criteria}
    lists = {
        name: sorted(key for key, found in sorted_in.items() if found == name)
        for name in (PASSED, WARNED, FAILED)
    }
    passes = "WARNED" if lists[WARNED] else "PASSED"
    return {
        "result": passes if evaluation.verdict == Verdict.PASS else "FAILED",
        "configuration": _configuration(evaluation),
        "url": _url("gate-evaluation-detail", evaluation.id),
        **lists,
        "countersign": {
            "verdict": evaluation.verdict,
            "reasonCode": evaluation.result["reason_code"],
            "inconclusiveTests": sorted(
                one["key"] for one in criteria if one["verdict"] == Verdict.INCONCLUSIVE
            ),
            "preregistered": evaluation.preregistered,
            "resultDigest": _digest(evaluation.result_digest),
            "endedAt": evaluation.ended_at,
        },
    }


def _list_of(criterion: dict[str, Any]) -> str:
    decides = criterion["severity"] == "blocking" and criterion["mode"] == "enforce" and criterion["counted"]
    if criterion["verdict"] != Verdict.PASS:
        return FAILED if decides else WARNED
    worse = any(line.get("regression_detected") for line in criterion["strata"])
    return WARNED if worse and decides else PASSED


def _configuration(evaluation: GateEvaluation) -> list[dict[str, Any]]:
    """The policy by digest; empty where none was locked, which never passes."""
    policy = evaluation.policy
    if policy is None:
        return []
    uri = _url("gate-policy-detail", policy.id)
    return [{"name": str(policy), "uri": uri, "digest": _digest(policy.digest)}]


def _digest(digest: str) -> dict[str, str]:
    algorithm, _, value = digest.partition(":")
    return {algorithm: value}


def _url(view: str, pk: object) -> str:
    return f"{settings.BASE_URL}{reverse(view, args=[pk])}"
