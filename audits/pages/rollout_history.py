"""The entries of one rollout, and its stages as a rail: done, here, held, failed, skipped, to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from audits.pages.history import Event, events_of
from audits.pages.plan_words import stage_title
from audits.pages.rollout_facts import RolloutFacts
from governance.ledger.models import Entry
from releases.bundles.documents import StageKind
from releases.monitoring.triggers.models import TriggerStatus
from releases.rollouts.models import Deployment
from releases.rollouts.progress_queries import RailStage, StageState, lasting, stage_rail

LONGEST = 40
STAGE_BEGAN = ("rollout.started", "rollout.advanced")
TOLD_OF_TRIGGERS = (
    "trigger.fired",
    "trigger.cleared",
    "trigger.no_data",
    "trigger.failed",
    "trigger.measured_again",
    "trigger.acknowledged",
)
"""What a trigger did that people ask about; the rest stands in its own history."""

LOOKS = {
    StageState.DONE: "done",
    StageState.SKIPPED: "todo",
    StageState.HERE: "here",
    StageState.HELD: "held",
    StageState.FAILED: "failed",
    StageState.TO_DO: "todo",
}
NOTES = {
    StageState.SKIPPED: "skipped: nothing was live to compare with",
    StageState.HERE: "since",
    StageState.FAILED: "rolled back here; began",
}


@dataclass(frozen=True)
class Stop:
    """A stage on the rail."""

    title: str
    look: str
    note: str
    at: datetime | None = None
    entry: Entry | None = None


def entries_of(deployment: Deployment, triggers: Sequence[UUID] = ()) -> list[Entry]:
    """What the ledger holds about this rollout and what its ``triggers`` did, newest first."""
    own = Q(stream=deployment.stream(), document__after__deployment=str(deployment.pk))
    streams = [f"{TriggerStatus.stream_prefix}:{key}" for key in triggers]
    rows = Entry.objects.filter(own | Q(stream__in=streams, document__type__in=TOLD_OF_TRIGGERS))
    return list(rows.select_related("leaf").order_by("-at", "-id")[:LONGEST])


def entries_of_stages(deployment: Deployment) -> list[Entry]:
    """The entries with which its stages began: all of them, however much else happened since."""
    rows = Entry.objects.filter(
        stream=deployment.stream(),
        document__type__in=STAGE_BEGAN,
        document__after__deployment=str(deployment.pk),
    )
    return list(rows.select_related("leaf").order_by("at", "stream_seq"))


def told(entries: Sequence[Entry]) -> list[Event]:
    """The entries as rows of a history."""
    return events_of(entries)


def rail_of(facts: RolloutFacts) -> list[Stop]:
    """Every stage of the plan and how it stands, with when it began; none for an adopted release."""
    began = {
        int(entry.document["after"]["stage_number"]): entry for entry in entries_of_stages(facts.deployment)
    }
    return [
        Stop(
            stage_title(one.step.stage),
            LOOKS[one.state],
            _note(facts, one),
            began[one.step.number].at if one.step.number in began else None,
            began.get(one.step.number),
        )
        for one in stage_rail(facts.deployment)
    ]


def _note(facts: RolloutFacts, one: RailStage) -> str:
    stage = one.step.stage
    if one.state is StageState.TO_DO:
        return f"at least {lasting(stage.min_duration_seconds)}" if stage.min_duration_seconds else ""
    if one.state is StageState.HELD:
        return "paused here; began" if facts.deployment.paused else "held here; began"
    if one.state is StageState.DONE and stage.kind is StageKind.OFFLINE_VALIDATION:
        return "by the gate's evaluation"
    return NOTES.get(one.state, "")
