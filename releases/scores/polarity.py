"""Do the scores agree with the polarity declared for them? Checked by the area under the ROC curve."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from releases.scores.refusals import PolarityContradicted
from releases.statistics.thresholds import Polarity

WORDS = {
    Polarity.HIGHER_IS_ATTACK: "higher scores mean attack",
    Polarity.HIGHER_IS_BONA_FIDE: "higher scores mean bona fide",
}


@dataclass(frozen=True, slots=True)
class PolarityCheck:
    """``auroc`` is the chance that the score orders an attack and a bona fide row as declared, ties counting
    half, over answered rows; None when only one class has a score, and then ``note`` says that nothing could
    be checked. Exactly 0.5 is taken, with a note.
    """

    polarity: Polarity
    auroc: float | None
    attacks: int
    bona_fide: int
    note: str = ""


def check_polarity(frame: pl.DataFrame, polarity: Polarity) -> PolarityCheck:
    """Check a canonical frame. Raises PolarityContradicted below 0.5."""
    answered = frame.filter(pl.col("answered"))
    attacks = answered.filter(pl.col("label") == "attack")["score"].to_numpy()
    bona_fide = answered.filter(pl.col("label") == "bona_fide")["score"].to_numpy()
    if not len(attacks) or not len(bona_fide):
        absent = "attack" if not len(attacks) else "bona fide"
        note = f"No {absent} row has a score, so the declared polarity could not be checked."
        return PolarityCheck(polarity, None, len(attacks), len(bona_fide), note)
    area = share_in_order(attacks, bona_fide)
    if polarity is Polarity.HIGHER_IS_BONA_FIDE:
        area = 1 - area
    if area < 0.5:
        raise PolarityContradicted(
            f"The declared polarity is that {WORDS[polarity]}, but the {len(attacks):,} attacks and "
            f"{len(bona_fide):,} bona fide rows say the opposite: AUROC {area:.4f}, below 0.5."
        )
    note = "The scores do not tell attacks from bona fide rows at all (AUROC 0.5)." if area == 0.5 else ""
    return PolarityCheck(polarity, area, len(attacks), len(bona_fide), note)


def share_in_order(attacks: npt.NDArray[np.float64], bona_fide: npt.NDArray[np.float64]) -> float:
    """Share of pairs (attack, bona fide) in which the attack scores higher; ties count half.

    This is the Mann-Whitney statistic over the number of pairs; the pairs are counted in whole numbers.
    """
    ordered = np.sort(bona_fide)
    below = int(np.searchsorted(ordered, attacks, side="left").sum())
    not_above = int(np.searchsorted(ordered, attacks, side="right").sum())
    return (below + not_above) / (2 * len(attacks) * len(bona_fide))
