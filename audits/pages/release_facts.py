"""The facts of one revision, read once, from which the release page derives its sentence and its buttons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from audits.pages.brief import requests_of
from audits.pages.findings import Finding, finding_of
from audits.pages.overrides import Shown, shown_of
from audits.pages.seating import Seating, seating_of
from audits.pages.standing import Facts, Standing, listed, standing
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.errors import FieldError
from governance.registry.models import Channel
from releases.approvals.models import Approval, ApprovalRequest, RequestState
from releases.approvals.queries import effective_state
from releases.bundles.completeness import ReleaseIncomplete, check_complete
from releases.bundles.content import content_of
from releases.bundles.guarding import reasons_of
from releases.bundles.models import Assignment, Revision, RevisionState
from releases.gates.models import GateEvaluation
from releases.gates.overrides.queries import overrides_of
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import ON_ITS_WAY, shown_step

__all__ = ["Known", "known_of", "named", "newest_states"]


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
    reachable: frozenset[UUID]
    """Those of the deployments whose pages the reader may open."""
    approvals: Sequence[Approval]
    ready: Sequence[Channel]
    served: frozenset[str]
    """Names of the revision's channels on which something is live."""
    missing: tuple[str, ...]
    past: tuple[Shown, ...]
    """The overrides of its gate, newest first."""
    busy: dict[str, str]
    """Names of its channels on which a rollout of another revision is under way → that release's name."""
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
    def override(self) -> Shown | None:
        """The override that an open request rests on or that is in force, else the newest."""
        asked = self.seating.request.override_id if self.seating and self.seating.is_open else None
        named = [one for one in self.past if one.override.pk == asked]
        counting = [one for one in self.past if one.is_in_force]
        return next(iter([*named, *counting, *self.past]), None)

    @property
    def live(self) -> list[Deployment]:
        """Where the revision answers now."""
        return [row for row in self.deployments if row.state == DeploymentState.LIVE]

    @property
    def on_their_way(self) -> list[Deployment]:
        """Where the revision is between its start and being live."""
        rows = [row for row in self.deployments if row.state in ON_ITS_WAY]
        return sorted(rows, key=lambda row: row.channel.name)

    @property
    def facts(self) -> Facts:
        """What the sentence is made of."""
        seating = self.seating if self.seating and self.seating.is_open else None
        states = newest_states(self.deployments)
        return Facts(
            name=self.revision.release.name,
            number=self.revision.number,
            state=self.revision.state,
            adopted=self.revision.adopted,
            is_newest=self.is_newest,
            verdict=self.finding.verdict,
            overridden=self.override.sentence if self.override and self.override.is_in_force else "",
            live=named(states, DeploymentState.LIVE),
            on_the_way=_moving(self.on_their_way),
            is_held=any(row.state == DeploymentState.HELD for row in self.on_their_way),
            rolled_back=named(states, DeploymentState.ROLLED_BACK),
            superseded=named(states, DeploymentState.SUPERSEDED),
            ready=[channel.name for channel in self.ready],
            seats=(seating.filled, len(seating.rows)) if seating else None,
            asked_for=seating.channels if seating else (),
            missing=self.missing,
            unserved=[channel.name for channel in self.channels if channel.name not in self.served],
            closing_reason=self.requests[0].closing_reason if self.requests else "",
        )

    @property
    def standing(self) -> Standing:
        """The lead of the page."""
        return standing(self.facts)


def _moving(rows: Sequence[Deployment]) -> list[str]:
    """``rolling out on android and ios (guarded 25 %)``, for rollouts under way that stand alike."""
    alike: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        state = "paused" if row.paused else row.get_state_display().lower()
        alike.setdefault((state, shown_step(row).title), []).append(row.channel.name)
    return [f"{state} on {listed(sorted(names))} ({stage})" for (state, stage), names in alike.items()]


def newest_states(deployments: Sequence[Deployment]) -> dict[str, str]:
    """The state on each channel: what answers or is on its way, else that of the newest deployment."""
    states: dict[str, str] = {}
    for row in deployments:
        if row.state in {DeploymentState.LIVE, *ON_ITS_WAY} or row.channel.name not in states:
            states[row.channel.name] = row.state
    return states


def named(states: dict[str, str], wanted: str) -> list[str]:
    """The channels in the state."""
    return sorted(name for name, state in states.items() if state == wanted)


def known_of(actor: Actor, revision: Revision) -> Known:
    """Read all of it."""
    now = timezone.now()
    revisions = list(revision.release.revisions.order_by("-number"))
    evaluations = list(
        revision.evaluations.select_related("policy", "progress").order_by("-requested_at", "-id")
    )
    requests = list(requests_of(revision))
    opened = [row for row in requests if effective_state(row, now) is RequestState.OPEN]
    shown = next(iter(opened or requests), None)
    deployments = list(
        revision.deployments.select_related("channel", "approval", "release", "rollback__target__release")
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
        reachable=frozenset(visible_to(revision.deployments.all(), actor).values_list("pk", flat=True)),
        approvals=approvals,
        ready=_ready(revision, approvals, deployments),
        served=_served(revision),
        missing=_missing(revision),
        past=tuple(shown_of(row, revision, now) for row in overrides_of(revision)),
        busy=_busy(revision),
        now=now,
    )


def _ready(
    revision: Revision, approvals: Sequence[Approval], deployments: Sequence[Deployment]
) -> list[Channel]:
    """Channels that an approval in force covers and where it has not been used."""
    if revision.state != RevisionState.APPROVED:
        return []
    used = {(row.approval_id, row.channel_id) for row in deployments}
    live = {row.channel_id for row in deployments if row.state in {DeploymentState.LIVE, *ON_ITS_WAY}}
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


def _busy(revision: Revision) -> dict[str, str]:
    channels = [row.channel_id for row in revision.channel_rows.all()]
    rows = Deployment.objects.filter(channel__in=channels, state__in=ON_ITS_WAY).exclude(revision=revision)
    return dict(rows.values_list("channel__name", "release__name"))


def _missing(revision: Revision) -> tuple[str, ...]:
    if revision.state != RevisionState.DRAFT:
        return ()
    try:
        check_complete(content_of(revision), reasons_of(revision))
    except ReleaseIncomplete as incomplete:
        return tuple(_gap_said(gap) for gap in incomplete.field_errors)
    return ()


PLACES = {
    "slots": "Stack",
    "card": "Model card",
    "rollout_plan": "Rollout plan",
    "rollback_plan": "Rollback plan",
    "channels": "Channels",
}
"""Parts of a draft, by the first word of a field's name."""


def _gap_said(gap: FieldError) -> str:
    first = gap.field.partition(".")[0].partition("[")[0]
    return f"{PLACES.get(first, gap.field)}: {gap.message}."
