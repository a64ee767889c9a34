"""Verbs on evaluations: request, complete, fail; and the run between them, which holds no transaction.

A run is asked for with its inputs frozen, computed by a worker, and completed in one step under a row lock:
there is never half a verdict, and a second completion changes nothing.
"""

from typing import Any

from django.utils import timezone

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError
from governance.ledger.canonical import canonical_bytes, digest_of
from governance.ledger.entries import store_blob
from governance.ledger.verbs import Unchanged, record, verb
from governance.outbox.services import attempts_of, enqueue
from releases.bundles.models import Assignment, Revision, RevisionState
from releases.bundles.steps import lock_release, lock_revision
from releases.gates.attestations.queries import knows_attestations
from releases.gates.display import shown_result
from releases.gates.freezing.freeze import freeze_inputs
from releases.gates.freezing.lineage import earlier_runs
from releases.gates.freezing.registration import is_preregistered
from releases.gates.judging.context import Context
from releases.gates.models import EvaluationProgress, EvaluationStatus, GateEvaluation, GatePolicy, Verdict
from releases.gates.policies.soundness import PolicyPinsNoReference, pins_a_reference
from releases.gates.queries import criteria_of, policy_for
from releases.gates.recipients import tell_of_evaluation
from releases.gates.runs.computation import PolicyHead, Result, compute
from releases.gates.runs.drawing import Drawing, drawing_of, figures_named, stored
from releases.gates.runs.kept import KeptResults
from releases.gates.runs.provenance import environment
from releases.gates.runs.statement import signed_statement
from releases.gates.vocabulary.inputs import Inputs, TableInput
from releases.gates.vocabulary.outcomes import ReasonCode
from releases.scores.models import ScoreTable
from releases.scores.queries import load_frame

TASK = "releases.gates.evaluate"
EVALUATE_AGAIN = "releases.gates.evaluate_again"
TELL_VOTERS = "releases.approvals.tell_of_other_result"  # a task of a slice above


class RevisionNotFrozen(GovernanceError):
    """Only what is frozen can be judged: a draft may still change, and what is withdrawn is no candidate."""

    code = "revision_not_frozen"
    title = "The revision is not frozen"
    next_step = "Freeze the release, then evaluate it."


@verb("gate_evaluation.requested")
def request_evaluation(actor: Actor, *, revision: Revision) -> GateEvaluation | Unchanged[GateEvaluation]:
    """Ask for a run of the policy that was in force when the revision was frozen.

    The inputs are frozen now; a worker does the rest. While a run of the revision is waiting it is answered
    instead of a second one. Without a policy the run ends inconclusive, ``policy_not_locked``.

    Raises:
        RevisionNotFrozen: the revision is a draft or withdrawn.
        PolicyPinsNoReference: another release has served since the policy was locked without one.
    """
    require(actor, Permission.EVALUATE_GATE, revision)
    revision = lock_revision(revision)
    if revision.frozen_at is None or revision.state in {RevisionState.DRAFT, RevisionState.WITHDRAWN}:
        raise RevisionNotFrozen(f"{revision} is {revision.get_state_display().lower()}.")
    waiting = revision.evaluations.filter(status=EvaluationStatus.REQUESTED).first()
    if waiting is not None:
        return Unchanged(waiting)
    policy = policy_for(revision)
    _check_reference(revision, policy)
    inputs = _frozen(revision, policy)
    evaluation = GateEvaluation.objects.create(
        release=revision.release,
        revision=revision,
        policy=policy,
        inputs=inputs.model_dump(mode="json"),
        requested_at=moment(),
        requested_by_username=(actor.on_behalf_of or actor).username,
    )
    EvaluationProgress.objects.create(evaluation=evaluation, step="waiting", updated_at=timezone.now())
    record(
        evaluation.stream(),
        after=_requested(evaluation, inputs),
        refs={
            "inputs": store_blob(canonical_bytes(inputs.model_dump(mode="json"))),
            "manifest": revision.manifest_digest,
        },
    )
    enqueue(TASK, evaluation=str(evaluation.id))
    return evaluation


def _check_reference(revision: Revision, policy: GatePolicy | None) -> None:
    """A policy from before anything was live judges that first release alone, else small steps add up."""
    if policy is None or pins_a_reference(criteria_of(policy)):
        return
    others = Assignment.objects.filter(channel__system_id=revision.release.system_id)
    if others.exclude(stable__release_id=revision.release_id).exists():
        raise PolicyPinsNoReference(f"{policy} judged the first release, and it compares with no reference.")


def run_evaluation(actor: Actor, *, evaluation: GateEvaluation) -> GateEvaluation:
    """Compute a requested run and complete it; one that has ended is answered as it is.

    Raises:
        BlobMissing, BlobDamaged: a table is not what its digest says.
    """
    evaluation = GateEvaluation.objects.select_related("policy").get(id=evaluation.id)
    if evaluation.status != EvaluationStatus.REQUESTED:
        return evaluation
    context = _context(evaluation)
    result = compute_evaluation(evaluation, context)
    _progress(evaluation, 1, 1, "drawing pictures")
    drawing = drawing_of(evaluation, context, attempt=attempts_of(TASK, evaluation=evaluation.id))
    _progress(evaluation, 1, 1, "deciding")
    return complete_evaluation(actor, evaluation=evaluation, result=result, drawing=drawing)


def compute_evaluation(evaluation: GateEvaluation, context: Context | None = None) -> Result:
    """The result of the frozen inputs; it depends on nothing else.

    Each criterion is kept as soon as it is computed, so a run that is killed goes on where it stopped.
    """
    policy = evaluation.policy
    context = context or _context(evaluation)
    head = PolicyHead(str(policy.id), policy.name, policy.version, policy.digest) if policy else None
    criteria = criteria_of(policy) if policy else []

    def progress(done: int, total: int, step: str) -> None:
        _progress(evaluation, done, total, step)

    return compute(head, criteria, context, progress, KeptResults())


@verb("gate_evaluation.completed")
def complete_evaluation(
    actor: Actor, *, evaluation: GateEvaluation, result: Result, drawing: Drawing | None = None
) -> GateEvaluation | Unchanged[GateEvaluation]:
    """Store a verdict with its evidence, its signed statement and what its pictures are drawn from, once."""
    require(actor, Permission.COMPLETE_EVALUATION, evaluation)
    lock_release(evaluation.release_id)  # attesting waits, so that no attestation falls between two runs
    evaluation = _locked_row(evaluation)
    if evaluation.status != EvaluationStatus.REQUESTED:
        return Unchanged(evaluation)
    inputs, attempt = Inputs.model_validate(evaluation.inputs), attempts_of(TASK, evaluation=evaluation.id)
    evaluation.status = EvaluationStatus.COMPLETED
    evaluation.verdict = result.verdict.value
    shown = shown_result(result.document, evaluation.policy.suppress_below if evaluation.policy else 0)
    evaluation.result = {**shown, **stored(drawing), "environment": environment(), "attempt": attempt}
    evaluation.result_digest = store_blob(result.body)
    evaluation.preregistered = is_preregistered(evaluation.policy, inputs)
    evaluation.ended_at = moment()
    statement = _stated(evaluation)
    record(
        evaluation.stream(),
        before={"status": EvaluationStatus.REQUESTED},
        after={
            "status": evaluation.status,
            "verdict": evaluation.verdict,
            "preregistered": evaluation.preregistered,
            "shown": digest_of(evaluation.result),
            "criteria": {one["key"]: one["verdict"] for one in result.document["criteria"]},
            "environment": environment(),
            "attempt": attempt,
        },
        refs={
            "result": evaluation.result_digest,
            **statement,
            **figures_named(drawing),
        },
    )
    _tell(evaluation)
    _ask_again_if_attested(evaluation.revision, inputs)
    return evaluation


def _stated(evaluation: GateEvaluation) -> dict[str, str]:
    """Sign and save the run; answers what its entry names the statement by, nothing without a key."""
    statement = signed_statement(evaluation)
    evaluation.statement_digest = store_blob(statement) if statement else ""
    evaluation.save()
    return {"statement": evaluation.statement_digest} if statement else {}


def _tell(evaluation: GateEvaluation) -> None:
    """A request that is open was made on an earlier result; its voters are told where this is another."""
    tell_of_evaluation(evaluation)
    if evaluation.revision.approval_requests.filter(state="open").exists():
        enqueue(TELL_VOTERS, evaluation=str(evaluation.id))


def _ask_again_if_attested(revision: Revision, inputs: Inputs) -> None:
    """What was attested while the run was under way is decided on by a run of its own."""
    if revision.state != RevisionState.APPROVED and not knows_attestations(revision, inputs):
        enqueue(EVALUATE_AGAIN, revision=str(revision.id))


@verb("gate_evaluation.failed")
def fail_evaluation(
    actor: Actor, *, evaluation: GateEvaluation, error: str
) -> GateEvaluation | Unchanged[GateEvaluation]:
    """End a run that cannot be computed: inconclusive, with the error kept for the operator."""
    require(actor, Permission.COMPLETE_EVALUATION, evaluation)
    evaluation = _locked_row(evaluation)
    if evaluation.status != EvaluationStatus.REQUESTED:
        return Unchanged(evaluation)
    evaluation.status = EvaluationStatus.FAILED
    evaluation.verdict = Verdict.INCONCLUSIVE
    evaluation.error = error[:2000]
    evaluation.result = {
        "verdict": Verdict.INCONCLUSIVE,
        "reason_code": ReasonCode.EVALUATION_ERROR,
        "sentence": "Inconclusive: the evaluation ended with an error. Ask for it again; if it fails again, "
        "show the error to the operator.",
        "criteria": [],
    }
    evaluation.ended_at = moment()
    evaluation.save()
    record(
        evaluation.stream(),
        before={"status": EvaluationStatus.REQUESTED},
        after={
            "status": evaluation.status,
            "verdict": evaluation.verdict,
            "error": evaluation.error,
            "shown": digest_of(evaluation.result),
        },
    )
    tell_of_evaluation(evaluation)
    return evaluation


def _frozen(revision: Revision, policy: GatePolicy | None) -> Inputs:
    criteria = criteria_of(policy) if policy else []
    inputs = freeze_inputs(revision, policy.digest if policy else "", criteria, moment())
    return inputs.with_earlier_runs(earlier_runs(revision, inputs))


def _requested(evaluation: GateEvaluation, inputs: Inputs) -> dict[str, Any]:
    return {
        "release": evaluation.release_id,
        "revision": evaluation.revision_id,
        "policy": evaluation.policy_id,
        "policy_digest": inputs.policy_digest or None,
        "stack_digest": inputs.stack_digest,
        "inputs_digest": inputs.digest,
        "earlier_runs": len(inputs.earlier_runs),
    }


def _locked_row(evaluation: GateEvaluation) -> GateEvaluation:
    rows = GateEvaluation.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("policy", "release__system", "revision").get(id=evaluation.id)


def _context(evaluation: GateEvaluation) -> Context:
    return Context(Inputs.model_validate(evaluation.inputs), _load)


def _load(table: TableInput) -> Any:
    return load_frame(ScoreTable.objects.get(id=table.id))


def _progress(evaluation: GateEvaluation, done: int, total: int, step: str) -> None:
    EvaluationProgress.objects.filter(evaluation=evaluation).update(
        done=done, total=total, step=step[:200], updated_at=timezone.now()
    )
