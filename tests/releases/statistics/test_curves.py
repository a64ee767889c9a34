from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from releases.statistics.curves import CurvePoint, bpcer_at, det_curve, operating_point
from releases.statistics.thresholds import AtThreshold, Polarity, is_rejected

HIGH, BONA_FIDE = Polarity.HIGHER_IS_ATTACK, AtThreshold.BONA_FIDE
WAYS = list(product(Polarity, AtThreshold))
Numbers = npt.NDArray[np.float64]


def scores(polarity: Polarity, size: int = 400) -> tuple[Numbers, dict[str, Numbers]]:
    """Rounded, so that many are equal."""
    random, sign = np.random.default_rng(5), 1 if polarity is HIGH else -1
    attacks = {"print": random.normal(2, 1, size // 4), "mask": random.normal(1, 1, size // 8)}
    return np.round(sign * random.normal(0, 1, size), 1), {
        k: np.round(sign * v, 1) for k, v in attacks.items()
    }


def errors_at(
    threshold: float, genuine: Numbers, attacks: dict[str, Numbers], way: tuple[Polarity, AtThreshold]
) -> tuple[float, float]:
    """APCER as the largest over species, and BPCER, from the rule of rejection itself."""
    polarity, at_threshold = way
    accepted = [
        1 - is_rejected(values, threshold, polarity=polarity, at_threshold=at_threshold).mean()
        for values in attacks.values()
    ]
    return max(accepted), is_rejected(genuine, threshold, polarity=polarity, at_threshold=at_threshold).mean()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("n", [2, 10, 20])
def test_bpcer_at_n_is_the_least_bpcer_of_observed_thresholds_within_the_apcer(
    n: int, way: tuple[Polarity, AtThreshold]
) -> None:
    genuine, attacks = scores(way[0])
    candidates = np.unique(np.concatenate([genuine, *attacks.values()]))
    pairs = [errors_at(t, genuine, attacks, way) for t in candidates]
    least = min(bpcer for apcer, bpcer in pairs if apcer <= 1 / n + 1e-12)

    found = bpcer_at(n, bona_fide=genuine, attacks=attacks, polarity=way[0], at_threshold=way[1])

    assert found is not None
    assert found.bpcer == pytest.approx(least)
    assert (found.apcer, found.bpcer) == pytest.approx(errors_at(found.threshold, genuine, attacks, way))
    assert found.threshold in candidates
    assert found.bona_fide_rejected == round(found.bpcer * found.bona_fide)


def test_bpcer20_of_a_worked_example_names_the_species_that_holds_it_back() -> None:
    genuine = np.arange(10.0)  # 0 … 9
    attacks = {"print": np.full(40, 20.0), "mask": np.r_[np.full(1, 6.5), np.full(19, 8.5)]}

    found = bpcer_at(20, bona_fide=genuine, attacks=attacks, polarity=HIGH, at_threshold=BONA_FIDE)

    assert found is not None
    assert (found.threshold, found.apcer, found.apcer_species) == (8.0, 0.05, "mask")
    assert (found.bona_fide_rejected, found.bpcer) == (1, 0.1)


def test_an_apcer_that_no_observed_score_keeps_has_no_bpcer() -> None:
    equal = {"bona_fide": [1.0, 1.0], "attacks": {"print": [1.0, 1.0, 1.0]}}

    assert bpcer_at(20, **equal, polarity=HIGH, at_threshold=BONA_FIDE) is None  # type: ignore[arg-type]  # two shapes in one dict
    assert bpcer_at(1, **equal, polarity=HIGH, at_threshold=BONA_FIDE) is not None  # type: ignore[arg-type]  # as above


def test_an_operating_point_lies_on_the_curve_in_probit_coordinates() -> None:
    genuine, attacks = scores(HIGH)
    point = operating_point(0.9, bona_fide=genuine, attacks=attacks, polarity=HIGH, at_threshold=BONA_FIDE)

    assert (point.apcer, point.bpcer) == pytest.approx(errors_at(0.9, genuine, attacks, (HIGH, BONA_FIDE)))
    assert (point.apcer_probit, point.bpcer_probit) == pytest.approx(norm.ppf([point.apcer, point.bpcer]))
    curve = det_curve(bona_fide=genuine, attacks=attacks, polarity=HIGH, at_threshold=BONA_FIDE)
    assert point in [
        CurvePoint(0.9, *(getattr(one, f) for f in list(CurvePoint.__slots__)[1:])) for one in curve.points
    ]


def test_no_error_and_nothing_but_errors_are_drawn_at_half_a_presentation() -> None:
    curve = det_curve(
        bona_fide=np.zeros(50), attacks={"print": np.ones(10)}, polarity=HIGH, at_threshold=BONA_FIDE
    )

    first, last = curve.points[0], curve.points[-1]
    assert (first.apcer, first.bpcer, last.apcer) == (0.0, 0.0, 1.0)
    assert first.apcer_probit == pytest.approx(norm.ppf(0.05))
    assert first.bpcer_probit == pytest.approx(norm.ppf(0.01))
    assert last.apcer_probit == pytest.approx(norm.ppf(0.95))


@pytest.mark.parametrize("way", WAYS)
def test_a_curve_with_room_holds_every_step(way: tuple[Polarity, AtThreshold]) -> None:
    genuine, attacks = scores(way[0])
    curve = det_curve(bona_fide=genuine, attacks=attacks, polarity=way[0], at_threshold=way[1], points=500)

    assert len(curve.points) == curve.steps
    assert curve.gap == 0
    expected = np.array([errors_at(one.threshold, genuine, attacks, way) for one in curve.points])
    assert np.allclose([(one.apcer, one.bpcer) for one in curve.points], expected)


def test_a_thinned_curve_keeps_its_ends_and_hides_no_step_longer_than_it_says() -> None:
    random = np.random.default_rng(2)
    data = {
        "bona_fide": np.r_[random.normal(0, 1, 3000), np.full(9000, 1.0)],
        "attacks": {"print": np.r_[random.normal(2, 1, 2000), np.full(9000, 1.5)]},
    }
    whole = det_curve(**data, polarity=HIGH, at_threshold=BONA_FIDE, points=100_000)
    thin = det_curve(**data, polarity=HIGH, at_threshold=BONA_FIDE, points=60)

    assert thin.steps == whole.steps == len(whole.points)
    assert len(thin.points) <= 60
    assert (thin.points[0], thin.points[-1]) == (whole.points[0], whole.points[-1])
    assert set(thin.points) <= set(whole.points)
    long = [step for step in pairwise(whole.points) if length(step) > thin.gap]
    assert long
    assert set(long) <= set(pairwise(thin.points))
    assert max(length(step) for step in pairwise(thin.points) if step not in long) <= thin.gap * (1 + 1e-9)


def length(step: tuple[CurvePoint, CurvePoint]) -> float:
    one, other = step
    return abs(one.apcer_probit - other.apcer_probit) + abs(one.bpcer_probit - other.bpcer_probit)


def test_of_very_many_scores_few_are_tried_and_each_point_is_exact() -> None:
    random = np.random.default_rng(7)
    genuine, attacks = random.normal(0, 1, 40_000), {"print": random.normal(2, 1, 40_000)}
    ways: dict[str, Any] = {"polarity": HIGH, "at_threshold": BONA_FIDE}

    curve = det_curve(bona_fide=genuine, attacks=attacks, **ways, points=100, ranks=400)

    found = [(point.apcer, point.bpcer) for point in curve.points]
    exact = [errors_at(point.threshold, genuine, attacks, (HIGH, BONA_FIDE)) for point in curve.points]
    assert np.allclose(found, exact, rtol=0, atol=1e-12)
    assert curve.steps <= 800
    assert curve.points[0].apcer <= 1e-3  # both tails are looked at closely
    assert curve.points[-1].bpcer <= 1e-3


def test_with_fewer_scores_than_ranks_nothing_is_left_out() -> None:
    genuine, attacks = scores(HIGH)
    data: dict[str, Any] = {
        "bona_fide": genuine,
        "attacks": attacks,
        "polarity": HIGH,
        "at_threshold": BONA_FIDE,
    }

    assert det_curve(**data, ranks=400) == det_curve(**data)


def drawn(bona_fide: Any = (0.0,), attacks: Any = None, n: float = 20, points: int = 100) -> object:
    species = {"print": [1.0]} if attacks is None else attacks
    bpcer_at(n, bona_fide=bona_fide, attacks=species, polarity=HIGH, at_threshold=BONA_FIDE)
    return det_curve(
        bona_fide=bona_fide, attacks=species, polarity=HIGH, at_threshold=BONA_FIDE, points=points
    )


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (lambda: drawn(bona_fide=[]), "bona_fide is empty"),
        (lambda: drawn(attacks={}), "attacks is empty"),
        (lambda: drawn(attacks={"print": []}), "attacks of print is empty"),
        (lambda: drawn(attacks={"print": [np.inf]}), "attacks of print holds"),
        (lambda: drawn(n=0.5), "n is 0.5"),
        (lambda: drawn(points=9), "points is 9"),
        (
            lambda: det_curve(
                bona_fide=[1], attacks={"a": [1]}, polarity=HIGH, at_threshold=BONA_FIDE, ranks=9
            ),
            "ranks",
        ),
    ],
)
def test_impossible_input_of_a_curve_is_refused_by_name(refused: Callable[[], object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        refused()
