"""A rate of the candidate, per stratum, against a fixed limit: "at most 45 % of print attacks accepted"."""

from pydantic import Field

from releases.gates import wording
from releases.gates.context import Context
from releases.gates.criterion import CriterionKind
from releases.gates.evidence import rate_evidence, with_adjusted_p
from releases.gates.inputs import DatasetInput
from releases.gates.lines import (
    concluded,
    named,
    population_of,
    strata_of,
    titles_of,
    unanswered,
    with_undecided_rows,
)
from releases.gates.outcomes import CriterionOutcome, Evidence, NotAnswerable, ReasonCode, StratumOutcome
from releases.gates.specs import MeasuredSpec, Reason
from releases.scores.counting import RateStratum, count_rates
from releases.statistics.decisions import decide_rate
from releases.statistics.rates import RateResult, bound_rate


class AbsoluteSpec(MeasuredSpec):
    """``limit`` is a share; ``limit_reason`` says where it comes from."""

    limit: float = Field(gt=0, lt=1)
    limit_reason: Reason | None = None


def sentence(spec: AbsoluteSpec) -> str:
    """The criterion in plain words."""
    metric, titles = spec.gate_metric, wording.listed(list(titles_of(spec).values()))
    reason = f" ({spec.limit_reason})" if spec.limit_reason else ""
    return (
        f"{metric.abbreviation}, {metric.words}, of {titles}: the upper bound is at most "
        f"{wording.limit_percent(spec.limit)}{reason}."
    )


def evaluate(context: Context, spec: AbsoluteSpec) -> CriterionOutcome:
    """Worst of all strata on all test datasets."""
    try:
        datasets = context.datasets(spec.dataset)
    except NotAnswerable as error:
        return concluded(unanswered(spec, error))
    return concluded([line for dataset in datasets for line in _lines(context, dataset, spec)])


def _lines(context: Context, dataset: DatasetInput, spec: AbsoluteSpec) -> list[StratumOutcome]:
    try:
        scan = context.candidate_scan(dataset, spec.max_evidence_age_days)
        counted = count_rates(scan, population_of(spec), strata_of(spec), spec.gate_metric.counted)
    except NotAnswerable as error:
        return unanswered(spec, error, dataset=dataset.name)
    # The largest of S lower bounds is a bound of the worst stratum only at alpha / S.
    share = len(counted.strata) if spec.stratum_rule == "worst" else 1
    results = {
        stratum.stratum.key: bound_rate(
            stratum.counts,
            spec.plan,
            alpha_pass=context.alpha_pass(spec.alpha_pass),
            alpha_fail=spec.alpha_fail / share,
        )
        for stratum in counted.strata
    }
    evidence = _family(spec, counted.strata, results)
    return [
        _line(spec, dataset, stratum, results[stratum.stratum.key], evidence[stratum.stratum.key])
        for stratum in counted.strata
    ]


def _family(
    spec: AbsoluteSpec, strata: tuple[RateStratum, ...], results: dict[str, RateResult]
) -> dict[str, Evidence]:
    evidence = {one.stratum.key: rate_evidence(one, results[one.stratum.key], spec.limit) for one in strata}
    enough = {
        key: one
        for key, one in evidence.items()
        if one.subjects >= spec.min_subjects and one.n >= spec.min_presentations
    }
    return evidence | with_adjusted_p(enough)


def _line(
    spec: AbsoluteSpec, dataset: DatasetInput, counted: RateStratum, result: RateResult, evidence: Evidence
) -> StratumOutcome:
    title = titles_of(spec)[counted.stratum.key]
    decision = decide_rate(result, spec.limit, spec.minima)
    line = StratumOutcome(
        stratum=named(counted.stratum),
        title=title,
        verdict=decision.verdict,
        reason_code=ReasonCode(decision.reason.value),
        sentence=wording.rate_sentence(spec.gate_metric, title, evidence, decision),
        needs=wording.needs(decision, title),
        more_subjects=decision.more_subjects,
        dataset=dataset.name,
        evidence=evidence,
    )
    return with_undecided_rows(spec, line)


KIND = CriterionKind(
    key="absolute",
    title="Rate against a fixed limit",
    spec=AbsoluteSpec,
    sentence=sentence,
    evaluate=evaluate,
)
