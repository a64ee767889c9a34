"""From a policy's criteria and frozen inputs to the result of an evaluation: no database, no clock, no actor.

The same inputs give the same result, byte for byte, and so the same result digest, whether a criterion was
computed now or was kept from an earlier run. Each criterion is a step of its own: a run that is stopped goes
on with the first criterion that is not kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from governance.ledger.canonical import canonical_bytes, digest_of_bytes, plain
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.runs.criterion_inputs import key_of, seen_by
from releases.gates.runs.kept import Kept, NothingKept
from releases.gates.vocabulary.outcomes import CriterionOutcome, ReasonCode, gate_verdict
from releases.scores.refusals import CountingRefused
from releases.statistics.decisions import Verdict

Progress = Callable[[int, int, str], None]
Judged = dict[str, Any]


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
    policy: PolicyHead | None,
    criteria: Sequence[Criterion],
    context: Context,
    progress: Progress,
    kept: Kept | None = None,
) -> Result:
    """Judge every criterion and the gate.

    Without a policy that was locked when the revision was frozen nothing is judged: inconclusive.
    """
    if policy is None:
        return _result(None, context, [], Verdict.INCONCLUSIVE, _no_policy())
    judged = _all_judged(criteria, context, progress, kept or NothingKept())
    decisive = [one for one in judged if _is_decisive(one)]
    verdict = gate_verdict([Verdict(one["verdict"]) for one in decisive])
    return _result(policy, context, judged, verdict, _gate_reason(decisive, verdict))


def _all_judged(
    criteria: Sequence[Criterion], context: Context, progress: Progress, kept: Kept
) -> list[Judged]:
    """Their documents in the policy's order, judged in one that holds no two scans of the same captures:
    first the candidate by itself, then against another stack.
    """
    found: dict[str, Judged] = {}
    for number, criterion in enumerate(sorted(criteria, key=lambda one: one.kind.compares)):
        progress(number, len(criteria), criterion.title)
        found[criterion.key] = _judged(criterion, context, kept)
    return [found[criterion.key] for criterion in criteria]


def _judged(criterion: Criterion, context: Context, kept: Kept) -> Judged:
    """The criterion's document, from what was kept or computed on its view of the inputs."""
    view = seen_by(criterion, context.inputs)
    key = key_of(criterion, view)
    found = kept.found(key)
    if found is not None:
        return found
    outcome = _outcome(criterion, replace(context, inputs=view))
    document: Judged = plain(_document(criterion, outcome))  # type: ignore[assignment]  # an object stays one
    # An error may be of the moment: the next run tries again.
    if outcome.reason_code is not ReasonCode.EVALUATION_ERROR:
        kept.keep(key, document)
    return document


def _outcome(criterion: Criterion, context: Context) -> CriterionOutcome:
    try:
        return criterion.judged(context)
    except CountingRefused as error:
        return CriterionOutcome(
            Verdict.INCONCLUSIVE, ReasonCode.EVALUATION_ERROR, f"{error.message} {error.next_step}".strip()
        )


def _is_decisive(judged: Judged) -> bool:
    return bool(judged["severity"] == "blocking" and judged["mode"] == "enforce" and judged["counted"])


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


def _gate_reason(decisive: Sequence[Judged], verdict: Verdict) -> dict[str, str]:
    if not decisive:
        sentence = "Inconclusive: no enforced blocking criterion was evaluated."
        return {"reason_code": ReasonCode.NO_DATA, "sentence": sentence}
    worst = [one for one in decisive if one["verdict"] == verdict]
    if verdict is Verdict.PASS:
        sentence = f"Pass: all {len(decisive)} blocking criteria hold."
    else:
        said = " ".join(f"{one['title']}: {one['sentence']}" for one in worst)
        sentence = f"{verdict.value.capitalize()}: {len(worst)} of {len(decisive)} blocking criteria. {said}"
    return {"reason_code": worst[0]["reason_code"], "sentence": sentence}


def _result(
    policy: PolicyHead | None,
    context: Context,
    criteria: list[Judged],
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
