"""How long users wait: a quantile of the answer times, per stratum, within a budget in milliseconds.

Captures of one person resemble each other, so the bound is an order statistic at the effective sample size,
or of one value per subject. Below an effective size of 59 the 95th percentile has no upper bound:
inconclusive. Captures without an answer have no answer time; the criteria on non-response judge them.
"""

from typing import Literal

from pydantic import Field

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.evidence import bounds_part, design_part
from releases.gates.judging.lines import (
    Judged,
    Place,
    as_lines,
    kept_from_passing,
    on_each_dataset,
    population_of,
)
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.inputs import DatasetInput
from releases.gates.vocabulary.metrics import ANSWER_TIMES, Measure
from releases.gates.vocabulary.outcomes import CriterionOutcome, Evidence, ReasonCode, StratumOutcome
from releases.gates.vocabulary.pins import Reason
from releases.gates.vocabulary.specs import ClassName, ClusteredSpec
from releases.scores.values import ValuesStratum, latency_values
from releases.statistics.decisions import Decision
from releases.statistics.quantiles import (
    QuantileResult,
    bound_quantile,
    decide_quantile,
    one_value_per_subject,
)

SEED = 20260323
"""Of the draw of one value per subject: fixed, so that the same table gives the same draw."""


class LatencyQuantileSpec(ClusteredSpec):
    """``budget_ms`` for the share ``probability`` of the answers; ``values`` says which of a person's."""

    population: ClassName = "bona_fide"
    probability: float = Field(default=0.95, ge=0.5, le=0.999)
    budget_ms: float = Field(gt=0, le=3_600_000)
    budget_reason: Reason | None = None
    values: Literal["every_capture", "one_per_subject"] = "every_capture"

    @property
    def gate_metric(self) -> Measure:
        return ANSWER_TIMES[self.population]


def sentence(spec: LatencyQuantileSpec) -> str:
    """The criterion in plain words."""
    metric = spec.gate_metric
    view = ", one answer per subject" if spec.values == "one_per_subject" else ""
    return (
        f"{metric.abbreviation}, {metric.words}, of {spec.of_whom()}: "
        f"{wording.limit_percent(spec.probability)} within {wording.milliseconds(spec.budget_ms)}, the upper "
        f"bound counts{view}{wording.because(spec.budget_reason)}."
    )


def evaluate(context: Context, spec: LatencyQuantileSpec) -> CriterionOutcome:
    """Worst of all strata on all test datasets."""

    def say(title: str, evidence: Evidence, decision: Decision) -> str:
        head = wording.headed(spec.gate_metric, title, evidence.n)
        within = wording.milliseconds(evidence.estimate or 0.0)
        value = f"{wording.limit_percent(spec.probability)} within {within}"
        budget = f"budget {wording.milliseconds(spec.budget_ms)}"
        return wording.bounded(head, value, budget, wording.milliseconds, (evidence, decision, title))

    def lines(dataset: DatasetInput) -> list[StratumOutcome]:
        scan = context.candidate_scan(dataset, spec.max_evidence_age_days)
        found = latency_values(scan, population_of(spec), spec.strata.strata()).strata
        judged = [_judged(context, spec, one) for one in found]
        return [_with_untimed(line) for line in as_lines(spec, judged, say, Place(dataset.name))]

    return on_each_dataset(context, spec, lines)


def _judged(context: Context, spec: LatencyQuantileSpec, found: ValuesStratum) -> Judged:
    values, clusters = found.values, found.clusters
    once = spec.values == "one_per_subject"
    if once:
        values, clusters = one_value_per_subject(values, clusters, seed=SEED)
    result = bound_quantile(
        values,
        clusters,
        spec.plan,
        probability=spec.probability,
        budget=spec.budget_ms,
        alpha_pass=context.alpha_pass(spec.alpha_pass),
        alpha_fail=spec.alpha_fail,
    )
    decision = decide_quantile(result, spec.minima)
    return Judged(found.stratum, _evidence(spec, found, result, once=once), decision)


def _with_untimed(line: StratumOutcome) -> StratumOutcome:
    """Answers without a time keep a line from passing: the slow ones may be among them."""
    untimed = line.evidence.excluded["without_value"] if line.evidence and line.evidence.n else 0
    if not untimed:
        return line
    return kept_from_passing(
        line, ReasonCode.NO_DATA, f"{untimed} answers have no time", f"needs the time of {untimed} answers"
    )


def _evidence(
    spec: LatencyQuantileSpec, found: ValuesStratum, result: QuantileResult, *, once: bool
) -> Evidence:
    draw = {"seed": SEED} if once else {}
    return Evidence(
        **design_part(result.design),
        **bounds_part(result),
        rows=found.rows,
        cluster=found.cluster.value,
        set_threshold=0,
        limit=spec.budget_ms,
        events=result.over_budget or 0,
        candidate_rate=None,
        excluded={"not_answered": found.not_answered, "without_value": found.without_value},
        minimum_detectable_effect=None,
        unit="ms",
        more={"probability": spec.probability, "values": spec.values, **draw},
    )


KIND = CriterionKind(
    key="latency_quantile",
    title="Answer time within a budget",
    spec=LatencyQuantileSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)
