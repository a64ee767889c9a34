"""Evaluate the triggers in force on a deployment: read, judge, move their states, say what they ask for."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from governance.actors import Actor
from governance.ledger.canonical import digest_of
from releases.bundles.triggers import EventTrigger, Spec
from releases.gates.models import Override
from releases.monitoring.triggers.answering import Weighed, answered
from releases.monitoring.triggers.evidence import evidence_of, is_stronger, least_evidence, legible
from releases.monitoring.triggers.judgements import CannotJudge
from releases.monitoring.triggers.known import Found, Known
from releases.monitoring.triggers.measuring import measured
from releases.monitoring.triggers.models import TriggerMemory, TriggerReading, TriggerStatus
from releases.monitoring.triggers.outcome import Condition, Moment, Outcome, failed_outcome, judged_outcome
from releases.monitoring.triggers.queries import covers, is_in_force, overrides_of
from releases.monitoring.triggers.reader import Reader
from releases.monitoring.triggers.readings import readings_of
from releases.monitoring.triggers.remembering import (
    Earlier,
    is_known,
    keep_earlier,
    memory_of,
    remembered,
)
from releases.monitoring.triggers.scene import Place, Scene, scene_of
from releases.monitoring.triggers.services import (
    CHANGES,
    Change,
    arm_triggers,
    event_of,
    remember,
    seen_again,
)
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Lack, Mode
from releases.rollouts.models import Deployment

logger = logging.getLogger(__name__)


def evaluate_triggers(actor: Actor, deployment: Deployment, at: datetime) -> Evaluated:
    """What the triggers in force in the deployment's stage say at ``at``.

    Call it outside a transaction: each change of a state is a verb of its own, with its entry. Nothing is
    acted on here; the caller rolls back or holds what ``firings`` ask for. A trigger that cannot be judged
    keeps no other from being heard: it is in state ``error``, which blocks, goes on asking for what it asked
    for, and asks to hold after four times in a row. What fires and cannot be recorded asks all the same.
    """
    scene = scene_of(deployment, at)
    if not scene.places:
        return Evaluated(at, not_measured=scene.words)
    statuses = _statuses(actor, scene)
    earlier, overrides = Earlier(deployment), overrides_of(deployment)
    reader = Reader(scene)
    places = sorted(scene.places, key=lambda place: not isinstance(place.spec, EventTrigger))
    found = [
        _heard(actor, reader, _Asked(place, status, getattr(status, "memory", None), earlier))
        for place, status in ((place, statuses[place.spec.key, place.segment]) for place in places)
    ]
    _remember(found, at)
    return answered(scene, [_weighed(one, overrides, scene) for one in found])


def _statuses(actor: Actor, scene: Scene) -> dict[tuple[str, str], TriggerStatus]:
    """The rows of the triggers in force; those that have none yet are armed."""
    rows = TriggerStatus.objects.filter(deployment=scene.deployment)
    rows = rows.select_related("memory").defer("memory__kept")
    found = {(row.key, row.segment): row for row in rows}
    if any((place.spec.key, place.segment) not in found for place in scene.places):
        arm_triggers(actor, deployment=scene.deployment, places=scene.places)
        found = {(row.key, row.segment): row for row in rows.all()}
    for row in found.values():
        row.deployment = scene.deployment
    return found


@dataclass(frozen=True)
class _Asked:
    """A trigger that is evaluated, as it stood before. ``former`` is its memory then: a new one takes its
    place in the row at once."""

    place: Place
    status: TriggerStatus
    former: TriggerMemory | None
    earlier: Earlier


@dataclass(frozen=True)
class _Judged:
    """What an evaluation found, and how the trigger stood before it."""

    before: Condition
    known: Known
    found: Found | None
    outcome: Outcome


@dataclass(frozen=True)
class _One:
    """One trigger after its evaluation."""

    status: TriggerStatus
    spec: Spec
    outcome: Outcome
    memory: TriggerMemory
    readings: list[TriggerReading] = field(default_factory=list)
    is_new: bool = True
    """Whether there is more to remember than that it was evaluated."""
    keeps: bool = False
    """Whether there are other sums of earlier moments to keep."""


def _heard(actor: Actor, reader: Reader, asked: _Asked) -> _One:
    """The trigger evaluated. What it asks for is answered whether or not it can be recorded: if not the whole
    evidence, then what it asks for and why; if not that either, the record stands and so does the answer."""
    scene, place, status = reader.scene, asked.place, asked.status
    before, known = remembered(status, scene, asked.earlier)
    judged = _Judged(before, known, *_outcome(reader, place, before, known))
    try:
        return _after(scene, asked, judged, _recorded(actor, scene, asked, judged))
    except Exception as error:
        logger.exception("what %s of %s came to cannot be recorded", place.spec.key, scene.deployment.pk)
        problem = type(error).__name__
    try:
        return _after(scene, asked, judged, _recorded(actor, scene, asked, judged, problem))
    except Exception:
        logger.exception("nor can it without its evidence")
    return _unrecorded(scene, asked, judged, f"{problem}.")


def _unrecorded(scene: Scene, asked: _Asked, judged: _Judged, problem: str) -> _One:
    """As the record has it, and with what it asks for all the same; nothing clears, and the next look judges
    it again. After four times in a row it asks to hold, if for nothing more."""
    status, outcome = asked.status, failed_outcome(asked.place.spec, judged.before, problem)
    wanted = judged.outcome
    if is_stronger(wanted.asked.action, outcome.asked.action or ""):
        outcome = replace(outcome, asked=wanted.asked, sentence=legible(wanted.sentence))
    if outcome.asked.action and is_stronger(outcome.asked.action, status.action):
        evidence = least_evidence(scene, asked.place, status, outcome, problem.rstrip("."))
        evidence.pop("sentence")  # figures move; people are told once for as long as this lasts
        status.evidence, status.evidence_digest = evidence, digest_of(evidence)
        status.action, status.lack = outcome.asked.action.value, Lack.ERROR
    elif not status.action:
        status.lack = Lack.ERROR
    memory = memory_of(status, scene, outcome.after, judged.known, outcome.sentence)
    return _One(status, asked.place.spec, outcome, memory)


def _remember(found: Sequence[_One], at: datetime) -> None:
    """Keep it, one by one where it cannot be kept together: what fires is answered in any case."""
    same = [one.memory for one in found if not one.is_new]
    new = [one for one in found if one.is_new]
    keeping = {one.status.pk for one in new if one.keeps}
    try:
        seen_again(same, at)
        remember([one.memory for one in new], [point for one in new for point in one.readings], keeping)
    except Exception:
        logger.exception("what was evaluated cannot be kept together")
        for one in new:
            _remember_alone(one)


def _remember_alone(one: _One) -> None:
    try:
        remember([one.memory], one.readings, {one.status.pk} if one.keeps else set())
    except Exception:
        logger.exception("what %s was evaluated to cannot be kept", one.status.key)


def _recorded(actor: Actor, scene: Scene, asked: _Asked, judged: _Judged, problem: str = "") -> TriggerStatus:
    """The trigger's row once its change is recorded, if there is one; with a ``problem`` in few words."""
    place, status, outcome = asked.place, asked.status, judged.outcome
    if not _is_changed(status, outcome):
        return status
    if problem:
        evidence: dict[str, Any] | None = least_evidence(scene, place, status, outcome, problem)
        outcome = replace(outcome, sentence=legible(outcome.sentence))
    else:
        evidence = evidence_of(scene, place, status, outcome, judged.found)
    change = _change(scene, place, status, outcome, evidence)
    return CHANGES[event_of(status, change)](actor, status=status, change=change)


def _after(scene: Scene, asked: _Asked, judged: _Judged, status: TriggerStatus) -> _One:
    outcome, found = judged.outcome, judged.found
    known = found.known if found is not None else judged.known
    sentence = outcome.sentence or _last_sentence(asked.status)
    memory = memory_of(status, scene, outcome.after, known, sentence)
    since = None if found is not None and found.again else judged.before.course.judged_to
    points = readings_of(status, found.judged if found is not None else (), since)
    keeps = keep_earlier(memory, scene, judged.known, known)
    is_new = bool(points) or keeps or not is_known(memory, asked.former)
    return _One(status, asked.place.spec, outcome, memory, points, is_new, keeps)


def _last_sentence(status: TriggerStatus) -> str:
    return status.memory.sentence if hasattr(status, "memory") else ""


def _outcome(reader: Reader, place: Place, before: Condition, known: Known) -> tuple[Found | None, Outcome]:
    scene = reader.scene
    try:
        found = measured(reader, place, known)
        moment = Moment(scene.at, scene.expected_since, scene.expects(place.spec, before.lack))
        return found, judged_outcome(place.spec, before, found.judged, moment, again=found.again)
    except CannotJudge as error:
        return None, failed_outcome(place.spec, before, str(error))
    except Exception as error:
        logger.exception("the trigger %s of %s cannot be evaluated", place.spec.key, scene.deployment.pk)
        return None, failed_outcome(place.spec, before, f"{type(error).__name__}.")


def _is_changed(status: TriggerStatus, outcome: Outcome) -> bool:
    """Whether the trigger's state is another than its row has."""
    course, lack = outcome.after.course, outcome.after.lack
    action = outcome.asked.action.value if outcome.asked.action else ""
    before = (status.phase, status.lack, status.action, status.latched)
    return outcome.fires_for is not None or (course.phase.value, lack.value, action, course.latched) != before


def _change(
    scene: Scene, place: Place, status: TriggerStatus, outcome: Outcome, evidence: dict[str, Any] | None
) -> Change:
    course = outcome.after.course
    action = outcome.asked.action.value if outcome.asked.action else ""
    return Change(
        expected=status.changes,
        phase=course.phase,
        lack=outcome.after.lack,
        action=action,
        latched=course.latched,
        stage_number=scene.step.number,
        since=(course.since or scene.at) if course.phase != status.phase else scene.at,
        sentence=outcome.sentence or _last_sentence(status),
        passed=outcome.passed,
        evidence=evidence,
        tells=_tells(place, status, action),
    )


def _tells(place: Place, status: TriggerStatus, action: str) -> bool:
    """Whether people are told: of what asks for a message, or would have acted if it were enforced."""
    if not action or status.action:
        return False
    return action == Action.NOTIFY.value or Mode(place.spec.mode) is Mode.OBSERVE


def _weighed(one: _One, overrides: Iterable[Override], scene: Scene) -> Weighed:
    """With the override that goes past it, if one is in force for this very evidence, in this stage, and the
    newest that did and is over."""
    found = [row for row in overrides if covers(row, one.status, scene.step.number)]
    until = next((row.expires_at for row in found if is_in_force(row, scene.at)), None)
    ended = next((row.pk for row in found if not is_in_force(row, scene.at)), None)
    return Weighed(one.status, one.spec, one.outcome, one.memory.sentence, until, ended)
