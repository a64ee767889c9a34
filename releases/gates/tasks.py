"""Background work of the gate: one run of a requested evaluation."""

from governance.actors import Actor
from governance.background import task
from releases.gates.evaluation import TASK, fail_evaluation, run_evaluation
from releases.gates.models import GateEvaluation


def give_up(actor: Actor, error: str, /, **payload: str) -> None:
    """No attempts are left: the run ends as failed, which counts as inconclusive."""
    fail_evaluation(actor, evaluation=GateEvaluation.objects.get(id=payload["evaluation"]), error=error)


@task(TASK, exhausted=give_up)
def evaluate(actor: Actor, /, *, evaluation: str) -> None:
    """Run the evaluation; one that has ended is left alone."""
    run_evaluation(actor, evaluation=GateEvaluation.objects.get(id=evaluation))
