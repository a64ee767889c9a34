"""The candidate is at most a margin worse than a baseline, per stratum, paired on the same captures.

The baseline is what is live on each touched channel, each judged on its own, or the release that the policy
pinned, which keeps small steps in one direction from adding up.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from releases.gates import wording
from releases.gates.context import Context
from releases.gates.criterion import CriterionKind
from releases.gates.evidence import paired_evidence, with_adjusted_p, with_regression
from releases.gates.heterogeneity import by_source_set
from releases.gates.inputs import ChannelInput, DatasetInput, ReferenceInput
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
from releases.gates.specs import Identifier, MeasuredSpec, Part, PinnedRelease, PinnedSegment, Reason
from releases.scores.counting import PairStratum, count_pairs
from releases.scores.scan import Scan
from releases.statistics.decisions import Verdict, decide_paired
from releases.statistics.multiplicity import detect_regressions
from releases.statistics.paired import PairedResult, compare_paired


class Baseline(Part):
    """What the candidate is compared with. ``pinned`` is filled when the policy is locked."""

    kind: Literal["live", "pinned"]
    release: Identifier | None = None
    when_no_baseline: Literal["absolute_only", "inconclusive"] = "inconclusive"
    pinned: PinnedRelease | None = None

    @model_validator(mode="after")
    def release_belongs_to_pinned(self) -> Self:
        """A pinned baseline names its release; the live one cannot be chosen."""
        if (self.kind == "pinned") != (self.release is not None):
            raise ValueError("a pinned baseline names its release; a live one names none")
        if self.kind == "pinned" and self.when_no_baseline != "inconclusive":
            raise ValueError("when_no_baseline is for the live baseline; a pinned one always exists")
        return self


class NoninferioritySpec(MeasuredSpec):
    """``margin`` is a difference of shares (7 points is 0.07), with the reason why so much is tolerable."""

    baseline: Baseline
    margin: float = Field(gt=0, lt=1)
    margin_reason: Reason

    @model_validator(mode="after")
    def stratum_by_stratum(self) -> Self:
        """The worst of one stack is not compared with the worst of another."""
        if self.stratum_rule == "worst":
            raise ValueError("a comparison is made stratum by stratum: stratum_rule is every or pooled")
        return self

    def wanted_release(self) -> UUID | None:
        return self.baseline.release

    def is_pinned(self) -> bool:
        return super().is_pinned() or self.baseline.pinned is not None

    def pinned_with(self, segments: list[PinnedSegment], release: PinnedRelease | None) -> Self:
        spec = super().pinned_with(segments, release)
        if self.baseline.release is None:
            return spec
        baseline = self.baseline.model_copy(update={"pinned": release})
        return spec.model_copy(update={"baseline": baseline})


@dataclass(frozen=True)
class _Comparison:
    """One reference on one dataset, with its name in sentences."""

    dataset: DatasetInput
    reference: ReferenceInput
    against: str
    document: dict[str, Any]


def sentence(spec: NoninferioritySpec) -> str:
    """The criterion in plain words."""
    metric, titles = spec.gate_metric, wording.listed(list(titles_of(spec).values()))
    pinned = spec.baseline.pinned
    reference = pinned.name if pinned else "the reference release"
    than = "what is live" if spec.baseline.kind == "live" else reference
    return (
        f"{metric.abbreviation}, {metric.words}, of {titles}: on the same captures at most "
        f"{wording.limit_points(spec.margin)} points against {than} ({spec.margin_reason})."
    )


def evaluate(context: Context, spec: NoninferioritySpec) -> CriterionOutcome:
    """Worst of all strata against every distinct baseline on all test datasets."""
    try:
        datasets = context.datasets(spec.dataset)
        references = _references(context, spec)
    except NotAnswerable as error:
        return concluded(unanswered(spec, error))
    lines = [
        line
        for dataset in datasets
        for reference in references
        for line in _lines(context, spec, _comparison(spec, dataset, reference, len(references)))
    ]
    missing = context.inputs.channels_without_live if spec.baseline.kind == "live" else []
    notes = [f"Nothing is live on {channel.name}: absolute criteria alone judge it." for channel in missing]
    if spec.baseline.when_no_baseline == "inconclusive":
        lines += [line for channel in missing for line in _nothing_live(spec, channel)]
        notes = []
    if not lines and notes:
        return CriterionOutcome(
            Verdict.INCONCLUSIVE,
            ReasonCode.BASELINE_MISSING,
            "Nothing is live yet on the touched channels; the absolute criteria alone decide.",
            counted=False,
            notes=tuple(notes),
        )
    return concluded(lines, notes)


def _references(context: Context, spec: NoninferioritySpec) -> list[ReferenceInput]:
    if spec.baseline.kind == "live":
        return context.live_references()
    pinned = spec.baseline.pinned
    if pinned is None:
        raise NotAnswerable(
            ReasonCode.POLICY_NOT_LOCKED, "The reference release is not pinned", "needs a locked policy"
        )
    found = context.reference(str(pinned.revision))
    if found is None:
        raise NotAnswerable(
            ReasonCode.BASELINE_MISSING,
            f"The reference release {pinned.name} was not found",
            f"needs the scores of {pinned.name}",
        )
    return [found]


def _comparison(
    spec: NoninferioritySpec, dataset: DatasetInput, reference: ReferenceInput, many: int
) -> _Comparison:
    live = spec.baseline.kind == "live"
    channels = [channel.name for channel in reference.live_on] if live else []
    today = f"today on {' and '.join(channels)}" if many > 1 else "today"
    document = {
        "kind": spec.baseline.kind,
        "name": reference.name,
        "release": reference.release,
        "revision": reference.number,
        "stack_digest": reference.stack_digest,
        "channels": channels,
    }
    return _Comparison(dataset, reference, today if live else f"with {reference.name}", document)


def _nothing_live(spec: NoninferioritySpec, channel: ChannelInput) -> list[StratumOutcome]:
    error = NotAnswerable(
        ReasonCode.BASELINE_MISSING,
        f"Nothing is live on {channel.name}",
        "needs an adopted or approved release on the channel, or a policy that judges a first release alone",
    )
    return unanswered(spec, error, baseline={"kind": "live", "channels": [channel.name]})


def _lines(context: Context, spec: NoninferioritySpec, pair: _Comparison) -> list[StratumOutcome]:
    population, metric = population_of(spec), spec.gate_metric.counted
    try:
        scan = context.paired_scan(pair.dataset, pair.reference, spec.max_evidence_age_days)
        strata = count_pairs(scan, population, strata_of(spec), metric).strata
    except NotAnswerable as error:
        return unanswered(spec, error, dataset=pair.dataset.name, baseline=pair.document)
    results = {
        one.stratum.key: compare_paired(
            one.counts,
            spec.plan,
            alpha_pass=context.alpha_pass(spec.alpha_pass),
            alpha_fail=spec.alpha_fail,
        )
        for one in strata
    }
    evidence = _family(spec, scan, strata, results)
    return [_line(spec, pair, one, results[one.stratum.key], evidence[one.stratum.key]) for one in strata]


def _family(
    spec: NoninferioritySpec, scan: Scan, strata: tuple[PairStratum, ...], results: dict[str, PairedResult]
) -> dict[str, Evidence]:
    sources = by_source_set(scan, population_of(spec), strata_of(spec), spec.gate_metric.counted)
    evidence = {
        one.stratum.key: replace(
            paired_evidence(one, results[one.stratum.key], spec.margin, spec.planned_deff),
            by_source_set=sources[one.stratum.key],
        )
        for one in strata
    }
    enough = {
        key: one
        for key, one in evidence.items()
        if one.subjects >= spec.min_subjects and one.n >= spec.min_presentations
    }
    marks = detect_regressions({key: results[key] for key in enough})
    evidence |= with_adjusted_p(enough)
    return {key: with_regression(one, marks.get(key)) for key, one in evidence.items()}


def _line(
    spec: NoninferioritySpec,
    pair: _Comparison,
    counted: PairStratum,
    result: PairedResult,
    evidence: Evidence,
) -> StratumOutcome:
    title = titles_of(spec)[counted.stratum.key]
    decision = decide_paired(result, spec.margin, spec.minima)
    line = StratumOutcome(
        stratum=named(counted.stratum),
        title=title,
        verdict=decision.verdict,
        reason_code=ReasonCode(decision.reason.value),
        sentence=wording.paired_sentence(spec.gate_metric, title, evidence, decision, pair.against),
        needs=wording.needs(decision, title),
        more_subjects=decision.more_subjects,
        dataset=pair.dataset.name,
        baseline=pair.document,
        evidence=evidence,
    )
    return with_undecided_rows(spec, line)


KIND = CriterionKind(
    key="noninferiority",
    title="At most a margin worse than a baseline",
    spec=NoninferioritySpec,
    sentence=sentence,
    evaluate=evaluate,
)
