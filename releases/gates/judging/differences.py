"""A difference of two rates per stratum: paired on the same captures, or of independent ones with a reason.

Noninferiority and superiority measure alike and differ in what they ask of the bound.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Self

from pydantic import Field, model_validator

from releases.gates.judging.baselines import ComparedSpec, Comparison, against_each_baseline
from releases.gates.judging.context import Context
from releases.gates.judging.evidence import independent_evidence, paired_evidence, with_regression
from releases.gates.judging.heterogeneity import by_source_set
from releases.gates.judging.lines import Judged, as_lines, has_enough, population_of
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.outcomes import CriterionOutcome, Evidence, StratumOutcome
from releases.gates.vocabulary.pins import Reason
from releases.gates.vocabulary.specs import MeasuredSpec
from releases.scores.counting import PairStratum, count_pairs, count_rates
from releases.scores.scan import Scan
from releases.statistics.decisions import Decision, Minima, decide_bounds, decide_paired
from releases.statistics.independent import IndependentResult, compare_independent
from releases.statistics.multiplicity import detect_regressions
from releases.statistics.paired import PairedResult, compare_paired
from releases.statistics.rates import bound_rate

PAIRED, INDEPENDENT = "paired_by_presentation", "independent"


class DifferenceSpec(MeasuredSpec, ComparedSpec):
    """``margin`` is a difference of shares (7 points is 0.07), with the reason why so much.

    ``pairing`` unset is by presentation. Independent arms, for captures that differ, need ``pairing_reason``:
    what pairing removes stays in the bounds.
    """

    margin: float = Field(ge=0, lt=1)
    margin_reason: Reason
    pairing: Literal["paired_by_presentation", "independent"] | None = None
    pairing_reason: Reason | None = None

    @model_validator(mode="after")
    def independence_has_a_reason(self) -> Self:
        """Pairing is given up only in writing."""
        if (self.pairing == INDEPENDENT) != (self.pairing_reason is not None):
            raise ValueError(
                "pairing independent needs a pairing_reason: why the two stacks cannot be measured on the "
                "same captures; pairing by presentation needs none"
            )
        return self

    @property
    def is_paired(self) -> bool:
        return self.pairing != INDEPENDENT

    def captures(self) -> str:
        """How the captures of the two stacks belong together, for a sentence."""
        return (
            "on the same captures" if self.is_paired else f"on captures of their own ({self.pairing_reason})"
        )


@dataclass(frozen=True)
class Asked:
    """What a kind asks of a difference: the limit that the evidence shows, and the one that decides.

    They differ where reaching the limit exactly is not enough. ``marks_regressions``: whether "worse at all"
    is tested beside it.
    """

    shown: float
    decisive: float
    marks_regressions: bool


@dataclass(frozen=True)
class _Apart:
    """A difference of independent arms as a decision looks at it: as small as its smaller arm."""

    result: IndependentResult

    @property
    def presentations(self) -> int:
        return min(self.result.candidate.presentations, self.result.baseline.presentations)

    @property
    def subjects(self) -> float:
        return min(self.result.candidate.subjects, self.result.baseline.subjects)

    @property
    def n_eff(self) -> float | None:
        ours, theirs = self.result.candidate.n_eff, self.result.baseline.n_eff
        return None if ours is None or theirs is None else min(ours, theirs)

    @property
    def lower(self) -> float | None:
        return self.result.lower

    @property
    def upper(self) -> float | None:
        return self.result.upper


def judged_differences(context: Context, spec: DifferenceSpec, asked: Asked) -> CriterionOutcome:
    """Every stratum against every baseline."""
    measure = _paired if spec.is_paired else _independent

    def lines(pair: Comparison) -> list[StratumOutcome]:
        def say(title: str, evidence: Evidence, decision: Decision) -> str:
            return wording.paired_sentence(spec.gate_metric, title, evidence, decision, pair.against)

        return as_lines(spec, measure(context, spec, asked, pair), say, pair.place)

    return against_each_baseline(context, spec, lines)


def _paired(context: Context, spec: DifferenceSpec, asked: Asked, pair: Comparison) -> list[Judged]:
    scan = context.paired_scan(pair.dataset, pair.reference, spec.max_evidence_age_days)
    strata = count_pairs(scan, population_of(spec), spec.strata.strata(), spec.gate_metric.counted).strata
    alpha_pass = context.alpha_pass(spec.alpha_pass)
    results = {
        one.stratum.key: compare_paired(
            one.counts, spec.plan, alpha_pass=alpha_pass, alpha_fail=spec.alpha_fail
        )
        for one in strata
    }
    evidence = _paired_evidence(spec, asked, scan, strata, results)
    return [
        Judged(
            one.stratum,
            evidence[one.stratum.key],
            decide_paired(results[one.stratum.key], asked.decisive, spec.minima),
        )
        for one in strata
    ]


def _paired_evidence(
    spec: DifferenceSpec,
    asked: Asked,
    scan: Scan,
    strata: tuple[PairStratum, ...],
    results: dict[str, PairedResult],
) -> dict[str, Evidence]:
    sources = by_source_set(scan, population_of(spec), spec.strata.strata(), spec.gate_metric.counted)
    evidence = {
        one.stratum.key: replace(
            paired_evidence(one, results[one.stratum.key], asked.shown, spec.planned_deff),
            by_source_set=sources.get(one.stratum.key, []),
        )
        for one in strata
    }
    if not asked.marks_regressions:
        return evidence
    marks = detect_regressions({key: results[key] for key, one in evidence.items() if has_enough(spec, one)})
    return {key: with_regression(one, marks.get(key)) for key, one in evidence.items()}


def _independent(context: Context, spec: DifferenceSpec, asked: Asked, pair: Comparison) -> list[Judged]:
    """Each stack on its own captures; where they share some, the bounds are only too wide."""
    metric, population, strata = spec.gate_metric.counted, population_of(spec), spec.strata.strata()
    ours = count_rates(
        context.candidate_scan(pair.dataset, spec.max_evidence_age_days), population, strata, metric
    )
    theirs = count_rates(context.reference_scan(pair.dataset, pair.reference), population, strata, metric)
    known = {one.stratum.key: one for one in theirs.strata}
    alphas = {"alpha_pass": context.alpha_pass(spec.alpha_pass), "alpha_fail": spec.alpha_fail}
    found = []
    for one in ours.strata:
        other = known[one.stratum.key]
        candidate, baseline = (bound_rate(arm.counts, spec.plan, **alphas) for arm in (one, other))
        result = compare_independent(candidate, baseline, **alphas)
        decision = decide_apart(result, asked.decisive, spec.minima)
        found.append(Judged(one.stratum, independent_evidence(one, other, result, asked.shown), decision))
    return found


def decide_apart(result: IndependentResult, margin: float, minima: Minima) -> Decision:
    """Verdict on a difference of independent rates.

    The size needed assumes that the distance from estimate to bound shrinks with the root of the size.
    """
    measured, needed = _Apart(result), None
    if result.estimate is not None and result.upper is not None and result.estimate < margin:
        reach = (result.upper - result.estimate) / (margin - result.estimate)
        needed = (measured.n_eff or 0.0) * reach**2
    return decide_bounds(measured, margin, minima, needed)


def difference_sentence(spec: DifferenceSpec, asks: Callable[[str], str]) -> str:
    """A criterion in plain words; ``asks`` says what, given the name of the baseline."""
    metric = spec.gate_metric
    return (
        f"{metric.abbreviation}, {metric.words}, of {spec.of_whom()}: {spec.captures()} "
        f"{asks(spec.baseline.words())}{wording.because(spec.margin_reason)}."
    )
