"""From a policy's criteria and frozen inputs to the result of an evaluation: no database, no clock, no actor.

The same inputs give the same result, byte for byte, and so the same result digest.
"""

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from governance.ledger.canonical import canonical_bytes, digest_of_bytes, plain
from releases.gates.context import Context
from releases.gates.criterion import Criterion
from releases.gates.outcomes import CriterionOutcome, ReasonCode, gate_verdict
from releases.scores.refusals import CountingRefused
from releases.statistics.decisions import Verdict

Progress = Callable[[int, int, str], None]

LIBRARIES = ("numpy", "polars", "scipy")


@dataclass(frozen=True)
class PolicyHead:
    """Which policy judged; ``digest`` is that of its locked content."""

    id: str
    name: str
    version: int
    digest: str


@dataclass(frozen=True)
class Result:
    """A verdict with everything it rests on. ``body`` is what the digest is of."""

    verdict: Verdict
    document: dict[str, Any]
    body: bytes

    @property
    def digest(self) -> str:
        return digest_of_bytes(self.body)


def compute(
    policy: PolicyHead | None, criteria: Sequence[Criterion], context: Context, progress: Progress
) -> Result:
    """Judge every criterion and the gate.

    Without a policy that was locked when the revision was frozen nothing is judged: inconclusive.
    """
    if policy is None:
        return _result(None, context, [], Verdict.INCONCLUSIVE, _no_policy())
    judged = []
    for number, criterion in enumerate(criteria):
        progress(number, len(criteria), criterion.title)
        judged.append((criterion, _judged(criterion, context)))
    decisive = [outcome.verdict for criterion, outcome in judged if criterion.decides and outcome.counted]
    verdict = gate_verdict(decisive)
    documents = [_document(criterion, outcome) for criterion, outcome in judged]
    return _result(policy, context, documents, verdict, _gate_reason(judged, verdict))


def environment() -> dict[str, str]:
    """Versions of what computed the result; kept beside it, outside its digest."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _judged(criterion: Criterion, context: Context) -> CriterionOutcome:
    try:
        return criterion.judged(context)
    except CountingRefused as error:
        return CriterionOutcome(
            Verdict.INCONCLUSIVE, ReasonCode.EVALUATION_ERROR, f"{error.message} {error.next_step}".strip()
        )


def _document(criterion: Criterion, outcome: CriterionOutcome) -> dict[str, Any]:
    return {
        "key": criterion.key,
        "version": criterion.version,
        "digest": criterion.digest,
        "kind": criterion.kind.key,
        "title": criterion.title,
        "severity": criterion.severity,
        "mode": criterion.mode,
        "spec": criterion.spec_document(),
        "asks": criterion.sentence(),
        "verdict": outcome.verdict,
        "reason_code": outcome.reason_code,
        "sentence": outcome.sentence,
        "counted": outcome.counted,
        "notes": outcome.notes,
        "strata": [line.document() for line in outcome.strata],
    }


def _no_policy() -> dict[str, str]:
    return {
        "reason_code": ReasonCode.POLICY_NOT_LOCKED,
        "sentence": "Inconclusive: no gate policy was locked when the revision was frozen. Lock one, then "
        "freeze a new revision.",
    }


def _gate_reason(judged: Sequence[tuple[Criterion, CriterionOutcome]], verdict: Verdict) -> dict[str, str]:
    decisive = [(one, outcome) for one, outcome in judged if one.decides and outcome.counted]
    if not decisive:
        sentence = "Inconclusive: no enforced blocking criterion was evaluated."
        return {"reason_code": ReasonCode.NO_DATA, "sentence": sentence}
    worst = [(one, outcome) for one, outcome in decisive if outcome.verdict is verdict]
    if verdict is Verdict.PASS:
        sentence = f"Pass: all {len(decisive)} blocking criteria hold."
    else:
        said = " ".join(f"{one.title}: {outcome.sentence}" for one, outcome in worst)
        sentence = f"{verdict.value.capitalize()}: {len(worst)} of {len(decisive)} blocking criteria. {said}"
    return {"reason_code": worst[0][1].reason_code, "sentence": sentence}


def _result(
    policy: PolicyHead | None,
    context: Context,
    criteria: list[dict[str, Any]],
    verdict: Verdict,
    reason: dict[str, str],
) -> Result:
    document: Any = plain(
        {
            "schema": "countersign.gate-result.v1",
            "policy": policy,
            "inputs": context.inputs.identity(),
            "earlier_runs": context.earlier_runs,
            "criteria": criteria,
            "verdict": verdict,
            **reason,
        }
    )
    return Result(verdict, document, canonical_bytes(document))
