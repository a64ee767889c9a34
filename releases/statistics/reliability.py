"""Calibration of probabilities: expected calibration error, Brier score, and the reliability curve as data.

ECE = Σ over bins of (rows of the bin / rows) · |observed rate − mean probability|, in bins of equal mass
(M. Naeini, G. Cooper and M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
AAAI 2015; equal mass: K. Nguyen and B. O'Connor, EMNLP 2015). Bin j holds the sorted positions ⌊jn/M⌋ up to
⌊(j+1)n/M⌋ − 1, and equal probabilities stay in the bin of the first of them. It is biased upwards for small
samples, so it is compared with a baseline on the same rows, never with a limit of its own (see calibration).

Brier score = mean of (probability − outcome)² (G. Brier, Monthly Weather Review 78 (1950) 1-3).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from releases.statistics.rates import wilson_interval

BINS = 15
Numbers = npt.NDArray[np.float64]
Bins = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One point of the curve: ``rows`` with probabilities from ``lowest`` to ``highest``.

    ``lower`` and ``upper`` are Wilson's 95 % limits of the observed rate as if rows were independent: they
    are there to see by, not to decide by.
    """

    rows: int
    lowest: float
    highest: float
    mean_probability: float
    observed_rate: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The curve in rising order of probability, with both scores (None without rows).

    Empty bins are left out.
    """

    presentations: int
    ece: float | None
    brier: float | None
    bins: tuple[ReliabilityBin, ...]


def reliability(probabilities: npt.ArrayLike, outcomes: npt.ArrayLike, *, bins: int = BINS) -> Reliability:
    """Reliability curve of probabilities in [0, 1] for outcomes 0 or 1, one each per presentation.

    The outcome is 1 where that of which the probability speaks is so (attack, or bona fide). Raises
    ValueError for other numbers, lengths that differ, or fewer than one bin.
    """
    p, y = checked_probabilities(probabilities=probabilities), checked_outcomes(outcomes)
    if p.shape != y.shape:
        raise ValueError(
            f"probabilities and outcomes have lengths {p.size} and {y.size}: give one each per row"
        )
    if p.size == 0:
        return Reliability(0, None, None, ())
    points = _points(p, y, bins)
    ece = sum(one.rows * abs(one.observed_rate - one.mean_probability) for one in points) / p.size
    apart = p - y
    np.square(apart, out=apart)
    return Reliability(p.size, float(ece), float(np.mean(apart)), points)


def expected_calibration_error(
    probabilities: npt.ArrayLike, outcomes: npt.ArrayLike, *, bins: int = BINS
) -> float | None:
    """ECE in [0, 1]; None without rows. Raises as ``reliability`` does."""
    return reliability(probabilities, outcomes, bins=bins).ece


def brier_score(probabilities: npt.ArrayLike, outcomes: npt.ArrayLike) -> float | None:
    """Brier score in [0, 1]; None without rows. Raises as ``reliability`` does."""
    return reliability(probabilities, outcomes, bins=1).brier


def equal_mass_bins(probabilities: npt.ArrayLike, bins: int = BINS) -> Bins:
    """Bin of each row, from 0. A bin whose probabilities all equal those of an earlier bin is empty."""
    if bins < 1:
        raise ValueError(f"bins is {bins}: state 1 or more")
    p = checked_probabilities(probabilities=probabilities)
    starts = np.arange(1, bins) * p.size // bins
    # A value's first sorted position reaches a start exactly if the value before the start is smaller.
    before = starts[starts > 0] - 1
    edges = np.partition(p, before)[before]
    codes: Bins = np.searchsorted(edges, p, side="left") + (starts.size - before.size)
    return codes


def checked_probabilities(**named: npt.ArrayLike) -> Numbers:
    """One column of probabilities as doubles, refused by its name unless all lie within [0, 1]."""
    ((name, given),) = named.items()
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}: give one probability per row")
    if not ((values >= 0) & (values <= 1)).all():  # NaN compares false
        raise ValueError(f"{name} holds a number outside [0, 1]: only probabilities can be calibrated")
    return values


def checked_outcomes(outcomes: npt.ArrayLike) -> Numbers:
    """Outcomes as doubles, refused unless all are 0 or 1."""
    values = np.asarray(outcomes, dtype=np.float64)
    if values.ndim != 1 or not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("outcomes holds something other than 0 and 1: give one outcome per row")
    return values


def _points(p: Numbers, y: Numbers, bins: int) -> tuple[ReliabilityBin, ...]:
    codes = equal_mass_bins(p, bins)
    return tuple(_point(p[codes == code], y[codes == code]) for code in np.unique(codes))


def _point(p: Numbers, y: Numbers) -> ReliabilityBin:
    events = float(y.sum())
    lower, upper = wilson_interval(events, p.size, 0.05)
    return ReliabilityBin(
        rows=p.size,
        lowest=float(p.min()),
        highest=float(p.max()),
        mean_probability=float(p.mean()),
        observed_rate=events / p.size,
        lower=lower,
        upper=upper,
    )
