"""The course of a trigger: inactive → pending → firing → recovering → inactive. Pure: no database, no clock.

Judgements are folded in by the time of their data, so a worker that was away for an hour comes to the same
states as one that was not, and nothing counts twice. ``for`` and ``keep_firing_for`` count time that data
cover. Absent data never trip, never clear, and are never a success: without a judgement nothing moves.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from releases.bundles.triggers import MeasuredTrigger
from releases.monitoring.triggers.judgements import Judged, Judgement
from releases.monitoring.triggers.vocabulary import STRONGEST_FIRST, Action, Phase

TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.INACTIVE: frozenset({Phase.PENDING, Phase.FIRING}),
    Phase.PENDING: frozenset({Phase.INACTIVE, Phase.FIRING}),
    Phase.FIRING: frozenset({Phase.RECOVERING}),
    Phase.RECOVERING: frozenset({Phase.FIRING, Phase.INACTIVE}),
}
ASKING = frozenset({Phase.FIRING, Phase.RECOVERING})
"""Phases in which a trigger asks for its action: while it recovers it has not let go yet."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The times of a trigger, and what it does."""

    action: Action
    lasting: timedelta = timedelta()
    keep_firing: timedelta = timedelta()
    cooldown: timedelta = timedelta()
    latch: bool = False


def rule_of(spec: MeasuredTrigger) -> Rule:
    """The rule that a trigger's document states."""
    return Rule(
        action=Action(spec.action),
        lasting=timedelta(seconds=spec.for_seconds),
        keep_firing=timedelta(seconds=spec.keep_firing_for_seconds),
        cooldown=timedelta(seconds=spec.cooldown_seconds),
        latch=spec.is_latched,
    )


@dataclass(frozen=True, slots=True)
class Course:
    """Where a trigger is, and what it remembers.

    ``judged_to`` is the time of the newest data folded in. ``breach_since`` is the first breach of those that
    led here, ``clear_since`` the first clear judgement since its last breach, ``ended_at`` the end of its
    last firing. ``latched``: only an acknowledgement lets it end, and until then it fires: data that come and
    go move nothing that anybody could act on.
    """

    phase: Phase = Phase.INACTIVE
    since: datetime | None = None
    action: Action | None = None
    latched: bool = False
    judged_to: datetime | None = None
    breach_since: datetime | None = None
    clear_since: datetime | None = None
    ended_at: datetime | None = None

    @property
    def asks(self) -> Action | None:
        """What it asks for now."""
        return self.action if self.phase in ASKING else None


def stepped(course: Course, rule: Rule, found: Judged) -> Course:
    """The course after one judgement. Judging the same data again changes nothing; data older than those
    folded in are passed over."""
    if course.judged_to is not None and found.at < course.judged_to:
        return course
    course = replace(course, judged_to=found.at)
    if found.judgement is Judgement.BREACH:
        return _breached(course, rule, found)
    if found.judgement is Judgement.CLEAR:
        return _cleared(course, rule, found)
    return course


def folded(course: Course, rule: Rule, judged: Iterable[Judged]) -> Course:
    """The course after all of the judgements, in the order of their data."""
    for found in judged:
        course = stepped(course, rule, found)
    return course


def judged_again(course: Course, rule: Rule, judged: Iterable[Judged]) -> tuple[Course, Judged | None]:
    """The course once late data have changed what was folded in, and the judgement it fires for, if it does.

    It fires now if it would have fired then: those who answer late are often those who fail. What fires goes
    on, since only newer data may clear it; and a firing that is over is not had again.
    """
    if course.phase in ASKING:
        return _relapsed(course, rule, judged), None
    again = Course(ended_at=course.ended_at)
    for found in judged:
        if again.judged_to is None and course.breach_since is not None and course.breach_since < found.at:
            again = replace(again, phase=course.phase, since=course.since, breach_since=course.breach_since)
        if course.ended_at is None or found.at > course.ended_at:
            again = stepped(again, rule, found)
        if again.phase in ASKING:
            return replace(again, judged_to=course.judged_to), found
    since = course.since if again.phase is course.phase else again.since
    return replace(again, since=since, judged_to=course.judged_to), None


def _relapsed(course: Course, rule: Rule, judged: Iterable[Judged]) -> Course:
    """What recovers fires again where the windows that spoke for it do not any more."""
    for found in judged:
        is_since = course.clear_since is not None and found.at >= course.clear_since
        if is_since and found.judgement is Judgement.BREACH:
            return replace(_breached(course, rule, found), judged_to=course.judged_to)
    return course


def acknowledged(course: Course) -> Course:
    """Somebody has seen it: it ends once the data are good."""
    return replace(course, latched=False)


def _moved(course: Course, phase: Phase, at: datetime) -> Course:
    if phase not in TRANSITIONS[course.phase]:
        raise ValueError(f"a trigger that is {course.phase} does not become {phase}")
    return replace(course, phase=phase, since=at)


def _breached(course: Course, rule: Rule, found: Judged) -> Course:
    action = found.action or rule.action
    if course.phase in ASKING:
        stronger = course.action is None or STRONGEST_FIRST.index(action) < STRONGEST_FIRST.index(
            course.action
        )
        if stronger:
            course = replace(course, action=action, latched=_latches(rule, action))
        if course.phase is Phase.RECOVERING:
            course = _moved(course, Phase.FIRING, found.at)
        return replace(course, clear_since=None)
    since = course.breach_since if course.phase is Phase.PENDING else None
    course = replace(course, breach_since=since or found.at)
    cooling = course.ended_at is not None and found.at - course.ended_at < rule.cooldown
    if cooling or found.at - (since or found.at) < rule.lasting:
        return course if course.phase is Phase.PENDING else _moved(course, Phase.PENDING, found.at)
    fired = _moved(course, Phase.FIRING, found.at)
    return replace(fired, action=action, latched=_latches(rule, action), clear_since=None)


def _latches(rule: Rule, action: Action) -> bool:
    """A weaker answer than the trigger's own, such as a hold on suspicion, ends by itself."""
    return rule.latch and action is rule.action


def _cleared(course: Course, rule: Rule, found: Judged) -> Course:
    if course.phase is Phase.PENDING:
        return replace(_moved(course, Phase.INACTIVE, found.at), breach_since=None)
    if course.phase not in ASKING:
        return course
    since = course.clear_since or found.at
    if course.latched:
        return replace(course, clear_since=since)
    if course.phase is Phase.FIRING:
        course = _moved(course, Phase.RECOVERING, found.at)
    if found.at <= since or found.at - since < rule.keep_firing:
        return replace(course, clear_since=since)
    ended = _moved(course, Phase.INACTIVE, found.at)
    return replace(ended, action=None, breach_since=None, clear_since=None, ended_at=found.at)
