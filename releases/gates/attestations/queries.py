"""Reading attestations: which one counts, and whether a run knew it."""

from datetime import datetime

from releases.bundles.models import Revision
from releases.gates.models import Attestation, EvaluationStatus
from releases.gates.vocabulary.inputs import AttestationInput, Inputs

SECONDS_OF_A_DAY = 86_400


def standing_attestations(revision: Revision) -> list[Attestation]:
    """The newest attestation of each kind for what the revision froze; earlier ones stay on record."""
    rows = Attestation.objects.filter(
        revision__release_id=revision.release_id, manifest_digest=revision.manifest_digest
    )
    newest: dict[str, Attestation] = {}
    for row in rows.order_by("attested_at", "id"):
        newest[row.kind] = row
    return [newest[kind] for kind in sorted(newest)]


def attested_inputs(revision: Revision, at: datetime) -> list[AttestationInput]:
    """The same, as a run freezes them."""
    return [
        AttestationInput(
            kind=row.kind,
            acceptable=row.acceptable,
            digest=row.digest,
            age_days=max((at - row.attested_at).total_seconds() / SECONDS_OF_A_DAY, 0.0),
            attested_by=row.attested_by_username,
        )
        for row in standing_attestations(revision)
    ]


def knows_attestations(revision: Revision, inputs: Inputs) -> bool:
    """Whether a run was decided on what is attested now."""
    now = {row.digest for row in standing_attestations(revision)}
    return now == {one.digest for one in inputs.attestations}


def is_decided_on_attestations(revision: Revision) -> bool:
    """Whether the newest run that ended in a result was decided on what is attested now."""
    completed = revision.evaluations.filter(status=EvaluationStatus.COMPLETED)
    newest = completed.order_by("-requested_at", "-id").first()
    return newest is not None and knows_attestations(revision, Inputs.model_validate(newest.inputs))
