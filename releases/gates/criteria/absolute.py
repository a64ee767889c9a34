"""A rate of the candidate, per stratum, against a fixed limit: "at most 45 % of print attacks accepted"."""

from pydantic import Field

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.rates import Asked, judged_rates
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.outcomes import CriterionOutcome, Evidence
from releases.gates.vocabulary.pins import Reason
from releases.gates.vocabulary.specs import MeasuredSpec
from releases.statistics.decisions import Decision, decide_rate


class AbsoluteSpec(MeasuredSpec):
    """``limit`` is a share; ``limit_reason`` says where it comes from."""

    limit: float = Field(gt=0, lt=1)
    limit_reason: Reason | None = None


def sentence(spec: AbsoluteSpec) -> str:
    """The criterion in plain words."""
    metric, titles = spec.gate_metric, wording.listed(list(spec.strata.titles().values()))
    return (
        f"{metric.abbreviation}, {metric.words}, of {titles}: the upper bound is at most "
        f"{wording.limit_percent(spec.limit)}{wording.because(spec.limit_reason)}."
    )


def evaluate(context: Context, spec: AbsoluteSpec) -> CriterionOutcome:
    """Worst of all strata on all test datasets."""

    def say(title: str, evidence: Evidence, decision: Decision) -> str:
        return wording.rate_sentence(spec.gate_metric, title, evidence, decision)

    asked = Asked(spec.limit, lambda result: decide_rate(result, spec.limit, spec.minima), say)
    return judged_rates(context, spec, asked)


KIND = CriterionKind(
    key="absolute",
    title="Rate against a fixed limit",
    spec=AbsoluteSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)
