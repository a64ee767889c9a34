"""Plans in plain words: how many there are of how many, what the bound would be at best, what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from releases.gates.planning.forecasts import Forecast
from releases.gates.planning.outlook import Needed, Outlook
from releases.gates.planning.samples import Sample
from releases.gates.vocabulary.wording import MOST_SUBJECTS

NO_PLAN = "No plan exists for this kind of criterion; what it needs shows only once it is measured."
LOOKS_AT_WORDS = "It looks at what is written down; no captures are needed for it."
A_REVIEW = "A reviewer looks and signs; no captures are needed for it beyond those of the other criteria."
FEW_PEOPLE = "so few people that no figures of them are shown"
TOO_SMALL = "the policy's least number of subjects and presentations is not met"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a sentence is made of: the forecast, what is needed, the power asked for, what is kept back."""

    forecast: Forecast
    needed: Needed | None
    power: float
    hides: bool
    noun: str
    there: int = 0


def line_sentence(title: str, outlook: Outlook, sample: Sample, parts: Parts) -> str:
    """One line of a plan."""
    return f"{title}: {_said(outlook, sample, parts)}."


def _said(outlook: Outlook, sample: Sample, parts: Parts) -> str:
    forecast, noun = parts.forecast, parts.noun
    match outlook:
        case Outlook.NOT_PLANNED:
            return forecast.trivial
        case Outlook.NO_SUBJECT_IDS:
            there = (
                FEW_PEOPLE if parts.hides else f"{sample.presentations:,} {noun}, not all with their subject"
            )
            return f"{there}; needs the subject of each capture, or a planned_deff in the policy"
        case Outlook.RATES_TOO_HIGH:
            return f"{forecast.said} it does not meet {_the(forecast, 'of')}; more data will not pass this"
        case Outlook.CHANCE_TOO_LOW:
            return _too_unlikely(noun, sample, parts)
        case Outlook.OUT_OF_REACH:
            return f"needs more than {MOST_SUBJECTS:,} subjects{_at(forecast)}: {_out_of_reach(forecast)}"
        case Outlook.RATES_UNKNOWN:
            return _unknown(noun, sample, parts)
        case Outlook.DECIDABLE:
            return _enough(noun, sample, parts)
        case _:
            return _more(noun, sample, parts)


def _enough(noun: str, sample: Sample, parts: Parts) -> str:
    if parts.hides:
        return f"{FEW_PEOPLE}; {parts.forecast.said} they are enough"
    passes = f"{parts.forecast.said} it passes with a chance of {_chance(parts)}"
    return f"{_counted(noun, sample)} are enough; {passes}"


def _too_unlikely(noun: str, sample: Sample, parts: Parts) -> str:
    """A count rule that is met less often the more captures there are."""
    forecast, asked = parts.forecast, percent_said(parts.power)
    many, chance = forecast.falls_from or (0, 0.0)
    there = FEW_PEOPLE if parts.hides else _counted(noun, sample)
    if parts.hides or parts.there <= many:
        best = f"it passes with a chance of {percent_said(chance)} with the {many:,} that the rule asks for"
        return f"{there}; {forecast.said} {best}, {asked} is asked for; more captures make it less likely"
    passes = f"{forecast.said} it passes with a chance of {_chance(parts)}, {asked} is asked for"
    least = f"with the {many:,} that the rule asks for it is {percent_said(chance)}"
    return f"{there}; {passes}; more captures make it less likely, {least}"


def _more(noun: str, sample: Sample, parts: Parts) -> str:
    forecast, needed = parts.forecast, parts.needed
    if needed is None:
        return _the(forecast)
    if parts.hides:
        return f"{FEW_PEOPLE}; needs {needed.presentations:,} {noun} of {_people(needed.subjects)} in all"
    at_least = "at least " if forecast.plan is None else ""
    there = f"{sample.presentations:,} of {at_least}{needed.presentations:,} {noun}"
    return f"{there}; {_why(forecast, parts)}: {more_of(needed)}"


def _why(forecast: Forecast, parts: Parts) -> str:
    """Why what is there is not enough: already at best, or by its chance."""
    best, plan = forecast.best, forecast.plan
    if not parts.there:
        return "nothing is there yet"
    if forecast.falls_from is not None or (plan is None and forecast.best_bound is None):
        met = best is not None and best.n_eff_needed is not None and best.n_eff_needed <= parts.there
        return TOO_SMALL if met else _the(forecast)
    if best is not None and not best.decidable and forecast.best_bound is not None:
        bound = f"{forecast.at_best} the bound would be {forecast.limit.write(forecast.best_bound)}"
        if best.n_eff_needed is not None and forecast.best_bound <= forecast.limit.value:
            return TOO_SMALL
        return f"{bound}, {_the(forecast)}"
    if plan is None:
        return _the(forecast)
    asked = percent_said(parts.power)
    return f"{forecast.said} it passes with a chance of {_chance(parts)}, {asked} is asked for"


def _unknown(noun: str, sample: Sample, parts: Parts) -> str:
    forecast = parts.forecast
    there = FEW_PEOPLE if parts.hides else _counted(noun, sample)
    if forecast.best is None:
        return f"{there}; state {forecast.wanted}, then it can be planned"
    return f"{there} could pass {forecast.at_best}; state {forecast.wanted} to know the chance"


def more_of(needed: Needed) -> str:
    """``151 more from about 40 more subjects``."""
    if not needed.subjects_missing:
        return f"{needed.presentations_missing:,} more"
    return f"{needed.presentations_missing:,} more from about {_people(needed.subjects_missing, 'more ')}"


def _the(forecast: Forecast, joint: str = "is") -> str:
    return f"the {forecast.limit.name} {joint} {forecast.limit.words}"


def _out_of_reach(forecast: Forecast) -> str:
    name = "margin" if forecast.limit.name == "margin" else "limit"
    remedy = forecast.limit.remedy if forecast.plan else forecast.limit.remedy.partition(" or ")[0]
    return f"this {name} cannot be shown with captures; {remedy}"


def _at(forecast: Forecast) -> str:
    return f" {forecast.said}" if forecast.said else ""


def _counted(noun: str, sample: Sample) -> str:
    if not sample.presentations:
        return f"no {noun}"
    return f"{sample.presentations:,} {noun} of {_people(sample.subjects)}"


def _people(many: float, more: str = "") -> str:
    return (
        f"{many:,.6g} {more}subject{'' if many == 1 else 's'}"
        if many < 1e6
        else f"{many:,.0f} {more}subjects"
    )


def _chance(parts: Parts) -> str:
    plan = parts.forecast.plan
    return percent_said(plan.power if plan else 0.0)


def percent_said(share: float) -> str:
    """Whole percents; never 100 % or 0 % for what is not certain."""
    if 0.995 <= share < 1:
        return "over 99 %"
    if 0 < share < 0.005:
        return "under 1 %"
    return f"{100 * share:.3g} %" if share > 0.95 else f"{100 * share:.0f} %"


SAID = {
    Outlook.OUT_OF_REACH: "Out of reach of captures",
    Outlook.NO_SUBJECT_IDS: "Subjects unknown",
    Outlook.NEEDS_MORE: "Too few captures",
    Outlook.LESS_LIKELY: "May pass, less likely than asked for",
    Outlook.RATES_TOO_HIGH: "Would not pass at the assumed rates",
    Outlook.CHANCE_TOO_LOW: "Passes less often than asked for",
    Outlook.RATES_UNKNOWN: "Rates to be stated",
    Outlook.NOT_PLANNED: "No plan",
}


def plan_sentence(outlook: Outlook, lines: Sequence[Outlook], said: str) -> str:
    """A criterion in a sentence: all of its lines can be decided, or how many stand how."""
    many = len(lines)
    if not many:
        return said
    if outlook is Outlook.DECIDABLE:
        return "It can be decided." if many == 1 else f"All {many} lines can be decided."
    found = [(SAID[one], lines.count(one)) for one in SAID if one in lines]
    if many == 1:
        return f"{found[0][0]}."
    whole = [f"{what} for {'all' if count == many else f'{count} of'} {many} lines" for what, count in found]
    return f"{'; '.join([whole[0], *(one[:1].lower() + one[1:] for one in whole[1:])])}."
