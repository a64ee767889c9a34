"""How often the candidate decides a presentation differently from a baseline, either way, against a limit.

Error rates can stay where they are while many decisions are exchanged; users notice that. Paired by
presentation: without the same captures there is nothing to compare.
"""

from pydantic import Field

from releases.gates.judging.baselines import ComparedSpec, Comparison, against_each_baseline
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.evidence import disagreement_evidence
from releases.gates.judging.lines import Judged, as_lines, population_of
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.metrics import DISAGREEMENTS, Measure
from releases.gates.vocabulary.outcomes import CriterionOutcome, Evidence, StratumOutcome
from releases.gates.vocabulary.pins import Reason
from releases.gates.vocabulary.specs import ClassName
from releases.scores.comparing import DisagreementStratum, count_disagreements
from releases.statistics.decisions import Decision, decide_rate
from releases.statistics.rates import bound_rate


class DisagreementSpec(ComparedSpec):
    """``limit`` is a share of the presentations that both decided; ``limit_reason`` says why so much."""

    population: ClassName = "bona_fide"
    limit: float = Field(gt=0, le=0.5)
    limit_reason: Reason

    @property
    def gate_metric(self) -> Measure:
        return DISAGREEMENTS[self.population]


def sentence(spec: DisagreementSpec) -> str:
    """The criterion in plain words."""
    metric = spec.gate_metric
    return (
        f"{metric.abbreviation}, {metric.words} from {spec.baseline.words()}, of {spec.of_whom()}: on the "
        f"same captures the upper bound is at most {wording.limit_percent(spec.limit)}"
        f"{wording.because(spec.limit_reason)}."
    )


def evaluate(context: Context, spec: DisagreementSpec) -> CriterionOutcome:
    """Worst of all strata against every distinct baseline on all test datasets."""

    def lines(pair: Comparison) -> list[StratumOutcome]:
        def say(title: str, evidence: Evidence, decision: Decision) -> str:
            head = wording.headed(spec.gate_metric, title, evidence.n)
            limit = f"limit {wording.limit_percent(evidence.limit)}"
            value = f"{wording.percent(evidence.estimate or 0.0)} differ from {pair.reference.name}"
            return wording.bounded(head, value, limit, wording.percent, (evidence, decision, title))

        scan = context.paired_scan(pair.dataset, pair.reference, spec.max_evidence_age_days)
        strata = count_disagreements(scan, population_of(spec), spec.strata.strata()).strata
        return as_lines(spec, [_judged(context, spec, one) for one in strata], say, pair.place)

    return against_each_baseline(context, spec, lines)


def _judged(context: Context, spec: DisagreementSpec, counted: DisagreementStratum) -> Judged:
    result = bound_rate(
        counted.counts,
        spec.plan,
        alpha_pass=context.alpha_pass(spec.alpha_pass),
        alpha_fail=spec.alpha_fail,
    )
    decision = decide_rate(result, spec.limit, spec.minima)
    return Judged(counted.stratum, disagreement_evidence(counted, result, spec.limit), decision)


KIND = CriterionKind(
    key="disagreement",
    title="How often decisions differ from a baseline",
    spec=DisagreementSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)
