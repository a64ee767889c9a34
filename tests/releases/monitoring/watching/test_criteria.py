"""What a stage shows, judged on what was counted: shown, not shown yet, shown to be worse. No database."""

from collections.abc import Sequence
from datetime import timedelta
from math import exp
from typing import Any

import pytest

from releases.bundles.arms import Arm
from releases.bundles.documents import Stage
from releases.monitoring.vocabulary.series import Metric, WindowCounts
from releases.monitoring.watching.counted import Counted, block_width, closed_until
from releases.monitoring.watching.criteria import Weight, criteria_checks
from releases.rollouts.readings import Check
from releases.rollouts.stages import Step
from tests.factories.triggers import T0, at, row

LONG = at(60) + timedelta(hours=1)
RETRY: dict[str, Any] = {"key": "retries", "measure": {"metric": "retry", "margin": 0.05}}


def step(*criteria: dict[str, Any], kind: str = "guarded", **terms: Any) -> Step:
    coverage = {"coverage": 0.25} if kind == "guarded" else {}
    stage = {"kind": kind, **coverage, "criteria": list(criteria), **terms}
    return Step(1, Stage.model_validate(stage))


def both(
    windows: int, ours: float, control: float, *, subjects: int = 100, **kinds: Any
) -> list[WindowCounts]:
    arms = ((Arm.CANDIDATE, ours), (Arm.CONTROL, control))
    return [
        row(place, arm, subjects=subjects, events=events, **kinds)
        for place in range(windows)
        for arm, events in arms
    ]


def judged(here: Step, rows: Sequence[WindowCounts], protected: Sequence[str] = ()) -> list[Check]:
    return list(criteria_checks(Counted.of(here, rows, LONG), protected))


def test_equal_arms_are_shown_to_be_within_the_margin() -> None:
    (check,) = judged(step(RETRY), both(60, 9, 9))

    assert (check.check, check.key, check.state) == ("criteria", "retries", "done")
    assert check.sentence.startswith(
        "9.0 % of 6,000 people asked to try again against 9.0 % of 6,000 in the control (+0.0 points). Shown "
        "to be no more than 5.0 points worse than the control (E "
    )
    assert check.numbers["log_e_shown"] > check.numbers["log_e_needed"]


def test_too_few_people_are_inconclusive_whatever_they_say() -> None:
    (check,) = judged(step(RETRY), both(2, 2, 3, subjects=20))

    assert check.state == "waiting"
    assert "Not shown yet to be no more than 5.0 points worse" in check.sentence


def test_a_candidate_that_is_worse_is_shown_to_be_and_an_improvement_never_is() -> None:
    (worse,) = judged(step(RETRY), both(60, 25, 9))
    (better,) = judged(step(RETRY), both(60, 1, 9))

    assert (worse.state, better.state) == ("failed", "done")
    assert "Shown not to be no more than 5.0 points worse" in worse.sentence


def test_nobody_in_an_arm_shows_nothing() -> None:
    ours = [one for one in both(60, 9, 9) if one.arm is Arm.CANDIDATE]

    (check,) = judged(step(RETRY), ours)

    assert (check.state, check.numbers) == ("waiting", {"subjects": 0})
    assert check.sentence.startswith("nobody was counted in one of the arms yet")


def test_each_protected_segment_must_be_shown_for_itself() -> None:
    measure = {**RETRY["measure"], "segments": "protected"}
    rows = both(60, 9, 9) + both(60, 9, 9, segment="older") + both(2, 2, 2, subjects=20, segment="tone_6")

    found = judged(step({"key": "retries", "measure": measure}), rows, ["older", "tone_6", "absent"])

    assert [(one.key, one.state.value) for one in found] == [
        ("retries", "done"),
        ("retries:older", "done"),
        ("retries:tone_6", "waiting"),
        ("retries:absent", "waiting"),
    ]
    assert found[2].sentence.startswith("tone_6: ")


def test_the_more_strata_may_raise_an_alarm_the_more_evidence_it_takes() -> None:
    alone = judged(step(RETRY), both(10, 20, 9))
    named = {**RETRY["measure"], "segments": ["a", "b", "c"]}

    among = judged(step({"key": "retries", "measure": named}), both(10, 20, 9))

    assert among[0].numbers["log_e_alarming"] > alone[0].numbers["log_e_alarming"]
    assert among[0].numbers["log_e_needed"] == alone[0].numbers["log_e_needed"]


def test_however_often_it_is_paused_a_candidate_is_declared_worse_with_no_more_risk_than_alpha() -> None:
    stage, *stays = (exp(-Weight(0, 0, 0.05, 2, tries).alarming) for tries in range(1, 60))

    half_of_one_of_two_strata = 0.05 / 2 / 2
    assert [stage, sum(stays)] == pytest.approx([half_of_one_of_two_strata] * 2)


def test_a_limit_is_shown_to_hold_by_the_candidates_arm_alone() -> None:
    errors = {"key": "errors", "measure": {"metric": "error", "limit": 0.03}}

    (good,) = judged(step(errors), both(20, 1, 90, metric=Metric.ERROR))
    (bad,) = judged(step(errors), both(20, 9, 0, metric=Metric.ERROR))

    assert (good.state, bad.state) == ("done", "failed")
    assert good.sentence.startswith("1.0 % of 2,000 people ended with an error. Shown to be below 3.0 %")


def test_in_shadow_everybody_with_both_answers_counts() -> None:
    measure = {"key": "same", "measure": {"metric": "disagreement", "limit": 0.05}}
    here = step(measure, kind="shadow")

    (check,) = judged(
        here, [row(n, Arm.STABLE, subjects=100, events=1, metric=Metric.DISAGREEMENT) for n in range(20)]
    )

    assert check.state == "done"
    assert "1.0 % of 2,000 people decided otherwise than the release beside it" in check.sentence


def shadowed(windows: int, worse: float, better: float) -> list[WindowCounts]:
    """Windows of a hundred people with both answers, of whom so many would be accepted no more, or newly."""
    kinds = ((Metric.STRICTER, worse), (Metric.LOOSER, better))
    return [
        row(place, Arm.STABLE, subjects=100, events=events, metric=metric)
        for place in range(windows)
        for metric, events in kinds
    ]


def test_in_shadow_both_answers_to_the_same_captures_are_held_against_each_other() -> None:
    measure = {"metric": "not_accepted", "margin": 0.02}
    here = step({"key": "same_people", "measure": measure}, kind="shadow")

    (alike,) = judged(here, shadowed(20, 2, 2))
    (few,) = judged(here, shadowed(1, 2, 2))
    (within,) = judged(here, shadowed(20, 2, 0.5))
    (worse,) = judged(here, shadowed(20, 8, 2))
    (nobody,) = judged(here, [])

    assert [one.state.value for one in (alike, few, within, worse, nobody)] == [
        "done",
        "waiting",
        "waiting",
        "failed",
        "waiting",
    ]
    assert within.sentence.startswith(
        "of 2,000 people 2.0 % would not be accepted who are today, and 0.5 % the other way round "
        "(+1.5 points), which is more than chance (E "
    )
    assert "Shown not to be no more than 2.0 points worse than the release beside it" in worse.sentence
    assert nobody.sentence.startswith("nobody was counted with both answers yet")


def test_what_is_words_is_said_to_be_words_and_alone_it_is_not_evaluated() -> None:
    words = {"key": "calm", "description": "Support is calm."}

    beside = judged(step(RETRY, words), both(60, 9, 9))
    alone = judged(step(words), both(60, 9, 9))

    assert [one.state.value for one in beside] == ["done", "not_evaluated"]
    assert beside[1].sentence == "Support is calm: words for people; whoever advances it answers for that."
    assert [one.sentence for one in alone] == ["Support is calm: not evaluated yet."]


def test_windows_that_may_still_change_show_nothing() -> None:
    rows = [row(place, arm, subjects=100, events=9.0, closed=False) for place in range(60) for arm in Arm]

    (check,) = judged(step(RETRY), rows)

    assert (check.state, check.numbers) == ("waiting", {"subjects": 0})


def test_late_data_change_what_was_said_of_a_window() -> None:
    before = judged(step(RETRY), both(60, 9, 9))
    late = [
        *both(59, 9, 9),
        *[row(59, arm, subjects=900, events=400.0, version=2) for arm in [Arm.CANDIDATE]],
    ]

    after = judged(step(RETRY), late)

    assert before[0].numbers["log_e_shown"] > after[0].numbers["log_e_shown"]


def test_blocks_of_evidence_are_fixed_by_the_plan_and_counted_once_they_are_over() -> None:
    day = step(RETRY, min_duration_seconds=4 * 24 * 3600)
    counted = Counted.of(day, both(47, 9, 9), at(47))

    blocks = counted.blocks(Metric.RETRY, "")

    assert [block_width(one) for one in (step(), day)] == [timedelta(minutes=5), timedelta(hours=2)]
    assert block_width(step(min_duration_seconds=90 * 24 * 3600)) == timedelta(hours=6)
    assert [block.treatment_subjects for block in blocks] == [2400]
    assert closed_until(T0 + timedelta(minutes=6)) == T0
