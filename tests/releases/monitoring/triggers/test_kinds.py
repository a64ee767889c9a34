"""Each kind of trigger on windows: worse trips, better never does, too little data does neither."""

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.monitoring.triggers.backtest import judged_by
from releases.monitoring.triggers.given import Given, Interval, Sums
from releases.monitoring.triggers.judgements import CannotJudge, Judgement
from releases.monitoring.triggers.kinds import drift, event, heartbeat, vs_control
from releases.monitoring.triggers.kinds.drift import Moved
from releases.monitoring.triggers.kinds.heartbeat import Pulse
from releases.monitoring.triggers.series import Counts, Window
from releases.monitoring.triggers.vocabulary import Action
from releases.monitoring.vocabulary.sketches import sketch_of
from tests.factories.triggers import T0, points, spec, window, windows

RETRY = spec("vs_control", metric="retry", effect_floor=0.02)
ERROR = spec("threshold", metric="error", limit=0.02, test="bound")
BY_ALL = spec("threshold", metric="error", limit=0.02, test="e_process")
P95 = spec("quantile", limit=400.0)
POINT = spec("quantile", limit=400.0, test="immediate")
BREACH, CLEAR, BETWEEN, WAITING = Judgement.BREACH, Judgement.CLEAR, Judgement.BETWEEN, Judgement.WAITING


def verdicts(
    trigger: object, seen: list[Window], tests: int = 1, compared: Interval | None = None
) -> list[str]:
    found = judged_by(trigger, seen, Given(tests, compared))  # type: ignore[arg-type]  # any counted kind
    return [one.judgement.value for one in found]


def test_a_share_far_above_the_controls_trips_and_says_by_how_much() -> None:
    found = judged_by(RETRY, windows([((200, 60), (200, 14))] * 2), Given(tests=4))

    assert found[-1].judgement is BREACH
    assert found[-1].sentence.startswith(
        "30.0 % asked to try again against 7.0 % in the control arm, +23.0 points, allowed +2.0 points: E "
    )


def test_the_more_tests_may_act_the_more_evidence_one_needs() -> None:
    seen = windows([((100, 28), (100, 5))])

    assert verdicts(RETRY, seen, tests=1) == ["breach"]
    assert verdicts(RETRY, seen, tests=1000) == ["between"]


def test_a_share_below_the_controls_is_clear() -> None:
    assert verdicts(RETRY, windows([((200, 2), (200, 40))] * 3)) == ["clear"] * 3


def test_a_difference_within_the_effect_floor_is_clear() -> None:
    assert verdicts(RETRY, windows([((1000, 80), (1000, 65))])) == ["clear"]


def test_nothing_is_judged_before_each_arm_has_its_subjects() -> None:
    few = spec("vs_control", metric="retry", min_subjects=100)

    assert verdicts(few, windows([((99, 99), (500, 0)), ((1, 1), (0, 0))])) == ["waiting", "breach"]


def test_without_anybody_in_the_control_arm_nothing_is_judged() -> None:
    assert verdicts(RETRY, windows([((500, 500), (0, 0))])) == ["waiting"]


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.floats(0, 1), st.integers(0, 400), st.floats(0, 1)), max_size=8
    )
)
def test_an_improvement_never_trips(arms: list[tuple[int, float, int, float]]) -> None:
    better = [((n, n * min(a, b)), (m, m * max(a, b))) for n, a, m, b in arms]

    assert "breach" not in verdicts(RETRY, windows(better))


@given(st.lists(st.tuples(st.integers(1, 300), st.floats(0, 0.0199)), max_size=8))
def test_a_share_below_its_limit_never_trips(seen: list[tuple[int, float]]) -> None:
    arms = windows([((n, n * share), (0, 0)) for n, share in seen])
    sequential = spec("threshold", metric="error", limit=0.02, test="e_process")

    assert {*verdicts(ERROR, arms), *verdicts(sequential, arms)} <= {"clear"}


@pytest.mark.parametrize(
    "trigger",
    [RETRY, ERROR, spec("vs_control", metric="retry", test="bound"), BY_ALL],
    ids=["control", "limit", "control by window", "limit by all"],
)
def test_a_window_of_people_who_were_counted_before_is_heard_and_judges_nothing(trigger: Any) -> None:
    known = replace(window(1), ours=Counts(captures=34))

    found = judged_by(trigger, [window(0, (100, 1), (100, 1)), known], Given())

    assert [one.judgement for one in found] == [CLEAR, BETWEEN]
    assert found[1].at == known.ends_at


def test_what_the_control_answers_alone_tells_nothing_of_the_candidate() -> None:
    seen = windows([((100, 1), (100, 1)), ((0, 0), (300, 3))])

    found, sums = vs_control.judge(RETRY, seen, Given())

    assert [one.at for one in found] == [seen[0].ends_at]
    assert sums.control_subjects == 400


def test_the_control_arm_is_shown_beside_what_has_no_part_in_it() -> None:
    beside = replace(window(0, sketch=sketch_of([426.0] * 50)), control=Counts(point=277.0))

    (slow,) = judged_by(P95, [beside], Given())
    (share,) = judged_by(ERROR, windows([((100, 3), (100, 4))]), Given())

    assert slow.figures.control == 277
    assert slow.sentence.endswith("; 50 answers; 277 ms in the control arm.")
    assert share.figures.control == pytest.approx(0.04)


def test_evidence_is_the_same_whether_it_is_counted_on_or_from_the_beginning() -> None:
    seen = windows([((40, 6), (41, 3)), ((50, 9), (45, 2)), ((30, 4), (33, 1))])

    _, sums = vs_control.judge(RETRY, seen[:2], Given())
    on, _ = vs_control.judge(RETRY, seen[2:], Given(sums=Sums.of(sums.document())))
    whole, _ = vs_control.judge(RETRY, seen, Given())

    assert on[-1].figures.log_e == pytest.approx(whole[-1].figures.log_e)
    assert (on[-1].judgement, on[-1].sentence) == (whole[-1].judgement, whole[-1].sentence)


def test_without_a_control_the_last_ones_upper_bound_and_the_floor_are_the_limit() -> None:
    former = Interval(0.05, 0.07, 900, "in the last control arm")

    assert verdicts(RETRY, windows([((500, 40), (0, 0))]), compared=former) == ["clear"]
    assert verdicts(RETRY, windows([((500, 90), (0, 0))]), compared=former) == ["breach"]


def test_a_control_that_bounds_nothing_is_an_error_and_no_verdict() -> None:
    former = Interval(0.99, 1.0, 1, "in the last control arm")

    with pytest.raises(CannotJudge, match="bounds nothing"):
        verdicts(RETRY, windows([((500, 40), (0, 0))]), compared=former)


def test_a_bound_against_the_control_asks_for_m_of_n_windows() -> None:
    twice = spec("vs_control", metric="retry", test="bound", breaches=2, of_windows=3)
    worse, alike = ((300, 60), (300, 15)), ((300, 15), (300, 15))

    assert verdicts(twice, windows([worse, alike, worse, alike])) == ["between", "clear", "breach", "clear"]


def test_a_share_above_its_limit_trips_only_where_the_bound_does() -> None:
    assert verdicts(ERROR, windows([((100, 3), (0, 0)), ((1000, 60), (0, 0))])) == ["between", "breach"]


def test_between_trip_and_clear_limit_nothing_is_decided() -> None:
    trigger = spec("threshold", metric="error", limit=0.1, clear_limit=0.05, test="immediate")

    seen = windows([((100, 11), (0, 0)), ((100, 7), (0, 0)), ((100, 5), (0, 0))])

    assert verdicts(trigger, seen) == ["breach", "between", "clear"]


def test_a_limit_of_the_gate_is_the_upper_bound_that_was_measured_there() -> None:
    trigger = spec("threshold", metric="disagreement", limit="gate", test="immediate")
    gate = Interval(0.01, 0.03, 2000, "at most at the gate")

    seen = windows([((100, 4), (0, 0)), ((100, 3), (0, 0))])

    assert verdicts(trigger, seen, compared=gate) == ["breach", "clear"]


def test_a_limit_of_the_gate_that_nobody_measured_is_an_error_and_no_verdict() -> None:
    trigger = spec("threshold", metric="disagreement", limit="gate")

    with pytest.raises(CannotJudge, match="measured nothing"):
        verdicts(trigger, windows([((100, 4), (0, 0))]))


def test_two_windows_in_a_row_above_the_budget_trip() -> None:
    assert verdicts(POINT, points([390, 500, 380, 410, 450])) == [
        "clear",
        "between",
        "clear",
        "between",
        "breach",
    ]


def test_the_bound_of_a_quantile_asks_for_more_slow_answers_than_chance_gives() -> None:
    slow = [500.0] * 12 + [100.0] * 88
    chance = [500.0] * 6 + [100.0] * 94

    seen = [window(place, sketch=sketch_of(values)) for place, values in enumerate((chance, slow, slow))]

    assert verdicts(P95, seen) == ["between", "between", "breach"]


def test_a_quantile_reported_as_a_number_has_no_bound() -> None:
    with pytest.raises(CannotJudge, match="Use the test 'immediate'"):
        verdicts(P95, points([500.0]))


def test_bytes_that_are_no_sketch_are_an_error_and_no_verdict() -> None:
    with pytest.raises(CannotJudge, match="cannot be read"):
        verdicts(P95, [window(0, sketch=b"\xff\xff")])


def test_one_confirmed_incident_rolls_back_and_one_suspected_holds() -> None:
    trigger = spec("event")

    confirmed = event.judge(trigger, suspected=2, confirmed=1, at=T0)
    suspected = event.judge(trigger, suspected=1, confirmed=0, at=T0)
    none = event.judge(trigger, suspected=0, confirmed=0, at=T0)

    assert (confirmed.judgement, confirmed.action) == (BREACH, Action.ROLLBACK)
    assert confirmed.sentence == "1 confirmed spoof acceptance and 2 suspected spoof acceptances."
    assert (suspected.judgement, suspected.action) == (BREACH, Action.HOLD)
    assert (none.judgement, none.action) == (CLEAR, None)


def test_silence_of_all_instances_trips_and_that_of_one_does_not() -> None:
    trigger, now = spec("heartbeat"), T0 + timedelta(minutes=10)
    old, new = Pulse("a", "v2", T0), Pulse("b", "v2", now - timedelta(seconds=30))

    alone = heartbeat.judge(trigger, [old], due={"v2"}, changed_at=T0, at=now)
    both = heartbeat.judge(trigger, [old, new], due={"v2"}, changed_at=T0, at=now)

    assert alone is not None
    assert (alone.judgement, alone.sentence) == (
        BREACH,
        "No heartbeat for 10 minutes; the last came at 08:00:00 UTC.",
    )
    assert both is not None
    assert both.judgement is CLEAR


def test_an_instance_that_still_runs_what_was_taken_back_trips_once_it_had_time() -> None:
    trigger, now = spec("heartbeat", settle_seconds=120), T0 + timedelta(minutes=10)
    pulse = [Pulse("a", "v2", now - timedelta(seconds=5))]

    just_now = heartbeat.judge(trigger, pulse, due={"v1"}, changed_at=now - timedelta(seconds=60), at=now)
    by_now = heartbeat.judge(trigger, pulse, due={"v1"}, changed_at=now - timedelta(seconds=300), at=now)

    assert just_now is not None
    assert just_now.judgement is CLEAR
    assert by_now is not None
    assert by_now.judgement is BREACH


def test_a_channel_that_never_had_a_heartbeat_is_not_judged() -> None:
    assert heartbeat.judge(spec("heartbeat"), [], due={"v1"}, changed_at=T0, at=T0) is None


def test_drift_is_held_against_the_larger_of_its_two_limits() -> None:
    chance = Moved(0.3, 0.34, 100, 120, "its first day here", people=90, reference_people=100)
    moved = Moved(0.3, 0.05, 9000, 9100, "its first day here", people=800, reference_people=850)

    assert drift.judge(spec("drift"), chance, T0).judgement is CLEAR
    assert drift.judge(spec("drift"), moved, T0).judgement is BREACH
    assert drift.judge(spec("drift"), moved, T0).sentence == (
        "PSI 0.300 of the deciding score against its first day here, limit 0.100; 800 people with 9,000 "
        "decisions, 850 with 9,100 to compare with."
    )


def test_figures_that_are_not_finite_are_left_out_of_what_is_written() -> None:
    found = judged_by(
        spec("threshold", metric="error", limit=0.5, test="e_process"),
        windows([((10**6, 0), (0, 0))]),
        Given(),
    )

    assert found[0].figures.log_e is not None
    assert math.isinf(found[0].figures.log_e)
    assert found[0].sentence.startswith("0.0 % ended with an error, limit 50.0 %: E 0 of 20 needed;")


def test_values_that_a_sketch_cannot_tell_from_the_budget_are_not_above_it() -> None:
    near = [400.5] * 50 + [100.0] * 50

    seen = [window(place, sketch=sketch_of(near)) for place in range(2)]

    assert "breach" not in verdicts(P95, seen)
