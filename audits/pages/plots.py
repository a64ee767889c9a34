"""Coordinates of the pictures. Pure: numbers in, positions out; templates draw them.

Horizontal positions are in percent of the drawing's width, from 0 (left) to 100 (right), so that a picture
stretches with its row.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STEPS = (1.0, 2.0, 5.0, 10.0)
MOST_TICKS = 8
TINY = 1e-9


@dataclass(frozen=True)
class Axis:
    """A shared scale from ``low`` to ``high`` in percentage points."""

    low: float
    high: float
    ticks: tuple[float, ...] = ()

    def x(self, value: float) -> float:
        """Position of a value in percent; what lies outside is held at the edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 2)

    def holds(self, value: float) -> bool:
        """Whether the value lies on the axis."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Interval:
    """One line of a forest: its bounds, its point, and whether the axis cut it off."""

    left: float
    right: float
    point: float | None
    cut_left: bool
    cut_right: bool


@dataclass(frozen=True)
class Tick:
    """A mark on the axis with its label."""

    x: float
    label: str


SMALLEST_SPAN = 1e-300
"""A smaller one divided into steps is no longer a number above zero."""


def nice_step(span: float, most: int = MOST_TICKS) -> float:
    """The smallest step of 1, 2 or 5 times a power of ten that needs at most ``most`` ticks."""
    if span < SMALLEST_SPAN:
        return 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    return next((power * step for step in STEPS if power * step >= span / most), power * 10)


def axis_for(values: Iterable[float], *, always: Sequence[float] = (0.0,), most_beyond: float = 60.0) -> Axis:
    """A scale that holds ``always`` and the values, but none farther than ``most_beyond`` from zero."""
    held = [*always, *(max(-most_beyond, min(most_beyond, value)) for value in values)]
    low, high = min(held), max(held)
    step = nice_step(high - low)
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        last += 1
    ticks = tuple(round(step * number, 6) for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def interval(axis: Axis, lower: float | None, upper: float | None, point: float | None) -> Interval | None:
    """A line's bounds on the axis; None where there are none to draw."""
    if lower is None or upper is None:
        return None
    return Interval(
        left=axis.x(lower),
        right=axis.x(upper),
        point=None if point is None else axis.x(point),
        cut_left=lower < axis.low,
        cut_right=upper > axis.high,
    )


def signed(value: float, digits: int = 0) -> str:
    """``+7``, ``−10`` or ``0``."""
    text = f"{value:+.{digits}f}"
    if float(text) == 0:
        return f"{0:.{digits}f}"
    return text.replace("-", "−")


def limit_text(value: float, *, is_difference: bool) -> str:
    """A limit as it was stated, without digits that arithmetic added: ``+7`` or ``45``."""
    digits = 0 if abs(value - round(value)) < TINY else 1
    return signed(value, digits) if is_difference else f"{value:.{digits}f}"


def counted(value: float) -> str:
    """A count with narrow spaces between thousands."""
    return f"{value:,.0f}".replace(",", " ")


def difference_ticks(axis: Axis) -> tuple[Tick, ...]:
    """Labels of an axis of differences, each with its sign."""
    return tuple(Tick(axis.x(value), signed(value, _digits(axis))) for value in axis.ticks)


def rate_ticks(axis: Axis) -> tuple[Tick, ...]:
    """Labels of an axis of rates."""
    return tuple(Tick(axis.x(value), f"{value:.{_digits(axis)}f}") for value in axis.ticks)


def _digits(axis: Axis) -> int:
    return 0 if all(value == round(value) for value in axis.ticks) else 1


def share_done(done: float, total: float) -> int:
    """Progress in whole percent; an unknown total is 0."""
    return min(100, round(100 * done / total)) if total > 0 else 0
