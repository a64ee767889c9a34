"""What a rollout waits for, as rows: the engine's checks in their order, with an icon and a bar for time."""

from dataclasses import dataclass

from audits.pages.chart_scales import Meter, meter_of
from audits.pages.plots import share_done
from audits.pages.rollout_facts import RolloutFacts
from governance.errors import GovernanceError
from releases.monitoring.triggers.wording import e_value
from releases.rollouts.advancing import goes_by_itself
from releases.rollouts.leaving import check_shown, recent_reading
from releases.rollouts.models import DeploymentState
from releases.rollouts.progress_queries import freeze_at
from releases.rollouts.readings import Check, CheckState
from releases.rollouts.waits import what_it_waits_for

TITLES = {
    "looked": "Monitoring",
    "integrity": "Integrity",
    "triggers": "Triggers",
    "calendar": "Calendar",
    "components": "Components",
    "traffic": "Traffic",
    "ratio": "Size of the arms",
    "min_duration": "Time in stage",
    "min_subjects": "People in the candidate arm",
    "criteria": "Criteria",
    "approval": "Approval",
    "hours": "Hours",
    "person": "A named person",
}
LOOKS = {
    CheckState.DONE: ("pass", "check_circle"),
    CheckState.WAITING: ("inc", "schedule"),
    CheckState.FAILED: ("fail", "dangerous"),
    CheckState.NOT_EVALUATED: ("open", "radio_button_unchecked"),
}
UNMEASURED = "not evaluated yet."
ICONS = {"resume": ("held", "pause_circle"), "person": ("you", "person")}
GROWS = ("open", "accent", "pass")
"""Evidence that it is met: none, some, enough."""

OPEN = (CheckState.WAITING, CheckState.FAILED)
SAID_BY_ITSELF = {"resume", "person", "hours"}


@dataclass(frozen=True)
class CheckRow:
    """One line of the list; a bar where time passes or people come, a meter where evidence adds up."""

    look: str
    icon: str
    title: str
    text: str
    percent: int | None = None
    meter: Meter | None = None


def checks_of(facts: RolloutFacts) -> list[CheckRow]:
    """The list, for a rollout that is on its way."""
    return [_row(facts, check) for check in what_it_waits_for(facts.deployment, facts.now)]


def _row(facts: RolloutFacts, check: Check) -> CheckRow:
    look, icon = ICONS.get(check.check, LOOKS[check.state])
    percent = None
    if check.check == "min_duration" and check.until is not None:
        planned = facts.here.stage.min_duration_seconds
        percent = share_done(planned - (check.until - facts.now).total_seconds(), planned)
    elif check.check == "min_subjects" and check.numbers.get("asked"):
        percent = share_done(check.numbers.get("subjects", 0), check.numbers["asked"])
    title, text = TITLES.get(check.check, check.check), check.sentence
    if check.check == "resume":
        title, _, text = check.sentence.partition(": ")
    elif check.sentence.endswith(f": {UNMEASURED}"):
        title, text = check.sentence.removesuffix(f": {UNMEASURED}"), UNMEASURED
    return CheckRow(look, icon, title, text, percent, _meter(check))


def _meter(check: Check) -> Meter | None:
    """The evidence that a criterion is met; where it is shown not to be, the evidence of that."""
    is_worse = check.state is CheckState.FAILED
    names = ("log_e_worse", "log_e_alarming") if is_worse else ("log_e_shown", "log_e_needed")
    found, needed = (check.numbers.get(name) for name in names)
    if check.check != "criteria" or found is None or needed is None:
        return None
    said = f"evidence E = {e_value(found)} of {e_value(needed)} needed"
    return meter_of(found, needed, said, looks=("fail", "fail", "fail") if is_worse else GROWS)


def waiting_sentence(facts: RolloutFacts) -> str:
    """The first thing that stands in the way."""
    if facts.deployment.state == DeploymentState.HELD:
        return "First somebody resumes it, or rolls it back."
    if frozen_now(facts):
        return "First the calendar's freeze ends."
    if facts.here.needs_reading:
        return _first_open(facts)
    if not facts.has_lasted:
        return "First its minimum duration passes; then a named person decides."
    return "Only a named person's decision."


def _first_open(facts: RolloutFacts) -> str:
    """What a stage that rests on monitoring waits for first, and that what is inconclusive waits."""
    waits = [
        one
        for one in what_it_waits_for(facts.deployment, facts.now)
        if one.state in OPEN and one.check not in SAID_BY_ITSELF and facts.here.waits_for(one.check)
    ]
    if waits:
        first = TITLES.get(waits[0].check, waits[0].check).lower()
        more = f" and {len(waits) - 1} more" if len(waits) > 1 else ""
        return f"First: {first}{more}. All of it must be there; what is inconclusive waits."
    if goes_by_itself(facts.deployment, facts.now):
        return "Everything is there: it goes on by itself."
    return "Everything is there: a release manager lets it go on."


def not_to_approve(facts: RolloutFacts) -> str:
    """Why the stage is not to be approved yet; empty if it is its turn."""
    try:
        reading = recent_reading(facts.deployment, facts.now)
        check_shown(facts.here, reading)
    except GovernanceError as refusal:
        return refusal.message
    if not facts.has_lasted:
        return f"The stage lasts until {facts.earliest:%-d %b, %H:%M} UTC at least; then it is approved."
    return ""


def frozen_now(facts: RolloutFacts) -> str:
    """Why the calendar lets nothing move now; '' where it does."""
    freeze = freeze_at(facts.deployment.revision, facts.now) if facts.steps else None
    if freeze is None:
        return ""
    return f"The plan freezes the calendar until {freeze.ends_at:%-d %b, %H:%M} UTC: {freeze.reason}"
