"""The chart of a trigger: what it read window by window, its limit, and where nothing was read. Pure.

Times become places in percent of the width, so that the picture stretches with its card; values become
heights in pixels. A line is never drawn across a span without data: such a span is marked and named.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from audits.pages.chart_scales import Level, Scale, TimeMark, scale_of, spread, time_marks

LINE_BOX = 1000.0
"""Lines are drawn in a box of this width that is stretched over the card; all else stands in percent."""

TOP = 6.0
"""Room above the highest level, for half a letter."""

NARROW = 160.0
"""A chart that is no higher than this is half as wide, and has room for fewer marks of time."""

SIDES = frozenset({"candidate", "live"})

NAMED_GAP = 14.0
"""A span without data is named where it is wider than this share of the picture."""


@dataclass(frozen=True)
class Reading:
    """What was read of one window that ended ``at``, in the unit that is drawn."""

    at: datetime
    value: float | None = None
    control: float | None = None
    limit: float | None = None
    is_breach: bool = False


@dataclass(frozen=True)
class Span:
    """When the picture begins and ends, and how far apart its readings are where none is missing.

    ``patience`` is how long after its end a window may still be judged: the newest ones are not missing yet.
    """

    since: datetime
    until: datetime
    step: timedelta
    patience: timedelta = timedelta()

    def x(self, at: datetime) -> float:
        """The place of a time in percent, held at the edges."""
        whole = max((self.until - self.since).total_seconds(), 1.0)
        share = (at - self.since).total_seconds() / whole
        return round(100 * min(1.0, max(0.0, share)), 2)


@dataclass(frozen=True)
class Series:
    """One side: stretches of a line, and single readings as dots."""

    look: str
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Tag:
    """The newest value at the right end of a line. ``name`` stands above the chart, where there is room for
    it; the limit's is short and part of ``value``.
    """

    look: str
    y: float
    name: str
    value: str


@dataclass(frozen=True)
class Stretch:
    """A part of the width: windows over the limit, or none at all; ``text`` where there is room."""

    x: float
    width: float
    text: str = ""

    @property
    def middle(self) -> float:
        """Where its name stands."""
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True)
class Chart:
    """The picture; ``limit_y`` is None where the limit moves, which then is among the series."""

    height: float
    series: tuple[Series, ...]
    breaches: tuple[tuple[float, float], ...]
    over: tuple[Stretch, ...]
    gaps: tuple[Stretch, ...]
    levels: tuple[Level, ...]
    times: tuple[TimeMark, ...]
    tags: tuple[Tag, ...]
    limit_y: float | None
    band: tuple[float, float] | None
    label: str

    @property
    def top(self) -> float:
        """The height of the zone that is worse than allowed."""
        return max(0.0, (self.limit_y or 0.0) - TOP)

    @property
    def inner(self) -> float:
        """The height of a stretch from the highest level to the lowest."""
        return self.height - TOP

    @property
    def band_height(self) -> float:
        """Of the interval that the limit was measured with."""
        return max(1.0, self.band[1] - self.band[0]) if self.band else 0.0


@dataclass(frozen=True)
class Names:
    """What the sides are called, how a value is said in a sentence and on the axis, and the interval that the
    limit was measured with."""

    candidate: str
    control: str
    limit: str
    said: Callable[[float], str]
    level: Callable[[float], str]
    is_alarm: bool = True
    """Whether a window above the limit is what trips; else the limit is what is allowed on average."""
    band: tuple[float, float] | None = None


def chart_of(readings: Sequence[Reading], span: Span, names: Names, *, height: float = 160.0) -> Chart | None:
    """The chart of the readings, by time; None where not one of them holds a value."""
    seen = [one for one in readings if one.value is not None or one.control is not None]
    if not seen:
        return None
    scale = scale_of(_values(seen, names.band), height, top=TOP)
    limits = {one.limit for one in seen if one.limit is not None}
    is_fixed, line = len(limits) == 1 and names.is_alarm, "limit" if names.is_alarm else "allowed"
    series = [
        _series("live", [(one.at, one.control) for one in seen], span, scale),
        _series("candidate", [(one.at, one.value) for one in seen], span, scale),
    ]
    if limits and not is_fixed:
        series.insert(0, _series(line, [(one.at, one.limit) for one in seen], span, scale))
    return Chart(
        height=height,
        series=tuple(one for one in series if one.lines or one.dots),
        breaches=tuple(_breaches(seen, span, scale)),
        over=tuple(_over(seen, span)),
        gaps=tuple(_gaps([one.at for one in seen], span)),
        levels=tuple(scale.levels(names.level)),
        times=tuple(time_marks(span.since, span.until, span.x, 6 if height > NARROW else 4)),
        tags=tuple(_tags(seen, scale, names)),
        limit_y=scale.y(limits.pop()) if is_fixed else None,
        band=(scale.y(names.band[1]), scale.y(names.band[0])) if names.band else None,
        label=_label(seen, names, span),
    )


def place_of(at: datetime, step: timedelta) -> int:
    """Which stretch of time a window that ends ``at`` belongs to, counted in steps."""
    return math.ceil(at.timestamp() / step.total_seconds())


def runs_of(times: Sequence[datetime], step: timedelta) -> list[list[int]]:
    """Indices of readings that follow one another without a step missing between them."""
    runs: list[list[int]] = []
    for index, at in enumerate(times):
        follows = bool(runs) and place_of(at, step) - place_of(times[index - 1], step) <= 1
        if follows:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _values(seen: Sequence[Reading], band: tuple[float, float] | None) -> list[float]:
    found = [value for one in seen for value in (one.value, one.control, one.limit) if value is not None]
    return [*found, *(band or ())]


def _series(look: str, points: Sequence[tuple[datetime, float | None]], span: Span, scale: Scale) -> Series:
    """The line of one side, broken where a step is missing."""
    known = [(at, value) for at, value in points if value is not None]
    places = [(span.x(at), scale.y(value)) for at, value in known]
    lines, dots = [], []
    for run in runs_of([at for at, _ in known], span.step):
        if len(run) == 1:
            dots.append(places[run[0]])
        else:
            lines.append(" ".join(f"{x * LINE_BOX / 100:g},{y:g}" for x, y in (places[i] for i in run)))
    return Series(look, tuple(lines), tuple(dots))


def _breaches(seen: Sequence[Reading], span: Span, scale: Scale) -> Iterator[tuple[float, float]]:
    for one in seen:
        if one.is_breach and one.value is not None:
            yield span.x(one.at), scale.y(one.value)


def _over(seen: Sequence[Reading], span: Span) -> Iterator[Stretch]:
    """Where windows one after another were over the limit, each from its beginning to its end."""
    times = [one.at for one in seen if one.is_breach]
    for run in runs_of(times, span.step):
        yield _stretch(span, times[run[0]] - span.step, times[run[-1]])


def _gaps(times: Sequence[datetime], span: Span) -> Iterator[Stretch]:
    """Where no window was read: between two, before the first, after the last."""
    edges = [(span.since, times[0] - span.step)]
    for former, latter in itertools.pairwise(times):
        if place_of(latter, span.step) - place_of(former, span.step) > 1:
            edges.append((former, latter - span.step))
    if span.until - times[-1] > span.step + span.patience:
        edges.append((times[-1], span.until))
    for since, until in edges:
        if until - since >= span.step:
            yield _stretch(span, since, until, "no data")


def _stretch(span: Span, since: datetime, until: datetime, text: str = "") -> Stretch:
    x = span.x(since)
    width = round(span.x(until) - x, 2)
    return Stretch(x, width, text if width >= NAMED_GAP else "")


def _tags(seen: Sequence[Reading], scale: Scale, names: Names) -> list[Tag]:
    """Values at the ends of the lines, moved apart where they would lie on one another."""
    found = [
        Tag(look, scale.y(value), name, names.said(value))
        if look in SIDES
        else Tag(look, scale.y(value), "", f"{name} {names.said(value)}")
        for look, name, value in (
            ("candidate", names.candidate, _last([one.value for one in seen])),
            ("live", names.control, _last([one.control for one in seen])),
            ("limit" if names.is_alarm else "allowed", names.limit, _last([one.limit for one in seen])),
        )
        if value is not None
    ]
    found.sort(key=lambda tag: tag.y)
    places = spread([tag.y for tag in found], low=TOP, high=scale.height)
    return [replace(tag, y=y) for tag, y in zip(found, places, strict=True)]


def _last(values: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def _label(seen: Sequence[Reading], names: Names, span: Span) -> str:
    """The picture in a sentence."""
    newest = seen[-1]
    sides = [
        f"{name} {names.said(value)}"
        for name, value in ((names.candidate, newest.value), (names.control, newest.control))
        if value is not None
    ]
    limit = f", {names.limit} {names.said(newest.limit)}" if newest.limit is not None else ""
    over = sum(one.is_breach for one in seen)
    gaps = len(list(_gaps([one.at for one in seen], span)))
    missing = "" if not gaps else f" {gaps} {'span' if gaps == 1 else 'spans'} without data."
    return (
        f"{len(seen)} windows until {newest.at:%-d %b, %H:%M} UTC: the newest "
        f"{' and '.join(sides)}{limit}. {over or 'None'} of them over the limit.{missing}"
    )
