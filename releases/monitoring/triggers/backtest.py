"""Back-test: how a trigger would have gone on past windows, and how that compares with what is known of them.

The same judging and the same course as in a rollout, so what is tried here is what will run. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from releases.bundles.triggers import CountedTrigger, QuantileTrigger, ThresholdTrigger, VsControlTrigger
from releases.monitoring.triggers.given import Given
from releases.monitoring.triggers.judgements import Judged
from releases.monitoring.triggers.kinds import quantile, threshold, vs_control
from releases.monitoring.triggers.series import Window
from releases.monitoring.triggers.states import ASKING, Course, Rule, rule_of, stepped
from releases.monitoring.triggers.vocabulary import Action, Phase


@dataclass(frozen=True, slots=True)
class Spell:
    """A firing: from when on, until when (None: to the end of the data), and what it rested on."""

    began_at: datetime
    ended_at: datetime | None
    action: Action
    sentence: str


@dataclass(frozen=True, slots=True)
class Step:
    """A judgement and the phase that it led to."""

    judged: Judged
    phase: Phase


@dataclass(frozen=True, slots=True)
class BackTest:
    """How the trigger went over the windows."""

    steps: tuple[Step, ...]
    spells: tuple[Spell, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """A span in which it is known that something was wrong."""

    began_at: datetime
    ended_at: datetime
    name: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether a window that ended then tells of it."""
        return self.began_at < at <= self.ended_at


@dataclass(frozen=True, slots=True)
class Compared:
    """Spells against what is known: which incidents were seen, after how many seconds, and false alarms."""

    detected: tuple[tuple[Incident, float], ...]
    missed: tuple[Incident, ...]
    false_alarms: tuple[Spell, ...]


def back_test(spec: CountedTrigger, windows: Sequence[Window], given: Given) -> BackTest:
    """The course of the trigger over windows in the order of their time. A latch is left out: nobody is
    there to acknowledge it, and each firing is to be seen.

    Raises:
        CannotJudge: the windows cannot be judged by this trigger.
    """
    rule, course = unlatched(rule_of(spec)), Course()
    steps: list[Step] = []
    spells: list[Spell] = []
    for found in judged_by(spec, windows, given):
        before, course = course, stepped(course, rule, found)
        steps.append(Step(found, course.phase))
        if before.phase not in ASKING and course.phase in ASKING:
            spells.append(Spell(found.at, None, course.action or rule.action, found.sentence))
        elif before.phase in ASKING and course.phase not in ASKING:
            last = spells[-1]
            spells[-1] = Spell(last.began_at, found.at, last.action, last.sentence)
    return BackTest(tuple(steps), tuple(spells))


def judged_by(spec: CountedTrigger, windows: Sequence[Window], given: Given) -> list[Judged]:
    """The judgements of a counted trigger.

    Raises:
        CannotJudge: the windows cannot be judged by it.
    """
    if isinstance(spec, QuantileTrigger):
        return quantile.judge(spec, windows, given)[0]
    if isinstance(spec, ThresholdTrigger):
        return threshold.judge(spec, windows, given)[0]
    assert isinstance(spec, VsControlTrigger)
    return vs_control.judge(spec, windows, given)[0]


def unlatched(rule: Rule) -> Rule:
    """The rule without its latch."""
    return Rule(rule.action, rule.lasting, rule.keep_firing, rule.cooldown, latch=False)


def compared(result: BackTest, incidents: Sequence[Incident]) -> Compared:
    """Which incidents the spells tell of. A spell that began in none of them is a false alarm; one that began
    before an incident and still fires in it has seen it too."""
    detected, missed = [], []
    for incident in incidents:
        seen = next(
            (step for step in result.steps if incident.holds(step.judged.at) and step.phase in ASKING), None
        )
        if seen is None:
            missed.append(incident)
        else:
            detected.append((incident, (seen.judged.at - incident.began_at).total_seconds()))
    false = [spell for spell in result.spells if not any(one.holds(spell.began_at) for one in incidents)]
    return Compared(tuple(detected), tuple(missed), tuple(false))
