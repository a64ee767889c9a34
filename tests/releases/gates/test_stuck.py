"""Runs that go on no more end as an error, which counts as inconclusive, and are told of."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.notifications.models import Notification
from releases.gates.models import EvaluationProgress, GateEvaluation
from releases.gates.runs.evaluation import request_evaluation, run_evaluation
from releases.gates.runs.stuck import FORGOTTEN_AFTER, STUCK_AFTER, end_stuck_evaluations
from releases.gates.tasks import end_stuck
from tests.factories.cast import actor
from tests.factories.gates import Gate, engine

GOOD = {"print": 2, "mask": 2, "1": 2, "6": 2}
MOMENT = timedelta(seconds=5)


def waiting(small: Gate, age: timedelta, step: str) -> GateEvaluation:
    revision = small.candidate("second")
    small.scored(revision, GOOD)
    evaluation = request_evaluation(actor(small.cast.author), revision=revision)
    EvaluationProgress.objects.filter(evaluation=evaluation).update(
        done=2, total=10, step=step, updated_at=timezone.now() - age
    )
    return evaluation


@pytest.mark.parametrize(
    ("age", "step", "said"),
    [
        (STUCK_AFTER + MOMENT, "bpcer against live", "step 3 of 10, 'bpcer against live'"),
        (FORGOTTEN_AFTER + MOMENT, "waiting", "No worker took it up"),
    ],
    ids=["stuck", "forgotten"],
)
def test_a_run_without_progress_for_too_long_ends_inconclusive_and_is_told(
    small: Gate, age: timedelta, step: str, said: str
) -> None:
    evaluation = waiting(small, age, step)

    end_stuck(engine())
    evaluation.refresh_from_db()

    assert (evaluation.status, evaluation.verdict) == ("failed", "inconclusive")
    assert evaluation.result["reason_code"] == "evaluation_error"
    assert said in evaluation.error
    told = Notification.objects.filter(event="gate_evaluation.failed")
    assert set(told.values_list("account__username", flat=True)) == {"author"}
    assert end_stuck_evaluations(engine()) == 0


@pytest.mark.parametrize(
    ("age", "step"),
    [(STUCK_AFTER - MOMENT, "bpcer against live"), (FORGOTTEN_AFTER - MOMENT, "waiting")],
    ids=["moving", "queued"],
)
def test_a_run_that_moves_or_stands_in_the_queue_is_left_alone(
    small: Gate, age: timedelta, step: str
) -> None:
    evaluation = waiting(small, age, step)

    assert end_stuck_evaluations(engine()) == 0
    assert run_evaluation(engine(), evaluation=evaluation).verdict == "pass"


def test_a_worker_that_comes_back_after_the_end_changes_nothing(small: Gate) -> None:
    evaluation = waiting(small, STUCK_AFTER + MOMENT, "bpcer against live")
    end_stuck_evaluations(engine())

    late = run_evaluation(engine(), evaluation=evaluation)

    assert (late.status, late.verdict) == ("failed", "inconclusive")
