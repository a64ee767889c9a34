import math

import pytest

from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import (
    Decision,
    Minima,
    Reason,
    Remedy,
    Verdict,
    decide_paired,
    decide_rate,
    worst_verdict,
)
from releases.statistics.paired import PairedCounts, PairedResult, compare_paired
from releases.statistics.rates import RateCounts, RateResult, bound_rate, clopper_pearson_upper
from tests.releases.statistics.counts import independent_pairs, independent_rate

PLAN, MINIMA = ClusterPlan(planned_icc=0.2), Minima()
PASSES = Decision(Verdict.PASS, Reason.MEETS, Remedy.NONE)
FAILS = Decision(Verdict.FAIL, Reason.VIOLATES, Remedy.NONE)


def rate(events: int, rows: int) -> RateResult:
    return bound_rate(independent_rate(events, rows), PLAN)


def pairs(a: int, b: int, c: int, d: int) -> PairedResult:
    return compare_paired(independent_pairs(a, b, c, d), PLAN)


def test_a_rate_passes_when_its_upper_bound_is_exactly_the_limit() -> None:
    result = rate(1, 150)

    assert result.upper is not None
    assert decide_rate(result, result.upper, MINIMA) == PASSES
    assert decide_rate(result, math.nextafter(result.upper, 0), MINIMA).verdict is Verdict.INCONCLUSIVE


def test_a_rate_fails_only_when_its_lower_bound_is_strictly_above_the_limit() -> None:
    result = rate(60, 150)

    assert result.lower is not None
    assert decide_rate(result, math.nextafter(result.lower, 0), MINIMA) == FAILS
    assert decide_rate(result, result.lower, MINIMA).verdict is Verdict.INCONCLUSIVE


def test_a_difference_passes_when_its_upper_bound_is_exactly_the_margin() -> None:
    result = pairs(5, 4, 6, 85)

    assert result.upper is not None
    assert decide_paired(result, result.upper, MINIMA) == PASSES
    assert decide_paired(result, math.nextafter(result.upper, 0), MINIMA).reason is Reason.STRADDLES_LIMIT


def test_a_difference_fails_only_when_its_lower_bound_is_strictly_above_the_margin() -> None:
    result = pairs(5, 40, 2, 53)

    assert result.lower is not None
    assert decide_paired(result, math.nextafter(result.lower, 0), MINIMA) == FAILS
    assert decide_paired(result, result.lower, MINIMA).verdict is Verdict.INCONCLUSIVE


def test_ten_of_ten_accepted_attacks_fail_however_few() -> None:
    assert decide_rate(rate(10, 10), 0.45, MINIMA) == FAILS


def test_a_paired_fail_is_not_blocked_by_the_minima() -> None:
    assert decide_paired(pairs(0, 10, 0, 0), 0.1, MINIMA) == FAILS


def test_minima_block_a_pass() -> None:
    result = rate(0, 19)

    assert result.upper is not None
    assert result.upper < 0.2
    assert decide_rate(result, 0.2, MINIMA) == Decision(
        Verdict.INCONCLUSIVE, Reason.TOO_FEW_SUBJECTS, Remedy.MORE_SUBJECTS, 1
    )


def test_subjects_missing_for_the_minimum_are_said() -> None:
    result = bound_rate(RateCounts((0, 0), (100, 100)), PLAN)

    assert decide_rate(result, 0.45, MINIMA) == Decision(
        Verdict.INCONCLUSIVE, Reason.TOO_FEW_SUBJECTS, Remedy.MORE_SUBJECTS, 3
    )


def test_presentations_missing_for_the_minimum_are_said_in_subjects_of_the_present_size() -> None:
    result = bound_rate(RateCounts((0,) * 8, (2,) * 8), ClusterPlan(planned_icc=0))

    assert decide_rate(result, 0.45, MINIMA).more_subjects == 2


def test_the_number_of_subjects_needed_is_enough_and_one_fewer_is_not() -> None:
    result = rate(5, 100)
    decision = decide_rate(result, 0.07, MINIMA)

    assert decision.remedy is Remedy.MORE_SUBJECTS
    assert decision.more_subjects is not None
    enough = 100 + decision.more_subjects
    assert clopper_pearson_upper(0.05, enough, 0.05) <= 0.07 < clopper_pearson_upper(0.05, enough - 1, 0.05)


@pytest.mark.parametrize(("b", "c"), [(20, 8), (12, 2)])
def test_a_difference_not_below_the_margin_is_not_helped_by_more_data(b: int, c: int) -> None:
    decision = decide_paired(pairs(5, b, c, 95 - b - c), 0.1, MINIMA)

    assert decision == Decision(Verdict.INCONCLUSIVE, Reason.STRADDLES_LIMIT, Remedy.MORE_DATA_WILL_NOT_PASS)


def test_a_single_subject_decides_nothing_even_when_every_attack_was_accepted() -> None:
    result = bound_rate(RateCounts((500,), (500,)), PLAN)

    decision = decide_rate(result, 0.1, Minima(min_subjects=0, min_presentations=0))

    assert decision == Decision(Verdict.INCONCLUSIVE, Reason.TOO_FEW_SUBJECTS, Remedy.MORE_DATA_WILL_NOT_PASS)


def test_a_single_subject_never_passes_even_without_minima() -> None:
    result = bound_rate(RateCounts((0,), (500,)), ClusterPlan(planned_icc=0))

    decision = decide_rate(result, 0.1, Minima(min_subjects=0, min_presentations=0))

    assert decision == Decision(Verdict.INCONCLUSIVE, Reason.TOO_FEW_SUBJECTS, Remedy.MORE_SUBJECTS, 1)


def test_no_rows_ask_for_data() -> None:
    expected = Decision(Verdict.INCONCLUSIVE, Reason.NO_DATA, Remedy.BRING_DATA)

    assert decide_rate(bound_rate(RateCounts(), PLAN), 0.1, MINIMA) == expected
    assert decide_paired(compare_paired(PairedCounts(), PLAN), 0.1, MINIMA) == expected


def test_rows_without_an_id_and_no_plan_ask_for_ids_even_when_all_are_errors() -> None:
    expected = Decision(Verdict.INCONCLUSIVE, Reason.NO_CLUSTER_ID, Remedy.STATE_CLUSTER_IDS)
    rates = RateCounts(events_without_cluster=50, rows_without_cluster=50)
    worse = PairedCounts(rows_without_cluster=50, candidate_only_without_cluster=50)

    assert decide_rate(bound_rate(rates, PLAN), 0.1, MINIMA) == expected
    assert decide_paired(compare_paired(worse, PLAN), 0.1, MINIMA) == expected


def test_equal_decisions_on_a_hundred_captures_pass_a_margin_of_seven_points() -> None:
    assert decide_paired(pairs(30, 0, 0, 70), 0.07, MINIMA) == PASSES


def test_equal_decisions_on_thirty_captures_do_not_pass_and_say_what_is_missing() -> None:
    decision = decide_paired(pairs(10, 0, 0, 20), 0.07, MINIMA)

    assert decision == Decision(Verdict.INCONCLUSIVE, Reason.STRADDLES_LIMIT, Remedy.MORE_SUBJECTS, 12)


@pytest.mark.parametrize("limit", [-0.01, 1.01, 45, float("nan")])
def test_an_impossible_limit_is_refused_by_name(limit: float) -> None:
    with pytest.raises(ValueError, match="limit is"):
        decide_rate(rate(1, 29), limit, MINIMA)


@pytest.mark.parametrize("margin", [-1.01, 7, float("nan")])
def test_an_impossible_margin_is_refused_by_name(margin: float) -> None:
    with pytest.raises(ValueError, match="margin is"):
        decide_paired(pairs(1, 1, 1, 1), margin, MINIMA)


def test_negative_minima_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="min_presentations is -1"):
        Minima(min_presentations=-1)


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        ((), Verdict.INCONCLUSIVE),
        ((Verdict.PASS,), Verdict.PASS),
        ((Verdict.PASS, Verdict.INCONCLUSIVE), Verdict.INCONCLUSIVE),
        ((Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.PASS), Verdict.FAIL),
    ],
)
def test_the_worst_verdict_is_fail_then_inconclusive_then_pass_and_nothing_is_inconclusive(
    verdicts: tuple[Verdict, ...], worst: Verdict
) -> None:
    assert worst_verdict(verdicts) is worst
