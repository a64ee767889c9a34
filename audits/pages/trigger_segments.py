"""A trigger that is judged segment by segment, as a table: both arms, and the evidence of each segment."""

import math
from dataclasses import dataclass

from audits.pages.chart_scales import Meter, meter_of
from audits.pages.trigger_facts import Watched
from audits.pages.trigger_stands import Stands, When, in_words, stands_of
from releases.monitoring.triggers.given import Sums
from releases.monitoring.triggers.models import TriggerReading, TriggerStatus
from releases.monitoring.triggers.queries import shown_sentence
from releases.monitoring.triggers.wording import e_value, percent

MOST = 8
"""Segments that are shown at once; the others are one click away."""

NEAR = math.log(0.05)
"""Evidence below this is far from any alarm."""


@dataclass(frozen=True)
class Arm:
    """A share with the number of people behind it."""

    share: str
    people: str


@dataclass(frozen=True)
class SegmentRow:
    """One segment. ``e`` is the evidence so far, or the bound of the newest window of a test without."""

    name: str
    stands: Stands
    candidate: Arm
    control: Arm
    e: str
    meter: Meter | None
    sentence: str
    trigger: TriggerStatus


@dataclass(frozen=True)
class SegmentTable:
    """The segments, the worst first; those in ``more`` are folded away."""

    rows: tuple[SegmentRow, ...]
    more: tuple[SegmentRow, ...]
    alarm: str
    """E at which it trips; empty for a test that adds nothing up."""


def segment_table(one: Watched, when: When) -> SegmentTable:
    """The table of a trigger with a row for each segment."""
    rows = ranked(one, when)
    limits = [found.log_e_limit for found in one.newest.values() if found.log_e_limit is not None]
    alarm = e_value(max(limits)) if limits else ""
    return SegmentTable(tuple(rows[:MOST]), tuple(rows[MOST:]), alarm)


def segment_sentence(one: Watched, when: When) -> str:
    """What is the matter, of the worst segment; else how far all of them are from their alarm."""
    rows = ranked(one, when)
    worst = rows[0]
    if worst.stands.rank < 3:
        return f"{worst.name}: {worst.sentence}"
    unheard = [row for row in rows if row.stands.rank == 3]
    if unheard:
        many = f"{len(unheard)} of {len(rows)} segments" if len(rows) > 1 else "The segment"
        verb = "have" if len(unheard) > 1 else "has"
        return f"{many} {verb} too few people, or none, to be judged. That is neither good nor bad news."
    if worst.e:
        return f"None of {len(rows)} is near its alarm; the strongest evidence is E {worst.e}, {worst.name}."
    return f"None of {len(rows)} segments is over its limit."


def ranked(one: Watched, when: When) -> list[SegmentRow]:
    """The segments: first what asks for something, then by their evidence."""
    found = [(row, one.newest.get(row.pk)) for row in one.rows]
    rows = [(_row(one, row, newest, when), newest) for row, newest in found]
    rows.sort(key=lambda pair: (pair[0].stands.rank, -_strength(pair[1]), pair[0].name))
    return [row for row, _ in rows]


def _strength(newest: TriggerReading | None) -> float:
    if newest is None:
        return -math.inf
    if newest.log_e is not None:
        return newest.log_e
    return (newest.value or 0.0) - (newest.limit or 0.0)


def _row(one: Watched, row: TriggerStatus, newest: TriggerReading | None, when: When) -> SegmentRow:
    e, meter = "", None
    if newest is not None and newest.log_e is not None and newest.log_e_limit is not None:
        e = e_value(newest.log_e)
        said = f"evidence E = {e}, alarm at {e_value(newest.log_e_limit)}"
        meter = meter_of(newest.log_e, newest.log_e_limit, said)
    candidate, control = _arms(row, newest)
    stands = stands_of(one.spec, row, newest, when)
    return SegmentRow(in_words(row.segment), stands, candidate, control, e, meter, shown_sentence(row), row)


def _arms(row: TriggerStatus, newest: TriggerReading | None) -> tuple[Arm, Arm]:
    """Both arms over the stage so far where that is what is tested, else in the newest window."""
    memory = getattr(row, "memory", None)
    sums = Sums.of((memory.memory.get("sums") if memory else None) or {})
    if sums.subjects or sums.control_subjects:
        return (
            _arm(sums.share, sums.subjects),
            _arm(sums.control_share, sums.control_subjects),
        )
    if newest is None:
        return Arm("–", ""), Arm("–", "")
    return _arm(newest.value, newest.subjects), _arm(newest.control, newest.control_subjects)


def _arm(share: float | None, people: int | None) -> Arm:
    if share is None or not people:
        return Arm("–", "")
    return Arm(percent(min(1.0, share)), f"{people:,}".replace(",", " "))
