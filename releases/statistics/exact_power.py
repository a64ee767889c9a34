"""Power of a bound on two counts, summed over what can be seen: how often the gate's own bound passes.

Of each value of a first count the bound passes up to some value of a second one, since more errors of the
candidate never lower it. The power is the sum, over the first count, of its probability times that of a
second count so small. Every likely value of the first count is summed, as long as these are at most
``CELLS``; of more, neighbours are taken together into about ``THINNED``, which moves the sum by less than a
point.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

from releases.statistics.binomial_power import LARGEST_COUNT

Numbers = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Passes = Callable[[Numbers], Truths]
"""Whether a bound passes, by the second count."""

CELLS, THINNED = 96, 48
SPREAD = 5.0  # standard deviations looked at to each side, and as many counts more; beyond lies nothing
FEW = 50  # of fewer expected events the power is a coarse saw-tooth, and more sizes are tried at once
MANY_POINTS, FEW_POINTS = 96, 8
FINENESS = 250
"""Sizes are found to one part in so many, small ones to the last trial."""


class Design(Protocol):
    """What is counted, in samples of given sizes, and whether the bound then passes.

    Sizes are a column, counts of each size stand in its row.
    """

    def __hash__(self) -> int: ...

    def first(self, sizes: Numbers) -> tuple[Numbers, float]:
        """Trials and rate of the first count."""

    def second(self, sizes: Numbers, first: Numbers) -> tuple[Numbers, float]:
        """Trials and rate of the second count, where the first is known."""

    def bound(self, sizes: Numbers, first: Numbers) -> Passes:
        """Whether the bound is within the limit, where the first count is known."""


def chances(design: Design, sizes: npt.ArrayLike) -> Numbers:
    """The probability of a pass at each of the sizes, whole numbers of independent presentations."""
    column = np.asarray(sizes, dtype=np.float64).reshape(-1, 1)
    first, weights = likely(*design.first(column))
    trials, rate = design.second(column, first)
    most = most_passing(design.bound(column, first), *_around(trials, rate, first))
    found: Numbers = np.clip((weights * at_most(most, trials, rate)).sum(axis=1), 0.0, 1.0)
    return found


@lru_cache(maxsize=16_384)
def chance_at(design: Design, size: int) -> float:
    """The probability of a pass at one size; none without a presentation."""
    return float(chances(design, [size])[0]) if size >= 1 else 0.0


@lru_cache(maxsize=16_384)
def size_needed(design: Design, about: float, power: float, *, at_least: int = 0) -> int | None:
    """The smallest size beyond ``at_least`` with the power, from half of ``about`` on; None where none is in
    sight.

    Power is a saw-tooth in the size: a size a little larger can have a little less. A tooth so narrow that it
    falls between two sizes tried is passed over; the size returned always has the power.
    """
    guess = int(min(about, LARGEST_COUNT))
    low, high = max(at_least, guess // 2) + 1, at_least + 16 + 2 * guess
    while low < LARGEST_COUNT:
        found = _first(design, low, high, power)
        if found is not None:
            return found
        low, high = high + 1, 4 * high
    return None


def _first(design: Design, low: int, high: int, power: float) -> int | None:
    trials, rate = design.first(np.array([[float(high)]]))
    points = MANY_POINTS if float(trials[0, 0]) * rate < FEW else FEW_POINTS
    while True:
        sizes = np.unique(np.linspace(low, high, points).round())
        enough = chances(design, sizes) >= power
        if not enough.any():
            return None
        place = int(enough.argmax())
        found = int(sizes[place])
        before = int(sizes[place - 1]) if place else low - 1
        if found - before <= 1 + found // FINENESS:
            return found
        low, high = before + 1, found


def most_passing(passes: Passes, low: Numbers, high: Numbers) -> Numbers:
    """The largest second count that passes beside each first one, from ``low``, which is taken to pass."""
    while (still := low < high).any():
        middle = np.floor((low + high + 1) / 2)
        within = passes(np.maximum(middle, 0.0))
        low = np.where(still & within, middle, low)
        high = np.where(still & ~within, middle - 1, high)
    return low


def _around(trials: Numbers, rate: float, first: Numbers) -> tuple[Numbers, Numbers]:
    """Between which counts to look: below and above lies all or nothing of the second count."""
    reach = SPREAD * np.sqrt(trials * rate * (1 - rate)) + 2 * SPREAD
    low = np.maximum(-1.0, np.floor(trials * rate - reach))
    high = np.minimum(trials, np.ceil(trials * rate + reach))
    return np.broadcast_to(low, first.shape), np.broadcast_to(high, first.shape)


def at_most(counts: Numbers, trials: Numbers, rate: float | Numbers) -> Numbers:
    """Binomial probability of so many or fewer."""
    inside = np.clip(counts, 0.0, np.maximum(trials - 1, 0.0))
    left = np.maximum(trials - inside, 1.0)  # no trials at all are dealt with below
    found = 1 - betainc(inside + 1, left, np.clip(rate, 0.0, 1.0))
    settled: Numbers = np.where(counts >= trials, 1.0, np.where(counts < 0, 0.0, found))
    return settled


def likely(trials: Numbers, rate: float) -> tuple[Numbers, Numbers]:
    """The likely values of a count, and their probabilities; of many values one stands for its neighbours."""
    mean, spread = trials * rate, np.sqrt(trials * rate * (1 - rate))
    low = np.maximum(0.0, np.floor(mean - SPREAD * spread - SPREAD))
    high = np.minimum(trials, np.ceil(mean + SPREAD * spread + 2 * SPREAD))
    many = high - low + 1
    width = np.where(many > CELLS, np.ceil(many / THINNED), 1.0)
    width += width % 2 == 0  # an odd width takes even and odd values in turn, which pass unlike
    edges = low - 1 + width * np.arange(int(np.ceil(many / width).max()) + 1)
    weights = np.diff(at_most(np.minimum(edges, trials), trials, rate), axis=1)
    return np.minimum(edges[:, :-1] + 1 + np.floor((width - 1) / 2), trials), weights
