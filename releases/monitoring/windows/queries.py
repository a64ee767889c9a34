"""Reads of what was counted: windows of a deployment, how fresh they are, and stamps that should not be.

Windows of decisions and windows that were reported ready-made are answered together, in one form.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import CharField, Max, Model, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, Greatest

from governance.registry.models import Channel
from releases.bundles.arms import Arm
from releases.monitoring.decisions.models import DecisionBatch
from releases.monitoring.decisions.waiting import whole_to
from releases.monitoring.vocabulary.series import ALLOWED_LATENESS, WINDOW, Metric, WindowCounts
from releases.monitoring.windows.models import Observation, RollUp, StampCount, Window
from releases.monitoring.windows.stretches import NO_RUNS, Runs, runs_of
from releases.rollouts.models import Deployment

Key = tuple[datetime, datetime, str, UUID, str, str]
R = TypeVar("R", bound=Model)
EXAMPLES = 10
BEHIND = timedelta(seconds=30)
"""So long a window may wait to be counted, as happens every other second, before counting is behind."""

STUCK = timedelta(minutes=10)
"""Behind for so long, and through no round in all that time, counting will not catch up by itself."""


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


@dataclass(frozen=True, slots=True)
class Counting:
    """How far a channel is counted at ``at``: ``to`` is the moment up to which its windows are whole, and
    ``waiting_since`` when a round first found what none has counted to its end since."""

    at: datetime
    to: datetime
    waiting_since: datetime | None

    @property
    def is_behind(self) -> bool:
        """Whether data that are absent may only be uncounted: then nothing new follows from that, and
        nothing is shown."""
        return self.at - self.to > BEHIND

    @property
    def is_stuck(self) -> bool:
        """Whether it is behind and no round gets through, or none comes. A worker that was away and works off
        what came meanwhile is not stuck."""
        return self.at - self.to > STUCK and _is_left(self.waiting_since, self.at)


def _is_left(waiting_since: datetime | None, at: datetime) -> bool:
    return waiting_since is None or at - waiting_since > STUCK


def counting_of(channel: Channel, at: datetime) -> Counting:
    """How far the channel is counted."""
    rows = RollUp.objects.filter(channel=channel).values_list("stream_seq", "waiting_since")
    read, waiting_since = rows.first() or (0, None)
    waiting = DecisionBatch.objects.filter(
        channel=channel, entry__stream=channel.stream(), entry__stream_seq__gt=read
    ).order_by()
    return Counting(at, whole_to(waiting, at), waiting_since)


def counted_to(channel: Channel, at: datetime) -> datetime:
    """The moment up to which the channel's windows are whole: ``at`` where no report waits to be counted, or
    those that wait are of windows that are still open.

    A window is closed once its end and the allowed lateness lie at or before this moment, however late the
    worker comes to count: all that was received in time is in it.
    """
    return counting_of(channel, at).to


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A channel with a report that was received at ``since`` and is in no window yet. ``is_left`` says that
    no round gets through, and ``problem`` how the last one failed; empty where none did."""

    channel: Channel
    since: datetime
    is_left: bool
    problem: str


def uncounted(at: datetime) -> list[Uncounted]:
    """Channels whose oldest report has waited too long to be counted, in one query."""
    progress = RollUp.objects.filter(channel=OuterRef("id"))
    stream = Concat(Value(f"{Channel.stream_prefix}:"), Cast(OuterRef("id"), CharField()))
    waiting = DecisionBatch.objects.filter(entry__stream=stream, entry__stream_seq__gt=OuterRef("read"))
    rows = Channel.objects.annotate(
        read=Coalesce(Subquery(progress.values("stream_seq")), 0),
        since=Subquery(waiting.order_by("entry__stream_seq").values("received_at")[:1]),
        waiting_since=Subquery(progress.values("waiting_since")),
        problem=Coalesce(Subquery(progress.values("problem")), Value("")),
    )
    return [
        Uncounted(row, row.since, _is_left(row.waiting_since, at), row.problem)
        for row in rows.filter(since__lt=at - STUCK).select_related("system").order_by("id")
    ]


def counts_of(
    deployment: Deployment,
    *,
    since: datetime,
    until: datetime,
    at: datetime,
    metrics: Collection[str] | None = None,
    segments: Collection[str] | None = None,
    anew: bool = False,
    settled: datetime | None = None,
) -> list[WindowCounts]:
    """What was counted while the deployment's assignments were in force, in windows that begin in
    [``since``, ``until``): every arm, metric and segment, by time, arm, segment and metric.

    A window in which a stage begins counts from that moment, and is answered where that moment lies in the
    range; so ``since=deployment.stage_entered_at`` gives the present stage alone and whole. Only decisions
    with the stamp that was due count (see :func:`mismatches`), so ``revision`` is what the arm should get.
    While a stage is shown, CANDIDATE and CONTROL are the two arms to compare and STABLE is everybody else;
    of a deployment that is live, or was before a rollback, all subjects are STABLE, and each week begins
    anew. ``closed`` is judged at ``at``, or at what counting has come to by then (:func:`counted_to`), which
    is ``settled`` where it was asked before, so that one look stands on one answer. A window without
    decisions is absent: absence is never a zero.

    A subject counts once in a stage, also where it was paused between, and what answered meanwhile is left
    out: so evidence adds up over a pause. With ``anew`` it counts once since ``since``, which must be where
    the present stay in the stage began: that is whom the stay has seen.

    Where the same window was reported ready-made and counted from decisions, the one of more subjects is
    answered alone, so that nothing counts twice and a sample of decisions hides no window. Of a window
    reported ready-made ``captures`` are its subjects. ``metrics`` and ``segments`` are those that are wanted.
    """
    wanted: dict[str, Any] = {"deployment": deployment}
    wanted |= {} if metrics is None else {"metric__in": metrics}
    wanted |= {} if segments is None else {"segment__in": segments}
    wanted |= {"stage_began_at__gte": since} if anew else {}
    runs = NO_RUNS if anew else runs_of(deployment)
    rows = _in_range(Window.objects.filter(**wanted), since, until)
    observed = _in_range(Observation.objects.filter(**wanted), since, until)
    settled = counted_to(deployment.channel, at) if settled is None else settled
    return _together(rows, observed, runs, settled)


def _together(
    rows: QuerySet[Window], observed: QuerySet[Observation], runs: Runs, settled: datetime
) -> list[WindowCounts]:
    """What was counted and what was reported ready-made, without pauses, each window once."""
    rows = rows.exclude(stage_began_at__in=[*runs.pauses, *runs.again])
    observed = observed.exclude(stage_began_at__in=runs.pauses)
    found = {_key(row): _of_decisions(row, settled) for row in rows}
    for row in observed:
        key = _key(row, runs.again)
        ready_made, counted = _of_report(row, settled), found.get(key)
        if counted is None or _size(counted) < _size(ready_made):
            found[key] = ready_made
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


def _key(row: Window | Observation, again: Mapping[datetime, datetime] = MappingProxyType({})) -> Key:
    """What a row is of; ``again`` names the stage of stays that are not its first."""
    began_at = again.get(row.stage_began_at, row.stage_began_at)
    return (began_at, row.starts_at, row.arm, row.revision_id, row.segment, row.metric)


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
