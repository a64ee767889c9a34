"""Tests of paired differences that may be looked at after every window: two stacks decide the same captures.

Each subject falls into three classes: only the candidate does worse, only the release beside it does, or both
do alike. For one alternative (w, b, 1 − w − b) the factor of a subject is its likelihood ratio to the null
point nearest to the alternative, the one that minimises the Kullback-Leibler divergence from it. The null,
"worse less better is at most the margin" or "at least", is convex, so the expected factor is at most 1 all
over it (P. Grünwald, R. de Heide and W. Koolen, "Safe testing", Journal of the Royal Statistical Society B 86
(2024) 1091-1128, theorem 1), also where a subject is split over the classes by its captures: the product of
weighted factors is at most their weighted mean. The value averages over a fixed grid of alternatives, so
nothing is tuned on the way, and it depends on the sums alone.

At a margin of 0 the sequential McNemar test (:func:`releases.statistics.sequential.paired_e_value`) asks the
same of the pairs that differ; a margin takes all pairs, because it is a share of them.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, xlogy

PAIRED_METHOD = "paired_mixture"
PAIRED_METHOD_VERSION = "1"
RATES = 16
NEAREST = 0.001
"""Alternatives lie so far from the margin at least."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairedSums:
    """Subjects, or sums of their shares: only the candidate did worse, only the other, both alike. Raises
    ValueError for what is negative or not finite."""

    worse: float
    better: float
    alike: float

    def __post_init__(self) -> None:
        for name in ("worse", "better", "alike"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)!r}: a count is at least 0 and finite")


def log_paired_excess(sums: PairedSums, margin: float) -> float:
    """Natural logarithm of the e-value against "the share that got worse exceeds the share that got better by
    at most the margin". Raises ValueError for a margin outside [0, 0.5]."""
    return _log_e(sums, margin, is_above=True)


def log_paired_noninferiority(sums: PairedSums, margin: float) -> float:
    """Natural logarithm of the e-value against "by the margin or more". Raises ValueError for a margin
    outside [0, 0.5]."""
    return _log_e(sums, margin, is_above=False)


def _log_e(sums: PairedSums, margin: float, *, is_above: bool) -> float:
    if not 0 <= margin <= 0.5:
        raise ValueError(f"margin is {margin!r}: state a difference from 0 to 0.5 (2 points is 0.02)")
    alternatives, nulls = _grid(margin, is_above)
    found = np.array([sums.worse, sums.better, sums.alike])
    gained = (xlogy(found[:, None], alternatives) - xlogy(found[:, None], nulls)).sum(axis=0)
    return float(logsumexp(gained)) - math.log(gained.size)


@lru_cache(maxsize=64)
def _grid(margin: float, is_above: bool) -> tuple[Numbers, Numbers]:
    """Shares of the three classes for each alternative, and for the null point nearest to it."""
    rates = np.geomspace(0.0005, 0.6, RATES)
    worse, better = (one.ravel() for one in np.meshgrid(rates, rates))
    gap = (worse - better - margin) * (1 if is_above else -1)
    kept = (gap >= NEAREST) & (worse + better < 0.99)
    worse, better = worse[kept], better[kept]
    x = _nearest(worse, better, margin)
    nulls = np.array([x + margin, x, 1 - 2 * x - margin])
    return np.array([worse, better, 1 - worse - better]), nulls


def _nearest(worse: Numbers, better: Numbers, margin: float) -> Numbers:
    """The share that got better at the point (x + margin, x, 1 − 2x − margin) nearest to each alternative, by
    bisection: the derivative of the divergence rises in x, from below 0 at the lower end to above it at the
    upper one."""
    low, high = np.zeros_like(worse), np.full_like(worse, (1 - margin) / 2)
    for _ in range(60):
        x = (low + high) / 2
        falling = worse / (x + margin) + better / x > 2 * (1 - worse - better) / (1 - 2 * x - margin)
        low, high = np.where(falling, x, low), np.where(falling, high, x)
    return np.asarray((low + high) / 2, dtype=np.float64)
