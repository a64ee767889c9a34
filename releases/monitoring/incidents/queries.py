"""Reads of incidents: how many speak of a revision on a channel, for whoever acts on it; and their lists."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Prefetch, Q, QuerySet

from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.monitoring.incidents.models import FollowUp, Incident, IncidentStatus

HEAVY = ("revision__card", "revision__rollout_plan", "revision__rollback_plan", "evaluation__inputs")


@dataclass(frozen=True)
class IncidentCounts:
    """Incidents as they stand now: suspected ones nobody has decided about yet, and confirmed ones."""

    suspected: int
    confirmed: int


def incident_counts(
    channel: Channel, *, revision: Revision, since: datetime, until: datetime
) -> IncidentCounts:
    """Incidents on the channel that ``revision`` had decided, and that happened in [since, until).

    They count by the time at which they happened, not by that of the report: give as ``since`` when the
    revision began to answer there, and one that is reported weeks late still counts. A dismissed one does
    not. Where nobody knows which of two releases decided, a confirmed one counts as suspected of each. One
    query.
    """
    by_it = Q(revision=revision)
    perhaps = Q(revision__isnull=True, possible__contains=[str(revision.id)])
    found = (
        Incident.objects.filter(channel=channel, happened_at__gte=since, happened_at__lt=until)
        .exclude(status=IncidentStatus.DISMISSED)
        .filter(by_it | perhaps)
        .aggregate(
            suspected=Count("id", filter=Q(status=IncidentStatus.SUSPECTED) | perhaps),
            confirmed=Count("id", filter=Q(status=IncidentStatus.CONFIRMED) & by_it),
        )
    )
    return IncidentCounts(found["suspected"], found["confirmed"])


def listed_incidents() -> QuerySet[Incident]:
    """Incidents with channel, release, evaluation and follow-ups, in a fixed number of queries."""
    rows = Incident.objects.select_related(
        "channel__system", "revision__release__system", "evaluation__policy"
    ).defer(*HEAVY)
    return rows.prefetch_related(Prefetch("follow_ups", queryset=FollowUp.objects.order_by("due_at", "id")))


def listed_follow_ups() -> QuerySet[FollowUp]:
    """Follow-ups with the incident and its channel."""
    return FollowUp.objects.select_related("incident__channel__system", "owner")


def open_reports(at: datetime) -> QuerySet[Incident]:
    """Incidents whose report is overdue at ``at``: not dismissed, and nobody has filed one."""
    rows = listed_incidents().exclude(status=IncidentStatus.DISMISSED)
    return rows.filter(report_filed_at__isnull=True, report_due_at__lte=at).order_by("report_due_at")


def overdue_follow_ups(at: datetime) -> QuerySet[FollowUp]:
    """Follow-ups that ought to be done at ``at`` and are not."""
    rows = listed_follow_ups().exclude(incident__status=IncidentStatus.DISMISSED)
    return rows.filter(done_at__isnull=True, due_at__lte=at).order_by("due_at")
