"""The verb of attestations: a QA lead who took no part states what was looked at, for the frozen digest."""

from typing import Any

from django.db.models import Q

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import invalid
from governance.ledger.canonical import canonical_bytes, digest_of
from governance.ledger.entries import store_blob
from governance.ledger.verbs import record, verb
from governance.outbox.services import enqueue
from releases.bundles.models import Revision, RevisionState
from releases.bundles.steps import lock_revision
from releases.gates.attestations import KIND_OF
from releases.gates.attestations.kind import AttestationKind
from releases.gates.attestations.refusals import (
    AttesterContributed,
    NothingEvaluated,
    RevisionCannotBeAttested,
)
from releases.gates.contributors import contributors
from releases.gates.models import Attestation, EvaluationStatus, GateEvaluation
from releases.gates.recipients import tell_of_attestation
from releases.gates.runs.evaluation import EVALUATE_AGAIN

LONGEST_CONCLUSION = 4000


@verb("attestation.made")
def attest(
    actor: Actor,
    *,
    revision: Revision,
    kind: str,
    acceptable: bool,
    conclusion: str,
    content: Any,
    evaluation: GateEvaluation | None = None,
) -> Attestation:
    """State that something was looked at, and whether it is acceptable; the newest of a kind counts.

    ``evaluation`` is the run whose figures the reviewer saw, the newest completed one unless it is named. The
    gate decides again, which scans nothing anew, unless the revision is approved: that decision stands.

    Raises:
        AttesterContributed, RevisionCannotBeAttested, NothingEvaluated; the refusals of the kind.
        InvalidInput: the content does not hold for the run.
    """
    require(actor, Permission.ATTEST, revision)
    revision = lock_revision(revision)
    _check_may_be_attested(actor, revision)
    stated, run = _kind(kind), _run(revision, evaluation)
    attestation = Attestation(
        release=revision.release,
        revision=revision,
        evaluation=run,
        kind=stated.key,
        manifest_digest=revision.manifest_digest,
        acceptable=acceptable,
        conclusion=_written(conclusion),
        content=stated.checked(run, content, "content"),
        attested_at=moment(),
        attested_by_username=(actor.on_behalf_of or actor).username,
    )
    _record(attestation)
    if revision.state != RevisionState.APPROVED:
        enqueue(EVALUATE_AGAIN, revision=str(revision.id))
    tell_of_attestation(attestation)
    return attestation


def attestation_document(attestation: Attestation) -> dict[str, Any]:
    """What the digest of an attestation is of."""
    run = attestation.evaluation
    return {
        "schema": "countersign.attestation.v1",
        "kind": attestation.kind,
        "manifest": attestation.manifest_digest,
        "result": run.result_digest if run else None,
        "acceptable": attestation.acceptable,
        "conclusion": attestation.conclusion,
        "content": attestation.content,
        "attested_at": attestation.attested_at,
        "attested_by": attestation.attested_by_username,
    }


def _check_may_be_attested(actor: Actor, revision: Revision) -> None:
    if revision.frozen_at is None or revision.state in {RevisionState.DRAFT, RevisionState.WITHDRAWN}:
        raise RevisionCannotBeAttested(f"{revision} is {revision.get_state_display().lower()}.")
    acting = {actor.id, actor.on_behalf_of.id if actor.on_behalf_of else None}
    if acting & contributors(revision):
        raise AttesterContributed(f"{actor.username} had a part in {revision}.")


def _kind(key: str) -> AttestationKind:
    if key not in KIND_OF:
        raise invalid("kind", f"{key!r} is no kind of attestation; they are {', '.join(KIND_OF)}.")
    return KIND_OF[key]


def _run(revision: Revision, named: GateEvaluation | None) -> GateEvaluation:
    completed = Q(revision=revision, status=EvaluationStatus.COMPLETED)
    if named is not None:
        completed &= Q(id=named.id)
    found = GateEvaluation.objects.filter(completed).order_by("-requested_at", "-id").first()
    if found is None:
        which = "The named evaluation is no completed one of" if named else "No evaluation has completed of"
        raise NothingEvaluated(f"{which} {revision}.")
    return found


def _written(conclusion: str) -> str:
    written = conclusion.strip()
    if not written or len(written) > LONGEST_CONCLUSION:
        raise invalid("conclusion", f"write 1 to {LONGEST_CONCLUSION} characters; found {len(written)}.")
    return written


def _record(attestation: Attestation) -> None:
    run = attestation.evaluation
    attestation.digest = store_blob(canonical_bytes(attestation_document(attestation)))
    attestation.save(force_insert=True)
    record(
        attestation.stream(),
        after={
            "release": attestation.release_id,
            "revision": attestation.revision_id,
            "evaluation": attestation.evaluation_id,
            "kind": attestation.kind,
            "acceptable": attestation.acceptable,
            "content_digest": digest_of(attestation.content),
        },
        reason=attestation.conclusion,
        refs={
            "attestation": attestation.digest,
            "manifest": attestation.manifest_digest,
            **({"result": run.result_digest} if run and run.result_digest else {}),
        },
    )
