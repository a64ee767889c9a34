"""Verdicts with their evidence: of a stratum, of a criterion, of the gate."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from releases.statistics.decisions import Verdict, worst_verdict


class ReasonCode(StrEnum):
    """Why a line has its verdict; stored, never renamed."""

    MEETS = "meets"
    VIOLATES = "violates"
    STRADDLES_LIMIT = "straddles_limit"
    TOO_FEW_SUBJECTS = "too_few_subjects"
    NO_CLUSTER_ID = "no_cluster_id"
    NO_DATA = "no_data"
    STALE_EVIDENCE = "stale_evidence"
    BASELINE_MISSING = "baseline_missing"
    REPORT_NOT_OF_THIS_STACK = "report_not_of_this_stack"
    POLICY_NOT_LOCKED = "policy_not_locked"
    NO_BAND = "no_band"
    EVALUATION_ERROR = "evaluation_error"


class NotAnswerable(Exception):
    """A question that the inputs cannot answer: the line becomes inconclusive with this reason."""

    def __init__(self, reason: ReasonCode, sentence: str, needs: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence
        self.needs = needs


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything measured on one stratum.

    a, b, c, d are both err, only the candidate, only the baseline, neither; None where nothing is paired.
    ``events`` are the candidate's. Rates and bounds are shares; ``limit`` is the limit or the margin.
    ``rows`` are those of the stratum, ``n`` those used, ``excluded`` says why the others were not.
    ``p`` is of "at most the limit", ``p_adjusted`` the same after Holm within the criterion. ``shown`` holds
    familiar figures that decide nothing. ``unit`` is that of estimate, bounds and limit: share, ratio or
    ms. ``more`` is what only this kind of criterion knows.
    """

    n: int
    rows: int
    subjects: float
    clusters_known: int
    rows_without_cluster: int
    cluster: str
    events: int
    estimate: float | None
    lower: float | None
    upper: float | None
    limit: float
    alpha_pass: float
    alpha_fail: float
    method: str
    method_version: str
    n_eff: float | None
    design_effect: float | None
    design_effect_source: str
    design_effect_estimated: float | None
    design_effect_floor: float | None
    weighted_cluster_size: float | None
    candidate_rate: float | None
    excluded: dict[str, int]
    set_threshold: int
    minimum_detectable_effect: float | None
    a: int | None = None
    b: int | None = None
    c: int | None = None
    d: int | None = None
    baseline_events: int | None = None
    baseline_rate: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    regression_p: float | None = None
    regression_p_adjusted: float | None = None
    regression_marked: bool = False
    regression_detected: bool = False
    shown: dict[str, float] = field(default_factory=dict)
    by_source_set: list[dict[str, Any]] = field(default_factory=list)
    unit: str = "share"
    more: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The evidence as it is stored: what a kind alone knows stands beside the rest."""
        numbers = asdict(self)
        more, unit = numbers.pop("more"), numbers.pop("unit")
        return {**numbers, **({} if unit == "share" else {"unit": unit}), **more}


@dataclass(frozen=True, slots=True)
class StratumOutcome:
    """The verdict on one line: a stratum, of one dataset, against one baseline where there is one.

    ``parts`` are the two strata of a crossing. ``added`` is "protected" for a segment that the policy does
    not name and that is judged because it is protected. ``narrowed_to`` says which captures of the stratum
    alone count. ``subjects`` counts people where evidence is missing.
    """

    stratum: dict[str, str]
    title: str
    verdict: Verdict
    reason_code: ReasonCode
    sentence: str
    needs: str = ""
    more_subjects: int | None = None
    dataset: str = ""
    baseline: dict[str, Any] | None = None
    evidence: Evidence | None = None
    parts: tuple[dict[str, str], ...] = ()
    added: str = ""
    narrowed_to: str = ""
    subjects: float | None = None

    def document(self) -> dict[str, Any]:
        """The line as it is stored and sent."""
        numbers = self.evidence.document() if self.evidence else {"n": 0, "rows": 0}
        line: dict[str, Any] = {
            "stratum": self.stratum,
            "title": self.title,
            "dataset": self.dataset,
            "baseline": self.baseline,
            **numbers,
            "verdict": self.verdict,
            "reason_code": self.reason_code,
            "sentence": self.sentence,
        }
        if self.needs:
            line["needs"] = self.needs
        if self.more_subjects is not None:
            line["more_subjects"] = self.more_subjects
        if self.subjects is not None:
            line["subjects"] = self.subjects
        if self.parts:
            line["parts"] = list(self.parts)
        if self.added:
            line["added"] = self.added
        if self.narrowed_to:
            line["narrowed_to"] = self.narrowed_to
        return line


@dataclass(frozen=True, slots=True)
class CriterionOutcome:
    """The verdict on a criterion; not ``counted`` where the policy leaves it to the absolute criteria."""

    verdict: Verdict
    reason_code: ReasonCode
    sentence: str
    strata: tuple[StratumOutcome, ...] = ()
    counted: bool = True
    notes: tuple[str, ...] = ()


FEW = 30
"""Lines on fewer captures stand after the other inconclusive ones."""

_ORDER = {Verdict.FAIL: 0, Verdict.INCONCLUSIVE: 1, Verdict.PASS: 2}


def worst_first(strata: Iterable[StratumOutcome]) -> tuple[StratumOutcome, ...]:
    """Fails, then inconclusive lines, both by their lower bound (inconclusive ones on few captures, or
    without bounds, last), then passes by their upper bound.
    """
    return tuple(sorted(strata, key=_badness))


def _badness(line: StratumOutcome) -> tuple[int, bool, float]:
    evidence = line.evidence
    bound = None
    if evidence is not None:
        bound = evidence.upper if line.verdict is Verdict.PASS else evidence.lower
    few = line.verdict is Verdict.INCONCLUSIVE and (evidence is None or evidence.n < FEW)
    return _ORDER[line.verdict], few, float("inf") if bound is None else -bound


def gate_verdict(decisive: Sequence[Verdict]) -> Verdict:
    """Worst of the enforced blocking criteria; none at all is inconclusive."""
    return worst_verdict(decisive)
