"""What people attested about a revision, as rows of the release page and the brief."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from governance.access.admin_base import Offer, admin_url, lock_reason
from governance.access.roles import Permission
from governance.actors import Actor
from releases.bundles.models import Revision, RevisionState
from releases.gates.attestations import KINDS
from releases.gates.attestations.kind import AttestationKind
from releases.gates.attestations.queries import standing_attestations
from releases.gates.contributors import contributors
from releases.gates.models import Attestation, EvaluationStatus, GateEvaluation


@dataclass(frozen=True)
class AttestationRow:
    """One kind: what stands, and the way to make it."""

    kind: AttestationKind
    attestation: Attestation | None
    offer: Offer

    @property
    def look(self) -> str:
        """A dashed circle says that nobody has done it yet."""
        if self.attestation is None:
            return "open"
        return "pass" if self.attestation.acceptable else "fail"

    @property
    def word(self) -> str:
        """The state in a word."""
        if self.attestation is None:
            return "Not done"
        return "Acceptable" if self.attestation.acceptable else "Not acceptable"

    @property
    def url(self) -> str:
        """The attestation's page."""
        return admin_url(Attestation, "change", self.attestation.pk) if self.attestation else ""


def attestation_rows(
    actor: Actor, revision: Revision, evaluations: Sequence[GateEvaluation]
) -> list[AttestationRow]:
    """A row for each kind; none for a draft and for what was adopted, which pass no gate."""
    if revision.state == RevisionState.DRAFT or revision.adopted:
        return []
    standing = {row.kind: row for row in standing_attestations(revision)}
    why = why_not(actor, revision, evaluations)
    return [_row(kind, standing.get(kind.key), revision, why) for kind in KINDS]


def attest_url(revision: Revision, kind: str) -> str:
    """Where a kind is attested."""
    return reverse(f"admin:revision_attest_{kind}", args=[revision.pk])


def _row(kind: AttestationKind, found: Attestation | None, revision: Revision, why: str) -> AttestationRow:
    label = "Review again" if found else "Review now"
    return AttestationRow(
        kind, found, Offer(label, attest_url(revision, kind.key), "rate_review", "", why, is_dialog=False)
    )


def why_not(actor: Actor, revision: Revision, evaluations: Sequence[GateEvaluation]) -> str:
    """Why the actor cannot attest the revision now; '' where nothing stands in the way."""
    why = lock_reason(actor, Permission.ATTEST, revision)
    if not why and revision.state == RevisionState.WITHDRAWN:
        return "The release is withdrawn."
    if not why and not any(row.status == EvaluationStatus.COMPLETED for row in evaluations):
        return "Evaluate first: a review is about the figures of a run."
    if not why and actor.id in contributors(revision):
        return "You contributed to this release; another QA lead reviews it."
    return why
