"""The worst line of an evaluation as a picture: large on the brief, small in the inbox. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from audits.pages.evidence import Line
from audits.pages.plots import (
    Axis,
    Interval,
    Tick,
    axis_for,
    counted,
    difference_ticks,
    interval,
    limit_text,
    rate_ticks,
    signed,
)

TITLES = {
    "fail": "The line that fails",
    "inconclusive": "The line closest to failing",
    "pass": "The line closest to its limit",
}


@dataclass(frozen=True)
class WorstPicture:
    """The line's interval on its own axis, with its texts."""

    title: str
    subtitle: str
    look: str
    interval: Interval
    limit_x: float
    zero_x: float
    ticks: tuple[Tick, ...]
    limit: str
    estimate: str
    at_least: str
    at_most: str
    unit: str
    label: str

    @property
    def worse_width(self) -> float:
        """Width of the zone beyond the limit, in percent."""
        return round(100 - self.limit_x, 2)


def worst_picture(line: Line | None) -> WorstPicture | None:
    """The picture; None where the line has no bounds."""
    if line is None:
        return None
    lower, upper, point, limit = (line.points(key) for key in ("lower", "upper", "estimate", "limit"))
    if lower is None or upper is None or point is None or limit is None:
        return None
    axis = axis_for([lower, upper, limit], most_beyond=100)
    drawn = interval(axis, lower, upper, point)
    assert drawn is not None
    difference = line.is_difference
    write = signed if difference else _plain
    against = f" → {line.points('candidate_rate') or 0:.1f} %" if difference else ""
    base = line.points("baseline_rate") if difference else point
    rests = f"{counted(line.n)} captures, {counted(line.number('subjects') or 0)} subjects"
    return WorstPicture(
        title=f"{TITLES[line.verdict]}: {line.name[:1].lower()}{line.name[1:]}",
        subtitle=f"{line.wording.heading.lower()} {base or 0:.1f} %{against} · {rests}",
        look=line.look,
        interval=drawn,
        limit_x=axis.x(limit),
        zero_x=axis.x(0),
        ticks=difference_ticks(axis) if difference else rate_ticks(axis),
        limit=f"limit {limit_text(limit, is_difference=difference)}",
        estimate=write(point, 1),
        at_least=f"at least {write(lower, 1)}",
        at_most=f"at most {write(upper, 1)}",
        unit=_unit(line),
        label=line.sentence,
    )


def _plain(value: float, digits: int = 0) -> str:
    return f"{value:.{digits}f}"


def _unit(line: Line) -> str:
    if not line.is_difference:
        return "percent"
    kind = (line.baseline or {}).get("kind")
    return f"percentage points more than {'live' if kind == 'live' else 'the reference'}"


@dataclass(frozen=True)
class Mini:
    """A worst line on the inbox's shared axis; its limit is drawn where its own margin lies."""

    look: str
    interval: Interval
    limit_x: float
    label: str
    limit: str

    @property
    def worse_width(self) -> float:
        """Width of the zone beyond the limit, in percent."""
        return round(100 - self.limit_x, 2)


def shared_axis(lines: Iterable[Line | None]) -> Axis:
    """One scale for the worst lines of several requests."""
    values = [
        value
        for line in lines
        if line is not None and line.is_difference
        for key in ("lower", "upper", "limit")
        if (value := line.points(key)) is not None
    ]
    return axis_for(values)


def mini(axis: Axis, line: Line | None) -> Mini | None:
    """The line on the shared scale; None for a rate or where nothing was measured."""
    if line is None or not line.is_difference:
        return None
    drawn = interval(axis, line.points("lower"), line.points("upper"), line.points("estimate"))
    limit = line.points("limit")
    if drawn is None or limit is None:
        return None
    return Mini(line.look, drawn, axis.x(limit), line.sentence, limit_text(limit, is_difference=True))
