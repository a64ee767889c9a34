"""Reading the registry across its tables."""

from datetime import datetime

from governance.registry.models import Segment, System


def segments_in_force(system: System, at: datetime | None = None) -> list[Segment]:
    """The newest version of each segment of the system, by key; those defined by ``at`` if it is given."""
    segments = Segment.objects.filter(system=system)
    if at is not None:
        segments = segments.filter(defined_at__lte=at)
    newest = segments.order_by("key", "-version").distinct("key")
    return list(newest)
