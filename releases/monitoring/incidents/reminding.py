"""Reports and follow-ups that nobody did in time: each is said once, in a transaction of its own."""

import logging

from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError
from governance.ledger.verbs import Unchanged, record, verb
from releases.monitoring.incidents.models import FollowUp, Incident, IncidentStatus
from releases.monitoring.incidents.queries import open_reports, overdue_follow_ups
from releases.monitoring.incidents.recipients import tell_of_follow_up, tell_of_overdue_report
from releases.monitoring.incidents.steps import lock_incident

logger = logging.getLogger(__name__)


def remind_of_overdue(actor: Actor) -> int:
    """Tell of everything that became overdue; answers how much there was. One that fails stops no other."""
    now = timezone.now()
    told = 0
    for incident in open_reports(now).filter(reminded_at__isnull=True):
        told += _attempt(actor, incident)
    for follow_up in overdue_follow_ups(now).filter(reminded_at__isnull=True):
        told += _attempt(actor, follow_up)
    return told


def _attempt(actor: Actor, row: Incident | FollowUp) -> bool:
    try:
        if isinstance(row, Incident):
            tell_overdue_report(actor, incident=row)
        else:
            tell_overdue_follow_up(actor, follow_up=row)
    except GovernanceError as refusal:
        logger.warning("left for the next round: %s", refusal.message)
        return False
    return True


@verb("incident.overdue")
def tell_overdue_report(actor: Actor, *, incident: Incident) -> Incident | Unchanged[Incident]:
    """Tell those who handle the incident that its report is late; nothing changes if it was told or filed."""
    require(actor, Permission.REMIND_OWNERS, incident.channel)
    incident = lock_incident(incident)
    is_settled = incident.report_filed_at is not None or incident.status == IncidentStatus.DISMISSED
    if is_settled or incident.reminded_at is not None or moment() < incident.report_due_at:
        return Unchanged(incident)
    incident.reminded_at = moment()
    incident.save()
    record(incident.stream(), after={"incident": incident.id, "report_due_at": incident.report_due_at})
    tell_of_overdue_report(incident)
    return incident


@verb("follow_up.overdue")
def tell_overdue_follow_up(actor: Actor, *, follow_up: FollowUp) -> FollowUp | Unchanged[FollowUp]:
    """Tell its owner and those who handle the incident that a follow-up is late."""
    require(actor, Permission.REMIND_OWNERS, follow_up.incident)
    incident = lock_incident(follow_up.incident)
    follow_up = FollowUp.objects.select_for_update(no_key=True).get(id=follow_up.id)
    follow_up.incident = incident
    is_settled = follow_up.done_at is not None or incident.status == IncidentStatus.DISMISSED
    if is_settled or follow_up.reminded_at is not None or moment() < follow_up.due_at:
        return Unchanged(follow_up)
    follow_up.reminded_at = moment()
    follow_up.save()
    after = {"incident": incident.id, "follow_up": follow_up.id, "due_at": follow_up.due_at}
    record(incident.stream(), after=after)
    tell_of_follow_up("follow_up.overdue", follow_up)
    return follow_up
