"""From counts and results to the evidence of a stratum."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from releases.gates.vocabulary.outcomes import Evidence
from releases.scores.comparing import DisagreementStratum
from releases.scores.counting import Cluster, PairStratum, RateStratum
from releases.statistics.clusters import DesignEffect
from releases.statistics.independent import IndependentResult
from releases.statistics.multiplicity import RegressionMark, holm_adjusted
from releases.statistics.paired import PairedResult, paired_p_value
from releases.statistics.paired_display import cluster_t_test, mcnemar
from releases.statistics.rates import RateResult, rate_p_value
from releases.statistics.sizes import paired_detectable_effect, rate_detectable_effect


class Measured(Protocol):
    """What every result of the statistics says of itself."""

    @property
    def estimate(self) -> float | None: ...
    @property
    def lower(self) -> float | None: ...
    @property
    def upper(self) -> float | None: ...
    @property
    def alpha_pass(self) -> float: ...
    @property
    def alpha_fail(self) -> float: ...
    @property
    def method(self) -> str: ...
    @property
    def method_version(self) -> str: ...


class Counted(Protocol):
    """What every stratum of the counting says of its rows."""

    @property
    def rows(self) -> int: ...
    @property
    def cluster(self) -> Cluster: ...
    @property
    def set_threshold(self) -> int: ...
    @property
    def transactions(self) -> int: ...


def rate_evidence(
    counted: RateStratum, result: RateResult, limit: float, shown: dict[str, float] | None = None
) -> Evidence:
    """Evidence of one stratum of one stack."""
    return Evidence(
        **design_part(result.design),
        **bounds_part(result),
        **rows_part(counted),
        limit=limit,
        events=result.events,
        candidate_rate=result.estimate,
        excluded=_undecided(counted),
        minimum_detectable_effect=rate_detectable_effect(result, limit),
        p=rate_p_value(result, limit),
        shown=shown or {},
    )


def paired_evidence(
    counted: PairStratum, result: PairedResult, margin: float, planned_deff: float | None
) -> Evidence:
    """Evidence of one stratum of two stacks on the same captures."""
    return Evidence(
        **design_part(result.design),
        **bounds_part(result),
        **rows_part(counted),
        limit=margin,
        events=result.both + result.candidate_only,
        baseline_events=result.both + result.baseline_only,
        a=result.both,
        b=result.candidate_only,
        c=result.baseline_only,
        d=result.neither,
        candidate_rate=result.candidate_rate,
        baseline_rate=result.baseline_rate,
        excluded={
            **_missing(counted),
            "candidate_absent": counted.candidate_absent,
            "baseline_absent": counted.baseline_absent,
            "no_band": counted.no_band,
            "ambiguous_band": counted.ambiguous_band,
        },
        minimum_detectable_effect=paired_detectable_effect(result),
        p=paired_p_value(result, margin),
        shown=_shown(counted, planned_deff),
    )


def independent_evidence(
    ours: RateStratum, theirs: RateStratum, result: IndependentResult, margin: float
) -> Evidence:
    """Evidence of one stratum of two stacks on different captures; what is counted is the candidate's."""
    other = result.baseline
    return Evidence(
        **design_part(result.candidate.design),
        **bounds_part(result),
        **rows_part(
            ours,
            pairing="independent",
            baseline_n=other.presentations,
            baseline_subjects=other.subjects,
            baseline_n_eff=other.n_eff,
            baseline_design_effect=other.design.used,
        ),
        limit=margin,
        events=result.candidate.events,
        baseline_events=other.events,
        candidate_rate=result.candidate.estimate,
        baseline_rate=other.estimate,
        excluded={**_undecided(ours), **{f"baseline_{key}": n for key, n in _undecided(theirs).items()}},
        minimum_detectable_effect=None,
    )


def disagreement_evidence(counted: DisagreementStratum, result: RateResult, limit: float) -> Evidence:
    """Evidence of one stratum of decisions that two stacks made on the same captures."""
    moves = [
        {"candidate": move.candidate.value, "baseline": move.baseline.value, "count": move.count}
        for move in counted.moves
    ]
    return Evidence(
        **design_part(result.design),
        **bounds_part(result),
        **rows_part(counted, moves=moves),
        limit=limit,
        events=result.events,
        candidate_rate=None,
        excluded={
            **_missing(counted),
            "no_band": counted.no_band,
            "ambiguous_band": counted.ambiguous_band,
        },
        minimum_detectable_effect=rate_detectable_effect(result, limit),
        p=rate_p_value(result, limit),
    )


def with_adjusted_p(family: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """The family's evidence with p adjusted by Holm; strata without a p stay out of it."""
    known = {key: one.p for key, one in family.items() if one.p is not None}
    adjusted = dict(zip(known, holm_adjusted(tuple(known.values())), strict=True))
    return {key: replace(one, p_adjusted=adjusted.get(key)) for key, one in family.items()}


def with_regression(evidence: Evidence, mark: RegressionMark | None) -> Evidence:
    """The evidence with what it says about "worse than the baseline at all"."""
    if mark is None:
        return evidence
    return replace(
        evidence,
        regression_p=mark.p_value,
        regression_p_adjusted=mark.adjusted_p_value,
        regression_marked=mark.marked,
        regression_detected=mark.detected,
    )


def design_part(design: DesignEffect) -> dict[str, Any]:
    """How many captures of how many subjects, and what their likeness costs."""
    return {
        "n": design.presentations,
        "subjects": design.subjects,
        "clusters_known": design.clusters_known,
        "rows_without_cluster": design.rows_without_cluster,
        "n_eff": design.n_eff,
        "design_effect": design.used,
        "design_effect_source": design.source.value,
        "design_effect_estimated": design.estimated,
        "design_effect_floor": design.floor,
        "weighted_cluster_size": design.weighted_cluster_size,
    }


def bounds_part(result: Measured) -> dict[str, Any]:
    """Estimate and bounds, at which alphas, by which method."""
    return {
        "estimate": result.estimate,
        "lower": result.lower,
        "upper": result.upper,
        "alpha_pass": result.alpha_pass,
        "alpha_fail": result.alpha_fail,
        "method": result.method,
        "method_version": result.method_version,
    }


def rows_part(counted: Counted, **more: Any) -> dict[str, Any]:
    """Which rows were there, transactions only where there are any; ``more`` is what the kind alone knows."""
    transactions = {"transactions": counted.transactions} if counted.transactions else {}
    return {
        "rows": counted.rows,
        "cluster": counted.cluster.value,
        "set_threshold": counted.set_threshold,
        "more": {**transactions, **more},
    }


def _undecided(counted: RateStratum) -> dict[str, int]:
    return {
        "not_answered": counted.not_answered,
        "no_band": counted.no_band,
        "ambiguous_band": counted.ambiguous_band,
    }


def _missing(counted: PairStratum | DisagreementStratum) -> dict[str, int]:
    return {
        "candidate_missing": counted.candidate_missing,
        "baseline_missing": counted.baseline_missing,
        "both_missing": counted.both_missing,
    }


def _shown(counted: PairStratum, planned_deff: float | None) -> dict[str, float]:
    test = mcnemar(counted.counts.candidate_only, counted.counts.baseline_only)
    shown = {"mcnemar_exact_p": test.exact_p_value, "mcnemar_statistic": test.statistic}
    clustered = cluster_t_test(counted.counts, planned_deff)
    if clustered is not None:
        shown |= {"cluster_t_standard_error": clustered.standard_error, "cluster_t_p": clustered.p_value}
    return shown
