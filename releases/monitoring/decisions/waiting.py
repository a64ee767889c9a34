"""Up to when windows are whole while reports wait to be counted, or to be replayed."""

from datetime import datetime

from django.db.models import F, Min, QuerySet
from django.db.models.functions import Greatest

from releases.monitoring.decisions.models import DecisionBatch
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS


def whole_to(waiting: QuerySet[DecisionBatch], at: datetime) -> datetime:
    """The moment up to which nothing is missing for the sake of these reports: ``at`` where there is none.

    A window is whole once its end and the allowed lateness lie at or before it: of each report that waits,
    all decisions are then of later windows, or it was received too late to be waited for.
    """
    missing = Min(Greatest(F("received_at"), F("first_at") + ALLOWED_LATENESS))
    first: datetime | None = waiting.aggregate(first=missing)["first"]
    return at if first is None else min(at, first)
