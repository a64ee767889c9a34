"""Evaluate the triggers in force on a deployment: read, judge, move their states, say what they ask for."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from governance.actors import Actor
from governance.ledger.canonical import digest_of
from releases.bundles.triggers import EventTrigger, Spec
from releases.gates.models import Override
from releases.monitoring.triggers.answering import Weighed, answered
from releases.monitoring.triggers.evidence import evidence_of
from releases.monitoring.triggers.judgements import CannotJudge
from releases.monitoring.triggers.known import Found, Known
from releases.monitoring.triggers.measuring import measured
from releases.monitoring.triggers.memory import read_condition, read_known, written
from releases.monitoring.triggers.models import TriggerMemory, TriggerReading, TriggerStatus
from releases.monitoring.triggers.outcome import Condition, Moment, Outcome, failed_outcome, judged_outcome
from releases.monitoring.triggers.queries import overrides_in_force
from releases.monitoring.triggers.reader import Reader
from releases.monitoring.triggers.readings import readings_of
from releases.monitoring.triggers.scene import Place, Scene, scene_of
from releases.monitoring.triggers.services import (
    CHANGES,
    Change,
    arm_triggers,
    event_of,
    remember,
    seen_again,
)
from releases.monitoring.triggers.states import ASKING, Course
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Lack, Mode, Phase
from releases.rollouts.models import Deployment, DeploymentState

logger = logging.getLogger(__name__)


def evaluate_triggers(actor: Actor, deployment: Deployment, at: datetime) -> Evaluated:
    """What the triggers in force in the deployment's stage say at ``at``.

    Call it outside a transaction: each change of a state is a verb of its own, with its entry. Nothing is
    acted on here; the caller rolls back or holds what ``firings`` ask for. A trigger that cannot be judged,
    or whose change cannot be recorded, keeps no other from being heard: it is in state ``error``, which
    blocks, goes on asking for what it asked for, and asks to hold after four times in a row.
    """
    scene = scene_of(deployment, at)
    if not scene.places:
        return Evaluated(at, not_measured=scene.words)
    statuses = _statuses(actor, scene)
    reader, overrides = Reader(scene), overrides_in_force(deployment, at)
    found = [
        _heard(actor, reader, place, statuses[place.spec.key, place.segment])
        for place in sorted(scene.places, key=lambda place: not isinstance(place.spec, EventTrigger))
    ]
    _remember(found, at)
    return answered(scene, [_weighed(one, overrides, scene) for one in found])


def _statuses(actor: Actor, scene: Scene) -> dict[tuple[str, str], TriggerStatus]:
    """The rows of the triggers in force; those that have none yet are armed."""
    rows = TriggerStatus.objects.filter(deployment=scene.deployment).select_related("memory")
    found = {(row.key, row.segment): row for row in rows}
    if any((place.spec.key, place.segment) not in found for place in scene.places):
        arm_triggers(actor, deployment=scene.deployment, places=scene.places)
        found = {(row.key, row.segment): row for row in rows.all()}
    for row in found.values():
        row.deployment = scene.deployment
    return found


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


def _heard(actor: Actor, reader: Reader, place: Place, status: TriggerStatus) -> _One:
    """The trigger evaluated; where anything breaks on the way, as it stands."""
    try:
        return _evaluated(actor, reader, place, status)
    except Exception as error:
        logger.exception("the trigger %s of %s cannot be heard", place.spec.key, reader.scene.deployment.pk)
        return _unheard(reader.scene, place, status, f"{type(error).__name__}.")


def _unheard(scene: Scene, place: Place, status: TriggerStatus, error: str) -> _One:
    """As the record has it, with the error: nothing clears, and after four times it asks to hold. What cannot
    be recorded is said all the same."""
    stage = stage_of(scene)
    before, known = _remembered(status, scene, stage)
    outcome = failed_outcome(place.spec, before, error)
    if outcome.asked.action and not status.action:
        status.action, status.lack = outcome.asked.action.value, Lack.ERROR
        status.evidence = {"key": status.key, "segment": status.segment or None, "sentence": outcome.sentence}
        status.evidence_digest = digest_of(status.evidence)
    elif not status.action:
        status.lack = Lack.ERROR
    memory = _memory(scene, status, (written(outcome.after, known, stage), outcome.sentence), outcome)
    return _One(status, place.spec, outcome, memory)


def _remember(found: Sequence[_One], at: datetime) -> None:
    """Keep it, one by one where it cannot be kept together: what fires is answered in any case."""
    same = [one.memory for one in found if not one.is_new]
    new = [one for one in found if one.is_new]
    try:
        seen_again(same, at)
        remember([one.memory for one in new], [point for one in new for point in one.readings])
    except Exception:
        logger.exception("what was evaluated cannot be kept together")
        for one in new:
            _remember_alone(one)


def _remember_alone(one: _One) -> None:
    try:
        remember([one.memory], one.readings)
    except Exception:
        logger.exception("what %s was evaluated to cannot be kept", one.status.key)


def stage_of(scene: Scene) -> str:
    """The stage and its beginning: what was counted there is of no use in another."""
    return f"{scene.step.number} {scene.began.isoformat()}"


def _evaluated(actor: Actor, reader: Reader, place: Place, status: TriggerStatus) -> _One:
    scene = reader.scene
    stage, former = stage_of(scene), getattr(status, "memory", None)
    before, known = _remembered(status, scene, stage)
    found, outcome = _outcome(reader, place, before, known)
    sentence = outcome.sentence or _last_sentence(status)
    change = _change(scene, place, status, outcome, found)
    if change is not None:
        status = CHANGES[event_of(status, change)](actor, status=status, change=change)
    kept = found.known if found is not None else known
    document = written(outcome.after, kept, stage)
    memory = _memory(scene, status, (document, sentence), outcome)
    since = before.course.judged_to
    judged = found.judged if found is not None else ()
    points = readings_of(status, judged, None if found is not None and found.again else since)
    return _One(
        status, place.spec, outcome, memory, points, is_new=bool(points) or not _is_kept(memory, former)
    )


def _memory(
    scene: Scene, status: TriggerStatus, written_and_said: tuple[dict[str, Any], str], outcome: Outcome
) -> TriggerMemory:
    document, sentence = written_and_said
    return TriggerMemory(
        status=status,
        memory=document,
        sentence=sentence,
        judged_to=outcome.after.course.judged_to,
        evaluated_at=scene.at,
    )


def _is_kept(memory: TriggerMemory, former: TriggerMemory | None) -> bool:
    """Whether what is to be remembered stands there already."""
    if former is None:
        return False
    return (former.memory, former.sentence) == (memory.memory, memory.sentence)


def _remembered(status: TriggerStatus, scene: Scene, stage: str) -> tuple[Condition, Known]:
    document = status.memory.memory if hasattr(status, "memory") else {}
    course = Course(
        phase=Phase(status.phase),
        since=status.since,
        action=Action(status.action) if status.action and status.phase in ASKING else None,
        latched=status.latched,
    )
    condition = read_condition(Condition(course, Lack(status.lack)), document)
    goes_on = scene.deployment.state != DeploymentState.LIVE
    return condition, read_known(condition.course, document, stage, goes_on=goes_on)


def _last_sentence(status: TriggerStatus) -> str:
    return status.memory.sentence if hasattr(status, "memory") else ""


def _outcome(reader: Reader, place: Place, before: Condition, known: Known) -> tuple[Found | None, Outcome]:
    scene = reader.scene
    try:
        found = measured(reader, place, known)
    except CannotJudge as error:
        return None, failed_outcome(place.spec, before, str(error))
    except Exception as error:
        logger.exception("the trigger %s of %s cannot be evaluated", place.spec.key, scene.deployment.pk)
        return None, failed_outcome(place.spec, before, f"{type(error).__name__}.")
    moment = Moment(scene.at, scene.expected_since, scene.expects(place.spec))
    return found, judged_outcome(place.spec, before, found.judged, moment, again=found.again)


def _change(
    scene: Scene, place: Place, status: TriggerStatus, outcome: Outcome, found: Found | None
) -> Change | None:
    """The change of the trigger's state, if there is one."""
    course, lack = outcome.after.course, outcome.after.lack
    action = outcome.asked.action.value if outcome.asked.action else ""
    before = (status.phase, status.lack, status.action, status.latched)
    same = (course.phase.value, lack.value, action, course.latched) == before
    if same and outcome.fires_for is None:
        return None
    return Change(
        expected=status.changes,
        phase=course.phase,
        lack=lack,
        action=action,
        latched=course.latched,
        stage_number=scene.step.number,
        since=(course.since or scene.at) if course.phase != status.phase else scene.at,
        sentence=outcome.sentence or _last_sentence(status),
        passed=outcome.passed,
        evidence=evidence_of(scene, place, status, outcome, found),
        tells=_tells(place, status, action),
    )


def _tells(place: Place, status: TriggerStatus, action: str) -> bool:
    """Whether people are told: of what asks for a message, or would have acted if it were enforced."""
    if not action or status.action:
        return False
    return action == Action.NOTIFY.value or Mode(place.spec.mode) is Mode.OBSERVE


def _weighed(one: _One, overrides: Iterable[Override], scene: Scene) -> Weighed:
    """With the override that goes past it, if one is in force for this very evidence, in this stage."""
    past = {(row.trigger_id, row.result_digest, row.stage_number): row.expires_at for row in overrides}
    key = (one.status.pk, one.status.evidence_digest, scene.step.number)
    return Weighed(one.status, one.spec, one.outcome, one.memory.sentence, past.get(key))
