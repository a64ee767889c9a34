import pytest

from releases.statistics.clusters import ClusterPlan
from releases.statistics.decisions import Decision, Minima, Reason, Remedy, Verdict
from releases.statistics.max_errors import MaxErrorsRule, check_max_errors, decide_max_errors, rule_bound
from releases.statistics.rates import RateCounts
from tests.releases.statistics.counts import independent_rate

PLAN, MINIMA = ClusterPlan(planned_icc=0.2), Minima()
NONE_OF_150 = MaxErrorsRule(max_errors=0, presentations=150)


def decided(counts: RateCounts, rule: MaxErrorsRule = NONE_OF_150, plan: ClusterPlan = PLAN) -> Decision:
    return decide_max_errors(check_max_errors(counts, rule, plan), MINIMA)


@pytest.mark.parametrize(("subjects", "percent"), [(None, 1.98), (150, 1.98), (15, 5.4), (6, 10.9)])
def test_none_of_150_shows_less_the_fewer_subjects_there_are(subjects: int | None, percent: float) -> None:
    assert 100 * rule_bound(NONE_OF_150, subjects=subjects) == pytest.approx(percent, abs=0.05)


@pytest.mark.parametrize(
    ("errors", "presentations", "percent"),
    [
        (0, 30, 9.50),
        (0, 50, 5.82),
        (0, 100, 2.95),
        (1, 150, 3.12),
        (2, 150, 4.14),
        (3, 150, 5.09),
        (0, 900, 0.33),
    ],
)
def test_a_rule_shows_the_published_bound(errors: int, presentations: int, percent: float) -> None:
    assert 100 * rule_bound(MaxErrorsRule(errors, presentations)) == pytest.approx(percent, abs=5e-3)


def test_the_bound_of_a_rule_that_was_just_met_is_the_bound_of_its_counts() -> None:
    counts = RateCounts((0,) * 6, (25,) * 6)

    assert check_max_errors(counts, NONE_OF_150, PLAN).rate.upper == pytest.approx(
        rule_bound(NONE_OF_150, subjects=6)
    )


def test_no_error_in_enough_presentations_passes_though_no_bound_reaches_zero() -> None:
    result = check_max_errors(independent_rate(0, 150), NONE_OF_150, PLAN)

    assert (result.events, result.presentations) == (0, 150)
    assert result.rate.upper is not None
    assert result.rate.upper > 0
    assert decide_max_errors(result, MINIMA) == Decision(Verdict.PASS, Reason.MEETS, Remedy.NONE)


@pytest.mark.parametrize(
    "counts",
    [independent_rate(1, 150), independent_rate(1, 1), RateCounts((1,), (400,)), RateCounts((), (), 1, 150)],
)
def test_one_error_too_many_fails_however_few_and_whosever_they_are(counts: RateCounts) -> None:
    assert decided(counts) == Decision(Verdict.FAIL, Reason.VIOLATES, Remedy.NONE)


def test_as_many_errors_as_allowed_pass() -> None:
    rule = MaxErrorsRule(max_errors=2, presentations=150)

    assert decided(independent_rate(2, 150), rule).verdict is Verdict.PASS
    assert decided(independent_rate(3, 150), rule).verdict is Verdict.FAIL


def test_too_few_presentations_say_how_many_subjects_are_missing() -> None:
    assert decided(RateCounts((0,) * 10, (10,) * 10)) == Decision(
        Verdict.INCONCLUSIVE, Reason.TOO_FEW_SUBJECTS, Remedy.MORE_SUBJECTS, 5
    )


def test_one_presentation_short_of_the_rule_does_not_pass() -> None:
    assert decided(independent_rate(0, 149)) == Decision(
        Verdict.INCONCLUSIVE, Reason.TOO_FEW_SUBJECTS, Remedy.MORE_SUBJECTS, 1
    )


def test_enough_presentations_of_too_few_subjects_do_not_pass() -> None:
    assert decided(RateCounts((0,) * 3, (50,) * 3)) == Decision(
        Verdict.INCONCLUSIVE, Reason.TOO_FEW_SUBJECTS, Remedy.MORE_SUBJECTS, 2
    )


def test_a_single_subject_never_passes_a_count_rule_even_without_minima() -> None:
    result = check_max_errors(RateCounts((0,), (200,)), NONE_OF_150, PLAN)

    assert decide_max_errors(result, Minima(0, 0)).reason is Reason.TOO_FEW_SUBJECTS


def test_no_presentation_asks_for_data_and_rows_without_an_id_for_ids() -> None:
    nobody = RateCounts((), (), 0, 150)

    assert decided(RateCounts()) == Decision(Verdict.INCONCLUSIVE, Reason.NO_DATA, Remedy.BRING_DATA)
    assert decided(nobody).remedy is Remedy.STATE_CLUSTER_IDS
    assert decided(nobody, plan=ClusterPlan(planned_deff=1)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("errors", "presentations", "named"), [(-1, 150, "max_errors is -1"), (3, 3, "presentations is 3")]
)
def test_an_impossible_count_rule_is_refused_by_name(errors: int, presentations: int, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        MaxErrorsRule(errors, presentations)


@pytest.mark.parametrize("subjects", [0, 151])
def test_an_impossible_number_of_subjects_is_refused(subjects: int) -> None:
    with pytest.raises(ValueError, match=f"subjects is {subjects}"):
        rule_bound(NONE_OF_150, subjects=subjects)
