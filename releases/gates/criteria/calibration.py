"""The scores say what they mean: the calibration error of the candidate against that of a baseline.

The error of one stack alone is too large on small samples, and how much depends on the sample; so the gate
asks for the difference on the same captures. Scores must be shares between 0 and 1: of attack, or of bona
fide, as the table declares.
"""

from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from releases.gates.judging.baselines import ComparedSpec, Comparison, against_each_baseline
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.evidence import bounds_part, design_part
from releases.gates.judging.lines import Judged, as_lines
from releases.gates.vocabulary import wording
from releases.gates.vocabulary.cuts import Strata
from releases.gates.vocabulary.metrics import CALIBRATION, Measure
from releases.gates.vocabulary.outcomes import (
    CriterionOutcome,
    Evidence,
    NotAnswerable,
    ReasonCode,
    StratumOutcome,
)
from releases.gates.vocabulary.pins import Reason
from releases.scores.paired_scores import Numbers, PairedScores, paired_scores
from releases.scores.scan import ArmName, Scan
from releases.scores.strata import BothClasses
from releases.statistics.calibration import CalibrationDifference, compare_calibration, decide_calibration
from releases.statistics.decisions import Decision
from releases.statistics.reliability import BINS
from releases.statistics.thresholds import Polarity


class CalibrationSpec(ComparedSpec):
    """``margin`` is a difference of calibration errors (2 points is 0.02), with the reason why so much."""

    strata: Strata = Field(default_factory=lambda: Strata(pooled=True))
    stratum_rule: Literal["every", "worst", "pooled"] = "pooled"
    margin: float = Field(gt=0, le=0.5)
    margin_reason: Reason
    bins: int = Field(default=BINS, ge=5, le=100)

    @property
    def gate_metric(self) -> Measure:
        return CALIBRATION

    @model_validator(mode="after")
    def both_classes_are_needed(self) -> Self:
        """Within one species all are attacks, and a share that is always one is no calibration."""
        if self.strata.has("species"):
            raise ValueError("calibration needs both classes in a stratum: cut by segments or channels")
        return self


def sentence(spec: CalibrationSpec) -> str:
    """The criterion in plain words."""
    metric = spec.gate_metric
    return (
        f"{metric.abbreviation}, {metric.words}, of {spec.of_whom()}: on the same captures at most "
        f"{wording.limit_points(spec.margin)} points against {spec.baseline.words()}"
        f"{wording.because(spec.margin_reason)}."
    )


def evaluate(context: Context, spec: CalibrationSpec) -> CriterionOutcome:
    """Worst of all strata against every distinct baseline on all test datasets."""

    def lines(pair: Comparison) -> list[StratumOutcome]:
        def say(title: str, evidence: Evidence, decision: Decision) -> str:
            head = wording.headed(spec.gate_metric, title, evidence.n)
            limit = f"limit {wording.limit_points(spec.margin)}"
            return wording.bounded(
                head, _value(evidence, pair.against), limit, wording.points, (evidence, decision, title)
            )

        scan = context.paired_scan(pair.dataset, pair.reference, spec.max_evidence_age_days)
        found = paired_scores(scan, BothClasses(spec.condition), spec.strata.strata())
        return as_lines(spec, [_judged(context, spec, scan, one) for one in found], say, pair.place)

    return against_each_baseline(context, spec, lines)


def _value(evidence: Evidence, against: str) -> str:
    ours, theirs = evidence.more["candidate_ece"], evidence.more["baseline_ece"]
    return (
        f"{wording.percent(ours or 0.0)} against {wording.percent(theirs or 0.0)} {against}, "
        f"{wording.points(evidence.estimate or 0.0)} points"
    )


def _judged(context: Context, spec: CalibrationSpec, scan: Scan, found: PairedScores) -> Judged:
    result = compare_calibration(
        _shares(scan, "candidate", found.candidate),
        _shares(scan, "baseline", found.baseline),
        found.labels.astype(np.float64),
        found.clusters,
        spec.plan,
        bins=spec.bins,
        alpha_pass=context.alpha_pass(spec.alpha_pass),
        alpha_fail=spec.alpha_fail,
    )
    decision = decide_calibration(result, spec.margin, spec.minima)
    return Judged(found.stratum, _evidence(spec, found, result), decision)


def _shares(scan: Scan, arm: ArmName, scores: Numbers) -> Numbers:
    """Scores as shares of attack.

    Raises:
        NotAnswerable: no_data, when they are no shares.
    """
    if scores.size and not (scores.min() >= 0 and scores.max() <= 1):
        raise NotAnswerable(
            ReasonCode.NO_DATA,
            f"The scores of the {arm} are no shares: they go from {scores.min():.3g} to {scores.max():.3g}",
            "needs scores between 0 and 1 that are meant as shares",
        )
    return scores if scan.polarity(arm) is Polarity.HIGHER_IS_ATTACK else 1 - scores


def _evidence(spec: CalibrationSpec, found: PairedScores, result: CalibrationDifference) -> Evidence:
    return Evidence(
        **design_part(result.design),
        **bounds_part(result),
        rows=found.rows,
        cluster=found.cluster.value,
        set_threshold=0,
        limit=spec.margin,
        events=int(np.count_nonzero(found.labels)),
        candidate_rate=None,
        excluded={
            "candidate_missing": found.candidate_missing,
            "baseline_missing": found.baseline_missing,
            "both_missing": found.both_missing,
        },
        minimum_detectable_effect=None,
        more={
            "candidate_ece": result.candidate_ece,
            "baseline_ece": result.baseline_ece,
            "candidate_brier": result.candidate_brier,
            "baseline_brier": result.baseline_brier,
            "bins": spec.bins,
        },
    )


KIND = CriterionKind(
    key="calibration",
    title="Calibration error against a baseline",
    spec=CalibrationSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset(),
)
