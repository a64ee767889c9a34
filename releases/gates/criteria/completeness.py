"""Nothing that the decision rests on is missing: the stack's slots, the model card, the plans, a report and
a score table of this very stack for each test dataset, and captures of every species and segment that
counts.

Where the policy asks, the way back is ready (an owner, a target that is alive, triggers, a drill), and
owners and enough approvers are recorded, as things stood when the run was requested.

What the author left out fails; evidence that has yet to be measured is inconclusive.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Self

from pydantic import Field, model_validator

from governance.registry.predicates import parse_predicate
from releases.bundles.documents import CARD_TEXTS
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import CriterionKind
from releases.gates.judging.readiness import judged_readiness
from releases.gates.vocabulary.fact_inputs import FactsInput
from releases.gates.vocabulary.inputs import DatasetInput
from releases.gates.vocabulary.outcomes import (
    CriterionOutcome,
    NotAnswerable,
    ReasonCode,
    StratumOutcome,
    worst_first,
)
from releases.gates.vocabulary.pins import Digest, Name, PinnedRelease, PinnedSegment
from releases.gates.vocabulary.specs import Spec
from releases.scores.counting import Metric, RateStratum, count_rates
from releases.scores.strata import ByColumn, BySegments, Population
from releases.statistics.decisions import Verdict, worst_verdict

Ready = Literal["rollback_path", "owners_and_approvers"]


class CompletenessSpec(Spec):
    """Which fields of the card must be filled, and of which species and segments captures must exist.

    ``min_presentations`` and ``min_subjects`` are the least of each named species and segment. ``readiness``
    says what else must be ready; ``max_drill_age_days`` how long ago the way back may have been rehearsed,
    without it any time or never.
    """

    card: list[Name] = Field(default_factory=lambda: list(CARD_TEXTS))
    species: list[Name] = Field(default_factory=list, max_length=200)
    segments: list[Name] = Field(default_factory=list, max_length=200)
    pinned_segments: list[PinnedSegment] | None = None
    min_presentations: int = Field(default=1, ge=1)
    min_subjects: int = Field(default=1, ge=1)
    dataset: Digest | None = None
    readiness: list[Ready] | None = Field(default=None, min_length=1, max_length=2)
    max_drill_age_days: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def a_drill_is_of_the_path(self) -> Self:
        """The age of a drill belongs to the check of the rollback path."""
        ready = self.readiness or []
        if len(set(ready)) != len(ready):
            raise ValueError("a part of readiness is named twice")
        if self.max_drill_age_days is not None and "rollback_path" not in ready:
            raise ValueError("max_drill_age_days belongs to readiness rollback_path: name that too")
        return self

    @model_validator(mode="after")
    def card_is_known(self) -> Self:
        """Only fields that a card has can be asked for."""
        unknown = sorted(set(self.card) - set(CARD_TEXTS))
        if unknown:
            raise ValueError(f"a card has no {', '.join(unknown)}; it has {', '.join(CARD_TEXTS)}")
        return self

    def wanted_segments(self) -> list[str]:
        return self.segments

    def wanted_dataset(self) -> str | None:
        return self.dataset

    def is_pinned(self) -> bool:
        return self.pinned_segments is not None

    def pinned_with(self, segments: list[PinnedSegment], release: PinnedRelease | None) -> Self:
        return self.model_copy(update={"pinned_segments": segments}) if self.segments else self

    def lacks(self, segments: Sequence[PinnedSegment]) -> list[PinnedSegment]:
        if not self.segments:
            return []
        named = {one.key for one in self.pinned_segments or []}
        return [one for one in segments if one.key not in named]

    def added_segments(self) -> frozenset[str]:
        return frozenset(one.key for one in self.pinned_segments or [] if one.added)

    def joined_by(self, segments: list[PinnedSegment]) -> tuple[Self, ...]:
        more = self.lacks(segments)
        pinned = [*(self.pinned_segments or []), *more]
        return (self.model_copy(update={"pinned_segments": pinned}),) if more else (self,)


def sentence(spec: CompletenessSpec) -> str:
    """The criterion in plain words."""
    groups = [*spec.species, *spec.segments]
    coverage = f", and at least {spec.min_presentations} captures of {', '.join(groups)}" if groups else ""
    ready = spec.readiness or []
    drill = f" and was rehearsed within {spec.max_drill_age_days:g} days" if spec.max_drill_age_days else ""
    path = f"; the way back is ready{drill}" if "rollback_path" in ready else ""
    people = "; owners and enough approvers are recorded" if "owners_and_approvers" in ready else ""
    tested = "the one named test dataset" if spec.dataset else "every test dataset"
    return (
        f"Stack, model card and plans are complete; {tested} has an evaluation report and scores of "
        f"this stack{coverage}{path}{people}."
    )


def evaluate(context: Context, spec: CompletenessSpec) -> CriterionOutcome:
    """Worst of all checks."""
    facts = context.inputs.facts
    checks = [
        _filled("stack", "The decision stack", facts.slots_missing),
        _filled("card", "The model card", [one for one in facts.card_missing if one in spec.card]),
        _filled("plans", "Rollout and rollback plan", facts.plans_missing),
        *judged_readiness(facts.readiness, spec.readiness or [], spec.max_drill_age_days),
    ]
    try:
        for dataset in context.datasets(spec.dataset):
            checks += [_report(facts, dataset), *_coverage(context, spec, dataset)]
    except NotAnswerable as error:
        checks.append(_open("dataset", "Test dataset", error))
    return _concluded(worst_first(checks))


def _filled(key: str, title: str, missing: list[str]) -> StratumOutcome:
    if not missing:
        return _met(key, title, f"{title} is complete.")
    what = ", ".join(one.replace("_", " ") for one in missing)
    needs = f"needs {what}"
    said = f"{title} lacks {what}."
    return StratumOutcome({"check": key}, title, Verdict.FAIL, ReasonCode.VIOLATES, said, needs)


def _report(facts: FactsInput, dataset: DatasetInput) -> StratumOutcome:
    title, needs = f"Evaluation report on {dataset.name}", "needs a report of this stack"
    if dataset.name in facts.reports_of_other_stacks:
        other = NotAnswerable(ReasonCode.REPORT_NOT_OF_THIS_STACK, f"{title} measured another stack", needs)
        return _open("report", title, other, dataset)
    if dataset.name in facts.datasets_without_report:
        return _open(
            "report", title, NotAnswerable(ReasonCode.NO_DATA, f"{title} is missing", needs), dataset
        )
    return _met("report", title, f"{title} is of this stack.", dataset)


def _coverage(context: Context, spec: CompletenessSpec, dataset: DatasetInput) -> list[StratumOutcome]:
    title = f"Scores on {dataset.name}"
    try:
        scan = context.candidate_scan(dataset, None)
        if spec.segments and spec.pinned_segments is None:
            raise NotAnswerable(
                ReasonCode.POLICY_NOT_LOCKED, "The segments are not pinned", "needs a locked policy"
            )
    except NotAnswerable as error:
        return [_open("scores", title, error, dataset)]
    segments = tuple((one.key, parse_predicate(one.predicate)) for one in spec.pinned_segments or [])
    species = count_rates(
        scan, Population("attack"), ByColumn("species", tuple(spec.species)), Metric.NON_RESPONSE
    )
    people = count_rates(scan, Population("bona_fide"), BySegments(segments), Metric.NON_RESPONSE)
    return [
        _met("scores", title, f"{title} are of this stack.", dataset),
        *(_covered(one, spec, dataset) for one in (*species.strata, *people.strata)),
    ]


def _covered(counted: RateStratum, spec: CompletenessSpec, dataset: DatasetInput) -> StratumOutcome:
    key, kind, rows = counted.stratum.key, counted.stratum.kind, counted.counts.presentations
    subjects = len(counted.counts.subject_rows) + counted.counts.rows_without_cluster
    title = key.replace("_", " ")
    found = f"{title}: {rows} captures of {subjects} subjects on {dataset.name}"
    people = subjects if kind == "segment" else None
    if rows >= spec.min_presentations and subjects >= spec.min_subjects:
        return replace(_met(key, title, f"{found}.", dataset, kind), subjects=people)
    reason = ReasonCode.TOO_FEW_SUBJECTS if rows else ReasonCode.NO_DATA
    needs = f"needs {spec.min_presentations} captures of {spec.min_subjects} subjects"
    return replace(_open(key, title, NotAnswerable(reason, found, needs), dataset, kind), subjects=people)


def _met(
    key: str, title: str, said: str, dataset: DatasetInput | None = None, kind: str = "check"
) -> StratumOutcome:
    where = dataset.name if dataset else ""
    return StratumOutcome({kind: key}, title, Verdict.PASS, ReasonCode.MEETS, said, dataset=where)


def _open(
    key: str, title: str, error: NotAnswerable, dataset: DatasetInput | None = None, kind: str = "check"
) -> StratumOutcome:
    return StratumOutcome(
        {kind: key},
        title,
        Verdict.INCONCLUSIVE,
        error.reason,
        f"{error.sentence}; {error.needs}.",
        error.needs,
        dataset=dataset.name if dataset else "",
    )


def _concluded(checks: tuple[StratumOutcome, ...]) -> CriterionOutcome:
    verdict = worst_verdict(check.verdict for check in checks)
    unmet = [check for check in checks if check.verdict is not Verdict.PASS]
    said = " ".join(check.sentence for check in unmet) or f"All {len(checks)} checks hold."
    return CriterionOutcome(verdict, checks[0].reason_code, said, checks)


KIND = CriterionKind(
    key="completeness",
    title="Nothing is missing",
    spec=CompletenessSpec,
    sentence=sentence,
    evaluate=evaluate,
    looks_at=frozenset({"facts", "readiness"}),
)
