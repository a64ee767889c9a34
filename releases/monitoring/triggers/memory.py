"""What a trigger remembers between evaluations, as JSON and back. Pure.

What bears evidence stands in its governed row; this is what would otherwise be computed again.
"""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from releases.monitoring.triggers.given import NOTHING, Interval, Sums
from releases.monitoring.triggers.measuring import Known
from releases.monitoring.triggers.outcome import Condition
from releases.monitoring.triggers.states import Course
from releases.monitoring.triggers.vocabulary import Action

TIMES = ("since", "judged_to", "breach_since", "clear_since", "ended_at")


def written(condition: Condition, known: Known, stage: str) -> dict[str, Any]:
    """``stage`` names the stage and its beginning: what was counted there is of no use in another."""
    course = condition.course
    return {
        "stage": stage,
        "errors": condition.errors,
        "action": course.action,
        "times": {name: _text(getattr(course, name)) for name in TIMES},
        "sums": known.sums.document(),
        "fingerprint": known.fingerprint,
        "compared": asdict(known.compared) if known.compared else None,
    }


def read_condition(condition: Condition, document: dict[str, Any]) -> Condition:
    """The condition that the governed row tells, with the times that are remembered."""
    times, course = document.get("times", {}), condition.course
    action = document.get("action")
    course = replace(
        course,
        since=_time(times.get("since")) or course.since,
        action=Action(action) if action and course.action else course.action,
        judged_to=_time(times.get("judged_to")),
        breach_since=_time(times.get("breach_since")),
        clear_since=_time(times.get("clear_since")),
        ended_at=_time(times.get("ended_at")),
    )
    return replace(condition, course=course, errors=int(document.get("errors", 0)))


def read_known(course: Course, document: dict[str, Any], stage: str) -> Known:
    """What was counted in this stage; nothing of another one."""
    if document.get("stage") != stage:
        return Known(course.judged_to, NOTHING)
    compared = document.get("compared")
    return Known(
        course.judged_to,
        Sums.of(document.get("sums", {})),
        str(document.get("fingerprint", "")),
        Interval(**compared) if compared else None,
    )


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
