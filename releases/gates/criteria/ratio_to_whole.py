"""No group fares much worse than all together: the ratio of a stratum's rate to that of the whole
population.

"No demographic group more than 25 % worse than overall" is a ratio of at most 1.25. The whole holds the
group, so the two are no independent rates; without a single error anywhere there is no ratio, and the line
stays open.
"""

from typing import Self

from pydantic import Field, model_validator

from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.evidence import bounds_part, design_part, rows_part
from releases.gates.judging.lines import Judged, Place, as_lines, on_each_dataset, population_of
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.inputs import DatasetInput
from releases.gates.vocabulary.outcomes import CriterionOutcome, Evidence, StratumOutcome
from releases.gates.vocabulary.pins import Reason
from releases.gates.vocabulary.specs import MeasuredSpec
from releases.scores.comparing import PartStratum, count_parts
from releases.statistics.decisions import Decision
from releases.statistics.part_of_whole import PartResult, compare_part, decide_part


class RatioToWholeSpec(MeasuredSpec):
    """``max_ratio`` is how many times the rate of the whole a stratum may have: 25 % worse is 1.25."""

    max_ratio: float = Field(gt=1, le=10)
    ratio_reason: Reason

    @model_validator(mode="after")
    def a_part_is_no_whole(self) -> Self:
        """All together cannot be worse than all together, nor the worst a part of its own."""
        if self.strata.pooled or self.stratum_rule != "every":
            raise ValueError("name the groups that are compared with the whole, with stratum_rule every")
        return self


def sentence(spec: RatioToWholeSpec) -> str:
    """The criterion in plain words."""
    metric = spec.gate_metric
    return (
        f"{metric.abbreviation}, {metric.words}, of {spec.of_whom()}: the upper bound is at most "
        f"{wording.times(spec.max_ratio)} that of all together{wording.because(spec.ratio_reason)}."
    )


def evaluate(context: Context, spec: RatioToWholeSpec) -> CriterionOutcome:
    """Worst of all strata on all test datasets."""

    def say(title: str, evidence: Evidence, decision: Decision) -> str:
        head = wording.headed(spec.gate_metric, title, evidence.n)
        limit = f"limit {wording.times(spec.max_ratio)}"
        return wording.bounded(head, _value(evidence), limit, wording.times, (evidence, decision, title))

    def lines(dataset: DatasetInput) -> list[StratumOutcome]:
        scan = context.candidate_scan(dataset, spec.max_evidence_age_days)
        parts = count_parts(scan, population_of(spec), spec.strata.strata(), spec.gate_metric.counted).strata
        return as_lines(spec, [_judged(context, spec, one) for one in parts], say, Place(dataset.name))

    return on_each_dataset(context, spec, lines)


def _value(evidence: Evidence) -> str:
    ours, whole = evidence.candidate_rate or 0.0, evidence.more["whole_rate"] or 0.0
    rates = f"{wording.percent(ours)} against {wording.percent(whole)}"
    ratio = "" if evidence.estimate is None else f", {wording.times(evidence.estimate)}"
    return f"{rates} of all together{ratio}"


def _judged(context: Context, spec: RatioToWholeSpec, counted: PartStratum) -> Judged:
    result = compare_part(
        counted.counts,
        spec.plan,
        alpha_pass=context.alpha_pass(spec.alpha_pass),
        alpha_fail=spec.alpha_fail,
    )
    decision = decide_part(result, spec.max_ratio, spec.minima)
    return Judged(counted.stratum, _evidence(counted, result, spec.max_ratio), decision)


def _evidence(counted: PartStratum, result: PartResult, limit: float) -> Evidence:
    whole = {
        "whole_n": result.whole_presentations,
        "whole_events": result.whole_events,
        "whole_rate": result.whole_rate,
        "rest_n_eff": result.rest_design.n_eff,
        "share_of_whole": result.share,
    }
    return Evidence(
        **design_part(result.part_design),
        **bounds_part(result),
        **rows_part(counted, **whole),
        limit=limit,
        events=result.events,
        candidate_rate=result.part_rate,
        excluded={
            "not_answered": counted.not_answered,
            "no_band": counted.no_band,
            "ambiguous_band": counted.ambiguous_band,
        },
        minimum_detectable_effect=None,
        unit="ratio",
    )


KIND = CriterionKind(
    key="ratio_to_whole",
    title="No group much worse than all together",
    spec=RatioToWholeSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)
