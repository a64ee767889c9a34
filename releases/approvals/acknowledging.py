"""What an approving voter must acknowledge: doubts about the evaluation that do not stop an approval.

Each has a code and a sentence. The vote stores both, as the voter had them before them; what an evaluation
shows beside these is for information only. A reject or a request for changes acknowledges nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from governance.errors import FieldError, GovernanceError, invalid
from releases.approvals.models import ApprovalRequest, VoteDecision
from releases.gates.documents import regressions
from releases.gates.models import GateEvaluation, Verdict
from releases.gates.overrides.standing import by_whom, said_at

FIELD = "acknowledge"


@dataclass(frozen=True)
class Doubt:
    """A reason to hesitate, by its code, in a sentence."""

    code: str
    sentence: str

    def document(self) -> dict[str, str]:
        """As it is stored with the vote."""
        return {"code": self.code, "sentence": self.sentence}


class NotAcknowledged(GovernanceError):
    """An approval leaves a doubt of the evaluation unanswered."""

    code = "not_acknowledged"
    status = 400
    title = "Something must be acknowledged"


def doubts_to_acknowledge(request: ApprovalRequest) -> tuple[Doubt, ...]:
    """What an approval of the request acknowledges, the gravest first."""
    found = [*_override(request), *_registration(request.evaluation), *_regressions(request.evaluation)]
    return tuple(Doubt(code, sentence) for code, sentence in found)


def _override(request: ApprovalRequest) -> list[tuple[str, str]]:
    override = request.override
    if override is None:
        return []
    verdict = "failed" if override.verdict == Verdict.FAIL else "is inconclusive"
    who, until = by_whom(override), said_at(override.expires_at)
    criteria = ", ".join(override.criteria)
    haste = " because of an active attack" if override.expedite else ""
    return [
        (
            "override",
            f"The gate {verdict} and is overridden by {who}{haste} until {until}, for {criteria}. The reason "
            f"given: {override.reason}",
        )
    ]


def _registration(evaluation: GateEvaluation) -> list[tuple[str, str]]:
    if evaluation.preregistered is not False:
        return []
    return [
        (
            "not_preregistered",
            "The policy was locked after these scores were registered, so its limits could be chosen to fit.",
        )
    ]


def _regressions(evaluation: GateEvaluation) -> list[tuple[str, str]]:
    """Lines that pass within their margin and are clearly worse than the baseline all the same."""
    criteria = evaluation.result.get("criteria", [])
    lines = [line for line in regressions(criteria) if line["verdict"] == Verdict.PASS]
    if not lines:
        return []
    names = ", ".join(dict.fromkeys(str(line["title"]) for line in lines))
    return [("regression_detected", f"Within their margin, yet clearly worse than the baseline: {names}.")]


def acknowledged(request: ApprovalRequest, decision: str, codes: Sequence[str]) -> list[dict[str, str]]:
    """What the vote acknowledges, as it is stored.

    Raises:
        NotAcknowledged: an approval leaves some of it out; naming the codes and the field.
        InvalidInput: a code that is no doubt about this request.
    """
    due = {doubt.code: doubt for doubt in doubts_to_acknowledge(request)}
    unknown = sorted(set(codes) - due.keys())
    if unknown:
        known = f"these do: {', '.join(due)}" if due else "nothing does"
        raise invalid(FIELD, f"{', '.join(unknown)} stand in doubt nowhere in this request; {known}.")
    missing = [doubt for code, doubt in due.items() if code not in codes]
    if missing and decision == VoteDecision.APPROVE:
        names = ", ".join(doubt.code for doubt in missing)
        raise NotAcknowledged(
            f"{FIELD}: an approval must acknowledge {names}. "
            + " ".join(doubt.sentence for doubt in missing),
            next_step=f"Repeat the vote with {FIELD} holding {names}, if you approve in spite of it.",
            field_errors=tuple(FieldError(FIELD, f"{one.code}: {one.sentence}") for one in missing),
        )
    return [due[code].document() for code in due if code in codes]
