from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from releases.statistics.auroc import AurocResult, auroc, bound_auroc
from releases.statistics.thresholds import Polarity

HIGH, LOW = Polarity.HIGHER_IS_ATTACK, Polarity.HIGHER_IS_BONA_FIDE
Numbers = npt.NDArray[np.float64]


def bounded(genuine: Any, fakes: Any, genuine_clusters: Any, fake_clusters: Any) -> AurocResult:
    return bound_auroc(
        bona_fide=genuine,
        bona_fide_clusters=genuine_clusters,
        attacks=fakes,
        attack_clusters=fake_clusters,
        polarity=HIGH,
    )


def kernel(fakes: Numbers, genuine: Numbers) -> Numbers:
    """1 where an attack scores higher, 1/2 where they tie: every pair written out."""
    difference = fakes[:, None] - genuine[None, :]
    return np.where(difference > 0, 1.0, np.where(difference == 0, 0.5, 0.0))


def test_auroc_counts_pairs_and_ties_one_half() -> None:
    assert auroc(bona_fide=[1, 2, 3], attacks=[2, 4], polarity=HIGH) == pytest.approx((1 + 0.5 + 3) / 6)
    assert auroc(bona_fide=[1, 1], attacks=[1], polarity=HIGH) == 0.5


def test_auroc_equals_the_mann_whitney_statistic() -> None:
    random = np.random.default_rng(1)
    genuine, fakes = np.round(random.normal(size=300), 1), np.round(random.normal(1, 1, 200), 1)

    expected = stats.mannwhitneyu(fakes, genuine).statistic / (300 * 200)
    assert auroc(bona_fide=genuine, attacks=fakes, polarity=HIGH) == pytest.approx(expected)
    assert auroc(bona_fide=genuine, attacks=fakes, polarity=LOW) == pytest.approx(1 - expected)


def test_standard_error_of_single_presentations_is_delongs() -> None:
    random = np.random.default_rng(2)
    genuine, fakes = np.round(random.normal(size=80), 1), np.round(random.normal(1, 1, 60), 1)
    pairs = kernel(fakes, genuine)
    delong = pairs.mean(axis=1).var(ddof=1) / 60 + pairs.mean(axis=0).var(ddof=1) / 80

    result = bounded(genuine, fakes, np.full(80, -1), np.full(60, -1))

    # Obuchowski's third term is left: the two classes share no cluster, so it is 0.
    assert result.standard_error == pytest.approx(np.sqrt(delong))


def test_standard_error_of_clusters_is_obuchowskis_written_out() -> None:
    random = np.random.default_rng(3)
    of_genuine, of_fakes = random.integers(0, 12, 90), random.integers(4, 15, 70)
    genuine = np.round(random.normal(size=90) + 0.1 * of_genuine, 1).astype(np.float64)
    fakes = np.round(random.normal(1, 1, 70) + 0.1 * of_fakes, 1).astype(np.float64)
    pairs = kernel(fakes, genuine)
    theta, v10, v01 = pairs.mean(), pairs.mean(axis=1), pairs.mean(axis=0)
    x = np.array([(v10[of_fakes == i] - theta).sum() for i in range(15)])
    y = np.array([(v01[of_genuine == i] - theta).sum() for i in range(15)])
    i10, i01 = np.unique(of_fakes).size, np.unique(of_genuine).size
    s10, s01 = i10 / ((i10 - 1) * 70) * (x @ x), i01 / ((i01 - 1) * 90) * (y @ y)
    every = np.unique(np.r_[of_fakes, of_genuine]).size
    variance = s10 / 70 + s01 / 90 + 2 * (every / (every - 1)) * (x @ y) / (70 * 90)

    result = bounded(genuine, fakes, of_genuine, of_fakes)

    assert result.standard_error == pytest.approx(np.sqrt(variance))
    assert (result.attack_clusters, result.bona_fide_clusters) == (i10, i01)
    assert result.lower is not None
    assert result.upper is not None
    assert 0 < result.lower < theta < result.upper < 1


def test_repeated_captures_widen_the_bounds_of_the_area() -> None:
    random = np.random.default_rng(4)
    genuine, fakes = random.normal(size=20), random.normal(1, 1, 20)
    once = bounded(genuine, fakes, np.arange(20), np.arange(20, 40))

    copied = bounded(*(np.repeat(one, 10) for one in (genuine, fakes, np.arange(20), np.arange(20, 40))))

    assert copied.estimate == pytest.approx(once.estimate)
    assert copied.standard_error == pytest.approx(once.standard_error)


@pytest.mark.parametrize("fakes", [[5.0, 6.0], [-5.0, -6.0]])
def test_an_area_of_one_or_zero_has_no_bounds(fakes: list[float]) -> None:
    result = bounded([0.0, 1.0], fakes, [0, 1], [2, 3])

    assert (result.lower, result.upper, result.standard_error) == (None, None, None)


def test_a_single_cluster_of_a_class_has_no_bounds() -> None:
    assert bounded([0.0, 1.0], [0.5, 0.7], [0, 0], [1, 2]).lower is None


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (lambda: auroc(bona_fide=[], attacks=[1], polarity=HIGH), "bona_fide is empty"),
        (lambda: auroc(bona_fide=[1], attacks=[np.nan], polarity=HIGH), "attacks holds"),
        (lambda: bounded([1.0], [2.0], [0, 1], [0]), "lengths 1 and 2"),
    ],
)
def test_impossible_input_of_an_area_is_refused_by_name(refused: Callable[[], object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        refused()


def covered(*, subjects: int, rows: int, icc: float, runs: int) -> Numbers:
    """How often each bound holds the true area when every subject has captures of both classes."""
    random, held = np.random.default_rng(20260724), np.zeros(2)
    clusters, truth = np.repeat(np.arange(subjects), rows), stats.norm.cdf(1.2 / np.sqrt(2))
    for _ in range(runs):
        genuine, fakes = (
            np.repeat(random.normal(size=subjects), rows) * icc**0.5
            + random.normal(size=subjects * rows) * (1 - icc) ** 0.5
            + shift
            for shift in (0.0, 1.2)
        )
        result = bounded(genuine, fakes, clusters, clusters)
        held += ((result.lower or 0.0) <= truth, truth <= (result.upper or 1.0))
    return held / runs


def test_bounds_of_the_area_hold_the_truth() -> None:
    assert covered(subjects=40, rows=5, icc=0.3, runs=300).min() >= 0.92


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subjects", "rows", "icc"), [(40, 5, 0.3), (100, 10, 0.5), (20, 10, 0.2), (15, 20, 0.1)]
)
def test_bounds_of_the_area_hold_the_truth_in_many_settings(subjects: int, rows: int, icc: float) -> None:
    assert covered(subjects=subjects, rows=rows, icc=icc, runs=2000).min() >= 0.93
