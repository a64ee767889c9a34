"""How often the stack asks to try again, per stratum, against a fixed limit: "at most 8 % of genuine
users".
"""

from pydantic import Field

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.rates import Asked, judged_rates
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.metrics import RETRIES, GateMetric
from releases.gates.vocabulary.outcomes import CriterionOutcome, Evidence
from releases.gates.vocabulary.pins import Reason
from releases.gates.vocabulary.specs import ClassName, CountedSpec
from releases.statistics.decisions import Decision, decide_rate


class RetryRateSpec(CountedSpec):
    """``limit`` is a share of the presentations of one class; ``limit_reason`` says where it comes from."""

    population: ClassName = "bona_fide"
    limit: float = Field(gt=0, le=0.5)
    limit_reason: Reason | None = None

    @property
    def gate_metric(self) -> GateMetric:
        return RETRIES[self.population]


def sentence(spec: RetryRateSpec) -> str:
    """The criterion in plain words."""
    metric, titles = spec.gate_metric, wording.listed(list(spec.strata.titles().values()))
    return (
        f"{metric.abbreviation}, {metric.words}, of {titles}: the upper bound is at most "
        f"{wording.limit_percent(spec.limit)}{wording.because(spec.limit_reason)}."
    )


def evaluate(context: Context, spec: RetryRateSpec) -> CriterionOutcome:
    """Worst of all strata on all test datasets."""

    def say(title: str, evidence: Evidence, decision: Decision) -> str:
        return wording.rate_sentence(spec.gate_metric, title, evidence, decision)

    asked = Asked(spec.limit, lambda result: decide_rate(result, spec.limit, spec.minima), say)
    return judged_rates(context, spec, asked)


KIND = CriterionKind(
    key="retry_rate",
    title="How often users are asked to try again",
    spec=RetryRateSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)
