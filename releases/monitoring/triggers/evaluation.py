"""Evaluate the triggers in force on a deployment: read, judge, move their states, say what they ask for."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError

from governance.actors import Actor
from releases.bundles.triggers import Spec
from releases.gates.models import Override
from releases.monitoring.triggers.answering import Weighed, answered
from releases.monitoring.triggers.evidence import evidence_of
from releases.monitoring.triggers.judgements import CannotJudge
from releases.monitoring.triggers.measuring import Found, Known, Reader, measured
from releases.monitoring.triggers.memory import read_condition, read_known, written
from releases.monitoring.triggers.models import TriggerMemory, TriggerReading, TriggerStatus
from releases.monitoring.triggers.outcome import Condition, Moment, Outcome, failed_outcome, judged_outcome
from releases.monitoring.triggers.queries import overrides_in_force
from releases.monitoring.triggers.readings import readings_of
from releases.monitoring.triggers.scene import Place, Scene, scene_of
from releases.monitoring.triggers.services import CHANGES, Change, arm_triggers, event_of, remember
from releases.monitoring.triggers.states import ASKING, Course
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Lack, Mode, Phase
from releases.rollouts.models import Deployment

logger = logging.getLogger(__name__)


def evaluate_triggers(actor: Actor, deployment: Deployment, at: datetime) -> Evaluated:
    """What the triggers in force in the deployment's stage say at ``at``.

    Call it outside a transaction: each change of a state is a verb of its own, with its entry. Nothing is
    acted on here; the caller rolls back or holds what ``firings`` ask for. It never raises for a trigger
    that cannot be evaluated: that one is in state ``error``, which blocks, and asks to hold after four
    times in a row.
    """
    scene = scene_of(deployment, at)
    if not scene.places:
        return Evaluated(at, not_measured=scene.words)
    statuses = _statuses(actor, scene)
    reader, overrides = Reader(scene), overrides_in_force(deployment, at)
    weighed = [
        _evaluated(actor, reader, place, statuses[place.spec.key, place.segment]) for place in scene.places
    ]
    remember([one.memory for one in weighed], [point for one in weighed for point in one.readings])
    return answered(scene, [_weighed(one, overrides, scene) for one in weighed])


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
    readings: list[TriggerReading]


def _evaluated(actor: Actor, reader: Reader, place: Place, status: TriggerStatus) -> _One:
    scene = reader.scene
    stage = f"{scene.step.number} {scene.began.isoformat()}"
    before, known = _remembered(status, stage)
    found, outcome = _outcome(reader, place, before, known)
    sentence = outcome.sentence or _last_sentence(status)
    change = _change(scene, place, status, outcome, found)
    if change is not None:
        status = CHANGES[event_of(status, change)](actor, status=status, change=change)
    kept = found.known if found is not None else known
    memory = TriggerMemory(
        status=status,
        memory=written(outcome.after, kept, stage),
        sentence=sentence,
        judged_to=outcome.after.course.judged_to,
        evaluated_at=scene.at,
    )
    judged = found.judged if found is not None else ()
    return _One(status, place.spec, outcome, memory, readings_of(status, judged, before.course.judged_to))


def _remembered(status: TriggerStatus, stage: str) -> tuple[Condition, Known]:
    document = status.memory.memory if hasattr(status, "memory") else {}
    course = Course(
        phase=Phase(status.phase),
        since=status.since,
        action=Action(status.action) if status.action and status.phase in ASKING else None,
        latched=status.latched,
    )
    condition = read_condition(Condition(course, Lack(status.lack)), document)
    return condition, read_known(condition.course, document, stage)


def _last_sentence(status: TriggerStatus) -> str:
    return status.memory.sentence if hasattr(status, "memory") else ""


def _outcome(reader: Reader, place: Place, before: Condition, known: Known) -> tuple[Found | None, Outcome]:
    scene = reader.scene
    try:
        found = measured(reader, place, known)
    except CannotJudge as error:
        return None, failed_outcome(place.spec, before, str(error))
    except DatabaseError:
        raise  # nothing else could be evaluated either; the next tick tries again
    except Exception as error:
        logger.exception("the trigger %s of %s cannot be evaluated", place.spec.key, scene.deployment.pk)
        return None, failed_outcome(place.spec, before, f"{type(error).__name__}.")
    moment = Moment(scene.at, scene.expected_since, scene.exposed)
    return found, judged_outcome(place.spec, before, found.judged, moment)


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
