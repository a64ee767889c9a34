"""BPCER at a fixed APCER, and the DET curve, from the scores themselves (ISO/IEC 30107-3).

BPCER_N is the BPCER at the threshold where APCER is 1/N (BPCER20: APCER 5 %). APCER at a threshold is the
largest over species. Both errors are steps, so a threshold rarely hits 1/N: candidates are the observed
scores, and of those with an APCER of at most 1/N the one with the least BPCER counts.

A DET curve shows both errors on axes scaled by the normal quantile (A. Martin, G. Doddington, T. Kamm, M.
Ordowski and M. Przybocki, "The DET curve in assessment of detection task performance", Eurospeech 1997).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from releases.statistics.thresholds import AtThreshold, Polarity

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Errors at one threshold: shares, and their places on probit axes.

    The probit of a share of 0 or 1 is not finite; it is drawn where half an error would lie (half of one
    presentation of that class, or of that species).
    """

    threshold: float
    apcer: float
    apcer_species: str
    bpcer: float
    apcer_probit: float
    bpcer_probit: float


@dataclass(frozen=True, slots=True)
class DetCurve:
    """Points in rising order of threshold. ``steps`` is how many distinct points there were before thinning.

    With fewer points than steps, every step longer than ``gap`` (in probit units, both axes added) has both
    its ends in ``points``, and between two neighbouring points that are not such a step the curve is at most
    ``gap`` long: what is left out cannot be seen.
    """

    points: tuple[CurvePoint, ...]
    steps: int
    gap: float


@dataclass(frozen=True, slots=True)
class BpcerAt:
    """BPCER_N with the threshold that gives it and the APCER reached there."""

    n: float
    threshold: float
    apcer: float
    apcer_species: str
    bpcer: float
    bona_fide: int
    bona_fide_rejected: int


@dataclass(frozen=True, slots=True)
class _Errors:
    """Both errors at each candidate threshold, as float64 arrays of equal length."""

    thresholds: Numbers
    apcer: Numbers
    species: npt.NDArray[np.int64]
    rejected: npt.NDArray[np.int64]
    bona_fide: int
    names: tuple[str, ...]
    sizes: tuple[int, ...]


def bpcer_at(
    n: float,
    *,
    bona_fide: npt.ArrayLike,
    attacks: Mapping[str, npt.ArrayLike],
    polarity: Polarity,
    at_threshold: AtThreshold,
) -> BpcerAt | None:
    """BPCER_N; None when no observed score keeps APCER at or below 1/N.

    Scores are finite doubles, at least one of bona fide presentations and of each species; ``attacks`` maps
    species to scores. Of thresholds with equal BPCER the one with the least APCER counts, then the lowest.
    Raises ValueError for an N below 1, empty classes, or scores that are not finite.
    """
    if not n >= 1:
        raise ValueError(f"n is {n!r}: state 1 or more (20 for an APCER of 5 %)")
    errors = _errors(bona_fide, attacks, polarity, at_threshold)
    within = np.flatnonzero(errors.apcer * n <= 1 + 1e-12)
    if within.size == 0:
        return None
    best = within[np.lexsort((errors.thresholds[within], errors.apcer[within], errors.rejected[within]))[0]]
    return BpcerAt(
        n=n,
        threshold=float(errors.thresholds[best]),
        apcer=float(errors.apcer[best]),
        apcer_species=errors.names[errors.species[best]],
        bpcer=float(errors.rejected[best] / errors.bona_fide),
        bona_fide=errors.bona_fide,
        bona_fide_rejected=int(errors.rejected[best]),
    )


def operating_point(
    threshold: float,
    *,
    bona_fide: npt.ArrayLike,
    attacks: Mapping[str, npt.ArrayLike],
    polarity: Polarity,
    at_threshold: AtThreshold,
) -> CurvePoint:
    """Both errors at a threshold of the policy's, on the axes of the curve. Raises as ``bpcer_at`` does."""
    errors = _errors(bona_fide, attacks, polarity, at_threshold, np.array([threshold], dtype=np.float64))
    return _points(errors, np.array([0]))[0]


def det_curve(
    *,
    bona_fide: npt.ArrayLike,
    attacks: Mapping[str, npt.ArrayLike],
    polarity: Polarity,
    at_threshold: AtThreshold,
    points: int = 200,
    ranks: int | None = None,
) -> DetCurve:
    """The curve over all observed scores, thinned to at most ``points`` points (at least 10).

    With ``ranks`` (at least 10) at most about so many scores of each class and species are tried: all of a
    smaller one, of a larger one those at even ranks and, ever closer, at both ends. Every point is exact; the
    vertices between them are not looked at, which saves the time and memory that millions of rows would take.

    Raises ValueError for fewer points or ranks, and as ``bpcer_at`` does.
    """
    if points < 10:
        raise ValueError(f"points is {points}: state 10 or more")
    if ranks is not None and ranks < 10:
        raise ValueError(f"ranks is {ranks}: state 10 or more")
    tried = None if ranks is None else _ranked([bona_fide, *attacks.values()], ranks)
    errors = _errors(bona_fide, attacks, polarity, at_threshold, tried)
    x, y = _probits(errors)
    moved = np.abs(np.diff(x)) + np.abs(np.diff(y))
    distinct = np.concatenate([[0], np.flatnonzero(moved > 0) + 1])
    lengths = np.abs(np.diff(x[distinct])) + np.abs(np.diff(y[distinct]))
    kept, gap = _thinned(lengths, points)
    return DetCurve(_points(errors, distinct[kept]), int(distinct.size), gap)


def _ranked(classes: Sequence[npt.ArrayLike], ranks: int) -> Numbers:
    """Of each class at most ``ranks`` of its scores, half of them at even ranks, a quarter at each end."""
    found = []
    for scores in classes:
        ordered = np.sort(np.asarray(scores, dtype=np.float64))
        if ordered.size > ranks:
            even = np.linspace(0, ordered.size - 1, ranks // 2)
            end = np.geomspace(1, ordered.size, ranks // 4) - 1
            places = np.unique(np.concatenate([even, end, ordered.size - 1 - end]).astype(np.int64))
            ordered = ordered[places]
        found.append(ordered)
    return np.unique(np.concatenate(found))


def _thinned(lengths: Numbers, points: int) -> tuple[npt.NDArray[np.int64], float]:
    """Vertices to keep, and the longest stretch of curve left out between two of them."""
    if lengths.size < points:
        return np.arange(lengths.size + 1), 0.0
    # Fewer than points/4 steps exceed 4/points of the whole length: their ends take at most half the points.
    # The other half lies evenly along the curve, each at the vertex before its mark, so that a stretch is at
    # most one spacing and one step that is not long.
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    step = 4 * along[-1] / (points - 2)
    long = np.flatnonzero(lengths > step)
    marks = np.linspace(0, along[-1], points // 2)
    even = np.searchsorted(along, marks, side="right") - 1
    kept = np.unique(np.concatenate([[0], long, long + 1, even, [lengths.size]]))
    return kept, float(step + marks[1])


def _errors(
    bona_fide: npt.ArrayLike,
    attacks: Mapping[str, npt.ArrayLike],
    polarity: Polarity,
    at_threshold: AtThreshold,
    thresholds: Numbers | None = None,
) -> _Errors:
    genuine = _sorted("bona_fide", bona_fide)
    fakes = {name: _sorted(f"attacks of {name}", scores) for name, scores in attacks.items()}
    if not fakes:
        raise ValueError("attacks is empty: APCER needs the scores of at least one species")
    candidates = np.unique(np.concatenate([genuine, *fakes.values()])) if thresholds is None else thresholds
    # The low side of a threshold (accepted if higher is attack, else rejected) holds the ties or not.
    attack_high = polarity is Polarity.HIGHER_IS_ATTACK
    low_has_ties = attack_high == (at_threshold is AtThreshold.BONA_FIDE)
    side: Literal["left", "right"] = "right" if low_has_ties else "left"
    low = np.searchsorted(genuine, candidates, side=side)
    accepted = np.empty((len(fakes), candidates.size))
    for row, scores in enumerate(fakes.values()):
        below = np.searchsorted(scores, candidates, side=side)
        accepted[row] = (below if attack_high else scores.size - below) / scores.size
    worst = np.argmax(accepted, axis=0)
    return _Errors(
        thresholds=candidates,
        apcer=accepted[worst, np.arange(candidates.size)],
        species=worst,
        rejected=genuine.size - low if attack_high else low,
        bona_fide=int(genuine.size),
        names=tuple(fakes),
        sizes=tuple(scores.size for scores in fakes.values()),
    )


def _probits(errors: _Errors) -> tuple[Numbers, Numbers]:
    half_attack = 0.5 / np.array(errors.sizes)[errors.species]
    half_bona_fide = 0.5 / errors.bona_fide
    bpcer = errors.rejected / errors.bona_fide
    x = ndtri(np.clip(errors.apcer, half_attack, 1 - half_attack))
    return x, ndtri(np.clip(bpcer, half_bona_fide, 1 - half_bona_fide))


def _points(errors: _Errors, places: npt.NDArray[np.int64]) -> tuple[CurvePoint, ...]:
    x, y = _probits(errors)
    return tuple(
        CurvePoint(
            threshold=float(errors.thresholds[place]),
            apcer=float(errors.apcer[place]),
            apcer_species=errors.names[errors.species[place]],
            bpcer=float(errors.rejected[place] / errors.bona_fide),
            apcer_probit=float(x[place]),
            bpcer_probit=float(y[place]),
        )
        for place in places
    )


def _sorted(name: str, scores: npt.ArrayLike) -> Numbers:
    values = np.sort(np.asarray(scores, dtype=np.float64))
    if values.size == 0:
        raise ValueError(f"{name} is empty: a curve needs scores of both classes")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds a score that is not finite: leave out rows without a score")
    return values
