"""A rate of the candidate per stratum, with its bounds: what limits, counts of errors and retries have in
common.
"""

from collections.abc import Callable
from dataclasses import dataclass

from releases.gates.judging.context import Context
from releases.gates.judging.evidence import rate_evidence
from releases.gates.judging.lines import Judged, Place, Say, as_lines, on_each_dataset, population_of
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.inputs import DatasetInput
from releases.gates.vocabulary.outcomes import CriterionOutcome, Evidence, StratumOutcome
from releases.gates.vocabulary.specs import CountedSpec
from releases.scores.counting import Metric, RateStratum, count_rates, has_retry, is_by_transaction
from releases.scores.scan import Scan
from releases.statistics.decisions import Decision, decide_rate
from releases.statistics.rates import RateResult, bound_rate


@dataclass(frozen=True)
class Asked:
    """What a kind asks of a rate: the limit it shows, how it decides and says a line, and what it adds."""

    limit: float
    decide: Callable[[RateResult], Decision]
    say: Say
    add: Callable[[RateResult, Evidence], Evidence] = lambda result, evidence: evidence


def limit_sentence(spec: CountedSpec, limit: float, reason: str | None) -> str:
    """A rate against a fixed limit, in plain words."""
    metric = spec.gate_metric
    return (
        f"{metric.abbreviation}, {metric.words}, of {spec.of_whom()}: the upper bound is at most "
        f"{wording.limit_percent(limit)}{wording.because(reason)}."
    )


def judged_against_limit(context: Context, spec: CountedSpec, limit: float) -> CriterionOutcome:
    """Rates against a fixed limit: worst of all strata on all test datasets."""

    def say(title: str, evidence: Evidence, decision: Decision) -> str:
        return wording.rate_sentence(spec.gate_metric, title, evidence, decision)

    return judged_rates(
        context, spec, Asked(limit, lambda result: decide_rate(result, limit, spec.minima), say)
    )


def judged_rates(context: Context, spec: CountedSpec, asked: Asked) -> CriterionOutcome:
    """Worst of all strata on all test datasets."""

    def lines(dataset: DatasetInput) -> list[StratumOutcome]:
        scan = context.candidate_scan(dataset, spec.max_evidence_age_days)
        return as_lines(spec, _measured(context, spec, asked, scan), asked.say, Place(dataset.name))

    return on_each_dataset(context, spec, lines)


def _measured(context: Context, spec: CountedSpec, asked: Asked, scan: Scan) -> list[Judged]:
    population, strata, metric = population_of(spec), spec.strata.strata(), spec.gate_metric.counted
    counted = count_rates(scan, population, strata, metric).strata
    ceilings = _ceilings(spec, scan)
    # The largest of S lower bounds is a bound of the worst stratum only at alpha / S.
    share = len(counted) if spec.stratum_rule == "worst" else 1
    found = []
    for one in counted:
        result = bound_rate(
            one.counts,
            spec.plan,
            alpha_pass=context.alpha_pass(spec.alpha_pass),
            alpha_fail=spec.alpha_fail / share,
        )
        evidence = rate_evidence(one, result, asked.limit, ceilings.get(one.stratum.key))
        found.append(Judged(one.stratum, asked.add(result, evidence), asked.decide(result)))
    return found


def _ceilings(spec: CountedSpec, scan: Scan) -> dict[str, dict[str, float]]:
    """Beside APCER, where single attempts may be repeated, the share that is accepted or may try again."""
    metric = spec.gate_metric
    if metric.label != "attack" or metric.counted is not Metric.ERROR or not has_retry(scan):
        return {}
    if is_by_transaction(scan):
        return {}
    strata = count_rates(
        scan, population_of(spec), spec.strata.strata(), Metric.ERROR_IF_RETRY_ACCEPTED
    ).strata
    return {one.stratum.key: {"apcer_with_retry": _share(one)} for one in strata if one.counts.presentations}


def _share(one: RateStratum) -> float:
    return one.counts.events / one.counts.presentations
