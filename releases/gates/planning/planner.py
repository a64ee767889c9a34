"""A policy's criteria against what there is: which can be decided, which cannot, what to collect next. Pure.

Every stratum of a criterion must pass, so each of S is planned at 1 − (1 − power)/S.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from releases.gates.criteria.completeness import CompletenessSpec
from releases.gates.judging.criterion import Criterion
from releases.gates.planning.assumptions import Assumed, Assumption, LineName, assumed, written_for
from releases.gates.planning.forecasts import COUNTS_NOTHING, PLANS, Forecast, Limit
from releases.gates.planning.outlook import Line, Needed, Outlook, needed_for, outlook_of, worst_outlook
from releases.gates.planning.samples import Sample
from releases.gates.planning.sentences import A_REVIEW, LOOKS_AT_WORDS, NO_PLAN, Parts, line_sentence
from releases.gates.planning.sources import NOUNS, Source, label_of, noun_of
from releases.gates.vocabulary.cuts import Strata
from releases.gates.vocabulary.specs import ClusteredSpec, Spec
from releases.scores.strata import Label
from releases.statistics.planning import stratum_power

Measured = Callable[[Criterion, ClusteredSpec, str], tuple[dict[str, float], str]]
"""What was measured of a line, and on what: by its criterion, its specification and its stratum's key."""


@dataclass(frozen=True)
class Asked:
    """What a plan is made from. ``criteria`` come with what is judged of each, added segments included."""

    criteria: Sequence[tuple[Criterion, Sequence[Spec]]]
    source: Source
    measured: Measured
    assumptions: Sequence[Assumption] = ()
    power: float = 0.8
    dataset: str = ""


@dataclass(frozen=True)
class CriterionPlan:
    """One criterion with its lines; ``said`` where there are none."""

    criterion: Criterion
    lines: tuple[Line, ...]
    outlook: Outlook
    said: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def chance(self) -> float | None:
        """At least so likely all of its lines pass together, if the assumptions hold; None if one is unknown.

        One minus the sum of the misses: whatever the lines have to do with each other.
        """
        chances = [line.chance for line in self.lines]
        if not chances or any(one is None for one in chances):
            return None
        return max(0.0, 1 - sum(1 - (one or 0.0) for one in chances))


def planned(asked: Asked) -> tuple[CriterionPlan, ...]:
    """Every criterion of the policy, in its order."""
    return tuple(_criterion(asked, criterion, specs) for criterion, specs in asked.criteria)


def _criterion(asked: Asked, criterion: Criterion, specs: Sequence[Spec]) -> CriterionPlan:
    kind = criterion.kind.key
    if kind in COUNTS_NOTHING:
        lines = [
            line for spec in specs if isinstance(spec, CompletenessSpec) for line in _coverage(asked, spec)
        ]
        said = A_REVIEW if kind == "attestation" else LOOKS_AT_WORDS
        return CriterionPlan(criterion, tuple(lines), worst_outlook(line.outlook for line in lines), said)
    if kind not in PLANS:
        return CriterionPlan(criterion, (), Outlook.NOT_PLANNED, NO_PLAN)
    counted = [spec for spec in specs if isinstance(spec, ClusteredSpec)]
    if any(spec.dataset not in {None, asked.dataset} for spec in counted) and asked.dataset:
        said = "It looks at another dataset, which the policy pins; plan it with that one."
        return CriterionPlan(criterion, (), Outlook.NOT_PLANNED, said)
    many = sum(len(spec.strata.names()) for spec in counted)
    power = stratum_power(asked.power, max(1, many))
    lines = [line for spec in counted for line in _lines(asked, criterion, spec, power)]
    return CriterionPlan(
        criterion, tuple(lines), worst_outlook(line.outlook for line in lines), notes=_notes(asked, counted)
    )


def _notes(asked: Asked, specs: Sequence[ClusteredSpec]) -> tuple[str, ...]:
    if any(spec.where is not None for spec in specs) and not asked.dataset:
        return ("It looks at some captures only (where); the written counts are taken as counts of those.",)
    return ()


def _lines(asked: Asked, criterion: Criterion, spec: ClusteredSpec, power: float) -> Iterator[Line]:
    samples, kind, label = asked.source.samples(spec), spec.strata.kind(), label_of(spec)
    for key, title in spec.strata.titles().items():
        sample = samples.get(key, Sample())
        hides = is_kept_back(kind, sample.subjects, asked.source.below)
        measured, on = ({}, "") if hides else asked.measured(criterion, spec, key)
        name = LineName(criterion.key, spec.gate_metric.name, (kind, key))
        known = assumed(written_for(asked.assumptions, name), measured, on)
        forecast = Forecast(Limit("", 0.0, ""))
        if sample.n_eff is not None:
            forecast = PLANS[criterion.kind.key](spec, sample, known, power)
        terms = Terms(power, hides, noun_of(spec))
        yield _line((name.stratum, title, label), sample, forecast, known, terms)


@dataclass(frozen=True, slots=True)
class Terms:
    """The power that a line is planned at, whether its figures are kept back, and what is counted."""

    power: float
    hides: bool
    noun: str


def _line(
    named: tuple[tuple[str, str], str, str], sample: Sample, forecast: Forecast, known: Assumed, terms: Terms
) -> Line:
    stratum, title, label = named
    outlook = outlook_of(forecast, sample)
    needed = None
    if outlook is not Outlook.OUT_OF_REACH:
        needed = needed_for(forecast, hides_what_is_there=terms.hides)
    parts = Parts(forecast, needed, terms.power, terms.hides, terms.noun, sample.presentations)
    return Line(
        stratum=stratum,
        title=title,
        label=label,
        noun=terms.noun,
        outlook=outlook,
        sentence=line_sentence(title, outlook, sample, parts),
        sample=sample,
        needed=needed,
        forecast=forecast,
        assumed=known,
        power=terms.power,
        suppressed=terms.hides,
    )


def is_kept_back(kind: str, subjects: float, below: int) -> bool:
    """Whether a stratum is a group of people, and of so few that no figures of it are shown."""
    return "segment" in kind.split(" ") and 0 < subjects < below


def _coverage(asked: Asked, spec: CompletenessSpec) -> Iterator[Line]:
    """Captures of each species and segment that must exist."""
    cuts: list[tuple[Label, Strata]] = []
    if spec.species:
        cuts.append(("attack", Strata(species=spec.species)))
    if spec.segments and spec.pinned_segments:
        names = [one.key for one in spec.pinned_segments]
        cuts.append(("bona_fide", Strata(segments=names, pinned=spec.pinned_segments)))
    for label, strata in cuts:
        found = asked.source.covered(label, strata)
        for key, title in strata.titles().items():
            rows, subjects = found.get(key, (0, 0))
            hides = is_kept_back(strata.kind(), subjects, asked.source.below)
            sample = Sample(presentations=rows, subjects=float(subjects))
            yield _covered(spec, ((strata.kind(), key), title, label), sample, hides=hides)


def _covered(
    spec: CompletenessSpec, named: tuple[tuple[str, str], str, str], sample: Sample, *, hides: bool
) -> Line:
    stratum, title, label = named
    rows, subjects = sample.presentations, int(sample.subjects)
    missing = max(0, spec.min_presentations - rows), max(0, spec.min_subjects - subjects)
    short = any(missing)
    if hides and short:
        missing = spec.min_presentations, spec.min_subjects
    wanted = f"{spec.min_presentations:,} captures of {spec.min_subjects:,} subjects are asked for"
    there = "" if hides else f"{rows:,} captures of {subjects:,} subjects; "
    return Line(
        stratum=stratum,
        title=title,
        label=label,
        noun=NOUNS[label],
        outlook=Outlook.NEEDS_MORE if short else Outlook.DECIDABLE,
        sentence=f"{title}: {there}{wanted}.",
        sample=sample,
        needed=Needed(spec.min_presentations, spec.min_subjects, *missing),
        suppressed=hides,
    )
