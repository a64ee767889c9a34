"""What a change of a trigger rests on: it stands in the entry, and an override names its digest."""

from typing import Any

from governance.ledger.canonical import digest_of
from releases.monitoring.triggers.judgements import Judged
from releases.monitoring.triggers.known import Found
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.outcome import Outcome
from releases.monitoring.triggers.scene import Place, Scene
from releases.monitoring.triggers.states import ASKING
from releases.monitoring.triggers.vocabulary import STRONGEST_FIRST, Action

LONGEST = 500


def evidence_of(
    scene: Scene, place: Place, status: TriggerStatus, outcome: Outcome, found: Found | None
) -> dict[str, Any] | None:
    """The evidence of a change; None while the firing that began before goes on, whose evidence stays.

    What asks for more than before, as where data fail too, rests on other evidence: whoever goes past a hold
    has not answered for a rollback.
    """
    asks = outcome.asked.action
    goes_on = outcome.after.course.phase in ASKING and status.phase in ASKING
    if outcome.fires_for is None and goes_on and not is_stronger(asks, status.action):
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
        "asks": asks,
        "because": outcome.asked.because if asks else None,
        "after": status.evidence_digest or None,
        "judged": _judged(judged) if judged else None,
        "tests": found.tests if found else None,
        "counted": _counted(found),
        "sentence": judged.sentence if judged else outcome.sentence,
    }


def least_evidence(
    scene: Scene, place: Place, status: TriggerStatus, outcome: Outcome, problem: str
) -> dict[str, Any]:
    """What can be recorded in any case, where the whole evidence cannot."""
    asks = outcome.asked.action
    return {
        "key": place.spec.key,
        "segment": place.segment or None,
        "deployment": str(scene.deployment.pk),
        "stage_number": scene.step.number,
        "change": status.changes + 1,
        "asks": asks,
        "because": outcome.asked.because if asks else None,
        "sentence": legible(outcome.sentence),
        "problem": f"The whole evidence could not be recorded: {problem}.",
    }


def legible(sentence: str) -> str:
    """A sentence that can be recorded: short, and with nothing in it that is no text."""
    return sentence[:LONGEST].encode("utf-8", "replace").decode().replace("\x00", "?")


def is_stronger(asks: Action | None, before: str) -> bool:
    """Whether it is asked for more than before."""
    return asks is not None and (not before or _strength(asks) < _strength(Action(before)))


def _strength(action: Action) -> int:
    return STRONGEST_FIRST.index(action)


def _counted(found: Found | None) -> str | None:
    """The digest of the marks of all hours that were counted."""
    return digest_of(dict(found.known.marks_document)) if found and found.known.marks else None


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        "at": judged.at.isoformat(),
        "judgement": judged.judgement.value,
        "figures": judged.figures.finite(),
        "detail": dict(judged.detail),
    }
