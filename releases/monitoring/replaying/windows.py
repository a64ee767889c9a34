"""What replays found, for triggers, lists and reports."""

import functools
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from governance.registry.models import Channel
from releases.bundles.arms import Arm
from releases.bundles.documents import WITH_ARMS
from releases.bundles.models import Revision
from releases.monitoring.replaying.models import ReplayMismatch, ReplayWindow
from releases.monitoring.replaying.waiting import replayed_to
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS, EVERYBODY, WINDOW, Metric, WindowCounts
from releases.rollouts.models import Deployment
from releases.rollouts.stages import current_step


@dataclass(frozen=True)
class ReplayTotals:
    """Sums over windows; what cannot be recomputed is neither the same nor otherwise."""

    sampled: int
    mismatched: int
    not_replayable: int

    @property
    def replayed(self) -> int:
        """Decisions that could be recomputed."""
        return self.sampled - self.not_replayable


def replay_windows(
    deployment: Deployment,
    *,
    since: datetime,
    until: datetime,
    at: datetime | None = None,
    settled: datetime | None = None,
) -> list[WindowCounts]:
    """The metric ``replay_mismatch`` on the deployment's channel, of windows that begin in [since, until).

    The arm is the candidate's for the deployment's own revision; any other is its control where its stage
    has one, else stable. Each decision is a unit of its own (whether arithmetic comes out the same does not
    depend on who stood before the camera), so ``subjects`` and ``captures`` are both the decisions that could
    be recomputed. What is closed is judged at ``at``, by default now, or at what replaying has come to by
    then, which is ``settled`` where it was asked before.
    """
    settled = settled or replayed_to(deployment.channel, at or timezone.now())
    stage = current_step(deployment).stage
    beside = Arm.CONTROL if stage.kind in WITH_ARMS or stage.control else Arm.STABLE
    rows = ReplayWindow.objects.filter(
        channel=deployment.channel_id, starts_at__gte=since, starts_at__lt=until, revision__isnull=False
    )
    return [
        _counts(row, Arm.CANDIDATE if row.revision_id == deployment.revision_id else beside, settled)
        for row in rows.order_by("starts_at", "revision")
    ]


def _counts(row: ReplayWindow, arm: Arm, settled: datetime) -> WindowCounts:
    replayed, ends_at = row.sampled - row.not_replayable, row.starts_at + WINDOW
    return WindowCounts(
        starts_at=row.starts_at,
        ends_at=ends_at,
        arm=arm,
        revision=row.revision_id,
        segment=EVERYBODY,
        metric=Metric.REPLAY_MISMATCH,
        subjects=replayed,
        events=float(row.mismatched),
        captures=replayed,
        capture_events=row.mismatched,
        sketch=None,
        version=1,
        closed=ends_at + ALLOWED_LATENESS <= settled,
    )


def replay_totals(
    channels: QuerySet[Channel] | list[Channel], revision: Revision, *, since: datetime, until: datetime
) -> ReplayTotals:
    """Sums of the revision's replays on the channels, of windows that begin in [since, until)."""
    rows = ReplayWindow.objects.filter(
        Q(channel__in=channels), revision=revision, starts_at__gte=since, starts_at__lt=until
    )
    return _summed(rows)


def totals_by_channel(
    since: Mapping[UUID, datetime], revision: Revision, *, until: datetime
) -> dict[UUID, ReplayTotals]:
    """The same of each channel from its own moment on, in one query."""
    if not since:
        return {}
    each = [Q(channel=channel, starts_at__gte=begun) for channel, begun in since.items()]
    rows = ReplayWindow.objects.filter(functools.reduce(operator.or_, each), revision=revision)
    sums = {name: Sum(name) for name in ("sampled", "mismatched", "not_replayable")}
    found = rows.filter(starts_at__lt=until).order_by().values("channel").annotate(**sums)
    return {
        one["channel"]: ReplayTotals(one["sampled"], one["mismatched"], one["not_replayable"])
        for one in found
    }


def recent_totals(rows: QuerySet[ReplayWindow], since: datetime) -> ReplayTotals:
    """Sums of those of the windows that begin at ``since`` or later."""
    return _summed(rows.filter(starts_at__gte=since))


def _summed(rows: QuerySet[ReplayWindow]) -> ReplayTotals:
    sums = (Sum(name) for name in ("sampled", "mismatched", "not_replayable"))
    found = rows.order_by().aggregate(*sums)
    return ReplayTotals(*(found[f"{name}__sum"] or 0 for name in ("sampled", "mismatched", "not_replayable")))


def listed_windows() -> QuerySet[ReplayWindow]:
    """Windows with channel and release."""
    return ReplayWindow.objects.select_related("channel__system", "revision__release").defer(
        "revision__card", "revision__rollout_plan", "revision__rollback_plan"
    )


def listed_mismatches() -> QuerySet[ReplayMismatch]:
    """Decisions that came out otherwise, with channel and release."""
    return ReplayMismatch.objects.select_related("channel__system", "revision__release").defer(
        "revision__card", "revision__rollout_plan", "revision__rollback_plan"
    )
