"""From what an evaluation found to what the trigger asks for. Pure: no database, no clock."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from releases.bundles.triggers import (
    ERRORS_BEFORE_HOLD,
    CountedTrigger,
    DriftTrigger,
    EventTrigger,
    HeartbeatTrigger,
    MeasuredTrigger,
)
from releases.monitoring.triggers.judgements import Judged, Judgement
from releases.monitoring.triggers.states import ASKING, Course, judged_again, rule_of, stepped
from releases.monitoring.triggers.vocabulary import STRONGEST_FIRST, Action, Lack, Phase, State

ON_NO_DATA = {"hold": Action.HOLD, "rollback": Action.ROLLBACK, "warn": Action.NOTIFY}


@dataclass(frozen=True, slots=True)
class Condition:
    """A trigger between two evaluations: its course, what it lacks, how often it came to an error, and what
    was judged last in this stage; None where nothing was yet."""

    course: Course = field(default_factory=Course)
    lack: Lack = Lack.NOTHING
    errors: int = 0
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a trigger asks for and because of which state; ``action`` None is nothing."""

    action: Action | None = None
    because: State = State.FIRING


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an evaluation came to: the condition after it, the newest judgement, the one it fires for, the
    phases it passed through, and a sentence."""

    after: Condition
    asked: Asked
    sentence: str
    newest: Judged | None = None
    fires_for: Judged | None = None
    passed: tuple[Phase, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is, since when data are to be expected, and whether they are."""

    at: datetime
    began: datetime
    exposed: bool = True


def judged_outcome(
    spec: MeasuredTrigger,
    before: Condition,
    judged: tuple[Judged, ...],
    moment: Moment,
    *,
    again: bool = False,
) -> Outcome:
    """The outcome of an evaluation that could be made; ``again`` says that some of it was judged before,
    without what came late."""
    rule, course, former = rule_of(spec), before.course, before.course.judged_to
    fires_for: Judged | None = None
    newest = judged[-1] if judged else None
    told = next((one.judgement for one in reversed(judged) if one.tells), before.judgement)
    if again and former is not None:
        course, fires_for = judged_again(course, rule, [one for one in judged if one.at <= former])
        judged = tuple(one for one in judged if one.at > former)
        newest = judged[-1] if judged else fires_for or newest
    passed = [course.phase] if course.phase is not before.course.phase else []
    for found in judged:
        after = stepped(course, rule, found)
        if after.phase is not course.phase:
            passed.append(after.phase)
        if _fires_anew(course, after):
            fires_for = found
        course = after
    lack = Lack.NO_DATA if _lacks_data(spec, course, moment) else Lack.NOTHING
    after_all = Condition(course, lack, 0, told)
    sentence = newest.sentence if newest else ""
    if lack:
        sentence = _silence(spec, course, moment)
    return Outcome(after_all, asked_for(spec, after_all), sentence, newest, fires_for, tuple(passed))


def failed_outcome(spec: MeasuredTrigger, before: Condition, error: str) -> Outcome:
    """The outcome of an evaluation that could not be made: nothing trips and nothing clears."""
    after = replace(before, lack=Lack.ERROR, errors=before.errors + 1)
    return Outcome(after, asked_for(spec, after), f"It cannot be evaluated: {error}")


def asked_for(spec: MeasuredTrigger, condition: Condition) -> Asked:
    """The strongest of what it asks for because it fires, and because of what it lacks."""
    asks = [Asked(action) for action in (condition.course.asks,) if action is not None]
    if condition.lack is Lack.NO_DATA:
        asks.append(Asked(ON_NO_DATA[spec.on_no_data], State.NO_DATA))
    if condition.lack is Lack.ERROR and condition.errors >= ERRORS_BEFORE_HOLD:
        asks.append(Asked(Action(spec.on_error), State.ERROR))
    return min(asks, key=lambda one: STRONGEST_FIRST.index(one.action or Action.NOTIFY), default=Asked())


def state_of(phase: Phase, lack: Lack) -> State:
    """What is shown: what fires fires, also without data; else what is lacking comes before the phase."""
    if phase in ASKING or not lack:
        return State(phase.value)
    return State(lack.value)


def _fires_anew(before: Course, after: Course) -> bool:
    """Whether this judgement began a firing, or made it ask for more; a relapse is no new firing."""
    if before.phase not in ASKING:
        return after.phase is Phase.FIRING
    return after.action is not before.action


def longest_silence(spec: MeasuredTrigger) -> timedelta | None:
    """How old the newest data may be; None where nothing that happens is what is hoped for."""
    grace = timedelta(seconds=spec.no_data_grace_seconds)
    if isinstance(spec, EventTrigger):
        return None
    if isinstance(spec, HeartbeatTrigger):
        return grace + timedelta(seconds=spec.silence_seconds)
    if isinstance(spec, CountedTrigger):
        late = max(spec.allowed_lateness_seconds, spec.label_lag_seconds)
        return grace + timedelta(seconds=spec.window_seconds + late)
    assert isinstance(spec, DriftTrigger)
    return grace + timedelta(seconds=spec.window_seconds)


def _heard(course: Course, moment: Moment) -> datetime:
    return max(moment.began, course.judged_to or moment.began)


def _lacks_data(spec: MeasuredTrigger, course: Course, moment: Moment) -> bool:
    longest = longest_silence(spec)
    return longest is not None and moment.exposed and moment.at - _heard(course, moment) > longest


def _silence(spec: MeasuredTrigger, course: Course, moment: Moment) -> str:
    heard = _heard(course, moment)
    minutes = (moment.at - heard).total_seconds() / 60
    since = "it began to answer" if heard == moment.began else f"{heard:%F %R} UTC"
    return f"No data since {since}, {minutes:.0f} minutes ago. That is neither good nor bad news."
