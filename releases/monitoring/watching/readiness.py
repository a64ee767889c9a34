"""What ``/readyz`` says of watching: whether the tick comes to every rollout, and how many it cannot look at.

Names nobody: the page is open to all. A rollout that cannot be looked at makes the whole no less ready to
serve: it is counted here, and stands on its page and among the gaps. One that no tick comes to means that the
watcher does not keep up, and nothing would be taken back by itself.
"""

from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Count, Q
from django.utils import timezone

from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import ON_ITS_WAY

LOOKED_AT_WITHIN = timedelta(seconds=60)


def watching_part() -> dict[str, object]:
    """How many rollouts are on their way, how many of them no tick came to, and at how many looks fail, also
    of what is live."""
    since = timezone.now() - LOOKED_AT_WITHIN
    there = Q(state__in=ON_ITS_WAY)
    unseen = Q(reading__isnull=True) | Q(reading__errors=0, reading__read_at__lte=since)
    try:
        found = Deployment.objects.filter(there | Q(state=DeploymentState.LIVE)).aggregate(
            rollouts=Count("id", filter=there),
            failing=Count("id", filter=Q(reading__errors__gt=0)),
            not_looked_at=Count("id", filter=there & unseen & Q(state_changed_at__lte=since)),
        )
    except DatabaseError:
        return {
            "ok": False,
            "reason": "unknown: the database does not answer",
            "next_step": "See database; run migrate if tables are missing.",
        }
    if found["not_looked_at"]:
        said = f"{found['not_looked_at']} of {found['rollouts']} rollouts were not looked at for a minute"
        step = "See watcher; hold and roll back work without it."
        return {"ok": False, **found, "reason": said, "next_step": step}
    if found["failing"]:
        said = f"looks at {found['failing']} releases fail"
        step = "The gaps name them, and the log of the watcher the cause."
        return {"ok": True, **found, "reason": said, "next_step": step}
    return {"ok": True, **found}
