"""What a change of a trigger rests on: it stands in the entry, and an override names its digest."""

from typing import Any

from releases.monitoring.triggers.judgements import Judged
from releases.monitoring.triggers.measuring import Found
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.outcome import Outcome
from releases.monitoring.triggers.scene import Place, Scene
from releases.monitoring.triggers.states import ASKING


def evidence_of(
    scene: Scene, place: Place, status: TriggerStatus, outcome: Outcome, found: Found | None
) -> dict[str, Any] | None:
    """The evidence of a change; None while the firing that began before goes on, whose evidence stays."""
    if outcome.fires_for is None and outcome.after.course.phase in ASKING and status.phase in ASKING:
        return None
    judged = outcome.fires_for or outcome.newest
    return {
        "key": place.spec.key,
        "version": place.spec.version,
        "kind": place.spec.kind,
        "segment": place.segment or None,
        "deployment": str(scene.deployment.pk),
        "manifest": scene.deployment.revision.manifest_digest,
        "stage_number": scene.step.number,
        "change": status.changes + 1,
        "lack": outcome.after.lack or None,
        "judged": _judged(judged) if judged else None,
        "tests": found.tests if found else None,
        "counted": found.known.fingerprint or None if found else None,
        "sentence": judged.sentence if judged else outcome.sentence,
    }


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        "at": judged.at.isoformat(),
        "judgement": judged.judgement.value,
        "figures": judged.figures.finite(),
        "detail": dict(judged.detail),
    }
