"""Reads of what was counted: windows of a deployment, how fresh they are, and stamps that should not be.

Windows of decisions and windows that were reported ready-made are answered together, in one form.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Max, Model, QuerySet
from django.db.models.functions import Greatest

from governance.registry.models import Channel
from releases.bundles.arms import Arm
from releases.monitoring.decisions.models import DecisionBatch
from releases.monitoring.decisions.waiting import whole_to
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS, WINDOW, Metric, WindowCounts
from releases.monitoring.windows.models import Observation, RollUp, StampCount, Window
from releases.rollouts.models import Deployment

R = TypeVar("R", bound=Model)
EXAMPLES = 10
BEHIND = timedelta(seconds=30)
"""So long a window may wait to be counted, as happens every other second, before counting is behind."""


@dataclass(frozen=True, slots=True)
class Mismatches:
    """Decisions that did not carry the stamp which their subject's arm should have got.

    ``unknown_stamps`` name no revision of the system; ``wrong_arm`` name one that was not due, neither at the
    decision's time nor in the two minutes before, which a new assignment may take to reach every instance.
    ``decisions`` is how many decisions were looked at. ``examples`` are the ids of some of both.
    """

    decisions: int
    unknown_stamps: int
    wrong_arm: int
    examples: tuple[UUID, ...]


def counted_to(channel: Channel, at: datetime) -> datetime:
    """The moment up to which the channel's windows are whole: ``at`` where no report waits to be counted, or
    those that wait are of windows that are still open.

    A window is closed once its end and the allowed lateness lie at or before this moment, however late the
    worker comes to count: all that was received in time is in it.
    """
    read = RollUp.objects.filter(channel=channel).values_list("stream_seq", flat=True).first() or 0
    waiting = DecisionBatch.objects.filter(
        channel=channel, entry__stream=channel.stream(), entry__stream_seq__gt=read
    ).order_by()
    return whole_to(waiting, at)


def is_caught_up(channel: Channel, at: datetime) -> bool:
    """Whether counting keeps up with what is reported for the channel. While it does not, data that are
    absent may only be uncounted: nothing follows from their absence, and nothing is shown.
    """
    return at - counted_to(channel, at) <= BEHIND


def counts_of(
    deployment: Deployment,
    *,
    since: datetime,
    until: datetime,
    at: datetime,
    metrics: Collection[str] | None = None,
    segments: Collection[str] | None = None,
) -> list[WindowCounts]:
    """What was counted while the deployment's assignments were in force, in windows that begin in
    [``since``, ``until``): every arm, metric and segment, by time, arm, segment and metric.

    A window in which a stage begins counts from that moment, and is answered where that moment lies in the
    range; so ``since=deployment.stage_entered_at`` gives the present stage alone and whole. Only decisions
    with the stamp that was due count (see :func:`mismatches`), so ``revision`` is what the arm should get.
    While a stage is shown, CANDIDATE and CONTROL are the two arms to compare and STABLE is everybody else;
    of a deployment that is live, or was before a rollback, all subjects are STABLE, and each week begins
    anew. ``closed`` is judged at ``at``, or at what counting has come to by then (:func:`counted_to`). A
    window without decisions is absent: absence is never a zero.

    Where the same window was reported ready-made and counted from decisions, the one of more subjects is
    answered alone, so that nothing counts twice and a sample of decisions hides no window. Of a window
    reported ready-made ``captures`` are its subjects. ``metrics`` and ``segments`` are those that are wanted.
    """
    wanted: dict[str, Any] = {"deployment": deployment}
    wanted |= {} if metrics is None else {"metric__in": metrics}
    wanted |= {} if segments is None else {"segment__in": segments}
    rows = _in_range(Window.objects.filter(**wanted), since, until)
    observed = _in_range(Observation.objects.filter(**wanted), since, until)
    settled = counted_to(deployment.channel, at)
    found = {_key(row): _of_decisions(row, settled) for row in rows}
    for row in observed:
        ready_made, counted = _of_report(row, settled), found.get(_key(row))
        if counted is None or _size(counted) < _size(ready_made):
            found[_key(row)] = ready_made
    return sorted(found.values(), key=_order)


def latest_decision_at(channel: Channel) -> datetime | None:
    """The newest ``at`` of what was reported for the channel and counted: a decision's own time, or the end
    of a window reported ready-made; None where nothing ever was.
    """
    counted = RollUp.objects.filter(channel=channel).values_list("latest_at", flat=True).first()
    observed = Observation.objects.filter(channel=channel).aggregate(latest=Max("ends_at"))["latest"]
    return max(filter(None, (counted, observed)), default=None)


def mismatches(
    deployment: Deployment,
    *,
    since: datetime,
    until: datetime,
    span: timedelta | None = None,
    decisions: int = 0,
) -> Mismatches:
    """Stamps that were not due in the windows of the deployment that begin in [``since``, ``until``).

    With ``span`` in the newest of them alone: those of the last ``span``, and further back until so many
    ``decisions`` are among them.
    """
    rows = _in_range(StampCount.objects.filter(deployment=deployment), since, until)
    found: list[StampCount] = []
    seen = 0
    for row in rows.order_by("-starts_at"):
        is_older = span is not None and row.starts_at + WINDOW <= until - span
        if is_older and seen >= decisions:
            break
        found.insert(0, row)
        seen += row.decisions
    examples = [UUID(one) for row in found for one in row.examples]
    return Mismatches(
        decisions=seen,
        unknown_stamps=sum(row.unknown_stamps for row in found),
        wrong_arm=sum(row.wrong_arm for row in found),
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


def _size(row: WindowCounts) -> int:
    """What ``n`` of a ready-made window tells: subjects, or the values of a distribution."""
    return row.captures if row.metric is Metric.LATENCY else row.subjects


def _order(row: WindowCounts) -> tuple[Any, ...]:
    return (row.starts_at, row.arm, row.segment, row.metric, str(row.revision))


def _of_decisions(row: Window, settled: datetime) -> WindowCounts:
    return _counts(
        row,
        settled,
        subjects=row.subjects,
        captures=row.captures,
        capture_events=row.capture_events,
        version=row.version,
    )


def _of_report(row: Observation, settled: datetime) -> WindowCounts:
    return _counts(row, settled, subjects=row.n, captures=row.n, capture_events=int(row.events), version=1)


def _counts(row: Window | Observation, settled: datetime, **figures: int) -> WindowCounts:
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
        closed=settled >= ends_at + ALLOWED_LATENESS,
        **figures,
    )
