import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Decision, Minima, Reason, Remedy, Verdict
from releases.statistics.part_of_whole import PartCounts, PartResult, compare_part, decide_part
from releases.statistics.rates import clopper_pearson_lower, clopper_pearson_upper

PLAN, MINIMA, LIMIT = ClusterPlan(planned_icc=0.2), Minima(), 1.25
PLAN4 = ClusterPlan(planned_deff=4, planned_icc=0.2)
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def apart(part: tuple[int, int], rest: tuple[int, int], rows: int = 1) -> PartCounts:
    """Events of rows in the part and in the rest, every subject with ``rows`` of one side only."""
    (x, n), (y, m) = part, rest
    return PartCounts(
        subject_part_events=(rows,) * (x // rows) + (0,) * ((n - x + m) // rows),
        subject_part_rows=(rows,) * (n // rows) + (0,) * (m // rows),
        subject_rest_events=(0,) * (n // rows) + (rows,) * (y // rows) + (0,) * ((m - y) // rows),
        subject_rest_rows=(0,) * (n // rows) + (rows,) * (m // rows),
    )


def compared(part: tuple[int, int], rest: tuple[int, int]) -> PartResult:
    return compare_part(apart(part, rest), PLAN)


def contrast_bounds(result: PartResult, ratio: float) -> tuple[float, float]:
    """Both bounds of p_part − ratio·p_whole, written out from the cited formula."""
    p, q, w = result.part_rate or 0.0, result.rest_rate or 0.0, result.share or 0.0
    n, m = result.part_design.n_eff or 0.0, result.rest_design.n_eff or 0.0
    (lp, up), (lq, uq) = (
        (clopper_pearson_lower(rate, size, 0.05), clopper_pearson_upper(rate, size, 0.05))
        for rate, size in ((p, n), (q, m))
    )
    a, b = 1 - ratio * w, ratio * (1 - w)
    middle = a * p - b * q
    return middle - math.hypot(a * (p - lp), b * (uq - q)), middle + math.hypot(a * (up - p), b * (q - lq))


def test_the_ratio_is_that_of_the_part_to_the_whole_that_contains_it() -> None:
    result = compared((12, 100), (48, 900))

    assert (result.presentations, result.events) == (100, 12)
    assert (result.whole_presentations, result.whole_events) == (1000, 60)
    assert result.share == pytest.approx(0.1)
    assert result.estimate == pytest.approx(0.12 / 0.06)


@pytest.mark.parametrize(("part", "rest"), [((12, 100), (48, 900)), ((0, 80), (60, 900)), ((9, 30), (1, 20))])
def test_at_its_bounds_the_contrast_of_the_ratio_is_zero(
    part: tuple[int, int], rest: tuple[int, int]
) -> None:
    result = compared(part, rest)

    assert result.lower is not None
    assert result.upper is not None
    assert contrast_bounds(result, result.upper)[1] == pytest.approx(0, abs=1e-12)
    assert contrast_bounds(result, result.lower)[0] == pytest.approx(0, abs=1e-12)


def test_a_part_that_is_clearly_no_worse_passes_and_one_clearly_worse_fails() -> None:
    assert decide_part(compared((20, 1000), (160, 4000)), LIMIT, MINIMA).verdict is Verdict.PASS
    assert decide_part(compared((120, 1000), (160, 4000)), LIMIT, MINIMA) == Decision(
        Verdict.FAIL, Reason.VIOLATES, Remedy.NONE
    )


def test_a_part_passes_at_its_upper_bound_exactly() -> None:
    result = compared((50, 1000), (200, 4000))

    assert result.upper is not None
    assert decide_part(result, result.upper, MINIMA).verdict is Verdict.PASS
    assert decide_part(result, math.nextafter(result.upper, 0), MINIMA).verdict is Verdict.INCONCLUSIVE


def test_equal_rates_in_a_small_part_are_not_enough_and_the_missing_subjects_are_said() -> None:
    result = compared((5, 100), (50, 1000))
    decision = decide_part(result, LIMIT, MINIMA)

    assert decision.reason is Reason.STRADDLES_LIMIT
    assert decision.more_subjects is not None
    times = 1 + decision.more_subjects / 100
    enough = compared((round(5 * times), round(100 * times)), (round(50 * times), round(1000 * times)))
    assert enough.upper == pytest.approx(LIMIT, abs=0.005)


@pytest.mark.parametrize("limit", [1.25, 5.0, 1000.0])
def test_without_a_single_error_nothing_is_said_about_a_ratio(limit: float) -> None:
    result = compared((0, 500), (0, 2000))

    assert (result.estimate, result.lower) == (None, 0.0)
    assert result.upper == pytest.approx(5.0)
    assert decide_part(result, limit, MINIMA) == Decision(
        Verdict.INCONCLUSIVE, Reason.STRADDLES_LIMIT, Remedy.NOT_ESTIMABLE
    )


def test_errors_in_the_part_alone_reach_the_largest_ratio_it_can_have() -> None:
    result = compared((6, 100), (0, 900))

    assert result.estimate == pytest.approx(10)
    assert result.upper == pytest.approx(10)
    assert decide_part(result, LIMIT, MINIMA).verdict is Verdict.FAIL


def test_no_error_in_the_part_does_not_pass_while_few_presentations_show_it() -> None:
    decision = decide_part(compared((0, 30), (50, 1000)), LIMIT, MINIMA)

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.remedy is Remedy.MORE_SUBJECTS


def test_a_part_above_the_limit_is_not_helped_by_more_data() -> None:
    assert decide_part(compared((7, 100), (50, 1000)), LIMIT, MINIMA).remedy is Remedy.MORE_DATA_WILL_NOT_PASS


def test_a_part_that_is_the_whole_has_a_ratio_of_one() -> None:
    result = compared((5, 100), (0, 0))

    assert (result.estimate, result.lower, result.upper) == (1.0, 1.0, 1.0)
    assert decide_part(result, LIMIT, MINIMA).verdict is Verdict.PASS


def test_minima_count_the_part_alone() -> None:
    assert decide_part(compared((0, 4), (900, 1000)), 100.0, MINIMA).reason is Reason.TOO_FEW_SUBJECTS


def test_no_row_in_the_part_asks_for_data_and_rows_without_an_id_on_either_side_for_ids() -> None:
    lost = PartCounts((1,) * 30, (1,) * 30, (0,) * 30, (0,) * 30, rest_rows_without_cluster=50)

    assert decide_part(compared((0, 0), (5, 100)), LIMIT, MINIMA).remedy is Remedy.BRING_DATA
    assert decide_part(compare_part(lost, PLAN), LIMIT, MINIMA).remedy is Remedy.STATE_CLUSTER_IDS
    assert compare_part(lost, ClusterPlan(planned_deff=2)).upper is not None


def test_clusters_widen_the_bounds() -> None:
    alone, repeated = compared((30, 300), (90, 900)), compare_part(apart((30, 300), (90, 900), rows=10), PLAN)

    assert alone.estimate == repeated.estimate
    assert (repeated.lower or 0) < (alone.lower or 0)
    assert (repeated.upper or 0) > (alone.upper or 0)
    assert repeated.subjects == 30


def test_neither_the_order_of_the_subjects_nor_a_wider_limit_makes_a_part_worse() -> None:
    counts = PartCounts((1, 0, 3, 0, 2), (4, 0, 9, 2, 2), (0, 5, 1, 0, 0), (3, 9, 1, 0, 8))
    turned = PartCounts((2, 0, 3, 0, 1), (2, 2, 9, 0, 4), (0, 0, 1, 5, 0), (8, 0, 1, 9, 3))
    rank = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]

    ranks = [
        rank.index(decide_part(compare_part(counts, PLAN), limit, Minima(0, 0)).verdict)
        for limit in np.geomspace(0.05, 5, 40).tolist()
    ]

    assert compare_part(turned, PLAN) == compare_part(counts, PLAN)
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}


def test_only_a_negative_correlation_between_part_and_rest_is_used_and_it_widens_the_bounds() -> None:
    high, low = (3, 0) * 20, (0, 3) * 20
    together = compare_part(PartCounts(high, (3,) * 40, high, (3,) * 40), PLAN)
    against = compare_part(PartCounts(high, (3,) * 40, low, (3,) * 40), PLAN)

    assert together.correlation == 0
    assert against.correlation == pytest.approx(-1)
    assert (against.upper or 0) > (together.upper or 0)
    assert (against.lower or 0) < (together.lower or 0)


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (((1,), (1, 2), (0,), (0,)), "differ in length"),
        (((0,), (0,), (0,), (0,)), "both 0 for a subject"),
        (((2,), (1,), (0,), (0,)), "subject_events exceeds"),
        (((), (), (), (), 2, 1), "events_without_cluster is 2 of 1"),
    ],
)
def test_impossible_counts_of_a_part_are_refused(columns: tuple[Any, ...], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        PartCounts(*columns)


@pytest.mark.parametrize("limit", [0.0, -1.0, math.inf, math.nan])
def test_a_limit_that_is_no_ratio_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="limit is"):
        decide_part(compared((5, 100), (50, 1000)), limit, MINIMA)


@dataclass(frozen=True)
class Design:
    """Rows of each subject in the part and in the rest, and the share of rows that lost their id."""

    part: tuple[int, ...]
    rest: tuple[int, ...]
    lost: float = 0.0


def covered(design: Design, *, rates: tuple[float, float], icc: float, runs: int) -> tuple[float, float]:
    """How often each bound holds the true ratio; subjects differ by a beta distribution."""
    random, spread = np.random.default_rng(20260724), 1 / icc - 1
    rows = np.array(design.part + design.rest)
    in_part = np.arange(rows.size) < len(design.part)
    own = np.where(in_part, *rates)
    share = rows[in_part].sum() / rows.sum()
    truth = rates[0] / (share * rates[0] + (1 - share) * rates[1])
    held = np.zeros(2)
    for _ in range(runs):
        odds = random.beta(own * spread, (1 - own) * spread)
        lost = random.binomial(rows, design.lost)
        known = rows - lost
        result = compare_part(
            _counts(random.binomial(known, odds), known, random.binomial(lost, odds), lost, in_part), PLAN4
        )
        held += ((result.lower or 0.0) <= truth, truth <= (result.upper or math.inf))
    return float(held[0] / runs), float(held[1] / runs)


def _counts(
    events: Integers, rows: Integers, lost_events: Integers, lost: Integers, in_part: Flags
) -> PartCounts:
    kept = rows > 0

    def column(values: Integers, side: Flags) -> tuple[int, ...]:
        return tuple(np.where(side, values, 0)[kept].tolist())

    return PartCounts(
        column(events, in_part),
        column(rows, in_part),
        column(events, ~in_part),
        column(rows, ~in_part),
        int(lost_events[in_part].sum()),
        int(lost[in_part].sum()),
        int(lost_events[~in_part].sum()),
        int(lost[~in_part].sum()),
    )


def test_bounds_of_a_ratio_hold_the_truth() -> None:
    held = covered(Design((5,) * 20, (5,) * 60), rates=(0.12, 0.08), icc=0.2, runs=200)

    assert min(held) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize(("rates", "icc"), [((0.10, 0.08), 0.2), ((0.02, 0.01), 0.1), ((0.30, 0.15), 0.2)])
@pytest.mark.parametrize(
    "design",
    [
        pytest.param(Design((5,) * 30, (5,) * 150), id="even"),
        pytest.param(Design((12,) * 8, (12,) * 60), id="few"),
        pytest.param(Design((90, 70, 50) + (2,) * 25, (5,) * 200), id="heavy"),
        pytest.param(Design((10,) * 40, (10,) * 200, lost=0.75), id="lost"),
        pytest.param(Design((1,) * 10, (1,) * 1000), id="small"),
    ],
)
def test_bounds_of_a_ratio_hold_the_truth_in_many_settings(
    design: Design, rates: tuple[float, float], icc: float
) -> None:
    assert min(covered(design, rates=rates, icc=icc, runs=1000)) >= 0.93
