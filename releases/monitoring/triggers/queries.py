"""Reads of triggers: how they stand, and which overrides go past them."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from governance.access.models import Proposal
from releases.bundles.triggers import Spec, measured_triggers
from releases.gates.models import Override
from releases.monitoring.triggers.models import TriggerStatus
from releases.monitoring.triggers.outcome import state_of
from releases.monitoring.triggers.vocabulary import Lack, Phase, State
from releases.rollouts.models import Deployment


def overrides_of(deployment: Deployment) -> list[Override]:
    """All overrides of the deployment's triggers, the newest first."""
    return list(Override.objects.filter(trigger__deployment=deployment).order_by("-given_at"))


def is_in_force(row: Override, at: datetime) -> bool:
    """Whether the override is neither over nor withdrawn at ``at``."""
    return row.expires_at > at and (row.withdrawn_at is None or row.withdrawn_at > at)


def listed_triggers() -> QuerySet[TriggerStatus]:
    """Triggers with what their lists show, in a fixed number of queries; what they remember is long, and is
    left out until somebody asks for it."""
    rows = TriggerStatus.objects.select_related(
        "deployment__channel",
        "deployment__release__system",
        "deployment__revision__release__system",
        "memory",
    )
    rows = rows.defer("memory__memory", "memory__kept")
    return rows.prefetch_related(Prefetch("overrides", queryset=Override.objects.order_by("-given_at")))


def open_proposals_of(status: TriggerStatus, at: datetime) -> list[Proposal]:
    """Overrides of the trigger on its present evidence that wait for a second person, newest first."""
    rows = Proposal.objects.filter(
        verb="trigger.overridden",
        confirmed_at__isnull=True,
        expires_at__gt=at,
        arguments__trigger=str(status.pk),
        arguments__evidence_digest=status.evidence_digest,
    )
    return list(rows.order_by("-proposed_at"))


def waiting_overrides(at: datetime) -> list[tuple[Proposal, TriggerStatus]]:
    """Overrides of triggers that wait for a second person, on what their triggers rest on now; the first to
    run out first. In a fixed number of queries."""
    rows = Proposal.objects.filter(verb="trigger.overridden", confirmed_at__isnull=True, expires_at__gt=at)
    proposals = list(rows.order_by("expires_at"))
    statuses = {str(row.pk): row for row in listed_triggers().filter(pk__in=_triggers_of(proposals))}
    found = ((one, statuses.get(one.arguments["trigger"])) for one in proposals)
    return [(one, status) for one, status in found if status is not None and _is_about(one, status)]


def _triggers_of(proposals: Sequence[Proposal]) -> set[str]:
    return {one.arguments["trigger"] for one in proposals}


def _is_about(proposal: Proposal, status: TriggerStatus) -> bool:
    """Whether confirming it would still be taken: the same evidence, asking for something, in this stage."""
    same = proposal.arguments["evidence_digest"] == status.evidence_digest
    return (
        same and bool(status.action) and proposal.arguments["stage_number"] == status.deployment.stage_number
    )


def spec_of(status: TriggerStatus) -> Spec:
    """The trigger as the plan of the deployment's revision states it."""
    plan = status.deployment.revision.rollback_plan
    return next(one for one in measured_triggers(plan) if one.key == status.key)


def override_of(status: TriggerStatus, at: datetime) -> Override | None:
    """The override that goes past the trigger at ``at``, on its present evidence in the present stage."""
    rows = (row for row in status.overrides.all() if is_in_force(row, at))
    return next((row for row in rows if covers(row, status, status.deployment.stage_number)), None)


def ended_override_of(status: TriggerStatus, at: datetime) -> Override | None:
    """The newest override that went past this evidence and is over."""
    rows = (row for row in status.overrides.all() if not is_in_force(row, at))
    return next((row for row in rows if covers(row, status, status.deployment.stage_number)), None)


def covers(row: Override, status: TriggerStatus, stage_number: int) -> bool:
    """Whether the override is of the trigger's present evidence, in that stage."""
    same = row.result_digest == status.evidence_digest and bool(status.evidence_digest)
    return row.trigger_id == status.pk and same and row.stage_number == stage_number


def shown_state(status: TriggerStatus, at: datetime) -> State:
    """What is shown of the trigger at ``at``."""
    state = state_of(Phase(status.phase), Lack(status.lack))
    return State.OVERRIDDEN if state is not State.INACTIVE and override_of(status, at) else state


def shown_sentence(status: TriggerStatus) -> str:
    """What the last evaluation found, in words."""
    memory = getattr(status, "memory", None)
    return (memory.sentence if memory else "") or status.sentence or "Not evaluated yet."
