"""Runs that go on no more: ended as evaluation_error, so that nobody waits for them for ever.

A run in hand is alive as long as its progress moves. One that waits is not: it may stand in a long queue, and
its message is sent again until a worker takes it; only after hours does that mean that nobody will. Whoever
asks again pays for nothing twice, because the criteria that were computed are kept.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from governance.actors import Actor
from releases.gates.models import EvaluationStatus, GateEvaluation
from releases.gates.runs.evaluation import fail_evaluation

STUCK_AFTER = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=6)
WAITING = "waiting"


def end_stuck_evaluations(actor: Actor) -> int:
    """End every run without progress for too long; answers how many."""
    now = timezone.now()
    stuck = Q(progress__updated_at__lt=now - STUCK_AFTER) & ~Q(progress__step=WAITING)
    forgotten = Q(progress__updated_at__lt=now - FORGOTTEN_AFTER, progress__step=WAITING)
    found = list(
        GateEvaluation.objects.filter(stuck | forgotten, status=EvaluationStatus.REQUESTED)
        .select_related("progress")
        .defer("inputs")
        .order_by("requested_at")
    )
    for evaluation in found:
        fail_evaluation(actor, evaluation=evaluation, error=_said(evaluation))
    return len(found)


def _said(evaluation: GateEvaluation) -> str:
    progress = evaluation.progress
    if progress.step == WAITING:
        hours = FORGOTTEN_AFTER.total_seconds() / 3600
        return f"No worker took it up within {hours:.0f} hours. Start a worker, then ask again."
    minutes = STUCK_AFTER.total_seconds() / 60
    return (
        f"No progress for {minutes:.0f} minutes at step {progress.done + 1} of {progress.total}, "
        f"{progress.step!r}. What was computed is kept; ask again, and if it stops there again, show this to "
        "the operator."
    )
