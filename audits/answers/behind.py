"""All that the answers about one revision are made of, read once, within the reader's reach."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from audits.answers.answered import Told
from audits.answers.drift_report import DriftReport, drift_report
from governance.access.queries import visible_to
from governance.actors import Actor
from releases.approvals.models import Approval, ApprovalRequest
from releases.bundles.models import Assignment, Revision
from releases.bundles.queries import revisions_with_content
from releases.gates.models import Attestation, GateEvaluation
from releases.rollouts.models import Deployment, Rollback, StageApproval

EVENTS = (
    "release.frozen",
    "release.adopted",
    "gate_evaluation.completed",
    "gate_evaluation.failed",
    "attestation.made",
    "override.given",
    "approval.requested",
    "vote.cast",
    "release.approved",
    "rollout.started",
    "rollout.stage_approved",
    "rollout.rolled_back",
    "drift_review.concluded",
    "incident.reported",
    "incident.confirmed",
)


@dataclass(frozen=True)
class Behind:
    """The revision with its content at ``at``, and what was done and found about it."""

    actor: Actor
    at: datetime
    revision: Revision
    evaluations: tuple[GateEvaluation, ...]
    """The newest first."""
    attestations: tuple[Attestation, ...]
    requests: tuple[ApprovalRequest, ...]
    """The newest first, with votes, evaluation and override."""
    approvals: tuple[Approval, ...]
    """The newest first, with the same."""
    deployments: tuple[Deployment, ...]
    """In the order in which they were started."""
    stage_approvals: tuple[StageApproval, ...]
    rollbacks: tuple[Rollback, ...]
    assignments: tuple[Assignment, ...]
    """What made it answer on a channel, the oldest first, each with its entry."""
    report: DriftReport
    told: Told
    registered: Told
    """How its parts came to the record."""

    @property
    def only(self) -> str:
        """Where the reader does not see all channels of the revision: on which of them everything is told."""
        return self.report.only

    @property
    def name(self) -> str:
        """The revision in a sentence."""
        return f"{self.revision.release.name} revision {self.revision.number}"


def behind(actor: Actor, revision: Revision) -> Behind:
    """Everything about the revision, in a fixed number of queries."""
    stored = revisions_with_content(Revision.objects.filter(pk=revision.pk)).get()
    evaluations = visible_to(stored.evaluations.select_related("policy").defer("inputs"), actor)
    runs = tuple(evaluations.order_by("-requested_at", "-id"))
    attestations = tuple(visible_to(stored.attestations.all(), actor).order_by("attested_at", "id"))
    requests = _requests(actor, stored, runs)
    deployments = tuple(
        visible_to(stored.deployments.select_related("channel"), actor).order_by("started_at", "id")
    )
    report = drift_report(actor, stored)
    approvals = [one.approval for one in requests if hasattr(one, "approval")]
    return Behind(
        actor,
        timezone.now(),
        stored,
        runs,
        attestations,
        requests,
        tuple(sorted(approvals, key=lambda one: one.approved_at, reverse=True)),
        deployments,
        tuple(StageApproval.objects.filter(deployment__in=deployments).order_by("approved_at", "id")),
        tuple(Rollback.objects.filter(deployment__in=deployments).select_related("target__release")),
        tuple(_assignments(deployments)),
        report,
        Told([*_streams(stored, runs, attestations, requests), *_reviewed(report)], EVENTS),
        Told([slot.component.stream() for slot in stored.slots.all()], ["component.registered"]),
    )


def _requests(
    actor: Actor, revision: Revision, evaluations: Iterable[GateEvaluation]
) -> tuple[ApprovalRequest, ...]:
    """The requests, newest first, with their votes; each holds the evaluation that was read already."""
    rows = visible_to(ApprovalRequest.objects.filter(revision=revision), actor)
    found = rows.select_related("override", "approval__last_voter").prefetch_related(
        "votes", "channel_rows__channel"
    )
    by_id = {one.pk: one for one in evaluations}
    requests = tuple(found.order_by("-requested_at", "-id"))
    for one in requests:
        if one.evaluation_id in by_id:
            one.evaluation = by_id[one.evaluation_id]
    return requests


def _assignments(deployments: Sequence[Deployment]) -> Iterable[Assignment]:
    """The first assignment of each deployment; the entry of an adopted one is its adoption's."""
    rows = Assignment.objects.filter(deployment__in=deployments).select_related("entry__leaf", "channel")
    first: dict[object, Assignment] = {}
    for row in rows.order_by("period"):
        first.setdefault(row.deployment_id, row)
    return first.values()


def _streams(
    revision: Revision,
    evaluations: Iterable[GateEvaluation],
    attestations: Iterable[Attestation],
    requests: Iterable[ApprovalRequest],
) -> Iterator[str]:
    yield revision.stream()
    yield from (one.stream() for one in evaluations)
    yield from (one.stream() for one in attestations)
    for one in requests:
        yield one.stream()
        if one.override is not None:
            yield one.override.stream()


def _reviewed(report: DriftReport) -> Iterator[str]:
    yield from (one.stream() for one in report.done)
    yield from (one.stream() for one in report.incidents)
