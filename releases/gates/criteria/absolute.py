"""A rate of the candidate, per stratum, against a fixed limit: "at most 45 % of print attacks accepted"."""

from pydantic import Field

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.rates import judged_against_limit, limit_sentence
from releases.gates.vocabulary.outcomes import CriterionOutcome
from releases.gates.vocabulary.pins import Reason
from releases.gates.vocabulary.specs import MeasuredSpec


class AbsoluteSpec(MeasuredSpec):
    """``limit`` is a share; ``limit_reason`` says where it comes from."""

    limit: float = Field(gt=0, lt=1)
    limit_reason: Reason | None = None


def sentence(spec: AbsoluteSpec) -> str:
    """The criterion in plain words."""
    return limit_sentence(spec, spec.limit, spec.limit_reason)


def evaluate(context: Context, spec: AbsoluteSpec) -> CriterionOutcome:
    """Worst of all strata on all test datasets."""
    return judged_against_limit(context, spec, spec.limit)


KIND = CriterionKind(
    key="absolute",
    title="Rate against a fixed limit",
    spec=AbsoluteSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)
