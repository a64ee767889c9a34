"""Reads of what was counted: windows of a deployment, how fresh they are, and stamps that should not be.

Windows of decisions and windows that were reported ready-made are answered together, in one form.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Max, Model, QuerySet
from django.db.models.functions import Greatest

from governance.registry.models import Channel
from releases.bundles.arms import Arm
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS, WINDOW, Metric, WindowCounts
from releases.monitoring.windows.models import Observation, RollUp, StampCount, Window
from releases.rollouts.models import Deployment

R = TypeVar("R", bound=Model)
EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Mismatches:
    """Decisions that did not carry the stamp which their subject's arm should have got.

    ``unknown_stamps`` name no revision of the system; ``wrong_arm`` name one that was not due, neither at the
    decision's time nor in the minute before, which a new assignment may take to reach every instance.
    ``decisions`` is how many decisions were looked at. ``examples`` are the ids of some of both.
    """

    decisions: int
    unknown_stamps: int
    wrong_arm: int
    examples: tuple[UUID, ...]


def counts_of(
    deployment: Deployment, *, since: datetime, until: datetime, at: datetime
) -> list[WindowCounts]:
    """What was counted while the deployment's assignments were in force, in windows that begin in
    [``since``, ``until``): every arm, metric and segment, by time, arm, segment and metric.

    A window in which a stage begins counts from that moment, and is answered where that moment lies in the
    range; so ``since=deployment.stage_entered_at`` gives the present stage alone and whole. Only decisions
    with the stamp that was due count (see :func:`mismatches`), so ``revision`` is what the arm should get.
    While a stage is shown, CANDIDATE and CONTROL are the two arms to compare and STABLE is everybody else;
    of a deployment that is live, or was before a rollback, all subjects are STABLE. ``closed`` is judged at
    ``at``. A window without decisions is absent: absence is never a zero.

    Where the same window was reported ready-made and counted from decisions, the count of decisions is
    answered alone: nothing counts twice. Of a window reported ready-made ``captures`` are its subjects.
    """
    rows = _in_range(Window.objects.filter(deployment=deployment), since, until)
    observed = _in_range(Observation.objects.filter(deployment=deployment), since, until)
    counted = {_key(row): _of_decisions(row, at) for row in rows}
    ready_made = {_key(row): _of_report(row, at) for row in observed}
    return sorted({**ready_made, **counted}.values(), key=_order)


def latest_decision_at(channel: Channel) -> datetime | None:
    """The newest ``at`` of what was reported for the channel and counted: a decision's own time, or the end
    of a window reported ready-made; None where nothing ever was.
    """
    counted = RollUp.objects.filter(channel=channel).values_list("latest_at", flat=True).first()
    observed = Observation.objects.filter(channel=channel).aggregate(latest=Max("ends_at"))["latest"]
    return max(filter(None, (counted, observed)), default=None)


def mismatches(deployment: Deployment, *, since: datetime, until: datetime) -> Mismatches:
    """Stamps that were not due in the windows of the deployment that begin in [``since``, ``until``)."""
    rows = list(_in_range(StampCount.objects.filter(deployment=deployment), since, until))
    examples = [UUID(one) for row in rows for one in row.examples]
    return Mismatches(
        decisions=sum(row.decisions for row in rows),
        unknown_stamps=sum(row.unknown_stamps for row in rows),
        wrong_arm=sum(row.wrong_arm for row in rows),
        examples=tuple(examples[:EXAMPLES]),
    )


def _in_range(rows: QuerySet[R], since: datetime, until: datetime) -> QuerySet[R]:
    """Those of windows that begin in the range, or whose run does where that is later."""
    begins = Greatest("starts_at", "stage_began_at")
    within = rows.filter(starts_at__gt=since - WINDOW, starts_at__lt=until)  # what an index can find
    found: QuerySet[R] = within.alias(begins=begins).filter(begins__gte=since, begins__lt=until)
    return found.order_by("starts_at")


def _key(row: Window | Observation) -> tuple[Any, ...]:
    return (row.stage_began_at, row.starts_at, row.arm, row.revision_id, row.segment, row.metric)


def _order(row: WindowCounts) -> tuple[Any, ...]:
    return (row.starts_at, row.arm, row.segment, row.metric, str(row.revision))


def _of_decisions(row: Window, at: datetime) -> WindowCounts:
    return _counts(
        row,
        at,
        subjects=row.subjects,
        captures=row.captures,
        capture_events=row.capture_events,
        version=row.version,
    )


def _of_report(row: Observation, at: datetime) -> WindowCounts:
    return _counts(row, at, subjects=row.n, captures=row.n, capture_events=int(row.events), version=1)


def _counts(row: Window | Observation, at: datetime, **figures: int) -> WindowCounts:
    ends_at = row.starts_at + WINDOW
    return WindowCounts(
        starts_at=row.starts_at,
        ends_at=ends_at,
        arm=Arm(row.arm),
        revision=row.revision_id,
        segment=row.segment,
        metric=Metric(row.metric),
        events=row.events,
        sketch=None if row.sketch is None else bytes(row.sketch),
        closed=at >= ends_at + ALLOWED_LATENESS,
        **figures,
    )
