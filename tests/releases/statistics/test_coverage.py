"""The promise behind every verdict: a one-sided 95 % bound holds the truth at least about 95 times in 100.

The short runs are small enough for every test run; the long ones measure to about half a point.
"""

import pytest

from tests.releases.statistics.simulation import (
    EVEN,
    FEW,
    HEAVY,
    LOST,
    Design,
    paired_coverage,
    rate_coverage,
)

DESIGNS = [
    pytest.param(EVEN, id="even"),
    pytest.param(FEW, id="few"),
    pytest.param(HEAVY, id="heavy"),
    pytest.param(LOST, id="lost"),
]


@pytest.mark.parametrize("design", DESIGNS)
def test_bounds_of_clustered_rates_hold_the_truth(design: Design) -> None:
    coverage = rate_coverage(design, rate=0.2, icc=0.2, replicates=300, seed=20260724)

    assert min(coverage.lower, coverage.upper) >= 0.93


@pytest.mark.parametrize("design", DESIGNS)
def test_bounds_of_clustered_pairs_hold_the_truth(design: Design) -> None:
    coverage = paired_coverage(design, worse=0.15, better=0.08, icc=0.2, replicates=300, seed=20260724)

    assert min(coverage.lower, coverage.upper) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("icc", [0.02, 0.1, 0.2])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("design", DESIGNS)
def test_bounds_of_clustered_rates_hold_the_truth_over_many_rates(
    design: Design, rate: float, icc: float
) -> None:
    coverage = rate_coverage(design, rate=rate, icc=icc, replicates=3000, seed=1)

    assert min(coverage.lower, coverage.upper) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("icc", [0.02, 0.2])
@pytest.mark.parametrize(("worse", "better"), [(0.01, 0.01), (0.05, 0.05), (0.15, 0.08), (0.3, 0.05)])
@pytest.mark.parametrize("design", DESIGNS)
def test_bounds_of_clustered_pairs_hold_the_truth_over_many_rates(
    design: Design, worse: float, better: float, icc: float
) -> None:
    coverage = paired_coverage(design, worse=worse, better=better, icc=icc, replicates=2000, seed=1)

    assert min(coverage.lower, coverage.upper) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("icc", [0.5, 0.6])
@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3])
def test_far_above_the_planned_likeness_bounds_hold_less_often(rate: float, icc: float) -> None:
    coverage = rate_coverage(LOST, rate=rate, icc=icc, replicates=3000, seed=1)

    assert 0.87 <= min(coverage.lower, coverage.upper) < 0.93
