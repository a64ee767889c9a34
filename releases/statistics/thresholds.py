"""Thresholds on a score, and the operating point at which the two errors are closest.

FAR is the share of attacks accepted, FRR the share of bona fide presentations rejected. Scores and thresholds
are doubles. Whether a score that equals the threshold is accepted is never left open: real tables have many
such rows.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]


class Polarity(StrEnum):
    HIGHER_IS_ATTACK = "higher_is_attack"
    HIGHER_IS_BONA_FIDE = "higher_is_bona_fide"


class AtThreshold(StrEnum):
    """How a score that equals the threshold is classified."""

    BONA_FIDE = "bona_fide"
    ATTACK = "attack"


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold and the errors it makes on the rows that set it."""

    threshold: float
    attacks: int
    attacks_accepted: int
    bona_fide: int
    bona_fide_rejected: int


def is_rejected(
    scores: npt.ArrayLike, threshold: float, *, polarity: Polarity, at_threshold: AtThreshold
) -> npt.NDArray[np.bool_]:
    """Which scores are classified as attack; scores must be finite (missing ones are no decision)."""
    values = _finite("scores", scores)
    if polarity is Polarity.HIGHER_IS_ATTACK:
        return values > threshold if at_threshold is AtThreshold.BONA_FIDE else values >= threshold
    return values < threshold if at_threshold is AtThreshold.BONA_FIDE else values <= threshold


def closest_errors_threshold(
    *, bona_fide: npt.ArrayLike, attacks: npt.ArrayLike, polarity: Polarity, at_threshold: AtThreshold
) -> OperatingPoint:
    """The observed score at which |FAR − FRR| is least; the lowest such score when several tie.

    The shares are compared as whole numbers, so equal minima are really equal and rounding picks nothing.
    """
    genuine, fakes = np.sort(_finite("bona_fide", bona_fide)), np.sort(_finite("attacks", attacks))
    for name, values in (("bona_fide", genuine), ("attacks", fakes)):
        if values.size == 0:
            raise ValueError(
                f"{name} is empty: a threshold needs scores of both classes; check the set-up rows"
            )
    candidates = np.unique(np.concatenate([genuine, fakes]))
    # The low side of a threshold (accepted if higher is attack, else rejected) holds the ties or not.
    low_side_has_ties = (polarity is Polarity.HIGHER_IS_ATTACK) == (at_threshold is AtThreshold.BONA_FIDE)
    side: Literal["left", "right"] = "right" if low_side_has_ties else "left"
    genuine_low = np.searchsorted(genuine, candidates, side=side)
    fakes_low = np.searchsorted(fakes, candidates, side=side)
    if polarity is Polarity.HIGHER_IS_ATTACK:
        accepted, rejected = fakes_low, genuine.size - genuine_low
    else:
        accepted, rejected = fakes.size - fakes_low, genuine_low
    best = int(np.argmin(np.abs(accepted * genuine.size - rejected * fakes.size)))
    return OperatingPoint(
        threshold=float(candidates[best]),
        attacks=int(fakes.size),
        attacks_accepted=int(accepted[best]),
        bona_fide=int(genuine.size),
        bona_fide_rejected=int(rejected[best]),
    )


def _finite(name: str, scores: npt.ArrayLike) -> Scores:
    values = np.asarray(scores, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds a score that is not finite: leave out rows without a score")
    return values
