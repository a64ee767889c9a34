"""Whether what was counted can be relied on: fresh, of the right releases, split as assigned. No database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from releases.bundles.arms import Arm
from releases.bundles.documents import Stage
from releases.bundles.models import Assignment
from releases.monitoring.heartbeats.queries import Beat
from releases.monitoring.triggers.vocabulary import Evaluated, Mode, Standing, State
from releases.monitoring.vocabulary.series import Metric
from releases.monitoring.watching.counted import Counted
from releases.monitoring.watching.looking import trigger_checks
from releases.monitoring.watching.soundness import (
    integrity_checks,
    ratio_checks,
    subjects_check,
    traffic_checks,
)
from releases.monitoring.windows.queries import Mismatches
from releases.rollouts.readings import Check
from releases.rollouts.stages import Step
from tests.factories.triggers import T0, row

NOW = T0 + timedelta(hours=2)
STABLE, CANDIDATE, OTHER = (UUID(int=number) for number in (1, 2, 3))
CLEAN = Mismatches(1000, 0, 0, ())


def assigned(since: datetime = T0) -> Assignment:
    """What is assigned, without a database."""
    found = SimpleNamespace(serves=since, stable_id=STABLE, candidate_id=CANDIDATE, control_id=None)
    return cast("Assignment", found)


def integrity(
    latest: datetime | None = NOW,
    found: Mismatches = CLEAN,
    beats: Sequence[Beat] = (),
    assignment: Assignment | None = None,
) -> Check:
    (check,) = integrity_checks(latest, found, beats, assignment or assigned(), NOW)
    return check


def beat(instance: str, revision: UUID | None, ago: int = 30) -> Beat:
    at = NOW - timedelta(seconds=ago)
    return Beat(instance, f"sha256:{revision}", revision, at, at)


def counted(stage: dict[str, Any], arms: dict[Arm, int], metric: Metric = Metric.RETRY) -> Counted:
    rows = [row(0, arm, subjects=subjects, metric=metric) for arm, subjects in arms.items() if subjects]
    return Counted.of(Step(1, Stage.model_validate(stage)), rows, NOW)


GUARDED = {"kind": "guarded", "coverage": 0.25}


def test_fresh_data_of_the_right_release_are_sound() -> None:
    check = integrity(NOW - timedelta(minutes=3))

    assert (check.check, check.state) == ("integrity", "done")
    assert check.sentence.startswith("The newest decision is 3 minutes old. The last 1,000 of this stage")


@pytest.mark.parametrize(
    ("latest", "said"),
    [(None, "was reported ever"), (NOW - timedelta(minutes=11), "was reported for 11 minutes")],
)
def test_stale_data_wait_and_are_no_success(latest: datetime | None, said: str) -> None:
    check = integrity(latest)

    assert check.state == "waiting"
    assert said in check.sentence


def test_decisions_of_a_release_that_was_not_due_fail_once_they_are_more_than_a_few() -> None:
    few = integrity(found=Mismatches(1000, 2, 2, ()))
    rare = integrity(found=Mismatches(100_000, 5, 5, ()))
    many = integrity(found=Mismatches(1000, 15, 5, (OTHER,)))

    assert (few.state, rare.state, many.state) == ("done", "done", "failed")
    assert "20 of 1,000 decisions carry a release that was not due (15 an unknown one)" in many.sentence
    assert many.numbers["examples"] == [str(OTHER)]


def test_an_instance_that_runs_what_is_not_assigned_is_named_once_it_had_time_to_follow() -> None:
    beats = [beat("web-1", CANDIDATE), beat("web-2", OTHER), beat("web-3", STABLE), beat("web-3", OTHER, 90)]

    stray = integrity(beats=beats)
    settling = integrity(beats=beats, assignment=assigned(NOW - timedelta(minutes=1)))

    assert (stray.state, settling.state) == ("waiting", "done")
    assert stray.sentence == "Instances run a release that is not assigned: web-2."


def test_a_stage_that_nobody_sees_waits() -> None:
    (none,) = traffic_checks(counted(GUARDED, {Arm.CANDIDATE: 40}))
    (some,) = traffic_checks(counted(GUARDED, {Arm.CANDIDATE: 40, Arm.CONTROL: 38}))

    assert (none.state, some.state) == ("waiting", "done")
    assert none.sentence.startswith("Nothing to judge by yet: 40 people in the candidate's arm and 0 in the")


def test_a_shadow_stage_is_seen_by_those_with_both_answers() -> None:
    shadow = {"kind": "shadow"}

    (blind,) = traffic_checks(counted(shadow, {Arm.STABLE: 40}))
    (seen,) = traffic_checks(counted(shadow, {Arm.STABLE: 40}, Metric.DISAGREEMENT))

    assert (blind.state, seen.state) == ("waiting", "done")
    assert seen.sentence == "40 people with both answers in closed windows."


def test_arms_that_are_not_as_large_as_assigned_fail() -> None:
    equal = {Arm.CANDIDATE: 500, Arm.CONTROL: 515, Arm.STABLE: 1010}

    (sound,) = ratio_checks(counted(GUARDED, equal))
    (lost,) = ratio_checks(counted(GUARDED, {**equal, Arm.CANDIDATE: 350}))
    (half,) = ratio_checks(
        counted({"kind": "guarded", "coverage": 0.5}, {Arm.CANDIDATE: 5300, Arm.CONTROL: 4700})
    )

    assert (sound.state, lost.state, half.state) == ("done", "failed", "failed")
    assert "Some of an arm are lost, so a comparison would deceive" in lost.sentence
    assert half.numbers["log_e"] == pytest.approx(15.524, abs=1e-3)  # e = 5520680, as published


def test_where_only_the_arms_are_reported_they_are_held_against_each_other() -> None:
    (alike,) = ratio_checks(counted(GUARDED, {Arm.CANDIDATE: 500, Arm.CONTROL: 515}))
    (lost,) = ratio_checks(counted(GUARDED, {Arm.CANDIDATE: 500, Arm.CONTROL: 700}))

    assert (alike.state, lost.state) == ("done", "failed")
    assert alike.sentence == (
        "500 people in the candidate's arm, 515 in the control's; nobody beside was counted, as assigned."
    )


def test_the_window_in_which_instances_still_follow_says_nothing_of_the_arms() -> None:
    step = Step(1, Stage.model_validate(GUARDED))
    first = [row(0, arm, subjects=many) for arm, many in zip(Arm, (10, 400, 800), strict=True)]
    later = [row(1, arm, subjects=many) for arm, many in zip(Arm, (400, 400, 800), strict=True)]

    (early,) = ratio_checks(Counted.of(step, first, NOW, T0 + timedelta(minutes=1)))
    (then,) = ratio_checks(Counted.of(step, first + later, NOW, T0 + timedelta(minutes=1)))

    assert (early.state, then.state) == ("waiting", "done")
    assert early.sentence == "Not judged before a whole window of the stage is over."


def test_where_nobody_is_split_no_ratio_is_asked() -> None:
    assert list(ratio_checks(counted({"kind": "shadow"}, {Arm.STABLE: 40}))) == []


def test_people_are_counted_once_however_many_metrics_know_them() -> None:
    stage = {**GUARDED, "min_subjects": 41}
    rows = [row(0, subjects=40), row(0, subjects=40, metric=Metric.ERROR), row(0, subjects=9, segment="a")]

    few = subjects_check(Counted.of(Step(1, Stage.model_validate(stage)), rows, NOW))
    enough = subjects_check(
        Counted.of(Step(1, Stage.model_validate(stage)), [*rows, row(1, subjects=1)], NOW)
    )

    assert (few.state, few.sentence) == ("waiting", "40 of at least 41 people.")
    assert enough.state == "done"


def test_a_trigger_that_is_overridden_is_named_and_not_called_quiet() -> None:
    quiet = Standing("errors", "", "threshold", Mode.ENFORCE, State.INACTIVE, "0.1 % of 900.", T0)
    past = replace(quiet, key="retries", state=State.OVERRIDDEN, overridden_until=NOW, sentence="9 % of 900.")

    found = trigger_checks(Evaluated(NOW, states=(quiet, past)))

    assert [(one.state.value, one.key, one.sentence) for one in found] == [
        ("done", "", "1 trigger is quiet."),
        ("done", "retries", "retries: 9 % of 900. Overridden until 2 Nov, 10:00 UTC."),
    ]
    assert [one.weighs for one in found] == [False, True]


def test_a_trigger_is_counted_once_and_one_that_is_only_observed_is_not_called_quiet() -> None:
    women = Standing("errors", "women", "vs_control", Mode.ENFORCE, State.INACTIVE, "0.1 % of 90.", T0)
    loud = replace(women, key="tighter", segment="", mode=Mode.OBSERVE, state=State.FIRING)

    (found,) = trigger_checks(Evaluated(NOW, states=(women, replace(women, segment="men"), loud)))

    assert (found.state, found.sentence) == (
        "done",
        "1 trigger is quiet; tighter would fire, and is only observed.",
    )
