"""Area under the ROC curve with ties, and its bounds where subjects repeat.

AUROC is the probability that an attack scores as more attack-like than a bona fide presentation, ties
counting one half (the Mann-Whitney statistic; D. Bamber, Journal of Mathematical Psychology 12 (1975)
387-415).

DeLong's interval takes presentations as independent and is too short when subjects repeat. The variance here
is Obuchowski's for clustered data ("Nonparametric analysis of clustered ROC curve data", Biometrics 53 (1997)
567-578): per cluster the placement values of its attacks and of its bona fide presentations are summed, and
the covariance of the two sums enters where a cluster has both. Bounds are normal on the logit scale, read
with t on the smaller number of clusters less one. At an area of 0 or 1 there is no variance, and no bounds
are given.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, stdtrit

from releases.statistics.clusters import check_alpha
from releases.statistics.thresholds import Polarity

AUROC_METHOD = "obuchowski_1997_logit_t"
AUROC_METHOD_VERSION = "1"

Numbers = npt.NDArray[np.float64]
Clusters = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AurocResult:
    """AUROC with one-sided bounds at ``alpha`` each; None where fewer than two clusters of a class, or an
    area of 0 or 1, leave no variance.
    """

    estimate: float
    lower: float | None
    upper: float | None
    standard_error: float | None
    attack_clusters: int
    bona_fide_clusters: int
    alpha: float
    method: str = AUROC_METHOD
    method_version: str = AUROC_METHOD_VERSION


def auroc(*, bona_fide: npt.ArrayLike, attacks: npt.ArrayLike, polarity: Polarity) -> float:
    """AUROC of finite scores; below 0.5 means that the declared polarity is likely the wrong way round.

    Raises ValueError for an empty class or scores that are not finite.
    """
    genuine, fakes = _scores("bona_fide", bona_fide, polarity), _scores("attacks", attacks, polarity)
    return float(_placements(fakes, genuine).mean())


def bound_auroc(
    *,
    bona_fide: npt.ArrayLike,
    bona_fide_clusters: npt.ArrayLike,
    attacks: npt.ArrayLike,
    attack_clusters: npt.ArrayLike,
    polarity: Polarity,
    alpha: float = 0.05,
) -> AurocResult:
    """AUROC with bounds on clustered scores.

    Clusters are whole numbers, one per score: equal ones across the two classes are the same subject, −1 is a
    row without an id, taken as a subject of its own. Raises ValueError as ``auroc`` does, and for lengths
    that differ.
    """
    check_alpha(alpha=alpha)
    genuine, fakes = _scores("bona_fide", bona_fide, polarity), _scores("attacks", attacks, polarity)
    codes = _codes(attack_clusters, bona_fide_clusters, fakes.size, genuine.size)
    of_attacks, of_genuine = codes[: fakes.size], codes[fakes.size :]
    placed = _placements(fakes, genuine), 1 - _placements(genuine, fakes)
    area = float(placed[0].mean())
    many = np.unique(of_attacks).size, np.unique(of_genuine).size
    lower = upper = error = None
    if min(many) >= 2 and 0 < area < 1:
        error = math.sqrt(_variance(placed, (of_attacks, of_genuine), many, area))
        reach = float(stdtrit(min(many) - 1, 1 - alpha)) * error / (area * (1 - area))
        lower, upper = float(expit(logit(area) - reach)), float(expit(logit(area) + reach))
    return AurocResult(area, lower, upper, error, many[0], many[1], alpha)


def _variance(
    placed: tuple[Numbers, Numbers], codes: tuple[Clusters, Clusters], many: tuple[int, int], area: float
) -> float:
    """Obuchowski's variance from placement values per presentation and clusters per class."""
    clusters = int(max(codes[0].max(), codes[1].max())) + 1
    sums = []
    for values, of_cluster in zip(placed, codes, strict=True):
        total = np.bincount(of_cluster, weights=values, minlength=clusters)
        sums.append(total - area * np.bincount(of_cluster, minlength=clusters))
    sizes = placed[0].size, placed[1].size
    parts = [
        clusters_of / (clusters_of - 1) * float(np.sum(one**2)) / size**2
        for one, clusters_of, size in zip(sums, many, sizes, strict=True)
    ]
    shared = clusters / (clusters - 1) * float(np.sum(sums[0] * sums[1])) / (sizes[0] * sizes[1])
    return max(parts[0] + parts[1] + 2 * shared, 0.0)


def _placements(scores: Numbers, others: Numbers) -> Numbers:
    """Share of the others that each score exceeds, ties counting one half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, scores, side="left")
    up_to = np.searchsorted(ordered, scores, side="right")
    return (below + up_to) / (2 * others.size)


def _codes(attacks: npt.ArrayLike, genuine: npt.ArrayLike, many_attacks: int, many_genuine: int) -> Clusters:
    """Dense codes of all rows, attacks first; rows without an id get codes of their own."""
    columns = np.asarray(attacks, dtype=np.int64), np.asarray(genuine, dtype=np.int64)
    if (columns[0].size, columns[1].size) != (many_attacks, many_genuine):
        raise ValueError(
            f"attack_clusters and bona_fide_clusters have lengths {columns[0].size} and {columns[1].size}: "
            f"give one per score, {many_attacks} and {many_genuine}"
        )
    codes = np.concatenate(columns)
    without = codes < 0
    codes[without] = codes.max(initial=0) + 1 + np.arange(np.count_nonzero(without))
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _scores(name: str, scores: npt.ArrayLike, polarity: Polarity) -> Numbers:
    values = np.asarray(scores, dtype=np.float64)
    if values.size == 0:
        raise ValueError(f"{name} is empty: AUROC needs scores of both classes")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds a score that is not finite: leave out rows without a score")
    return values if polarity is Polarity.HIGHER_IS_ATTACK else -values
