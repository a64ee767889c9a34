"""A series over time as a picture: its values, its limit, spans that are known, spans in which it fired.

Pure: numbers in, positions out. A long series is drawn as the lowest and highest value of each column, so
that no peak is lost.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from audits.pages.plots import nice_step

WIDTH, HEIGHT = 1000, 220
MOST_COLUMNS = 500


@dataclass(frozen=True)
class Band:
    """A span of time: its left edge and its width."""

    x: float
    width: float


@dataclass(frozen=True)
class Mark:
    """A line of the grid with its label."""

    at: float
    text: str


@dataclass(frozen=True)
class SeriesPlot:
    """Everything that the template draws. ``control`` and ``limit`` are '' where there is none."""

    label: str
    value: str
    control: str
    limit: str
    known: tuple[Band, ...]
    fired: tuple[Band, ...]
    across: tuple[Mark, ...]
    along: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Point:
    """One window of the series; None where it has no such number."""

    at: datetime
    value: float | None
    control: float | None = None
    limit: float | None = None


Span = tuple[datetime, datetime]


def series_plot(
    points: Sequence[Point], known: Sequence[Span], fired: Sequence[Span], *, label: str, scale: float = 1.0
) -> SeriesPlot | None:
    """The picture; None where fewer than two windows have a value. ``scale`` multiplies what is written."""
    seen = [point for point in points if point.value is not None]
    if len(seen) < 2:
        return None
    first, last = seen[0].at, seen[-1].at
    numbers = [n for p in seen for n in (p.value, p.control, p.limit) if n is not None and math.isfinite(n)]
    top = max(numbers) * 1.08 or 1.0
    bottom = min(0.0, *numbers)

    def x(at: datetime) -> float:
        share = (at - first) / (last - first)
        return round(WIDTH * min(1.0, max(0.0, share)), 1)

    def y(value: float) -> float:
        return round(HEIGHT * (1 - (value - bottom) / (top - bottom)), 1)

    def path(name: str) -> str:
        pairs = [(x(p.at), y(found)) for p in seen if (found := getattr(p, name)) is not None]
        return " ".join(f"{left},{up}" for left, up in _thinned(pairs))

    def bands(spans: Sequence[Span]) -> tuple[Band, ...]:
        return tuple(_band(x(start), x(end)) for start, end in spans)

    return SeriesPlot(
        label=label,
        value=path("value"),
        control=path("control"),
        limit=path("limit"),
        known=bands(known),
        fired=bands(fired),
        across=_across(bottom, top, y, scale),
        along=_along(first, last, x),
    )


def _thinned(pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The lowest and the highest of each column, in their order."""
    if len(pairs) <= 2 * MOST_COLUMNS:
        return pairs
    columns: dict[int, list[tuple[float, float]]] = {}
    for pair in pairs:
        columns.setdefault(int(pair[0] * MOST_COLUMNS / WIDTH), []).append(pair)
    kept = []
    for column in columns.values():
        ends = {min(column, key=lambda pair: pair[1]), max(column, key=lambda pair: pair[1])}
        kept += sorted(ends)
    return kept


def _band(left: float, right: float) -> Band:
    return Band(left, max(3.0, round(right - left, 1)))


def _across(bottom: float, top: float, y: Callable[[float], float], scale: float) -> tuple[Mark, ...]:
    step = nice_step((top - bottom) * scale, 5)
    count = int(top * scale / step)
    first = math.ceil(bottom * scale / step)
    return tuple(Mark(y(n * step / scale), f"{n * step:,.10g}") for n in range(first, count + 1))


def _along(first: datetime, last: datetime, x: Callable[[datetime], float]) -> tuple[Mark, ...]:
    """Four times, evenly apart; with the date where the series is longer than a day."""
    long = (last - first).total_seconds() > 86_400
    times = [first + (last - first) * share / 4 for share in range(5)]
    return tuple(Mark(x(at), f"{at:%-d %b %H:%M}" if long else f"{at:%H:%M}") for at in times)
