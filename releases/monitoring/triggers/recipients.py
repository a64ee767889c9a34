"""Who is told of a trigger that only notifies: those who answer for the release, and the trigger's owner.

A trigger that holds or rolls back tells nobody by itself: the act does.
"""

from django.db.models import Q, QuerySet
from django.urls import reverse

from governance.access.models import Account, Proposal
from governance.notifications.services import notify
from releases.bundles.triggers import measured_triggers
from releases.gates.models import Override
from releases.monitoring.triggers.models import TriggerStatus
from releases.rollouts.recipients import concerned


def tell_of_trigger(status: TriggerStatus) -> None:
    """Step of the verb that moves a trigger; after its entry. Of triggers with one dedup key that fire at
    the same time the first tells."""
    deployment = status.deployment
    specs = {one.key: one for one in measured_triggers(deployment.revision.rollback_plan)}
    spec = specs[status.key]
    alike = [one.key for one in specs.values() if spec.dedup_key and one.dedup_key == spec.dedup_key]
    others = TriggerStatus.objects.filter(deployment=deployment, key__in=alike or [status.key])
    if others.exclude(id=status.id).exclude(action="").exists():
        return
    notify(
        "trigger.fired",
        subject=status,
        accounts=concerned(deployment, besides=Q(username=spec.owner)),
        context={**_facts(status), "description": spec.description, "sentence": status.sentence},
        path=_page(status),
    )


def tell_of_trigger_proposal(proposal: Proposal, status: TriggerStatus, could: QuerySet[Account]) -> None:
    """Step of the verb that proposes an override, after its entry: who could be the second person."""
    facts = _facts(status)
    notify(
        "proposal.stored",
        subject=proposal,
        accounts=could,
        context={
            "act": f"let {facts['release']} go on past the trigger {status} on {facts['channel']}",
            "reason": proposal.reason,
            "expires_at": proposal.expires_at,
            "system": facts["system"],
        },
        path=reverse("admin:releases_triggerstatus_change", args=[status.pk]),
    )


def tell_of_trigger_override(override: Override, status: TriggerStatus) -> None:
    """Step of the verb that gives an override, after its entries: those who answer for the rollout."""
    notify(
        "trigger.overridden",
        subject=status,
        accounts=concerned(status.deployment),
        context={
            **_facts(status),
            "sentence": status.sentence,
            "reason": override.reason,
            "expires_at": override.expires_at,
        },
        path=_page(status),
    )


def _facts(status: TriggerStatus) -> dict[str, str]:
    revision = status.deployment.revision
    return {
        "release": f"{revision.release.name} revision {revision.number}",
        "system": str(revision.release.system),
        "channel": status.deployment.channel.name,
        "trigger": str(status),
    }


def _page(status: TriggerStatus) -> str:
    return reverse("admin:rollout", args=[status.deployment_id])
