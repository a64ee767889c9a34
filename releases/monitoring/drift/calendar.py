"""When reviews of a launched release are due. Pure: no database, no clock."""

from collections.abc import Sequence
from datetime import datetime, timedelta

EARLY = timedelta(days=2)
"""So long before its day a review may be done."""


def due_dates(
    launched_at: datetime, days: Sequence[int], every_days: int, *, last: datetime | None, now: datetime
) -> list[datetime]:
    """Days of the reviews that are still to be planned after ``last``, so that one always lies ahead.

    The first ``days`` count from the launch, then one follows every ``every_days``. A release that was live
    long before anybody planned gets the last day that passed and not all of them: nobody can look back in
    time, but that nobody has looked is a gap.
    """
    after = last or launched_at
    dates = [date for date in (launched_at + timedelta(days=one) for one in days) if date > after]
    newest = dates[-1] if dates else after
    while newest <= now:
        newest += timedelta(days=every_days)
        dates.append(newest)
    passed = sum(date <= now for date in dates)
    return dates[max(0, passed - 1) :] if last is None else dates
