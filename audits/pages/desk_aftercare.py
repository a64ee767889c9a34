"""What launches left to do and is overdue, for those who do it: reviews of drift, follow-ups of incidents."""

from django.utils import timezone

from audits.pages.tasks import Section, Task
from governance.access.admin_base import Offer, admin_url
from governance.access.queries import reach, visible_to
from governance.access.roles import Permission
from governance.actors import Actor
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.drift.queries import reviews_overdue
from releases.monitoring.drift.wording import named
from releases.monitoring.incidents.models import FollowUp, Incident
from releases.monitoring.incidents.queries import overdue_follow_ups

MOST = 10
"""Of each kind; the gap board lists all."""


def aftercare_sections(actor: Actor) -> dict[str, Section]:
    """The section, in a fixed number of queries."""
    tasks = [*_follow_ups(actor), *_reviews(actor)]
    says = ("One thing is overdue after a launch.", "{} things are overdue after a launch.")
    return {"aftercare": Section("aftercare", "After the launch", "overdue, and yours to do", tasks, says)}


def _follow_ups(actor: Actor) -> list[Task]:
    """Those that the actor owns."""
    if actor.id is None:
        return []
    return [_follow_up(row) for row in overdue_follow_ups(timezone.now()).filter(owner=actor.id)[:MOST]]


def _follow_up(row: FollowUp) -> Task:
    url = admin_url(Incident, "change", row.incident_id)
    meta = f"follow-up of an incident on {row.incident.channel.name} · due {row.due_at:%-d %b %Y}"
    offer = Offer("Open the incident", url, "", "cs-pri", is_dialog=False)
    return Task("fail", "schedule", "Overdue", row.text, meta, offer)


def _reviews(actor: Actor) -> list[Task]:
    """Those that the actor may do."""
    found = reach(actor, Permission.REVIEW_DRIFT)
    if found is None:
        return []
    rows = visible_to(reviews_overdue(timezone.now()), actor)
    if not found.everywhere:
        rows = rows.filter(release__system__in=found.systems)
    return [_review(row) for row in rows[:MOST]]


def _review(row: DriftReview) -> Task:
    url = admin_url(DriftReview, "change", row.pk)
    sentence = f"Look at how {named(row)} drifts, and say whether it may go on as it is."
    meta = f"{row.release.system.slug} · review {row.number} · due {row.due_at:%-d %b %Y}"
    return Task(
        "fail", "schedule", "Overdue", sentence, meta, Offer("Review it", url, "", "cs-pri", is_dialog=False)
    )
