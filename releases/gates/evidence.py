"""From counts and results to the evidence of a stratum."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from releases.gates.outcomes import Evidence
from releases.scores.counting import PairStratum, RateStratum
from releases.statistics.clusters import DesignEffect
from releases.statistics.multiplicity import RegressionMark, holm_adjusted
from releases.statistics.paired import PairedResult, paired_p_value
from releases.statistics.paired_display import cluster_t_test, mcnemar
from releases.statistics.rates import RateResult, rate_p_value
from releases.statistics.sizes import paired_detectable_effect, rate_detectable_effect


def rate_evidence(counted: RateStratum, result: RateResult, limit: float) -> Evidence:
    """Evidence of one stratum of one stack."""
    return Evidence(
        **_design(result.design),
        **_bounds(result),
        rows=counted.rows,
        cluster=counted.cluster.value,
        limit=limit,
        events=result.events,
        candidate_rate=result.estimate,
        excluded={
            "not_answered": counted.not_answered,
            "no_band": counted.no_band,
            "ambiguous_band": counted.ambiguous_band,
        },
        set_threshold=counted.set_threshold,
        minimum_detectable_effect=rate_detectable_effect(result, limit),
        p=rate_p_value(result, limit),
    )


def paired_evidence(
    counted: PairStratum, result: PairedResult, margin: float, planned_deff: float | None
) -> Evidence:
    """Evidence of one stratum of two stacks on the same captures."""
    return Evidence(
        **_design(result.design),
        **_bounds(result),
        rows=counted.rows,
        cluster=counted.cluster.value,
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
            "candidate_missing": counted.candidate_missing,
            "baseline_missing": counted.baseline_missing,
            "both_missing": counted.both_missing,
            "candidate_absent": counted.candidate_absent,
            "baseline_absent": counted.baseline_absent,
            "no_band": counted.no_band,
            "ambiguous_band": counted.ambiguous_band,
        },
        set_threshold=counted.set_threshold,
        minimum_detectable_effect=paired_detectable_effect(result),
        p=paired_p_value(result, margin),
        shown=_shown(counted, planned_deff),
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


def _design(design: DesignEffect) -> dict[str, Any]:
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


def _bounds(result: RateResult | PairedResult) -> dict[str, Any]:
    return {
        "estimate": result.estimate,
        "lower": result.lower,
        "upper": result.upper,
        "alpha_pass": result.alpha_pass,
        "alpha_fail": result.alpha_fail,
        "method": result.method,
        "method_version": result.method_version,
    }


def _shown(counted: PairStratum, planned_deff: float | None) -> dict[str, float]:
    test = mcnemar(counted.counts.candidate_only, counted.counts.baseline_only)
    shown = {"mcnemar_exact_p": test.exact_p_value, "mcnemar_statistic": test.statistic}
    clustered = cluster_t_test(counted.counts, planned_deff)
    if clustered is not None:
        shown |= {"cluster_t_standard_error": clustered.standard_error, "cluster_t_p": clustered.p_value}
    return shown
