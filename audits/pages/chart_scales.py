"""Scales of a chart over time: heights of values, marks of time, and labels that do not lie on one another.
Pure."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audits.pages.plots import SMALLEST_SPAN, nice_step

MOST_LEVELS = 4
MOST_MARKS = 6
ALIKE = 1e-9
"""Values nearer to one another than this share of themselves are one value: doubles hold no steps between."""
APART = 14.0
"""Pixels between two lines of text."""

TIME_STEPS = tuple(
    timedelta(minutes=minutes)
    for minutes in (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 5760, 10080, 20160, 40320)
)
EDGE = 4.0
"""A mark nearer to an edge than this, in percent, would have its label cut off."""


@dataclass(frozen=True)
class Level:
    """A horizontal line of the grid with its label."""

    y: float
    text: str


@dataclass(frozen=True)
class TimeMark:
    """A place on the axis of time; ``text`` is in UTC, and a script tells ``at`` in the reader's zone."""

    x: float
    text: str
    at: str
    form: str


@dataclass(frozen=True)
class Scale:
    """Values from ``low`` (at the bottom) to ``high`` (at ``top`` pixels)."""

    low: float
    high: float
    step: float
    height: float
    top: float

    def y(self, value: float) -> float:
        """The height of a value in pixels from above, held inside."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.height - (self.height - self.top) * min(1.0, max(0.0, share)), 1)

    def levels(self, said: Callable[[float], str]) -> Iterator[Level]:
        """The lines of the grid, from below."""
        count = round((self.high - self.low) / self.step)
        for number in range(count + 1):
            value = self.low + self.step * number
            yield Level(self.y(value), said(value))


def scale_of(values: Sequence[float], height: float, *, top: float = 0.0) -> Scale:
    """A scale that holds the values, from zero unless they all lie far above it."""
    low, high = min(values), max(values)
    if low >= 0 and low < high / 2:
        low = 0.0
    if high - low <= max(SMALLEST_SPAN, abs(high) * ALIKE):
        low, high = (0.0, high if high > SMALLEST_SPAN else 1.0) if low >= 0 else (low - 1, low + 1)
    step = nice_step(high - low, MOST_LEVELS)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Scale(low, high, step, height, top)


def time_marks(
    since: datetime, until: datetime, x: Callable[[datetime], float], most: int = MOST_MARKS
) -> Iterator[TimeMark]:
    """Round times between the two, at most as many as have room."""
    step = next((one for one in TIME_STEPS if (until - since) / one <= most), TIME_STEPS[-1])
    midnight = datetime(since.year, since.month, since.day, tzinfo=UTC)
    at = midnight + math.ceil((since - midnight) / step) * step
    is_days = step >= timedelta(days=1)
    while at <= until:
        if EDGE <= x(at) <= 100 - EDGE:
            text = f"{at:%-d %b}" if is_days else f"{at:%H:%M}"
            yield TimeMark(x(at), text, at.isoformat(), "date" if is_days else "hour")
        at += step


def spread(places: Sequence[float], *, low: float, high: float, apart: float = APART) -> list[float]:
    """Places, in order, moved so that no two are nearer than ``apart``, as far as the room allows."""
    found = list(places)
    for index in range(1, len(found)):
        found[index] = max(found[index], found[index - 1] + apart)
    if found and found[-1] > high:
        found[-1] = high
        for index in range(len(found) - 2, -1, -1):
            found[index] = min(found[index], found[index + 1] - apart)
    return [round(max(low, one), 1) for one in found]


@dataclass(frozen=True)
class Meter:
    """Evidence on a logarithmic scale, in percent of the width: where it stands, where it says nothing (E of
    1), and where the alarm is."""

    look: str
    width: float
    one: float
    alarm: float
    label: str


WEAKEST = math.log(0.01)
"""Evidence below this stands at the left end: against the alarm it is all the same."""

ALARM_AT = 96.0


AGAINST = ("pass", "inc", "fail")
"""How a meter of evidence against the candidate looks: none, some, enough for the alarm."""


def meter_of(log_e: float, log_limit: float, said: str, looks: tuple[str, str, str] = AGAINST) -> Meter:
    """The meter of an e-value and the one at which its test decides, both as natural logarithms."""
    span = max(log_limit - WEAKEST, 1e-9)

    def place(value: float) -> float:
        return round(ALARM_AT * max(0.0, (value - WEAKEST) / span), 2)

    look = looks[2] if log_e >= log_limit else looks[1] if log_e > 0 else looks[0]
    width = min(100.0, max(1.5, place(log_e)))
    return Meter(look, width, place(0.0), ALARM_AT, said)
