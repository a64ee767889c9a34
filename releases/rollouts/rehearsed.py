"""When the way back was rehearsed last: what a gate may ask before a release goes on its way."""

from datetime import datetime

from django.db.models import Max

from governance.registry.models import System
from releases.rollouts.models import Drill, DrillState

DAY_SECONDS = 24 * 60 * 60


def last_drill_age_days(system: System, at: datetime) -> float | None:
    """How many days before ``at`` a drill on one of the system's channels ended well; None where none did."""
    rows = Drill.objects.filter(channel__system=system, state=DrillState.COMPLETED, ended_at__lte=at)
    newest: datetime | None = rows.aggregate(newest=Max("ended_at"))["newest"]
    return (at - newest).total_seconds() / DAY_SECONDS if newest else None
