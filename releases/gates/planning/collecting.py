"""What to collect next: of each group the largest need of any criterion, and the plan in one sentence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from releases.gates.planning.outlook import SHORT, UNDECIDABLE, Line, Outlook
from releases.gates.planning.planner import CriterionPlan
from releases.gates.planning.sources import ALL

LESS_LIKELY = "may pass with these captures, but less likely than asked for"
UNLIKELY = "would pass less often than asked for, and more captures make it less likely"


@dataclass(frozen=True, slots=True)
class Group:
    """One species, segment, channel or crossing of one class, over all criteria that decide.

    Missing numbers are the largest of its lines; one that is out of reach is in none of them.
    """

    stratum: tuple[str, str]
    title: str
    label: str
    noun: str
    presentations: int | None
    subjects: float | None
    presentations_missing: int
    subjects_missing: int
    out_of_reach: bool
    no_subject_ids: bool
    criteria: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As it is sent."""
        kind, key = self.stratum
        return {
            "stratum": {kind: key},
            "title": self.title,
            "population": self.label,
            "what": self.noun,
            "presentations": self.presentations,
            "subjects": self.subjects,
            "presentations_missing": self.presentations_missing,
            "subjects_missing": self.subjects_missing,
            "out_of_reach": self.out_of_reach,
            "no_subject_ids": self.no_subject_ids,
            "criteria": list(self.criteria),
        }


def collect(plans: Sequence[CriterionPlan]) -> tuple[Group, ...]:
    """The groups, those that miss most first."""
    lines: dict[tuple[str, tuple[str, str]], list[tuple[str, Line]]] = {}
    for plan in deciding(plans):
        for line in plan.lines:
            lines.setdefault((line.noun, line.stratum), []).append((plan.criterion.title, line))
    groups = [_group(found) for found in lines.values()]
    return tuple(
        sorted(
            groups,
            key=lambda one: (
                -one.presentations_missing,
                -one.subjects_missing,
                not one.out_of_reach,
                not one.no_subject_ids,
            ),
        )
    )


def _group(found: Sequence[tuple[str, Line]]) -> Group:
    first = found[0][1]
    short = [(title, line) for title, line in found if line.outlook in SHORT]
    needs = [line.needed for _, line in short if line.needed is not None]
    counted = [line.sample for _, line in found if line.sample is not None and not line.suppressed]
    return Group(
        stratum=first.stratum,
        title=first.title,
        label=first.label,
        noun=first.noun,
        presentations=max((one.presentations for one in counted), default=None),
        subjects=max((one.subjects for one in counted), default=None),
        presentations_missing=max((one.presentations_missing for one in needs), default=0),
        subjects_missing=max((one.subjects_missing for one in needs), default=0),
        out_of_reach=any(line.outlook is Outlook.OUT_OF_REACH for _, line in short),
        no_subject_ids=any(line.outlook is Outlook.NO_SUBJECT_IDS for _, line in short),
        criteria=tuple(dict.fromkeys(title for title, _ in short)),
    )


def lead(plans: Sequence[CriterionPlan], groups: Sequence[Group]) -> str:
    """The plan in one sentence, and what to do first."""
    counted = deciding(plans)
    found = [plan.outlook for plan in counted]
    parts = [_first(counted, groups)]
    if undecidable(plans):
        parts += _also(less_likely(plans), LESS_LIKELY)
    parts += _also(
        found.count(Outlook.RATES_TOO_HIGH), "would not pass at the assumed rates, whatever is collected"
    )
    parts += _also(found.count(Outlook.CHANCE_TOO_LOW), UNLIKELY)
    parts += _also(found.count(Outlook.RATES_UNKNOWN), "cannot be planned until rates are stated")
    return " ".join(parts)


def undecidable(plans: Iterable[CriterionPlan]) -> int:
    """How many of the criteria that decide these data cannot decide."""
    return sum(_lacks(plan) for plan in deciding(plans))


def less_likely(plans: Iterable[CriterionPlan]) -> int:
    """How many of the others could pass on these data, with a smaller chance than asked for."""
    return sum(plan.outlook is Outlook.LESS_LIKELY for plan in deciding(plans))


def _lacks(plan: CriterionPlan) -> bool:
    return any(line.outlook in UNDECIDABLE for line in plan.lines)


def _first(plans: Sequence[CriterionPlan], groups: Sequence[Group]) -> str:
    undecided, doubtful, many = undecidable(plans), less_likely(plans), len(plans)
    if not undecided and not doubtful:
        sure = sum(plan.outlook in {Outlook.DECIDABLE, Outlook.NEEDS_NO_COUNTS} for plan in plans)
        which = f"All {_criteria(many)}" if sure == many > 1 else f"{sure} of {_criteria(many)}"
        return f"{which} can be decided with these captures."
    said = f"{undecided} of {_criteria(many)} cannot be decided with these captures"
    if not undecided:
        said = f"{doubtful} of {_criteria(many)} {LESS_LIKELY}"
    most = next((one for one in groups if one.presentations_missing or one.subjects_missing), None)
    return f"{said}." if most is None else f"{said}; collect {_some(most)} first."


def _some(group: Group) -> str:
    many = group.subjects_missing
    people = f"about {many:,} more subject{'' if many == 1 else 's'}" if many else "the same subjects"
    of = "" if group.stratum == ALL else f" of {group.title}"
    return f"{group.presentations_missing:,} more {group.noun}{of} from {people}"


def _also(many: int, what: str) -> list[str]:
    return [f"{many} {what}."] if many else []


def _criteria(many: int) -> str:
    return f"{many} {'criterion' if many == 1 else 'criteria'}"


def deciding(plans: Iterable[CriterionPlan]) -> list[CriterionPlan]:
    """Those that the gate's verdict depends on; all of a policy in which none does."""
    plans = list(plans)
    return [plan for plan in plans if plan.criterion.decides] or plans
