"""Axes scaled by the normal quantile, on which the error curves of like systems are nearly straight. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

NORMAL = NormalDist()
SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
FAR = 3.3
"""Places beyond 0.05 % and 99.95 % are held at the edge."""

PAD = 0.12
LEAST_SPAN = 1.2
CLOSE = 26.0
"""Ticks nearer than this would touch."""


@dataclass(frozen=True)
class Frame:
    """The rectangle in which curves are drawn."""

    width: float
    height: float

    def x(self, axis: "ProbitAxis", value: float) -> float:
        """From the left edge."""
        return round(self.width * axis.share(value), 1)

    def y(self, axis: "ProbitAxis", value: float) -> float:
        """From the upper edge."""
        return round(self.height * (1 - axis.share(value)), 1)


@dataclass(frozen=True)
class ProbitAxis:
    """A scale from ``low`` to ``high`` in normal quantiles."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """How far along the axis a place is, held at its ends."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def ticks(self, length: float, close: float = CLOSE) -> list[tuple[float, str]]:
        """Shares on the axis, none so near to the one before that their labels would touch."""
        found: list[tuple[float, str]] = []
        for share in SHARES:
            place = round(length * self.share(probit(share)), 1)
            inside = self.low <= probit(share) <= self.high
            if inside and (not found or place - found[-1][0] >= close):
                found.append((place, f"{100 * share:g}"))
        return found


def probit(share: float) -> float:
    """The normal quantile of a share; that of 0 and 1 is held far out."""
    if share <= 0 or share >= 1:
        return -FAR if share <= 0 else FAR
    return max(-FAR, min(FAR, NORMAL.inv_cdf(share)))


def axis_of(values: Iterable[float]) -> ProbitAxis:
    """An axis that holds the places with a little room, never so short that noise fills it."""
    held = [max(-FAR, min(FAR, value)) for value in values] or [0.0]
    low, high = min(held) - PAD, max(held) + PAD
    if high - low < LEAST_SPAN:
        middle = (high + low) / 2
        low, high = middle - LEAST_SPAN / 2, middle + LEAST_SPAN / 2
    return ProbitAxis(low, high)
