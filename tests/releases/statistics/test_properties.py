"""Properties that hold for all counts, searched with hypothesis (fixed seeds: a red run is red again)."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Minima, Verdict, decide_paired, decide_rate
from releases.statistics.paired import PairedCounts, PairedResult, compare_paired, paired_p_value
from releases.statistics.rates import RateCounts, RateResult, bound_rate, rate_p_value
from releases.statistics.tango import score_bounds, score_statistic

searched = settings(deadline=None, derandomize=True, database=None, max_examples=40)
MINIMA = Minima()
RANK = {Verdict.FAIL: 0, Verdict.INCONCLUSIVE: 1, Verdict.PASS: 2}

plans = st.builds(
    ClusterPlan, planned_deff=st.sampled_from([1, 1.5, 4]), planned_icc=st.sampled_from([0.0, 0.05, 0.2, 1.0])
)
limits = st.floats(0, 1)
margins = st.floats(-1, 1)
alphas = st.sampled_from([0.01, 0.025, 0.05, 0.1])


@st.composite
def rate_counts(draw: st.DrawFn) -> RateCounts:
    rows = draw(st.lists(st.integers(1, 30), max_size=12))
    events = [draw(st.integers(0, n)) for n in rows]
    without = draw(st.integers(0 if rows else 1, 20))
    return RateCounts(tuple(events), tuple(rows), draw(st.integers(0, without)), without)


@st.composite
def cells(draw: st.DrawFn, rows: int) -> tuple[int, int, int]:
    both = draw(st.integers(0, rows))
    worse = draw(st.integers(0, rows - both))
    return both, worse, draw(st.integers(0, rows - both - worse))


@st.composite
def paired_counts(draw: st.DrawFn) -> PairedCounts:
    rows = draw(st.lists(st.integers(1, 30), max_size=10))
    drawn = [draw(cells(n)) for n in rows]
    without = draw(st.integers(0 if rows else 1, 20))
    both, worse, better = (tuple(cell[i] for cell in drawn) for i in range(3))
    return PairedCounts(tuple(rows), both, worse, better, without, *draw(cells(without)))


def bounds(result: RateResult | PairedResult) -> tuple[float, float, float]:
    assert result.lower is not None
    assert result.estimate is not None
    assert result.upper is not None
    return result.lower, result.estimate, result.upper


def permuted(counts: Any, order: list[int]) -> Any:
    fields = {name: getattr(counts, name) for name in counts.__dataclass_fields__}
    return type(counts)(
        **{
            name: tuple(value[i] for i in order) if isinstance(value, tuple) else value
            for name, value in fields.items()
        }
    )


@searched
@given(rate_counts(), plans, alphas)
def test_bounds_of_a_rate_hold_the_estimate_and_stay_possible(
    counts: RateCounts, plan: ClusterPlan, alpha: float
) -> None:
    result = bound_rate(counts, plan, alpha_pass=alpha, alpha_fail=alpha)

    lower, estimate, upper = bounds(result)
    assert 0 <= lower <= estimate <= upper <= 1
    assert 0 < (result.n_eff or 0) <= result.presentations


@searched
@given(paired_counts(), plans, alphas)
def test_bounds_of_a_difference_hold_the_estimate_and_stay_possible(
    counts: PairedCounts, plan: ClusterPlan, alpha: float
) -> None:
    result = compare_paired(counts, plan, alpha_pass=alpha, alpha_fail=alpha)

    lower, estimate, upper = bounds(result)
    assert -1 <= lower <= estimate <= upper <= 1
    assert 0 < (result.n_eff or 0) <= result.presentations


@searched
@given(paired_counts(), plans)
def test_candidate_and_baseline_changing_places_mirrors_the_bounds(
    counts: PairedCounts, plan: ClusterPlan
) -> None:
    mirrored = PairedCounts(
        counts.subject_rows,
        counts.subject_both,
        counts.subject_baseline_only,
        counts.subject_candidate_only,
        counts.rows_without_cluster,
        counts.both_without_cluster,
        counts.baseline_only_without_cluster,
        counts.candidate_only_without_cluster,
    )

    lower, estimate, upper = bounds(compare_paired(counts, plan))

    assert bounds(compare_paired(mirrored, plan)) == pytest.approx((-upper, -estimate, -lower), abs=1e-12)


@searched
@given(paired_counts(), plans, alphas, alphas)
def test_a_smaller_alpha_never_narrows_a_bound(
    counts: PairedCounts, plan: ClusterPlan, one: float, other: float
) -> None:
    strict, lax = min(one, other), max(one, other)

    wide = compare_paired(counts, plan, alpha_pass=strict, alpha_fail=strict)
    narrow = compare_paired(counts, plan, alpha_pass=lax, alpha_fail=lax)

    assert bounds(wide)[0] <= bounds(narrow)[0]
    assert bounds(narrow)[2] <= bounds(wide)[2]


@searched
@given(rate_counts(), plans, limits)
def test_p_of_a_rate_is_below_alpha_exactly_when_the_lower_bound_is_above_the_limit(
    counts: RateCounts, plan: ClusterPlan, limit: float
) -> None:
    result = bound_rate(counts, plan)
    lower, p = bounds(result)[0], rate_p_value(result, limit)
    assume(abs(lower - limit) > 1e-9)

    assert p is not None
    assert (p < result.alpha_fail) == (lower > limit)


@searched
@given(paired_counts(), plans, margins)
def test_p_of_a_difference_is_below_alpha_exactly_when_the_lower_bound_is_above_the_margin(
    counts: PairedCounts, plan: ClusterPlan, margin: float
) -> None:
    result = compare_paired(counts, plan)
    lower, p = bounds(result)[0], paired_p_value(result, margin)
    assume(abs(lower - margin) > 1e-9)

    assert p is not None
    assert (p < result.alpha_fail) == (lower > margin)


@searched
@given(rate_counts(), plans, limits, limits)
def test_a_wider_limit_never_gives_a_worse_verdict(
    counts: RateCounts, plan: ClusterPlan, one: float, other: float
) -> None:
    result = bound_rate(counts, plan)

    tight, wide = (RANK[decide_rate(result, f(one, other), MINIMA).verdict] for f in (min, max))

    assert tight <= wide


@searched
@given(paired_counts(), plans, margins, margins)
def test_a_wider_margin_never_gives_a_worse_verdict(
    counts: PairedCounts, plan: ClusterPlan, one: float, other: float
) -> None:
    result = compare_paired(counts, plan)

    tight, wide = (RANK[decide_paired(result, f(one, other), MINIMA).verdict] for f in (min, max))

    assert tight <= wide


@searched
@given(st.floats(0, 50), st.floats(0, 50), st.floats(0, 100), margins, margins)
def test_the_score_statistic_falls_as_the_tested_difference_grows(
    b: float, c: float, unchanged: float, one: float, other: float
) -> None:
    n = b + c + unchanged
    assume(n > 0.5)

    higher, lower = (score_statistic(b, c, n, f(one, other)) for f in (min, max))

    assert higher >= lower - 1e-9


@searched
@given(st.floats(0.1, 50), st.floats(0, 50), st.floats(0, 100), st.floats(1.01, 20))
def test_more_of_the_same_presentations_narrows_both_bounds(
    b: float, c: float, unchanged: float, scale: float
) -> None:
    n = b + c + unchanged

    small = score_bounds(b, c, n, alpha_lower=0.05, alpha_upper=0.05)
    large = score_bounds(b * scale, c * scale, n * scale, alpha_lower=0.05, alpha_upper=0.05)

    assert small[0] <= large[0] + 1e-12
    assert large[1] <= small[1] + 1e-12


@searched
@given(rate_counts(), plans, st.integers(2, 5))
def test_as_many_subjects_again_of_the_same_kind_narrow_the_bounds_of_a_rate(
    counts: RateCounts, plan: ClusterPlan, times: int
) -> None:
    result = bound_rate(counts, plan)
    assume(result.subjects >= 3)
    more = RateCounts(
        counts.subject_events * times,
        counts.subject_rows * times,
        counts.events_without_cluster * times,
        counts.rows_without_cluster * times,
    )

    lower, estimate, upper = bounds(bound_rate(more, plan))

    assert estimate == pytest.approx(bounds(result)[1])
    assert bounds(result)[0] <= lower + 1e-12
    assert upper <= bounds(result)[2] + 1e-12


@searched
@given(paired_counts(), plans, st.data())
def test_the_order_of_the_subjects_does_not_matter(
    counts: PairedCounts, plan: ClusterPlan, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(counts.subject_rows))))

    assert compare_paired(permuted(counts, order), plan) == compare_paired(counts, plan)


@searched
@given(rate_counts(), plans, st.floats(0, 1))
def test_the_design_effect_in_use_is_never_below_one_nor_below_its_floor(
    counts: RateCounts, plan: ClusterPlan, icc: float
) -> None:
    design = bound_rate(counts, ClusterPlan(plan.planned_deff, icc)).design

    assert design.used is not None
    assert design.used >= max(1.0, design.floor or 0.0)


@searched
@given(paired_counts(), plans, margins)
def test_what_is_missing_is_said_exactly_when_more_subjects_could_help(
    counts: PairedCounts, plan: ClusterPlan, margin: float
) -> None:
    result = compare_paired(counts, plan)
    decision = decide_paired(result, margin, MINIMA)
    inconclusive = decision.verdict is Verdict.INCONCLUSIVE

    assert (decision.more_subjects is not None) <= inconclusive
    assert (decision.more_subjects or 1) >= 1
    assert (decision.more_subjects is None) or bounds(result)[1] < margin
