"""How the scores of a stack lie: captures per bin of score, by class and by the decision that was taken."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from releases.gates.figures.scores import OUTCOMES, ClassScores, Numbers, StackScores
from releases.scores.bands import Bands

BINS = 48
EDGE = 0.001
"""Share of scores at either end that may fall into the outermost bins, so that one stray score does not
squeeze all others."""

PIECE = 1 << 20
"""So many scores are counted at once: a copy of them all would cost as much memory as the scores do."""

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MOST_STEPS = 10


def histogram(stack: StackScores) -> dict[str, Any]:
    """Counts: class → decision → one for each bin; what lies outside counts in the outermost bins."""
    genuine, attacks = [stack.bona_fide], stack.attacks
    low, high = score_range([one.scores for one in (*genuine, *attacks)], cuts_of(stack.bands))
    return {
        "low": low,
        "high": high,
        "bins": BINS,
        "counts": {
            "bona_fide": _by_decision(genuine, low, high),
            "attack": _by_decision(attacks, low, high),
        },
    }


def cuts_of(bands: Bands) -> list[float]:
    """Every bound of the policy, in rising order."""
    return sorted({cut for band in bands.bands for cut in (band.accept, band.retry) if cut is not None})


def score_range(parts: Sequence[Numbers], cuts: list[float]) -> tuple[float, float]:
    """A range on round numbers that holds the cuts and all but the outermost scores of all parts together."""
    ends = _ends(parts)
    low, high = min([*ends, *cuts]), max([*ends, *cuts])
    span = high - low
    if span <= 1e-12 * max(1.0, abs(high)):
        span = max(abs(high), 1.0) * 0.1
        low, high = low - span / 2, high + span / 2
    step = _round_step(span)
    return round(math.floor(low / step + 1e-9) * step, 12), round(math.ceil(high / step - 1e-9) * step, 12)


def _ends(parts: Sequence[Numbers]) -> list[float]:
    """The quantiles EDGE and 1 - EDGE of all parts, of which only the outermost scores are put together."""
    size = sum(part.size for part in parts)
    if not size:
        return []
    place = EDGE * (size - 1)
    needed = int(place) + 2
    low = np.sort(np.concatenate([_outermost(part, needed, slice(needed)) for part in parts]))[:needed]
    high = np.sort(np.concatenate([_outermost(part, -needed, slice(-needed, None)) for part in parts]))
    rest = place - int(place)
    return [float(np.quantile(low[-2:], rest)), float(np.quantile(high[-needed:][:2], 1 - rest))]


def _outermost(part: Numbers, place: int, kept: slice) -> Numbers:
    """The scores of one part that may be among the outermost of all."""
    return np.partition(part, place)[kept].copy() if part.size > abs(place) else part


def _round_step(span: float) -> float:
    power = 10.0 ** math.floor(math.log10(span / MOST_STEPS))
    return next(power * step for step in STEPS if power * step >= span / MOST_STEPS)


def _by_decision(parts: Sequence[ClassScores], low: float, high: float) -> dict[str, list[int]]:
    counts = {outcome.value: np.zeros(BINS, dtype=np.int64) for outcome in OUTCOMES}
    for part in parts:
        for start in range(0, part.scores.size, PIECE):
            piece = slice(start, start + PIECE)
            inside, outcomes = np.clip(part.scores[piece], low, high), part.outcomes[piece]
            for place, outcome in enumerate(OUTCOMES):
                found, _ = np.histogram(inside[outcomes == place], bins=BINS, range=(low, high))
                counts[outcome.value] += found
    return {name: found.tolist() for name, found in counts.items()}
