"""The facts of one revision, read once, from which the release page derives its sentence and its buttons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from audits.pages.brief import requests_of
from audits.pages.findings import Finding, finding_of
from audits.pages.seating import Seating, seating_of
from audits.pages.standing import Facts, Standing, standing
from governance.actors import Actor
from governance.registry.models import Channel
from releases.approvals.models import Approval, ApprovalRequest, RequestState
from releases.approvals.queries import effective_state
from releases.bundles.completeness import ReleaseIncomplete, check_complete
from releases.bundles.content import content_of
from releases.bundles.models import Assignment, Revision, RevisionState
from releases.gates.models import GateEvaluation
from releases.rollouts.models import Deployment, DeploymentState

__all__ = ["Known", "known_of"]


@dataclass(frozen=True)
class Known:
    """Everything about one revision that the page shows."""

    revision: Revision
    newest: Revision
    revisions: Sequence[Revision]
    evaluations: Sequence[GateEvaluation]
    finding: Finding
    requests: Sequence[ApprovalRequest]
    seating: Seating | None
    """Of the open request, else of the newest one."""
    deployments: Sequence[Deployment]
    approvals: Sequence[Approval]
    ready: Sequence[Channel]
    served: frozenset[str]
    """Names of the revision's channels on which something is live."""
    missing: tuple[str, ...]
    now: datetime

    @property
    def is_newest(self) -> bool:
        """Whether the revision is the one that counts."""
        return self.revision.pk == self.newest.pk

    @property
    def channels(self) -> list[Channel]:
        """The channels that the revision touches."""
        return [row.channel for row in self.revision.channel_rows.all()]

    @property
    def live(self) -> list[Deployment]:
        """Where the revision answers now."""
        return [row for row in self.deployments if row.state == DeploymentState.LIVE]

    @property
    def facts(self) -> Facts:
        """What the sentence is made of."""
        seating = self.seating if self.seating and self.seating.is_open else None
        states = _newest_states(self.deployments)
        return Facts(
            name=self.revision.release.name,
            number=self.revision.number,
            state=self.revision.state,
            adopted=self.revision.adopted,
            is_newest=self.is_newest,
            verdict=self.finding.verdict,
            live=_named(states, DeploymentState.LIVE),
            rolled_back=_named(states, DeploymentState.ROLLED_BACK),
            superseded=_named(states, DeploymentState.SUPERSEDED),
            ready=[channel.name for channel in self.ready],
            seats=(seating.filled, len(seating.rows)) if seating else None,
            asked_for=seating.channels if seating else (),
            missing=self.missing,
            closing_reason=self.requests[0].closing_reason if self.requests else "",
        )

    @property
    def standing(self) -> Standing:
        """The lead of the page."""
        return standing(self.facts)


def _newest_states(deployments: Sequence[Deployment]) -> dict[str, str]:
    """The state on each channel: live if any is, else that of the newest deployment."""
    states: dict[str, str] = {}
    for row in deployments:
        if row.state == DeploymentState.LIVE or row.channel.name not in states:
            states[row.channel.name] = row.state
    return states


def _named(states: dict[str, str], wanted: str) -> list[str]:
    return sorted(name for name, state in states.items() if state == wanted)


def known_of(actor: Actor, revision: Revision) -> Known:
    """Read all of it."""
    now = timezone.now()
    revisions = list(revision.release.revisions.order_by("-number"))
    evaluations = list(
        revision.evaluations.select_related("policy", "progress").order_by("-requested_at", "-id")
    )
    requests = list(requests_of(actor, revision))
    opened = [row for row in requests if effective_state(row, now) is RequestState.OPEN]
    shown = next(iter(opened or requests), None)
    deployments = list(
        revision.deployments.select_related("channel", "approval", "rollback__target__release")
    )
    approvals = list(
        revision.approvals.filter(valid_until__gt=now)
        .select_related("request")
        .prefetch_related("request__channel_rows")
    )
    return Known(
        revision=revision,
        newest=revisions[0],
        revisions=revisions,
        evaluations=evaluations,
        finding=finding_of(revision.release.name, evaluations[0] if evaluations else None),
        requests=requests,
        seating=seating_of(actor, shown) if shown else None,
        deployments=deployments,
        approvals=approvals,
        ready=_ready(revision, approvals, deployments),
        served=_served(revision),
        missing=_missing(revision),
        now=now,
    )


def _ready(
    revision: Revision, approvals: Sequence[Approval], deployments: Sequence[Deployment]
) -> list[Channel]:
    """Channels that an approval in force covers and where it has not been used."""
    if revision.state != RevisionState.APPROVED:
        return []
    used = {(row.approval_id, row.channel_id) for row in deployments}
    live = {row.channel_id for row in deployments if row.state == DeploymentState.LIVE}
    channels = []
    for row in revision.channel_rows.all():
        covering = [one for one in approvals if row.channel_id in _covers(one)]
        newest = max(covering, key=lambda one: one.approved_at, default=None)
        if newest is not None and (newest.pk, row.channel_id) not in used and row.channel_id not in live:
            channels.append(row.channel)
    return channels


def _covers(approval: Approval) -> set[object]:
    return {row.channel_id for row in approval.request.channel_rows.all()}


def _served(revision: Revision) -> frozenset[str]:
    channels = [row.channel_id for row in revision.channel_rows.all()]
    rows = Assignment.objects.filter(channel__in=channels, period__upper_inf=True)
    return frozenset(rows.values_list("channel__name", flat=True))


def _missing(revision: Revision) -> tuple[str, ...]:
    if revision.state != RevisionState.DRAFT:
        return ()
    try:
        check_complete(content_of(revision))
    except ReleaseIncomplete as incomplete:
        return tuple(f"{gap.field}: {gap.message}" for gap in incomplete.field_errors)
    return ()
