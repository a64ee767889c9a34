"""Moments that a reader asks about, as they come in an address."""

from datetime import UTC, datetime, timedelta, tzinfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from governance.errors import invalid

SKEW = timedelta(minutes=1)
"""How far a reader's clock may be ahead before a time counts as future."""


def asked_moment(text: str | None, *, field: str = "at", zone: tzinfo | None = None) -> datetime | None:
    """The time in ``text`` as UTC, or None when none is asked for.

    ``zone`` is that of a time which names none; without it such a time is refused.

    Raises:
        InvalidInput: it is no time, names no zone, or lies in the future, of which nothing is known.
    """
    if text is None:
        return None
    try:
        found = parse_datetime(text)
        if found is not None and (found.tzinfo or zone):
            found = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):  # year 1 or 9999, and an offset beyond
        found = None
    if found is None:
        raise invalid(
            field,
            f"{text[:60]!r} is no time; write it like 2026-03-18T09:30:00Z.",
            next_step="Write a plus sign of an offset as %2B in an address, or use Z.",
        )
    if found.tzinfo is None:
        raise invalid(field, f"{text[:60]!r} names no time zone; add Z or an offset.")
    if found > timezone.now() + SKEW:
        raise invalid(field, f"{text[:60]!r} lies in the future, of which nothing is known yet.")
    return found
