"""The planner: which criteria these captures cannot decide, and what to collect next. Nothing is written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from audits.pages.frame import draw
from audits.pages.planning_form import PlannerForm, count_name, identifier, written_places
from audits.pages.standing import listed
from governance.access.admin_base import admin_url
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.errors import GovernanceError
from releases.gates.models import GatePolicy, PolicyState
from releases.gates.planning.collecting import Group
from releases.gates.planning.outlook import ORDER, SHORT, Line, Outlook
from releases.gates.planning.plan import Plan, made_plan
from releases.gates.planning.planner import CriterionPlan
from releases.gates.planning.reading import datasets_with_scores
from releases.gates.planning.sentences import percent_said, plan_sentence
from releases.gates.planning.sources import BOTH, NOUNS
from releases.gates.vocabulary.wording import MOST_SUBJECTS

TITLE = "Planner"
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
LOOKS = {
    Outlook.DECIDABLE: ("pass", "Can be decided", "check_circle"),
    Outlook.NEEDS_MORE: ("inc", "Too few", "contrast"),
    Outlook.LESS_LIKELY: ("inc", "Not likely enough", "contrast"),
    Outlook.OUT_OF_REACH: ("inc", "Out of reach", "block"),
    Outlook.NO_SUBJECT_IDS: ("inc", "Subjects unknown", "person_off"),
    Outlook.RATES_TOO_HIGH: ("held", "Would not pass", "trending_up"),
    Outlook.CHANCE_TOO_LOW: ("held", "Unlikely to pass", "trending_down"),
    Outlook.RATES_UNKNOWN: ("open", "Rates unknown", "help"),
    Outlook.NOT_PLANNED: ("open", "No plan", "remove"),
    Outlook.NEEDS_NO_COUNTS: ("pass", "No captures needed", "description"),
}


@dataclass(frozen=True)
class LineRow:
    """A line as the page shows it."""

    line: Line
    look: tuple[str, str, str]

    @property
    def said(self) -> str:
        """Its sentence without its name, which stands beside it."""
        rest = self.line.sentence.removeprefix(f"{self.line.title}: ")
        return spaced(rest[:1].upper() + rest[1:])

    @property
    def chance(self) -> str:
        """How likely a pass is."""
        return "–" if self.line.chance is None else percent_said(self.line.chance)

    @property
    def power(self) -> str:
        """How likely it shall be."""
        return "" if self.line.chance is None else percent_said(self.line.power or 0.0)

    @property
    def more(self) -> str:
        """What else would do, and what the captures can tell apart."""
        needed, forecast = self.line.needed, self.line.forecast
        parts = []
        if needed and needed.presentations_missing and needed.captures_each:
            parts.append(f"Or {needed.captures_each} captures of each of the same people.")
        if forecast and forecast.effect is not None and not self.line.suppressed:
            points = f"{100 * forecast.effect:.3g} points"
            parts.append(f"Reaches the chance asked for if the truth lies at least {points} below its limit.")
        return " ".join(parts)


@dataclass(frozen=True)
class CriterionRow:
    """A criterion with its lines, the worst first."""

    plan: CriterionPlan
    look: tuple[str, str, str]
    said: str
    lines: tuple[LineRow, ...]

    @property
    def is_open(self) -> bool:
        """Whether its lines are worth a look at once."""
        return self.plan.outlook in SHORT


@dataclass(frozen=True)
class GroupRow:
    """What is there and missing of a group; ``percent`` of what is needed."""

    group: Group
    percent: int | None
    missing: str
    people: str
    beyond: str


@dataclass(frozen=True)
class CountRow:
    """A pair of fields for written counts."""

    title: str
    noun: str
    n: tuple[str, str]
    k: tuple[str, str]


def planner(request: HttpRequest) -> HttpResponse:
    """The plan of ``?policy=``, by default of the policy in force, on the dataset scored last."""
    rows = visible_to(GatePolicy.objects.select_related("system"), actor_from(request))
    policies = sorted(rows.order_by("system__slug", "-drafted_at"), key=_first_in_force)
    if not policies and "policy" not in request.GET:
        return draw(request, "countersign/planner.html", {}, title=TITLE, crumbs=[(TITLE, "")])
    policy = _chosen(request, policies)
    datasets = datasets_with_scores(policy.system)
    form = PlannerForm(request.GET, policy=policy, policies=policies, datasets=datasets)
    plan = _plan(form, policy)
    form.say_what_was_replaced()
    context: dict[str, Any] = {
        "form": form,
        "policy": policy,
        "policy_url": admin_url(GatePolicy, "change", policy.pk),
        "plan": plan,
        "counts": count_rows(form, plan),
        **(shown(plan, form) if plan else {}),
    }
    crumbs = [("Gate policies", reverse("admin:releases_gatepolicy_changelist"))]
    crumbs += [(str(policy), context["policy_url"]), (TITLE, "")]
    return draw(request, "countersign/planner.html", context, title=f"{TITLE} of {policy}", crumbs=crumbs)


def spaced(text: str) -> str:
    """Thousands apart by a narrow space, as the pages write them, that does not break."""
    return THOUSANDS.sub("\u202f", text)


def _first_in_force(policy: GatePolicy) -> int:
    return 0 if policy.state == PolicyState.LOCKED and policy.in_force_until is None else 1


def _chosen(request: HttpRequest, policies: Sequence[GatePolicy]) -> GatePolicy:
    asked = request.GET.get("policy", "")
    if not asked:
        return policies[0]
    key = identifier(asked)
    found = next((one for one in policies if one.pk == key), None)
    if found is None:
        raise Http404
    return found


def _plan(form: PlannerForm, policy: GatePolicy) -> Plan | None:
    """The plan; what keeps it from being made stands in the form."""
    if not form.is_valid():
        return None
    try:
        return made_plan(policy, form.wanted(), timezone.now())
    except ValidationError as error:
        form.add_error(None, error)
    except GovernanceError as error:
        form.add_error(None, f"{error.message} {error.next_step}".strip())
    return None


def shown(plan: Plan, form: PlannerForm) -> dict[str, Any]:
    """What the template draws of a plan."""
    groups = [_group_row(one) for one in plan.groups]
    return {
        "lacking": [row for row in groups if row.missing],
        "enough": [row.group for row in groups if not row.missing],
        "criteria": sorted(
            (_criterion_row(one) for one in plan.plans),
            key=lambda row: (not row.plan.criterion.decides, _place(row.plan)),
        ),
        "look": "inc" if plan.undecidable or plan.less_likely else "pass",
        "lead": spaced(plan.sentence),
        "squares": [LOOKS[one.outlook][0] for one in sorted(plan.plans, key=_place)],
        "differing": _differing(plan),
        "measured": plan.measurement,
    }


def _place(plan: CriterionPlan) -> int:
    return ORDER.index(plan.outlook)


def _differing(plan: Plan) -> str:
    """The runs that measured how often decisions differ, where the plan rests on one."""
    lines = [line for one in plan.plans for line in one.lines]
    runs = {
        line.assumed.measured_on
        for line in lines
        if line.assumed.discordance is not None and "discordance" not in line.assumed.written
    }
    return listed(sorted(runs))


def _group_row(group: Group) -> GroupRow:
    missing, percent = "", None
    there = group.presentations or 0
    if group.presentations_missing or group.subjects_missing:
        missing = spaced(f"{group.presentations_missing:,} more")
        percent = int(100 * there / (there + group.presentations_missing)) if there else 0
    beyond = "for some criteria out of reach" if group.out_of_reach and missing else ""
    if group.out_of_reach and not missing:
        missing = "out of reach"
    if group.no_subject_ids:
        missing = missing or "the subject of each capture"
    people = spaced(f"about {group.subjects_missing:,} more") if group.subjects_missing else "the same people"
    if not group.presentations_missing:
        people = spaced(f"more than {MOST_SUBJECTS:,}") if group.out_of_reach else "–"
    return GroupRow(group, percent, missing, people, beyond)


def _criterion_row(plan: CriterionPlan) -> CriterionRow:
    lines = sorted(
        plan.lines,
        key=lambda line: (
            ORDER.index(line.outlook),
            -(line.needed.presentations_missing if line.needed else 0),
        ),
    )
    return CriterionRow(
        plan=plan,
        look=LOOKS[plan.outlook],
        said=plan_sentence(plan.outlook, [line.outlook for line in plan.lines], plan.said),
        lines=tuple(LineRow(line, LOOKS[line.outlook]) for line in lines),
    )


def count_rows(form: PlannerForm, plan: Plan | None) -> list[CountRow]:
    """Fields for every group in the policy's order; where there is no plan, those that somebody filled."""
    if plan is None:
        return [
            CountRow(
                key, NOUNS[label], (name, form.given.get(name, "")), (people, form.given.get(people, ""))
            )
            for name, people, (label, _, key) in written_places(form.given)
        ]
    groups = {(one.noun, one.stratum): one for one in plan.groups}
    order = dict.fromkeys((line.noun, line.stratum) for one in plan.plans for line in one.lines)
    found = [part for place in order if place in groups for part in _classes(groups[place])]
    rows: dict[tuple[str, tuple[str, str]], Group] = {}
    for one in found:
        place = one.noun, one.stratum
        if one.noun == NOUNS[one.label] and (place not in rows or rows[place].presentations is None):
            rows[place] = one
    return [_count_row(form, one) for one in rows.values()]


def _classes(group: Group) -> list[Group]:
    """A group of both classes is written class by class; how many it has of each, it does not say."""
    if group.label != BOTH:
        return [group]
    unknown = replace(group, presentations=None, subjects=None)
    return [replace(unknown, label=label, noun=NOUNS[label]) for label in ("bona_fide", "attack")]


def _count_row(form: PlannerForm, group: Group) -> CountRow:
    """Fields that hold what was written, else what was counted."""
    n, k = count_name("n", group), count_name("k", group)
    people = "" if group.subjects is None else f"{group.subjects:.0f}"
    counted = ("" if group.presentations is None else str(group.presentations), people)
    values = (form.given.get(n, ""), form.given.get(k, "")) if form.is_written else counted
    return CountRow(group.title, group.noun, (n, values[0]), (k, values[1]))
