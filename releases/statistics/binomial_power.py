"""Power of an exact upper bound: how often Clopper and Pearson's limit stays within a limit.

With n trials the bound is within the limit exactly when at most ``c`` errors are seen, c the largest count
whose binomial probability of "c or fewer" at the limit is at most alpha; the power at a true rate is the
probability of that. Source: the duality of interval and binomial test (C. Clopper and E. Pearson, Biometrika
26 (1934) 404-413).
"""

import math
from collections.abc import Callable
from functools import cache, lru_cache

from scipy.special import betainc, betaincinv, ndtri

LARGEST_COUNT = 2**36  # 69 thousand million trials; ends a search for what no plan would hold


def rate_power(n_eff: float, rate: float, limit: float, alpha: float) -> float:
    """Probability that the upper bound at one-sided alpha is within the limit, at ⌊n_eff⌋ trials."""
    trials = math.floor(n_eff + 1e-9)
    if limit >= 1:
        return 1.0
    allowed = most_errors(trials, limit, alpha)
    return _at_most(allowed, trials, rate) if allowed >= 0 else 0.0


def largest_rate(n_eff: float, limit: float, alpha: float, power: float) -> float | None:
    """The largest true rate at which the bound is within the limit with the power, at ⌊n_eff⌋ trials.

    None where not even a rate of 0 passes. It is what the sample can tell apart from the limit.
    """
    trials = math.floor(n_eff + 1e-9)
    allowed = most_errors(trials, limit, alpha)
    if allowed < 0:
        return None
    if allowed >= trials:
        return 1.0
    return float(1 - betaincinv(trials - allowed, allowed + 1, power))


def most_errors(trials: int, limit: float, alpha: float) -> int:
    """Errors with which the upper bound still is within the limit; −1 where even none is too many."""
    too_many = _smallest(0, lambda errors: errors >= trials or _at_most(errors, trials, limit) > alpha)
    return too_many - 1


@lru_cache(maxsize=4096)
def rate_size(rate: float, limit: float, alpha: float, power: float, *, at_least: int = 0) -> int | None:
    """The smallest number of trials, of those beyond ``at_least`` if that is too few, at which the bound is
    within the limit with the power.

    Power is a saw-tooth in the number of trials: it peaks where one error more becomes allowed, so only those
    sizes are looked at. None when the rate is not below the limit, or no size below 2^36 is enough.
    """
    if rate >= limit or _about(rate, limit, alpha, power) > LARGEST_COUNT:
        return None

    @cache
    def size(errors: int) -> int:
        # At errors / limit trials so many errors are what the limit lets expect: far more likely than alpha.
        start = max(errors + 1, math.floor(errors / limit))
        return _smallest(start, lambda n: _at_most(errors, n, limit) <= alpha)

    def enough(errors: int) -> bool:
        return _at_most(errors, size(errors), rate) >= power

    first = most_errors(at_least, limit, alpha) + 1 if at_least else 0
    errors = _smallest(first, enough)
    while errors > first and enough(errors - 1):  # the peaks rise, but for rounding to whole trials
        errors -= 1
    return size(errors) if size(errors) < LARGEST_COUNT else None


def _about(rate: float, limit: float, alpha: float, power: float) -> float:
    """The size by the normal approximation, which is near for large sizes."""
    reach = math.sqrt(limit * (1 - limit)) * float(ndtri(1 - alpha))
    reach += math.sqrt(rate * (1 - rate)) * float(ndtri(power))
    return (reach / (limit - rate)) ** 2


def _at_most(errors: int, trials: int, rate: float) -> float:
    """Binomial probability of so many errors or fewer."""
    return 1.0 if errors >= trials else float(betainc(trials - errors, errors + 1, 1 - rate))


def _smallest(start: int, holds: Callable[[int], bool]) -> int:
    """The smallest number from ``start`` for which a condition holds that holds for all larger ones."""
    low, step = start - 1, 1
    while not holds(low + step):
        low += step
        step *= 2
        if low > LARGEST_COUNT:
            return low
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return high
