"""Background work of the gate: runs, runs after an attestation, runs that got stuck."""

from governance.actors import Actor
from governance.background import periodic, task
from releases.bundles.models import Revision
from releases.gates.attestations.queries import is_decided_on_attestations
from releases.gates.models import GateEvaluation
from releases.gates.runs.evaluation import (
    EVALUATE_AGAIN,
    TASK,
    fail_evaluation,
    request_evaluation,
    run_evaluation,
)
from releases.gates.runs.stuck import end_stuck_evaluations


def give_up(actor: Actor, error: str, /, **payload: str) -> None:
    """No attempts are left: the run ends as failed, which counts as inconclusive."""
    fail_evaluation(actor, evaluation=GateEvaluation.objects.get(id=payload["evaluation"]), error=error)


@task(TASK, exhausted=give_up)
def evaluate(actor: Actor, /, *, evaluation: str) -> None:
    """Run the evaluation; one that has ended is left alone."""
    run_evaluation(actor, evaluation=GateEvaluation.objects.get(id=evaluation))


@task(EVALUATE_AGAIN)
def evaluate_again(actor: Actor, /, *, revision: str) -> None:
    """Ask for a run on what was attested since, unless one that asked later knows it already."""
    found = Revision.objects.get(id=revision)
    if not is_decided_on_attestations(found):
        request_evaluation(actor, revision=found)


@periodic("releases.gates.end_stuck")
def end_stuck(actor: Actor) -> None:
    """End runs that go on no more."""
    end_stuck_evaluations(actor)
