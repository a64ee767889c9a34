"""The lines of a plan: whether each can be decided, what is missing, and a sentence that says it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from releases.gates.planning.assumptions import Assumed
from releases.gates.planning.forecasts import Forecast
from releases.gates.planning.samples import Sample
from releases.gates.vocabulary.wording import MOST_SUBJECTS
from releases.statistics.planned_data import PlanLine


class Outlook(StrEnum):
    """How a line, or a criterion, stands before anything is measured."""

    DECIDABLE = "decidable"
    NEEDS_MORE = "needs_more"
    LESS_LIKELY = "less_likely"
    OUT_OF_REACH = "out_of_reach"
    RATES_TOO_HIGH = "rates_too_high"
    CHANCE_TOO_LOW = "chance_too_low"
    RATES_UNKNOWN = "rates_unknown"
    NO_SUBJECT_IDS = "no_subject_ids"
    NOT_PLANNED = "not_planned"
    NEEDS_NO_COUNTS = "needs_no_counts"


UNDECIDABLE = frozenset({Outlook.NEEDS_MORE, Outlook.OUT_OF_REACH, Outlook.NO_SUBJECT_IDS})
"""What these data cannot decide: not even where all comes out well would they pass."""

LEAST_CHANCE = 0.01
"""A pass that is less likely is none to count on."""

SHORT = UNDECIDABLE | {Outlook.LESS_LIKELY}
"""What more captures are asked for: also where these could pass, with a smaller chance than asked for."""

ORDER = (
    Outlook.OUT_OF_REACH,
    Outlook.NO_SUBJECT_IDS,
    Outlook.NEEDS_MORE,
    Outlook.LESS_LIKELY,
    Outlook.RATES_TOO_HIGH,
    Outlook.CHANCE_TOO_LOW,
    Outlook.RATES_UNKNOWN,
    Outlook.NOT_PLANNED,
    Outlook.DECIDABLE,
    Outlook.NEEDS_NO_COUNTS,
)
"""What stands most in the way first."""


def worst_outlook(found: Iterable[Outlook]) -> Outlook:
    """The one that stands most in the way; nothing at all needs nothing."""
    return min(found, key=ORDER.index, default=Outlook.NEEDS_NO_COUNTS)


@dataclass(frozen=True, slots=True)
class Needed:
    """How much a line needs in all and is missing, at the present captures of each subject.

    ``captures_each``: the same subjects would do with so many captures of each; None where that cannot help.
    """

    presentations: int
    subjects: int
    presentations_missing: int
    subjects_missing: int
    captures_each: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One stratum of one criterion.

    ``can_pass`` is what the data allow at best; None where that cannot be said without assumptions.
    ``suppressed``: of so few people that no figures of them are shown.
    """

    stratum: tuple[str, str]
    title: str
    label: str
    noun: str
    outlook: Outlook
    sentence: str = ""
    sample: Sample | None = None
    needed: Needed | None = None
    forecast: Forecast | None = None
    assumed: Assumed = field(default_factory=Assumed)
    power: float | None = None
    suppressed: bool = False

    @property
    def chance(self) -> float | None:
        """How likely a pass is, if the assumption holds."""
        plan = self.forecast and self.forecast.plan
        return plan.power if plan and not self.suppressed else None

    @property
    def can_pass(self) -> bool | None:
        """Whether these data could pass if not one error or difference is seen, or if the assumption is true:
        a stack that is better by much passes with fewer captures than one that differs nowhere.
        """
        if self.outlook in {Outlook.NO_SUBJECT_IDS, Outlook.DECIDABLE}:
            return self.outlook is Outlook.DECIDABLE
        best = self.forecast and self.forecast.best
        return best.decidable if best else None

    def document(self) -> dict[str, Any]:
        """As it is sent."""
        kind, key = self.stratum
        shown = None if self.suppressed else self.sample
        plan, needed, forecast = self.forecast and self.forecast.plan, self.needed, self.forecast
        return {
            "stratum": {kind: key},
            "title": self.title,
            "population": self.label,
            "outlook": self.outlook.value,
            "sentence": self.sentence,
            "presentations": shown and shown.presentations,
            "subjects": shown and shown.subjects,
            "n_eff": shown and shown.n_eff,
            "design_effect": shown and shown.design_effect,
            "counts_source": shown and shown.source,
            "presentations_needed": needed and needed.presentations,
            "subjects_needed": needed and needed.subjects,
            "presentations_missing": needed and needed.presentations_missing,
            "subjects_missing": needed and needed.subjects_missing,
            "captures_per_subject_needed": needed and needed.captures_each,
            "n_eff_needed": plan.n_eff_needed if plan and not self.suppressed else None,
            "chance_to_pass": self.chance,
            "power": self.power,
            "limit": forecast and forecast.limit.value,
            "can_pass": self.can_pass,
            "best_bound": forecast.best_bound if forecast and not self.suppressed else None,
            "minimum_detectable_effect": forecast.effect if forecast and not self.suppressed else None,
            "assumed": self.assumed.document(),
            "suppressed_in_display": self.suppressed,
        }


def outlook_of(forecast: Forecast, sample: Sample) -> Outlook:
    """How a line stands."""
    plan = forecast.plan
    if forecast.trivial:
        return Outlook.NOT_PLANNED
    if sample.n_eff is None:
        return Outlook.NO_SUBJECT_IDS
    if plan is None:
        best = forecast.best
        return Outlook.RATES_UNKNOWN if best is None or best.decidable else _missing(best)
    if plan.decidable:
        return Outlook.DECIDABLE
    if not forecast.meets:
        return Outlook.RATES_TOO_HIGH
    if forecast.falls_from is not None and (plan.impossible or not plan.presentations_missing):
        return Outlook.CHANCE_TOO_LOW
    found = _missing(plan)
    could_pass = forecast.best is not None and forecast.best.decidable and plan.power >= LEAST_CHANCE
    return Outlook.LESS_LIKELY if could_pass and found is Outlook.NEEDS_MORE else found


def _missing(plan: PlanLine) -> Outlook:
    beyond = plan.impossible or (plan.subjects_missing or 0) > MOST_SUBJECTS
    return Outlook.OUT_OF_REACH if beyond else Outlook.NEEDS_MORE


def needed_for(forecast: Forecast, *, hides_what_is_there: bool = False) -> Needed | None:
    """What is needed at the assumed numbers, or, while those are unknown, at least."""
    found = forecast.best if forecast.plan is None else forecast.plan
    if found is None or found.subjects_needed is None or found.presentations_needed is None:
        return None
    missing = found.presentations_missing or 0, found.subjects_missing or 0
    if hides_what_is_there and any(missing):
        missing = found.presentations_needed, found.subjects_needed
    return Needed(
        presentations=found.presentations_needed,
        subjects=found.subjects_needed,
        presentations_missing=missing[0],
        subjects_missing=missing[1],
        captures_each=None if hides_what_is_there else found.rows_per_subject_needed,
    )
