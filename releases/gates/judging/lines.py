"""The lines of a measured criterion: which rows they look at, how they end, what they say together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from releases.gates.judging.context import Context
from releases.gates.judging.evidence import with_adjusted_p
from releases.gates.vocabulary.inputs import DatasetInput
from releases.gates.vocabulary.outcomes import (
    CriterionOutcome,
    Evidence,
    NotAnswerable,
    ReasonCode,
    StratumOutcome,
    worst_first,
)
from releases.gates.vocabulary.specs import ClusteredSpec
from releases.gates.vocabulary.wording import needs
from releases.scores.strata import Population, Stratum
from releases.statistics.decisions import Decision, Verdict, worst_verdict

Say = Callable[[str, Evidence, Decision], str]
"""The sentence of a line from its title, its evidence and its decision."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One stratum measured and decided."""

    stratum: Stratum
    evidence: Evidence
    decision: Decision


@dataclass(frozen=True, slots=True)
class Place:
    """What the lines of a criterion have in common: their dataset, and the baseline where there is one."""

    dataset: str = ""
    baseline: dict[str, Any] | None = None


def population_of(spec: ClusteredSpec) -> Population:
    """The class that the metric is defined on, narrowed as the criterion says."""
    return Population(spec.gate_metric.label, spec.condition)


def named(stratum: Stratum) -> dict[str, str]:
    """``{species: print_low}``, ``{segment: skin_tone_6}``, ``{pooled: all}`` or, crossed,
    ``{segment × species: skin_tone_6 × print_low}``.
    """
    return {stratum.kind: stratum.key}


def on_each_dataset(
    context: Context, spec: ClusteredSpec, lines: Callable[[DatasetInput], Iterable[StratumOutcome]]
) -> CriterionOutcome:
    """Worst of all strata on all test datasets; what cannot be answered on one is inconclusive there."""
    found: list[StratumOutcome] = []
    try:
        for dataset in context.datasets(spec.dataset):
            try:
                found += lines(dataset)
            except NotAnswerable as error:
                found += unanswered(spec, error, Place(dataset.name))
    except NotAnswerable as error:
        return concluded(unanswered(spec, error))
    return concluded(found)


def as_lines(spec: ClusteredSpec, judged: Sequence[Judged], say: Say, place: Place) -> list[StratumOutcome]:
    """The strata as lines, with Holm's p beside each within this family."""
    evidence = {one.stratum.key: one.evidence for one in judged}
    evidence |= with_adjusted_p({key: one for key, one in evidence.items() if has_enough(spec, one)})
    titles = spec.titles()
    found = []
    for one in judged:
        key, title = one.stratum.key, titles[one.stratum.key]
        sentence = say(title, evidence[key], one.decision)
        line = _line(replace(one, evidence=evidence[key]), title, sentence, place)
        found.append(_with_undecided_rows(spec, replace(line, narrowed_to=spec.narrowed_to())))
    return found


def has_enough(spec: ClusteredSpec, evidence: Evidence) -> bool:
    """Whether the minima are met; strata below them stay out of a family."""
    return evidence.subjects >= spec.min_subjects and evidence.n >= spec.min_presentations


def unanswered(spec: ClusteredSpec, error: NotAnswerable, place: Place = Place()) -> list[StratumOutcome]:
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
            dataset=place.dataset,
            baseline=place.baseline,
            narrowed_to=spec.narrowed_to(),
        )
        for key, title in spec.titles().items()
    ]


def concluded(lines: Sequence[StratumOutcome], notes: Sequence[str] = ()) -> CriterionOutcome:
    """The criterion's verdict: the worst of its lines; none at all is inconclusive."""
    if not lines:
        return CriterionOutcome(
            Verdict.INCONCLUSIVE, ReasonCode.NO_DATA, "Nothing was evaluated.", notes=tuple(notes)
        )
    ordered = worst_first(lines)
    verdict = worst_verdict(line.verdict for line in ordered)
    sentence = together([(line.verdict, line.sentence) for line in ordered])
    return CriterionOutcome(verdict, ordered[0].reason_code, sentence, ordered, notes=tuple(notes))


def together(ordered: Sequence[tuple[str, str]]) -> str:
    """What lines say together, from their verdicts and sentences, the worst first."""
    first, many = ordered[0][1], len(ordered)
    if many == 1:
        return first
    verdicts = [verdict for verdict, _ in ordered]
    fails, undecided = verdicts.count(Verdict.FAIL), verdicts.count(Verdict.INCONCLUSIVE)
    if not fails and not undecided:
        return f"All {many} lines hold. Closest: {first}"
    parts = [f"{fails} of {many} lines fail{'s' if fails == 1 else ''}"] if fails else []
    # The sentence is a part of the result, which must come out the same as years ago: its grammar stays.
    parts += [f"{undecided} of {many} are inconclusive"] if undecided else []
    return f"{', '.join(parts)}. Worst: {first}"


def _line(judged: Judged, title: str, sentence: str, place: Place) -> StratumOutcome:
    decision = judged.decision
    return StratumOutcome(
        stratum=named(judged.stratum),
        title=title,
        verdict=decision.verdict,
        reason_code=ReasonCode(decision.reason.value),
        sentence=sentence,
        needs=needs(decision, title),
        more_subjects=decision.more_subjects,
        dataset=place.dataset,
        baseline=place.baseline,
        evidence=judged.evidence,
        parts=tuple(named(part) for part in judged.stratum.parts),
    )


def kept_from_passing(line: StratumOutcome, reason: ReasonCode, said: str, wanted: str) -> StratumOutcome:
    """The line as inconclusive, for a reason that its figures do not show; a fail stays a fail."""
    if line.verdict is Verdict.FAIL:
        return line
    return replace(
        line,
        verdict=Verdict.INCONCLUSIVE,
        reason_code=reason,
        sentence=f"{line.sentence.rstrip('.')}; {said}, {wanted}.",
        needs=wanted,
        more_subjects=None,
    )


def _with_undecided_rows(spec: ClusteredSpec, line: StratumOutcome) -> StratumOutcome:
    """Rows that no band decides, or two do, keep a line from passing."""
    excluded = line.evidence.excluded if line.evidence else {}
    undecided = excluded.get("no_band", 0) + excluded.get("ambiguous_band", 0)
    if spec.gate_metric.is_non_response or not undecided:
        return line
    wanted = f"needs exactly one band of the threshold policy for each of {undecided} captures"
    return kept_from_passing(line, ReasonCode.NO_BAND, f"{undecided} captures have no decision", wanted)
