"""Which reports wait for their replay, and up to when all are replayed."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from governance.registry.models import Channel
from releases.monitoring.decisions.models import DecisionBatch
from releases.monitoring.decisions.waiting import whole_to
from releases.monitoring.replaying.models import BatchReplay
from releases.monitoring.replaying.sampling import first_of, made_at

OVERLAP = timedelta(minutes=15)
"""So long after its id was made a batch may still commit, and be found beside later ones."""


def waiting_batches() -> QuerySet[DecisionBatch]:
    """Batches of which nothing was replayed yet, the oldest first."""
    rows = DecisionBatch.objects.filter(replay__isnull=True)
    newest = BatchReplay.objects.order_by("-batch_id").values_list("batch_id", flat=True).first()
    if newest is not None:
        rows = rows.filter(id__gte=first_of(made_at(newest) - OVERLAP))
    return rows.order_by("id")


def replayed_to(channel: Channel, at: datetime) -> datetime:
    """The moment up to which the channel's windows of replays are whole; ``at`` where no report waits."""
    return whole_to(waiting_batches().filter(channel=channel).order_by(), at)
