"""Reading policies and evaluations; the document of an evaluation as other slices and the API show it."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from governance.documents import checked
from governance.ledger.canonical import digest_of
from governance.registry.models import System
from releases.bundles.models import Revision
from releases.gates.criteria import KIND_OF
from releases.gates.documents import evaluation_document
from releases.gates.judging.criterion import Criterion
from releases.gates.models import GateCriterion, GateEvaluation, GatePolicy, PolicyState

__all__ = [
    "content_digest",
    "criteria_of",
    "criterion_of",
    "evaluation_document",
    "latest_evaluation",
    "policy_document",
    "policy_for",
    "policy_in_force",
]


def policy_in_force(system: System, at: datetime) -> GatePolicy | None:
    """The one locked policy that counts at ``at``: locked_at ≤ at < in_force_until."""
    return (
        GatePolicy.objects.filter(
            Q(in_force_until__isnull=True) | Q(in_force_until__gt=at),
            system=system,
            state=PolicyState.LOCKED,
            locked_at__lte=at,
        )
        .order_by("-locked_at")
        .first()
    )


def policy_for(revision: Revision) -> GatePolicy | None:
    """The policy that judges a revision: the one in force when it was frozen; nobody chooses."""
    if revision.frozen_at is None:
        return None
    return policy_in_force(revision.release.system, revision.frozen_at)


def criteria_of(policy: GatePolicy) -> list[Criterion]:
    """The policy's criteria, in their order, ready to be run."""
    rows = sorted(policy.criteria.all(), key=lambda row: row.position)  # in Python: they may be prefetched
    return [criterion_of(row) for row in rows]


def criterion_of(row: GateCriterion) -> Criterion:
    """A stored criterion with its specification parsed."""
    kind = KIND_OF[row.kind]
    return Criterion(
        key=row.key,
        version=row.version,
        kind=kind,
        title=row.title,
        owner=row.owner_username,
        severity=row.severity,
        mode=row.mode,
        spec=checked(kind.spec, row.spec, field=f"criteria.{row.key}.spec", title=f"Criterion {row.key}"),
    )


def policy_document(policy: GatePolicy) -> dict[str, Any]:
    """The canonical form of a policy; its digest is the policy's once it is locked."""
    return {
        "schema": "countersign.gate-policy.v1",
        "system": str(policy.system_id),
        "name": policy.name,
        "version": policy.version,
        "description": policy.description,
        "out_of_scope": policy.out_of_scope,
        "criteria": [criterion.document() for criterion in criteria_of(policy)],
    }


def content_digest(policy: GatePolicy) -> str:
    """The digest of what a policy holds now; once locked it is stored as its digest."""
    return digest_of(policy_document(policy))


def latest_evaluation(revision: Revision) -> GateEvaluation | None:
    """The newest evaluation of the revision, whatever its status: requested, completed or failed."""
    return (
        GateEvaluation.objects.filter(revision=revision)
        .select_related("release__system", "revision", "policy", "progress")
        .order_by("-requested_at", "-id")
        .first()
    )
