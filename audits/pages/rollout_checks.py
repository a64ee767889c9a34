"""What a rollout waits for, as rows: the engine's checks in their order, with an icon and a bar for time."""

from dataclasses import dataclass

from audits.pages.plots import share_done
from audits.pages.rollout_facts import RolloutFacts
from releases.rollouts.models import DeploymentState
from releases.rollouts.progress_queries import Check, CheckState, freeze_at, what_it_waits_for

TITLES = {
    "integrity": "Integrity",
    "triggers": "Triggers",
    "calendar": "Calendar",
    "components": "Components",
    "min_duration": "Time in stage",
    "min_subjects": "People in the candidate arm",
    "criteria": "Criteria",
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


@dataclass(frozen=True)
class CheckRow:
    """One line of the list; a bar where time passes."""

    look: str
    icon: str
    title: str
    text: str
    percent: int | None = None


def checks_of(facts: RolloutFacts) -> list[CheckRow]:
    """The list, for a rollout that is on its way."""
    return [_row(facts, check) for check in what_it_waits_for(facts.deployment, facts.now)]


def _row(facts: RolloutFacts, check: Check) -> CheckRow:
    look, icon = ICONS.get(check.check, LOOKS[check.state])
    percent = None
    if check.check == "min_duration" and check.until is not None:
        planned = facts.here.stage.min_duration_seconds
        percent = share_done(planned - (check.until - facts.now).total_seconds(), planned)
    title, text = TITLES.get(check.check, check.check), check.sentence
    if check.check == "resume":
        title, _, text = check.sentence.partition(": ")
    elif check.sentence.endswith(f": {UNMEASURED}"):
        title, text = check.sentence.removesuffix(f": {UNMEASURED}"), UNMEASURED
    return CheckRow(look, icon, title, text, percent)


def waiting_sentence(facts: RolloutFacts) -> str:
    """The first thing that stands in the way."""
    if facts.deployment.state == DeploymentState.HELD:
        return "First somebody resumes it, or rolls it back."
    if frozen_now(facts):
        return "First the calendar's freeze ends."
    if not facts.has_lasted:
        return "First its minimum duration passes; then a named person decides."
    return "Only a named person's decision."


def frozen_now(facts: RolloutFacts) -> str:
    """Why the calendar lets nothing move now; '' where it does."""
    freeze = freeze_at(facts.deployment.revision, facts.now)
    if freeze is None:
        return ""
    return f"The plan freezes the calendar until {freeze.ends_at:%-d %b, %H:%M} UTC: {freeze.reason}"
