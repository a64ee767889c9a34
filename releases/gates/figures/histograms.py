"""How the scores of a stack lie: captures per bin of score, by class and by the decision that was taken."""

import math
from typing import Any

import numpy as np

from releases.gates.figures.scores import OUTCOMES, ClassScores, Numbers, StackScores
from releases.scores.bands import Bands

BINS = 48
EDGE = 0.001
"""Share of scores at either end that may fall into the outermost bins, so that one stray score does not
squeeze all others."""

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MOST_STEPS = 10


def histogram(stack: StackScores) -> dict[str, Any]:
    """Counts: class → decision → one for each bin; what lies outside counts in the outermost bins."""
    attacks = stack.attacks
    low, high = score_range(np.concatenate([stack.bona_fide.scores, attacks.scores]), cuts_of(stack.bands))
    return {
        "low": low,
        "high": high,
        "bins": BINS,
        "counts": {
            "bona_fide": _by_decision(stack.bona_fide, low, high),
            "attack": _by_decision(attacks, low, high),
        },
    }


def cuts_of(bands: Bands) -> list[float]:
    """Every bound of the policy, in rising order."""
    return sorted({cut for band in bands.bands for cut in (band.accept, band.retry) if cut is not None})


def score_range(scores: Numbers, cuts: list[float]) -> tuple[float, float]:
    """A range on round numbers that holds the cuts and all but the outermost scores."""
    ends = np.quantile(scores, [EDGE, 1 - EDGE]).tolist() if scores.size else []
    low, high = min([*ends, *cuts]), max([*ends, *cuts])
    span = high - low
    if span <= 1e-12 * max(1.0, abs(high)):
        span = max(abs(high), 1.0) * 0.1
        low, high = low - span / 2, high + span / 2
    step = _round_step(span)
    return round(math.floor(low / step + 1e-9) * step, 12), round(math.ceil(high / step - 1e-9) * step, 12)


def _round_step(span: float) -> float:
    power = 10.0 ** math.floor(math.log10(span / MOST_STEPS))
    return next(power * step for step in STEPS if power * step >= span / MOST_STEPS)


def _by_decision(scores: ClassScores, low: float, high: float) -> dict[str, list[int]]:
    inside = np.clip(scores.scores, low, high)
    return {
        outcome.value: np.histogram(inside[scores.outcomes == place], bins=BINS, range=(low, high))[
            0
        ].tolist()
        for place, outcome in enumerate(OUTCOMES)
    }
