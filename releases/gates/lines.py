"""The lines of a measured criterion: which rows they look at, how they end, what they say together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from governance.registry.predicates import attributes_of, parse_predicate
from releases.gates import wording
from releases.gates.outcomes import (
    CriterionOutcome,
    NotAnswerable,
    ReasonCode,
    StratumOutcome,
    worst_first,
)
from releases.gates.specs import MeasuredSpec
from releases.scores.strata import ByColumn, BySegments, Pooled, Population, Strata, Stratum
from releases.statistics.decisions import Verdict, worst_verdict


def population_of(spec: MeasuredSpec) -> Population:
    """The class that the metric is defined on, narrowed as the criterion says."""
    where = None if spec.where is None else parse_predicate(spec.where, "where")
    return Population(spec.gate_metric.label, where)


def strata_of(spec: MeasuredSpec) -> Strata:
    """How to cut the population.

    Raises:
        NotAnswerable: policy_not_locked, when segments are not pinned to versions.
    """
    if spec.strata.species is not None:
        return ByColumn("species", tuple(spec.strata.species))
    if spec.strata.pooled:
        return Pooled()
    if spec.strata.pinned is None:
        raise NotAnswerable(
            ReasonCode.POLICY_NOT_LOCKED,
            "The criterion names segments, but no versions of them",
            "needs a locked policy",
        )
    return BySegments(
        tuple((segment.key, parse_predicate(segment.predicate)) for segment in spec.strata.pinned)
    )


def titles_of(spec: MeasuredSpec) -> dict[str, str]:
    """What each stratum is called in sentences, by its key."""
    if spec.strata.pinned is not None:
        return {
            segment.key: wording.segment_title(
                segment.title, attributes_of(parse_predicate(segment.predicate))
            )
            for segment in spec.strata.pinned
        }
    if spec.strata.pooled:
        return {"all": "all together"}
    return {key: wording.species_title(key) for key in spec.strata.names()}


def named(stratum: Stratum) -> dict[str, str]:
    """``{species: print_low}``, ``{segment: skin_tone_6}`` or ``{pooled: all}``."""
    return {stratum.kind: stratum.key}


def unanswered(
    spec: MeasuredSpec, error: NotAnswerable, *, dataset: str = "", baseline: dict[str, Any] | None = None
) -> list[StratumOutcome]:
    """Every line of the criterion as inconclusive, for a reason that lies outside the counts."""
    kind = spec.strata.kind()
    return [
        StratumOutcome(
            stratum={kind: key},
            title=title,
            verdict=Verdict.INCONCLUSIVE,
            reason_code=error.reason,
            sentence=f"{spec.gate_metric.words.capitalize()}, {title}: {error.sentence}; {error.needs}.",
            needs=error.needs,
            dataset=dataset,
            baseline=baseline,
        )
        for key, title in titles_of(spec).items()
    ]


def with_undecided_rows(spec: MeasuredSpec, line: StratumOutcome) -> StratumOutcome:
    """Rows that no band decides, or two do, keep a line from passing; they never undo a fail."""
    excluded = line.evidence.excluded if line.evidence else {}
    undecided = excluded.get("no_band", 0) + excluded.get("ambiguous_band", 0)
    if spec.gate_metric.is_non_response or not undecided or line.verdict is Verdict.FAIL:
        return line
    needs = f"needs exactly one band of the threshold policy for each of {undecided} captures"
    return replace(
        line,
        verdict=Verdict.INCONCLUSIVE,
        reason_code=ReasonCode.NO_BAND,
        sentence=f"{line.sentence.rstrip('.')}; {undecided} captures have no decision, {needs}.",
        needs=needs,
        more_subjects=None,
    )


def concluded(lines: Sequence[StratumOutcome], notes: Sequence[str] = ()) -> CriterionOutcome:
    """The criterion's verdict: the worst of its lines; none at all is inconclusive."""
    if not lines:
        return CriterionOutcome(
            Verdict.INCONCLUSIVE, ReasonCode.NO_DATA, "Nothing was evaluated.", notes=tuple(notes)
        )
    ordered = worst_first(lines)
    verdict = worst_verdict(line.verdict for line in ordered)
    return CriterionOutcome(
        verdict, ordered[0].reason_code, _together(ordered, verdict), ordered, notes=tuple(notes)
    )


def _together(ordered: Sequence[StratumOutcome], verdict: Verdict) -> str:
    first, many = ordered[0].sentence, len(ordered)
    if many == 1:
        return first
    if verdict is Verdict.PASS:
        return f"All {many} lines hold. Closest: {first}"
    fails = sum(line.verdict is Verdict.FAIL for line in ordered)
    undecided = sum(line.verdict is Verdict.INCONCLUSIVE for line in ordered)
    parts = [f"{fails} of {many} lines fail"] if fails else []
    parts += [f"{undecided} of {many} are inconclusive"] if undecided else []
    return f"{', '.join(parts)}. Worst: {first}"
