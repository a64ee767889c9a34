"""How far a distribution has moved: population stability index, Kolmogorov-Smirnov, Wasserstein.

All three compare a reference with current data and are 0 when the two are alike. They say that something
moved, not that something got worse; monitoring uses them to notify.

* PSI = Σ over bins of (current − reference)·ln(current / reference), shares of the bins. The usual limit 0.1
  is exceeded by chance in most runs with 100 rows each, so the limit here grows where samples are small:
  under no drift PSI/(1/n + 1/m) is about chi-square with bins − 1 degrees of freedom (B. Yurdakul and J.
  Naranjo, "Statistical properties of the population stability index", Journal of Risk Model Validation 14
  (2020)).
* KS: largest distance of the two distribution functions. Its p value is exact for small samples without ties
  or weights (counting lattice paths, J. Hodges, Arkiv för Matematik 3 (1958) 469-486), else that of the limit
  law with the effective sizes. With binned data the distance is seen at the edges only: p is then too large.
* Wasserstein-1: mean distance that mass must move, in the unit of the values.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, kolmogorov

EXACT_PATHS = 10_000  # sizes multiplied; beyond it the limit law is as good and much faster

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KolmogorovSmirnov:
    """Two-sided test that two samples come from one distribution; ``exact`` says how p was found."""

    statistic: float
    p_value: float
    exact: bool
    reference_n_eff: float
    current_n_eff: float


def population_stability_index(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """PSI of two rows of bin weights (counts or shares, at least 0), in the same bins.

    Where any bin of either side is empty, half a count is added to every bin of both sides, since the
    logarithm has no value at 0; give counts, not shares, where that can happen. Raises ValueError for rows of
    different length, negative weights, or a side without any.
    """
    old, new = _weights("reference", reference), _weights("current", current)
    if old.shape != new.shape:
        raise ValueError(f"reference and current have {old.size} and {new.size} bins: use the same bins")
    if (old == 0).any() or (new == 0).any():
        old, new = old + 0.5, new + 0.5
    p, q = old / old.sum(), new / new.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def psi_limit(reference_size: float, current_size: float, *, bins: int = 10, floor: float = 0.1) -> float:
    """PSI above which something moved: the 95 % quantile under no drift, but never below ``floor``.

    max(floor, (1/n + 1/m)·χ²(bins − 1, .95)); sizes are effective ones. Raises ValueError for sizes that are
    not positive or fewer than two bins.
    """
    if not (reference_size > 0 and current_size > 0):
        raise ValueError(
            f"reference_size and current_size are {reference_size}, {current_size}: both must be above 0"
        )
    if bins < 2:
        raise ValueError(f"bins is {bins}: state 2 or more")
    return max(floor, (1 / reference_size + 1 / current_size) * float(chdtri(bins - 1, 0.05)))


def quantile_edges(reference: npt.ArrayLike, bins: int = 10) -> tuple[float, ...]:
    """Inner edges of bins that hold equally many reference values; fewer where values are equal."""
    values = _sample("reference", reference)
    ranks = np.ceil(np.arange(1, bins) * values.size / bins).astype(np.int64) - 1
    return tuple(np.unique(np.sort(values)[np.maximum(ranks, 0)]).tolist())


def bin_counts(values: npt.ArrayLike, edges: tuple[float, ...]) -> tuple[int, ...]:
    """Values per bin: up to and with the first edge, then between edges (upper one included), then above."""
    places = np.searchsorted(np.array(edges), np.asarray(values, dtype=np.float64), side="left")
    return tuple(np.bincount(places, minlength=len(edges) + 1).tolist())


def kolmogorov_smirnov(
    reference: npt.ArrayLike,
    current: npt.ArrayLike,
    *,
    reference_weights: npt.ArrayLike | None = None,
    current_weights: npt.ArrayLike | None = None,
) -> KolmogorovSmirnov:
    """KS of two samples of finite doubles, with weights of at least 0 where given.

    Weighted samples count with (Σw)²/Σw² in the p value. Raises ValueError for empty samples, values that are
    not finite, or weights that do not fit.
    """
    old, new = _sample("reference", reference), _sample("current", current)
    old_weights = _fitting("reference_weights", reference_weights, old)
    new_weights = _fitting("current_weights", current_weights, new)
    grid = np.unique(np.concatenate([old, new]))
    distance = np.abs(_distribution(old, old_weights, grid) - _distribution(new, new_weights, grid))
    ties = grid.size < old.size + new.size
    plain = reference_weights is None and current_weights is None and not ties
    return _ks(float(distance.max()), _n_eff(old_weights), _n_eff(new_weights), whole=plain)


def kolmogorov_smirnov_binned(
    reference_counts: npt.ArrayLike, current_counts: npt.ArrayLike
) -> KolmogorovSmirnov:
    """KS of counts in the same ordered bins. Raises ValueError as ``population_stability_index`` does."""
    old, new = _weights("reference", reference_counts), _weights("current", current_counts)
    if old.shape != new.shape:
        raise ValueError(f"reference and current have {old.size} and {new.size} bins: use the same bins")
    distance = np.abs(np.cumsum(old) / old.sum() - np.cumsum(new) / new.sum())
    return _ks(float(distance.max()), float(old.sum()), float(new.sum()), whole=False)


def wasserstein_1(
    reference: npt.ArrayLike,
    current: npt.ArrayLike,
    *,
    reference_weights: npt.ArrayLike | None = None,
    current_weights: npt.ArrayLike | None = None,
) -> float:
    """∫ |F − G| for two samples of finite doubles, in their unit. Raises as ``kolmogorov_smirnov`` does.

    For binned data give the centres of the bins as both samples and the counts as weights.
    """
    old, new = _sample("reference", reference), _sample("current", current)
    old_weights = _fitting("reference_weights", reference_weights, old)
    new_weights = _fitting("current_weights", current_weights, new)
    grid = np.unique(np.concatenate([old, new]))
    distance = np.abs(_distribution(old, old_weights, grid) - _distribution(new, new_weights, grid))
    return float(np.sum(distance[:-1] * np.diff(grid)))


def _ks(statistic: float, n: float, m: float, *, whole: bool) -> KolmogorovSmirnov:
    if whole and n * m <= EXACT_PATHS:
        p = _exact_p_value(statistic, round(n), round(m))
        return KolmogorovSmirnov(statistic, p, True, n, m)
    p = float(kolmogorov(math.sqrt(n * m / (n + m)) * statistic))
    return KolmogorovSmirnov(statistic, min(1.0, p), False, n, m)


def _exact_p_value(statistic: float, n: int, m: int) -> float:
    """Share of orderings of n and m values that reach the distance: 1 − paths that stay inside / all paths.

    The distance is a multiple of 1/(n·m), so it is compared in whole numbers. Probabilities, not counts, are
    carried along the lattice: a path leaves (i, j) upwards or sideways in proportion to what is left.
    """
    reached = round(statistic * n * m)
    if reached == 0:
        return 1.0
    inside = np.zeros(m + 1)
    for i in range(n + 1):
        for j in range(m + 1):
            if i == j == 0:
                inside[0] = 1.0
                continue
            from_left = inside[j - 1] * (m - j + 1) / (n - i + m - j + 1) if j else 0.0
            from_below = inside[j] * (n - i + 1) / (n - i + m - j + 1) if i else 0.0
            inside[j] = 0.0 if abs(i * m - j * n) >= reached else from_left + from_below
    return float(1 - inside[m])


def _distribution(values: Numbers, weights: Numbers, grid: Numbers) -> Numbers:
    order = np.argsort(values, kind="stable")
    heights = np.concatenate([[0.0], np.cumsum(weights[order])])
    reached: Numbers = heights[np.searchsorted(values[order], grid, side="right")] / heights[-1]
    return reached


def _n_eff(weights: Numbers) -> float:
    return float(weights.sum() ** 2 / np.sum(weights**2))


def _sample(name: str, values: npt.ArrayLike) -> Numbers:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0 or not np.isfinite(sample).all():
        raise ValueError(f"{name} must hold at least one value and only finite ones")
    return sample


def _fitting(name: str, weights: npt.ArrayLike | None, sample: Numbers) -> Numbers:
    found = np.ones(sample.size) if weights is None else _weights(name, weights)
    if found.shape != sample.shape:
        raise ValueError(f"{name} has length {found.size}: give one weight for each of {sample.size} values")
    return found


def _weights(name: str, weights: npt.ArrayLike) -> Numbers:
    found = np.asarray(weights, dtype=np.float64)
    if found.ndim != 1 or not np.isfinite(found).all() or (found < 0).any() or not found.sum() > 0:
        raise ValueError(f"{name} must hold finite weights of at least 0 and not only zeros")
    return found
