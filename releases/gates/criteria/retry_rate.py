"""How often the stack asks to try again, per stratum, against a fixed limit: "at most 8 % of genuine
users".
"""

from pydantic import Field

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.rates import judged_against_limit, limit_sentence
from releases.gates.vocabulary.metrics import RETRIES, GateMetric
from releases.gates.vocabulary.outcomes import CriterionOutcome
from releases.gates.vocabulary.pins import Reason
from releases.gates.vocabulary.specs import ClassName, CountedSpec


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
    return limit_sentence(spec, spec.limit, spec.limit_reason)


def evaluate(context: Context, spec: RetryRateSpec) -> CriterionOutcome:
    """Worst of all strata on all test datasets."""
    return judged_against_limit(context, spec, spec.limit)


KIND = CriterionKind(
    key="retry_rate",
    title="How often users are asked to try again",
    spec=RetryRateSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)
