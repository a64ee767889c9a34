"""How often a comparison of two rates passes, by the very bounds that the gate takes.

Each design says what is counted and when the bound of paired.py, independent.py or part_of_whole.py lies
within the limit; exact_power.py sums over the counts. Sizes are whole effective presentations, each of them
independent of the others.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv, ndtri

from releases.statistics.exact_power import Numbers, Passes, Truths, at_most, likely, most_passing

ROUNDING = 1e-12  # a bound that misses its limit by rounding alone keeps it
TRIED, ROUNDS = 32, 3  # differences tried at once, and how often the one looked for is narrowed down


@dataclass(frozen=True, slots=True)
class Pairs:
    """Decisions of two stacks on the same captures: first how many differ, then how many to the worse.

    ``difference`` is candidate minus baseline, at most ``discordant_rate`` to either side.
    """

    discordant_rate: float
    difference: float
    margin: float
    alpha: float

    def first(self, sizes: Numbers) -> tuple[Numbers, float]:
        """Differing decisions."""
        return sizes, self.discordant_rate

    def second(self, sizes: Numbers, first: Numbers) -> tuple[Numbers, float]:
        """Those of them on which the candidate alone errs."""
        return first, 0.5 + self.difference / (2 * self.discordant_rate)

    def bound(self, sizes: Numbers, first: Numbers) -> Passes:
        """Tango's bound, and without a differing decision that of a change not seen."""
        unseen = 1 - self.alpha ** (1 / sizes) <= self.margin + ROUNDING
        z = float(-ndtri(self.alpha))

        def passes(second: Numbers) -> Truths:
            worse, better = second, first - second
            if self.margin < 0:  # mirrored, as score_statistic does
                scored = -_tango(better, worse, sizes, -self.margin)
            else:
                scored = _tango(worse, better, sizes, self.margin)
            return np.where(first == 0, unseen, scored <= ROUNDING - z)

        return passes


@dataclass(frozen=True, slots=True)
class Arms:
    """Two stacks on captures of their own, as many of each: the baseline's errors, then the candidate's."""

    rate: float
    difference: float
    margin: float
    alpha: float

    def first(self, sizes: Numbers) -> tuple[Numbers, float]:
        """Errors of the baseline."""
        return sizes, self.rate

    def second(self, sizes: Numbers, first: Numbers) -> tuple[Numbers, float]:
        """Errors of the candidate."""
        return sizes, self.rate + self.difference

    def bound(self, sizes: Numbers, first: Numbers) -> Passes:
        """Newcombe's bound."""
        z, theirs = float(-ndtri(self.alpha)), first / sizes
        below = np.where(theirs <= 0, 0.0, theirs - _wilson(theirs, sizes, -z))

        def passes(second: Numbers) -> Truths:
            ours = second / sizes
            above = np.where(ours >= 1, 0.0, _wilson(ours, sizes, z) - ours)
            found: Truths = ours - theirs + np.hypot(above, below) <= self.margin + ROUNDING
            return found

        return passes


@dataclass(frozen=True, slots=True)
class Part:
    """A part against the whole it belongs to: errors in the rest, then in the part. Sizes are the part's.

    ``share`` is the part's share of all rows; the rest has the same design effect.
    """

    share: float
    part_rate: float
    rest_rate: float
    limit: float
    alpha: float

    def first(self, sizes: Numbers) -> tuple[Numbers, float]:
        """Errors in the rest."""
        return np.maximum(1.0, np.round(sizes * (1 - self.share) / self.share)), self.rest_rate

    def second(self, sizes: Numbers, first: Numbers) -> tuple[Numbers, float]:
        """Errors in the part."""
        return sizes, self.part_rate

    def bound(self, sizes: Numbers, first: Numbers) -> Passes:
        """The contrast's bound at the limit; whether Clopper and Pearson's leg of the part is short enough is
        asked without inverting the beta function.
        """
        trials, _ = self.first(sizes)
        of_part, of_rest = 1 - self.limit * self.share, self.limit * (1 - self.share)
        leg = of_rest * (first / trials - _clopper_lower(first, trials, self.alpha))

        def passes(second: Numbers) -> Truths:
            room = of_rest * first / trials - of_part * second / sizes
            reach = np.sqrt(np.maximum(room**2 - leg**2, 0.0)) / of_part
            highest = np.clip(second / sizes + reach, 0.0, 1.0)
            left = np.maximum(sizes - second, 1e-9)
            short = betainc(second + 1, left, highest) >= 1 - self.alpha - ROUNDING
            all_of_it = (second >= sizes) & (highest >= 1)
            found: Truths = (room > 0) & (room >= leg) & (all_of_it | (short & (second < sizes)))
            return found

        return passes


def paired_reach(
    size: int, discordant_rate: float, margin: float, *, alpha: float, power: float
) -> float | None:
    """The largest true difference at which pairs pass with the power; None where not even one does at which
    all that differs is to the better.
    """
    if size < 1:
        return None
    column = np.array([[float(size)]])
    totals, weights = likely(column, discordant_rate)
    passes = Pairs(discordant_rate, 0.0, margin, alpha).bound(column, totals)
    most = most_passing(passes, np.full(totals.shape, -1.0), totals)
    low, high = -discordant_rate, min(discordant_rate, margin)
    found = None
    for _ in range(ROUNDS):
        tried = np.linspace(low, high, TRIED).reshape(-1, 1)
        share = 0.5 + tried / (2 * discordant_rate)
        enough = (weights * at_most(most, totals, share)).sum(axis=1) >= power
        if not enough[0]:
            return found
        place = int(enough.sum()) - 1
        found = low = float(tried[place, 0])
        high = float(tried[min(place + 1, TRIED - 1), 0])
    return found


def _tango(b: Numbers, c: Numbers, n: Numbers, difference: float) -> Numbers:
    """tango.score_statistic at a difference of at least 0, of many counts at once.

    The share's root may lose its last digits here: beside difference·(1 − difference) they do not count.
    """
    linear = (2 * n - b + c) * difference - (b + c)
    root = np.sqrt(linear * linear + 8 * n * (difference * (1 - difference)) * c)
    variance = (root - linear) / 2 + n * (difference * (1 - difference))
    found: Numbers = (b - c - n * difference) / np.sqrt(np.maximum(variance, 1e-300))
    return found


def _wilson(rate: Numbers, n: Numbers, z: float) -> Numbers:
    """rates.wilson_interval of many rates at once: its upper end, or with a negative z its lower one."""
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    return centre + z * np.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)


def _clopper_lower(events: Numbers, n: Numbers, alpha: float) -> Numbers:
    """rates.clopper_pearson_lower of many counts at once."""
    some = np.maximum(events, 1.0)
    found: Numbers = np.where(events > 0, betaincinv(some, n - some + 1, alpha), 0.0)
    return found
