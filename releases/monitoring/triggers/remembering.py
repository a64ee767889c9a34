"""What triggers remember in their rows: read before an evaluation, and the row to keep after it."""

import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import UUID

from releases.monitoring.triggers.known import Known
from releases.monitoring.triggers.memory import read_condition, read_known, written, written_kept
from releases.monitoring.triggers.models import TriggerMemory, TriggerStatus
from releases.monitoring.triggers.outcome import Condition
from releases.monitoring.triggers.scene import Scene
from releases.monitoring.triggers.states import ASKING, Course
from releases.monitoring.triggers.vocabulary import Action, Lack, Phase
from releases.rollouts.models import Deployment

logger = logging.getLogger(__name__)


class Earlier:
    """The sums of earlier moments that a deployment's triggers keep: read for all once one needs them."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    @cached_property
    def _rows(self) -> dict[UUID, dict[str, Any]]:
        rows = TriggerMemory.objects.filter(status__deployment=self._deployment)
        return dict(rows.values_list("status_id", "kept"))

    def of(self, status: TriggerStatus) -> Callable[[], dict[str, Any]]:
        """What brings those of one trigger."""
        return lambda: self._rows.get(status.pk, {})


def stage_of(scene: Scene) -> str:
    """The stage and when it was first shown: what was counted there is of no use in another."""
    return f"{scene.step.number} {scene.began.isoformat()}"


def remembered(status: TriggerStatus, scene: Scene, earlier: Earlier) -> tuple[Condition, Known]:
    """How the trigger stands by the record, and what it has counted; what cannot be read is counted anew."""
    row: TriggerMemory | None = getattr(status, "memory", None)
    course = Course(
        phase=Phase(status.phase),
        since=status.since,
        action=Action(status.action) if status.action and status.phase in ASKING else None,
        latched=status.latched,
    )
    recorded = Condition(course, Lack(status.lack))
    if row is None:
        return recorded, Known()
    try:
        condition = read_condition(recorded, row.memory, stage_of(scene))
        checked = (row.inputs, row.checked_at)
        return condition, read_known(
            condition.course, row.memory, stage_of(scene), checked, earlier.of(status)
        )
    except Exception:
        logger.exception("what the trigger %s remembers cannot be read; it counts anew", status.pk)
        return recorded, Known()


def memory_of(
    status: TriggerStatus, scene: Scene, condition: Condition, known: Known, sentence: str
) -> TriggerMemory:
    """The row to keep, but for the sums of earlier moments."""
    return TriggerMemory(
        status=status,
        memory=written(condition, known, stage_of(scene)),
        inputs=known.inputs,
        checked_at=known.checked_at,
        sentence=sentence,
        judged_to=condition.course.judged_to,
        evaluated_at=scene.at,
    )


def keep_earlier(memory: TriggerMemory, scene: Scene, before: Known, after: Known) -> bool:
    """Whether there are other sums of earlier moments to keep than before; they are put into the row then."""
    if after.load is before.load or after.kept[:-1] == before.kept[:-1]:
        return False
    memory.kept = written_kept(after, stage_of(scene))
    return True


def is_known(memory: TriggerMemory, former: TriggerMemory | None) -> bool:
    """Whether what is to be remembered stands there already, but for when it was checked."""
    return former is not None and (former.memory, former.sentence) == (memory.memory, memory.sentence)
