import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from releases.statistics.paired import PairedCounts
from releases.statistics.paired_display import (
    cluster_t_test,
    clustered_mcnemar,
    mcnemar,
    newcombe_paired_interval,
)
from tests.releases.statistics.counts import Pair, Table, independent_pairs
from tests.releases.statistics.psychiatry import PSYCHIATRY


def test_mcnemar_exact_equals_the_published_value() -> None:
    assert mcnemar(16, 8).exact_p_value == pytest.approx(0.15159, abs=5e-6)


def test_mcnemar_statistic_equals_the_published_value() -> None:
    assert mcnemar(PSYCHIATRY.candidate_only, PSYCHIATRY.baseline_only).statistic == pytest.approx(
        11.8451, abs=5e-5
    )


@pytest.mark.parametrize(("b", "c"), [(16, 8), (8, 16), (1, 0), (7, 7), (0, 9), (136, 332)])
def test_mcnemar_equals_statsmodels(b: int, c: int) -> None:
    table = [[5, b], [c, 9]]
    exact = statsmodels_mcnemar(table, exact=True)
    chi_square = statsmodels_mcnemar(table, exact=False, correction=False)

    test = mcnemar(b, c)

    assert test.exact_p_value == pytest.approx(exact.pvalue, rel=1e-9)
    assert test.statistic == pytest.approx(chi_square.statistic)
    assert test.chi_square_p_value == pytest.approx(chi_square.pvalue)


def test_mcnemar_without_a_change_is_certain() -> None:
    test = mcnemar(0, 0)

    assert (test.statistic, test.chi_square_p_value, test.exact_p_value) == (0.0, 1.0, 1.0)


def test_clustered_mcnemar_equals_the_published_values() -> None:
    test = clustered_mcnemar(PSYCHIATRY)

    assert test is not None
    assert test.obuchowski == pytest.approx(7.19, abs=5e-3)
    assert test.durkalski == pytest.approx(7.542, abs=5e-4)
    assert test.obuchowski_p_value == pytest.approx(stats.chi2.sf(test.obuchowski, 1))
    assert test.durkalski_p_value == pytest.approx(stats.chi2.sf(test.durkalski, 1))


def test_clustered_mcnemar_of_single_captures_is_mcnemars_but_for_its_correction() -> None:
    alone = clustered_mcnemar(independent_pairs(5, 16, 8, 71))
    lost = clustered_mcnemar(PairedCounts((), (), (), (), 100, 5, 16, 8))

    assert alone == lost
    assert alone is not None
    assert alone.durkalski == pytest.approx(mcnemar(16, 8).statistic)
    assert alone.obuchowski == pytest.approx(mcnemar(16, 8).statistic * 99 / 100)


@pytest.mark.parametrize(
    "counts", [PairedCounts(), PairedCounts((9,), (0,), (1,), (0,)), independent_pairs(3, 0, 0, 9)]
)
def test_clustered_mcnemar_does_not_exist_without_subjects_or_a_change(counts: PairedCounts) -> None:
    assert clustered_mcnemar(counts) is None


def test_cluster_t_equals_the_published_standard_error_and_least_squares() -> None:
    counts = PSYCHIATRY
    columns = zip(
        counts.subject_candidate_only, counts.subject_baseline_only, counts.subject_rows, strict=True
    )
    values = np.concatenate([[1.0] * b + [-1.0] * c + [0.0] * (n - b - c) for b, c, n in columns])
    fit = sm.OLS(values, np.ones(135)).fit(
        cov_type="cluster", cov_kwds={"groups": np.repeat(np.arange(29), counts.subject_rows)}, use_t=True
    )

    test = cluster_t_test(counts)

    assert test is not None
    assert test.standard_error == pytest.approx(0.06729, abs=5e-6)
    assert test.estimate == pytest.approx(-0.21481, abs=5e-6)
    assert test.standard_error == pytest.approx(float(fit.bse[0]), rel=1e-10)
    assert test.degrees_of_freedom == 28
    assert 1 - test.p_value == pytest.approx(float(fit.pvalues[0]) / 2, rel=1e-6)


def test_cluster_t_counts_a_row_without_an_id_as_its_own_subject_when_planned_deff_is_one() -> None:
    without = PairedCounts((6, 4), (0, 0), (3, 0), (0, 1), 3, 0, 1, 1)
    named = PairedCounts((6, 4, 1, 1, 1), (0,) * 5, (3, 0, 1, 0, 0), (0, 1, 0, 1, 0))

    assert cluster_t_test(without, planned_deff=1) == cluster_t_test(named)


@pytest.mark.parametrize(
    "counts",
    [
        PairedCounts(),
        PairedCounts((9,), (0,), (1,), (0,)),
        PairedCounts((9, 9), (0, 0), (1, 0), (0, 0), rows_without_cluster=1),
    ],
)
def test_cluster_t_does_not_exist_without_a_spread_between_subjects(counts: PairedCounts) -> None:
    assert cluster_t_test(counts) is None


@pytest.mark.parametrize(("b", "c", "p"), [(1, 0, 0.0), (0, 1, 1.0), (0, 0, 1.0)])
def test_cluster_t_of_subjects_that_all_agree_has_no_error(b: int, c: int, p: float) -> None:
    test = cluster_t_test(PairedCounts((2, 2, 2), (0,) * 3, (b,) * 3, (c,) * 3))

    assert test is not None
    assert (test.standard_error, test.p_value) == (0.0, p)


@pytest.mark.parametrize(
    ("table", "expected", "places"),
    [((20, 12, 2, 16), (0.0562, 0.3292), 5e-5), ((1, 1, 7, 12), (-0.507, -0.026), 5e-4)],
)
def test_newcombe_paired_equals_published_values(table: Table, expected: Pair, places: float) -> None:
    assert newcombe_paired_interval(*table, alpha=0.05) == pytest.approx(expected, abs=places)


@pytest.mark.parametrize("table", [(0, 0, 0, 20), (20, 0, 0, 0), (0, 20, 0, 0), (0, 0, 20, 0)])
def test_newcombe_paired_is_finite_and_holds_the_difference_when_margins_are_empty(table: Table) -> None:
    lower, upper = newcombe_paired_interval(*table, alpha=0.05)

    assert -1 <= lower <= (table[1] - table[2]) / 20 <= upper <= 1


def test_newcombe_paired_mirrors_when_candidate_and_baseline_change_places() -> None:
    lower, upper = newcombe_paired_interval(20, 12, 2, 16, alpha=0.05)

    assert newcombe_paired_interval(20, 2, 12, 16, alpha=0.05) == pytest.approx((-upper, -lower))
