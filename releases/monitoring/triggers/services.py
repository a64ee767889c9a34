"""Verbs on the state of triggers: armed, changed, acknowledged. An entry is written when a state changes."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.access.presence import require_strength
from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.canonical import digest_of
from governance.ledger.verbs import Unchanged, record, touching, verb
from releases.monitoring.incidents.people import strength_there, why_barred
from releases.monitoring.triggers.models import TriggerMemory, TriggerReading, TriggerStatus
from releases.monitoring.triggers.recipients import tell_of_trigger
from releases.monitoring.triggers.scene import Place
from releases.monitoring.triggers.vocabulary import Lack, Phase
from releases.rollouts.models import Deployment


class NothingToAcknowledge(GovernanceError):
    """The trigger is not latched: it goes by the data, or was acknowledged before."""

    code = "nothing_to_acknowledge"
    title = "Nothing to acknowledge"
    next_step = "Read the trigger again; only one that is latched waits for a person."


class NotYoursToAcknowledge(GovernanceError):
    """The actor has a part in the release that the trigger speaks against, or is no person."""

    code = "contributor_acknowledges"
    status = 403
    title = "Not yours to acknowledge"
    next_step = "Ask a release manager who neither made nor started the release."


@dataclass(frozen=True)
class Change:
    """What a trigger becomes. ``expected`` counts its changes before; another number means that somebody
    else was quicker. ``evidence`` is None where the firing that it belongs to goes on."""

    expected: int
    phase: Phase
    lack: Lack
    action: str
    latched: bool
    stage_number: int
    since: datetime
    sentence: str
    passed: tuple[Phase, ...] = ()
    evidence: dict[str, Any] | None = None
    tells: bool = False


@verb("trigger.armed")
def arm_triggers(
    actor: Actor, *, deployment: Deployment, places: Sequence[Place]
) -> Deployment | Unchanged[Deployment]:
    """Begin to watch triggers of the plan on the deployment; those that are watched stay as they are."""
    require(actor, Permission.WATCH_ROLLOUT, deployment.channel)
    locked = Deployment.objects.select_for_update(no_key=True).get(id=deployment.id)
    there = set(TriggerStatus.objects.filter(deployment=locked).values_list("key", "segment"))
    missing = [place for place in places if (place.spec.key, place.segment) not in there]
    if not missing:
        return Unchanged(deployment)
    for place in missing:
        _arm(deployment, place)
    return deployment


def _arm(deployment: Deployment, place: Place) -> None:
    status = TriggerStatus.objects.create(
        deployment=deployment,
        key=place.spec.key,
        segment=place.segment,
        kind=place.spec.kind,
        stage_number=deployment.stage_number,
        since=moment(),
        changed_at=moment(),
    )
    record(
        status.stream(),
        event="trigger.armed",
        after={
            **_document(status),
            "spec": place.spec.model_dump(mode="json", exclude_unset=True),
            "channel": deployment.channel_id,
            "release": deployment.release_id,
            "revision": deployment.revision_id,
        },
        refs={"manifest": deployment.revision.manifest_digest},
    )


def _document(status: TriggerStatus) -> dict[str, Any]:
    return {
        "trigger": status.id,
        "deployment": status.deployment_id,
        "key": status.key,
        "segment": status.segment or None,
        "stage_number": status.stage_number,
        "phase": status.phase,
        "lack": status.lack or None,
        "action": status.action or None,
        "latched": status.latched,
        "evidence_digest": status.evidence_digest or None,
        "since": status.since,
        "changes": status.changes,
    }


def _change(
    actor: Actor, *, status: TriggerStatus, change: Change
) -> TriggerStatus | Unchanged[TriggerStatus]:
    """Move the trigger to its new state, unless somebody else did meanwhile."""
    require(actor, Permission.WATCH_ROLLOUT, status.deployment.channel)
    locked = _locked(status)
    if locked.changes != change.expected:
        return Unchanged(locked)
    before = _document(locked)
    if change.evidence is not None:
        locked.evidence, locked.evidence_digest = change.evidence, digest_of(change.evidence)
    if change.evidence is not None and Phase.FIRING in change.passed:
        locked.fired_at, locked.acknowledged_at, locked.acknowledged_by_username = moment(), None, ""
    locked.phase, locked.lack, locked.action = change.phase, change.lack, change.action
    locked.latched, locked.stage_number = change.latched, change.stage_number
    locked.since, locked.sentence = change.since, change.sentence
    locked.changes, locked.changed_at = locked.changes + 1, moment()
    locked.save()
    record(
        locked.stream(),
        before=before,
        after={**_document(locked), "passed": list(change.passed), "evidence": change.evidence},
        reason=change.sentence,
        refs={"manifest": locked.deployment.revision.manifest_digest},
    )
    if change.tells:
        tell_of_trigger(locked)
    return locked


CHANGES: dict[str, Callable[..., TriggerStatus]] = {
    event: verb(event)(_change)
    for event in (
        "trigger.pending",
        "trigger.fired",
        "trigger.recovering",
        "trigger.cleared",
        "trigger.no_data",
        "trigger.failed",
        "trigger.measured_again",
    )
}
"""The verb of each change, by its event."""

_OF_PHASE = {
    Phase.PENDING: "trigger.pending",
    Phase.FIRING: "trigger.fired",
    Phase.RECOVERING: "trigger.recovering",
    Phase.INACTIVE: "trigger.cleared",
}
_OF_LACK = {
    Lack.NO_DATA: "trigger.no_data",
    Lack.ERROR: "trigger.failed",
    Lack.NOTHING: "trigger.measured_again",
}


def event_of(status: TriggerStatus, change: Change) -> str:
    """The event of the change: a new phase, a firing that asks for more, or else what it lacks."""
    if change.phase != status.phase:
        return _OF_PHASE[change.phase]
    escalates = change.phase is Phase.FIRING and change.evidence is not None and change.lack == status.lack
    return _OF_PHASE[change.phase] if escalates else _OF_LACK[change.lack]


def _locked(status: TriggerStatus) -> TriggerStatus:
    touching(status.stream())
    rows = TriggerStatus.objects.select_related(
        "deployment__channel", "deployment__revision__release__system"
    )
    return rows.select_for_update(of=("self",)).get(id=status.id)


def why_not_acknowledge(actor: Actor, status: TriggerStatus) -> str:
    """What bars the actor from taking note of the trigger, in a sentence; empty for nothing."""
    return why_barred(actor, [status.deployment.revision], status.deployment.channel)


@verb("trigger.acknowledged")
def acknowledge_trigger(actor: Actor, *, status: TriggerStatus, reason: str) -> TriggerStatus:
    """Take note of a latched trigger: from now on it ends once the data are good, and fires till then.

    Raises:
        NothingToAcknowledge: it is not latched.
        NotYoursToAcknowledge: the actor is no person, contributed to the release or started it there.
        NotInPerson, ReauthenticationNeeded, SecondFactorNeeded: without the proof that the role asks for.
        InvalidInput: no reason.
    """
    require(actor, Permission.RESUME_ROLLOUT, status.deployment.channel)
    barred = why_not_acknowledge(actor, status)
    if barred or actor.id is None:
        raise NotYoursToAcknowledge(barred)
    strength = strength_there(actor.id, status.deployment.channel, Permission.RESUME_ROLLOUT)
    require_strength(actor, strength, "acknowledge a trigger")
    if not reason.strip():
        raise invalid("reason", "say what came of it; the record keeps it.")
    locked = _locked(status)
    if not locked.latched:
        raise NothingToAcknowledge(f"The trigger {locked} is {locked.phase} and not latched.")
    before = _document(locked)
    locked.latched, locked.changes, locked.changed_at = False, locked.changes + 1, moment()
    locked.acknowledged_at, locked.acknowledged_by_username = moment(), actor.username
    locked.save()
    record(locked.stream(), before=before, after=_document(locked), reason=reason)
    return locked


def remember(
    memories: Sequence[TriggerMemory], readings: Sequence[TriggerReading], keeping: Set[UUID]
) -> None:
    """Keep what the next evaluation goes on from, and the points of the charts; neither is evidence. Of the
    triggers in ``keeping`` also the sums of earlier moments, which are long and seldom new."""
    _keep([one for one in memories if one.status_id not in keeping])
    _keep([one for one in memories if one.status_id in keeping], "kept")
    TriggerReading.objects.bulk_create(
        readings,
        update_conflicts=True,
        unique_fields=["status", "at"],
        update_fields=[
            "judgement",
            "value",
            "bound",
            "control",
            "limit",
            "log_e",
            "log_e_limit",
            "subjects",
            "control_subjects",
        ],
    )


def _keep(memories: Sequence[TriggerMemory], *further: str) -> None:
    TriggerMemory.objects.bulk_create(
        memories,
        update_conflicts=True,
        unique_fields=["status"],
        update_fields=["memory", "sentence", "judged_to", "inputs", "checked_at", "evaluated_at", *further],
    )


def seen_again(memories: Sequence[TriggerMemory], at: datetime) -> None:
    """Keep that these were evaluated, on which inputs, and came to what is kept of them."""
    by_inputs: dict[tuple[str, datetime | None], list[UUID]] = {}
    for one in memories:
        by_inputs.setdefault((one.inputs, one.checked_at), []).append(one.status_id)
    for (inputs, checked_at), statuses in by_inputs.items():
        rows = TriggerMemory.objects.filter(status__in=statuses)
        rows.update(evaluated_at=at, inputs=inputs, checked_at=checked_at)
