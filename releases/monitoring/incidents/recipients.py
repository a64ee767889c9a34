"""Who is told of incidents: those who handle them on the channel, and those who answer for what decided."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from governance.access.models import Account
from governance.access.queries import grants_in_force
from governance.access.roles import Permission, roles_with
from governance.actors import moment
from governance.notifications.services import notify
from releases.bundles.models import Revision
from releases.monitoring.incidents.models import FollowUp, Incident


def tell_of_incident(event: str, incident: Incident) -> None:
    """Step of the verbs on incidents, after their entries."""
    facts = _facts(incident)
    if event in {"incident.reported", "incident.attributed"}:
        facts["status"] = incident.get_status_display().lower()
    if event == "incident.reported":
        facts["evidence"] = incident.evidence["text"]
        facts["report_due_at"] = incident.report_due_at
    elif event in {"incident.confirmed", "incident.dismissed"}:
        facts["reason"] = incident.conclusion
    notify(event, subject=incident, accounts=concerned(incident), context=facts, path=page_of(incident))


def tell_of_overdue_report(incident: Incident) -> None:
    """Step of the engine's verb, after its entry."""
    facts = {**_facts(incident), "report_due_at": incident.report_due_at}
    notify(
        "incident.overdue",
        subject=incident,
        accounts=concerned(incident),
        context=facts,
        path=page_of(incident),
    )


def tell_of_follow_up(event: str, follow_up: FollowUp) -> None:
    """Step of the verbs on follow-ups: tells the owner, and when it is late all who handle the incident."""
    incident = follow_up.incident
    facts: dict[str, Any] = {**_facts(incident), "text": follow_up.text}
    accounts: Iterable[Account] = Account.objects.filter(id=follow_up.owner_id)
    if event == "follow_up.done":
        accounts = concerned(incident)
        facts["reason"] = follow_up.outcome
    else:
        facts["due_at"] = follow_up.due_at
        facts["owner"] = follow_up.owner_username
    if event == "follow_up.overdue":
        accounts = concerned(incident, besides=Q(id=follow_up.owner_id))
    notify(event, subject=follow_up, accounts=accounts, context=facts, path=page_of(incident))


def concerned(incident: Incident, *, besides: Q | None = None) -> QuerySet[Account]:
    """Accounts that are told of the incident."""
    channel = incident.channel
    there = Q(system_id=channel.system_id) | Q(channel_id=channel.pk)
    roles = [role.value for role in roles_with(Permission.HANDLE_INCIDENT)]
    acting = grants_in_force(moment()).filter(there, role__in=roles)
    wanted = Q(id__in=acting.values("account_id"))
    if incident.revision is not None:
        owner = str(incident.revision.rollback_plan.get("owner", ""))
        wanted |= Q(id=incident.revision.release.owner_id) | Q(username=owner)
    return Account.objects.filter(wanted | (besides or Q(pk__in=[])))


def page_of(incident: Incident) -> str:
    """The incident's page."""
    return reverse("admin:releases_incident_change", args=[incident.pk])


def _facts(incident: Incident) -> dict[str, Any]:
    return {
        "kind": incident.get_kind_display(),
        "channel": incident.channel.name,
        "system": str(incident.channel.system),
        "release": _named(incident.revision),
    }


def _named(revision: Revision | None) -> str | None:
    return f"{revision.release.name} revision {revision.number}" if revision else None
