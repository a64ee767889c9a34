"""What a trigger remembers between evaluations, as JSON and back. Pure.

What bears evidence stands in its governed row; this is what would otherwise be computed again.
"""

from dataclasses import asdict, replace
from typing import Any

from releases.monitoring.triggers.given import NOTHING, Interval, Sums, read_time, written_time
from releases.monitoring.triggers.known import Known
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
        "times": {name: written_time(getattr(course, name)) for name in TIMES},
        "sums": known.sums.document(),
        "kept": [one.document() for one in known.kept],
        "marks": known.marks_document,
        "inputs": known.inputs,
        "checked_at": written_time(known.checked_at),
        "compared": asdict(known.compared) if known.compared else None,
    }


def read_condition(condition: Condition, document: dict[str, Any]) -> Condition:
    """The condition that the governed row tells, with the times that are remembered."""
    times, course = document.get("times", {}), condition.course
    action = document.get("action")
    course = replace(
        course,
        since=read_time(times.get("since")) or course.since,
        action=Action(action) if action and course.action else course.action,
        judged_to=read_time(times.get("judged_to")),
        breach_since=read_time(times.get("breach_since")),
        clear_since=read_time(times.get("clear_since")),
        ended_at=read_time(times.get("ended_at")),
    )
    return replace(condition, course=course, errors=int(document.get("errors", 0)))


def read_known(course: Course, document: dict[str, Any], stage: str, *, goes_on: bool) -> Known:
    """What was counted in this stage; nothing of another one.

    Of a stage that was paused and is shown again the evidence ``goes_on``: a pause neither throws it away nor
    gives anybody a new try.
    """
    former = str(document.get("stage", ""))
    if "marks" not in document or _number(former) != _number(stage):
        return Known(course.judged_to)
    sums = Sums.of(document.get("sums", {}))
    if former != stage:
        return Known(course.judged_to, sums.carried if goes_on else NOTHING)
    compared = document.get("compared")
    return Known(
        course.judged_to,
        sums,
        tuple(Sums.of(one) for one in document["kept"]),
        {int(hour): mark for hour, mark in document["marks"].items()},
        str(document["inputs"]),
        read_time(document["checked_at"]),
        Interval(**compared) if compared else None,
    )


def _number(stage: str) -> str:
    return stage.partition(" ")[0]
