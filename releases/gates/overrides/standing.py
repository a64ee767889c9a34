"""How an override stands at a moment, and in words. Pure: no database, no clock."""

from datetime import datetime
from enum import StrEnum

from releases.gates.models import Override, Verdict


class Standing(StrEnum):
    """Whether an override lets anything past the gate, and if not, what ended it."""

    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"
    OUTDATED = "outdated"
    EXPIRED = "expired"


GOES_PAST = {Verdict.FAIL.value: "failed", Verdict.INCONCLUSIVE.value: "inconclusive"}
ANOTHER_RESULT = "a newer evaluation came to another result"


def standing_of(override: Override, newest_result: str, at: datetime) -> Standing:
    """How the override stands at ``at``; ``newest_result`` is the digest of its revision's newest result.

    Another result than the one it was given for ends it: nobody has looked at that one.
    """
    if override.withdrawn_at is not None and override.withdrawn_at <= at:
        return Standing.WITHDRAWN
    if override.expires_at <= at:
        return Standing.EXPIRED
    return Standing.IN_FORCE if override.result_digest == newest_result else Standing.OUTDATED


def goes_past(override: Override) -> str:
    """What it goes past, after "gate" or, of a trigger, by itself: ``failed``, ``trigger retry_spike``."""
    if override.trigger_id:
        return f"trigger {', '.join(override.criteria)}"
    return GOES_PAST[override.verdict]


def by_whom(override: Override) -> str:
    """How many persons answer for it."""
    return "two persons" if override.confirmed_by_username else "one person"


def overridden(override: Override, standing: Standing) -> str:
    """``inconclusive, overridden until 27 November 2026, 14:00 UTC by two persons``: the verdict as it is
    shown from now on, and what has become of the override."""
    verdict, who = goes_past(override), by_whom(override)
    until = said_at(override.expires_at)
    other = "its evidence is another by now" if override.trigger_id else ANOTHER_RESULT
    ways = {
        Standing.IN_FORCE: f"{verdict}, overridden until {until} by {who}",
        Standing.EXPIRED: f"{verdict}, overridden by {who}; the override expired on {until}",
        Standing.WITHDRAWN: f"{verdict}, overridden by {who}; the override was withdrawn",
        Standing.OUTDATED: f"{verdict}, overridden by {who}; {other}",
    }
    return ways[standing] + (", expedited because of an active attack" if override.expedite else "")


def said_at(at: datetime) -> str:
    """A moment in a sentence."""
    return f"{at:%-d %B %Y, %H:%M} UTC"
