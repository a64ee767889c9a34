"""A reviewer has looked, and says whether what was seen is acceptable: calibration, or the top failures.

It counts for the frozen revision alone that it was made about. None yet, or one that is too old, is
inconclusive; it never holds by default.
"""

from typing import Literal

from pydantic import Field

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.lines import concluded
from releases.gates.vocabulary.inputs import AttestationInput
from releases.gates.vocabulary.outcomes import CriterionOutcome, ReasonCode, StratumOutcome
from releases.gates.vocabulary.specs import Spec
from releases.statistics.decisions import Verdict

NAMES = {
    "calibration_review": ("a", "calibration review"),
    "error_analysis": ("an", "error analysis of the top failures"),
}


class AttestationSpec(Spec):
    """Which attestation is wanted, and how old it may be when the evaluation is requested."""

    attestation: Literal["calibration_review", "error_analysis"]
    max_age_days: float | None = Field(default=None, gt=0)


def sentence(spec: AttestationSpec) -> str:
    """The criterion in plain words."""
    age = f", at most {spec.max_age_days:g} days old" if spec.max_age_days else ""
    title = _title(spec)
    return f"{title} of this very revision, by a reviewer who did not contribute, accepts it{age}."


def evaluate(context: Context, spec: AttestationSpec) -> CriterionOutcome:
    """Pass if it accepts, fail if it does not, inconclusive while there is none that counts."""
    found = [one for one in context.inputs.attestations if one.kind == spec.attestation]
    return concluded([_line(spec, found[-1] if found else None)])


def _line(spec: AttestationSpec, found: AttestationInput | None) -> StratumOutcome:
    title, wanted = _title(spec), f"needs {' '.join(NAMES[spec.attestation])} by a reviewer"
    if found is None:
        return _open(spec, ReasonCode.NO_DATA, f"{title} is missing", wanted)
    if spec.max_age_days is not None and found.age_days > spec.max_age_days:
        old = f"{title} is older than {spec.max_age_days:g} days"
        return _open(spec, ReasonCode.STALE_EVIDENCE, old, f"{wanted}, made anew")
    check: dict[str, str] = {"check": spec.attestation}
    if found.acceptable:
        said = f"{title} accepts what it saw."
        return StratumOutcome(check, title, Verdict.PASS, ReasonCode.MEETS, said)
    said = f"{title} does not accept what it saw."
    wanted = "needs a revision that the reviewer accepts"
    return StratumOutcome(check, title, Verdict.FAIL, ReasonCode.VIOLATES, said, wanted)


def _open(spec: AttestationSpec, reason: ReasonCode, said: str, wanted: str) -> StratumOutcome:
    check: dict[str, str] = {"check": spec.attestation}
    sentence = f"{said}; {wanted}."
    return StratumOutcome(check, _title(spec), Verdict.INCONCLUSIVE, reason, sentence, wanted)


def _title(spec: AttestationSpec) -> str:
    return f"The {NAMES[spec.attestation][1]}"


KIND = CriterionKind(
    key="attestation",
    title="A reviewer has looked and accepts it",
    spec=AttestationSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset({"attestations"}),
)
