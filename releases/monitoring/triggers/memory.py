"""What a trigger remembers between evaluations, as JSON and back. Pure.

What bears evidence stands in its governed row; this is what would otherwise be computed again. The document
is read at every evaluation and written when something was judged. What is much and changes once an hour, the
sums of earlier moments, stands beside it and is read where late data are judged again.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from functools import cache
from typing import Any

from releases.monitoring.triggers.given import Interval, Sums, read_time, written_time
from releases.monitoring.triggers.judgements import Judgement
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
        "judgement": condition.judgement,
        "times": {name: written_time(getattr(course, name)) for name in TIMES},
        "sums": known.sums.document(),
        "newest": [written_time(to) for to in known.newest],
        "marks": known.marks_document,
        "compared": asdict(known.compared) if known.compared else None,
    }


def written_kept(known: Known, stage: str) -> dict[str, Any]:
    """The sums of earlier moments without the newest: these change with every window, and are of the same
    windows as ``sums``; the others change once an hour."""
    return {"stage": stage, "sums": [one.document() for one in known.kept[:-1]]}


def read_condition(condition: Condition, document: dict[str, Any], stage: str) -> Condition:
    """The condition that the governed row tells, with the times that are remembered, and what was judged last
    if that was in this stage: a document that does not say counts as if nothing was judged yet."""
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
    word = document.get("judgement") if document.get("stage") == stage else None
    return replace(
        condition,
        course=course,
        errors=int(document.get("errors", 0)),
        judgement=Judgement(word) if word else None,
    )


def read_known(
    course: Course,
    document: dict[str, Any],
    stage: str,
    checked: tuple[str, datetime | None],
    kept: Callable[[], dict[str, Any]],
) -> Known:
    """What was counted in this stage, also before a pause; nothing of another one. ``checked`` are the inputs
    and the time of the last comparison, ``kept`` brings the sums of earlier moments."""
    if "newest" not in document or document.get("stage") != stage:
        return Known(course.judged_to)
    sums, compared = Sums.of(document["sums"]), document["compared"]
    newest = tuple(read_time(to) for to in document["newest"])
    inputs, checked_at = checked

    @cache
    def load() -> tuple[Sums, ...]:
        found = kept() if newest else {}
        older = found.get("sums", ()) if found.get("stage") == stage else ()
        return (*(Sums.of(one) for one in older), *(replace(sums, to=to) for to in newest))

    return Known(
        course.judged_to,
        sums,
        load,
        newest,
        {int(hour): mark for hour, mark in document["marks"].items()},
        inputs,
        checked_at,
        Interval(**compared) if compared else None,
    )
