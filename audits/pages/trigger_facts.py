"""What is stored of a rollout's triggers, read for its page in a fixed number of queries: how each stands,
and the points of its chart.

Nothing is judged here. Of a long stage not every window is drawn: each stretch of it is shown by its worst
window, a breach before all else, so that what is drawn is never better than what was read.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import BooleanField, Count, ExpressionWrapper, F, FloatField, Min, Q, QuerySet, Value
from django.db.models.functions import Cast, Ceil, Extract

from audits.pages.rollout_facts import RolloutFacts
from releases.bundles.triggers import Spec, WordsTrigger, triggers_of
from releases.monitoring.triggers.judgements import Judgement
from releases.monitoring.triggers.models import TriggerReading, TriggerStatus
from releases.monitoring.triggers.queries import listed_triggers
from releases.monitoring.vocabulary.series import EVERYBODY, WINDOW
from releases.rollouts.readings import entered

MOST_POINTS = 300
"""Readings of a trigger that are drawn at most."""

LONGEST = timedelta(days=7)
"""Of a release that is live for longer, the last week is shown."""

DRAWN = frozenset({"threshold", "vs_control", "quantile"})
"""Kinds with a chart over time; the others are told in words."""

NOT_LOOKED_AT = timedelta(minutes=1)
"""Triggers are evaluated every two seconds; after this, nobody looks."""


@dataclass(frozen=True)
class Counted:
    """How many windows of the stretch shown a trigger has judged, and how many of them breached."""

    windows: int = 0
    breaches: int = 0


@dataclass(frozen=True)
class Watched:
    """A measured trigger in force, with its rows: one for everybody, or one for each segment.

    ``newest`` is the newest reading of the stretch by row. ``readings`` are by time, of what is judged on
    everybody.
    """

    spec: Spec
    rows: tuple[TriggerStatus, ...] = ()
    newest: dict[UUID, TriggerReading] = field(default_factory=dict)
    readings: tuple[TriggerReading, ...] = ()
    counted: Counted = field(default_factory=Counted)

    @property
    def is_by_segment(self) -> bool:
        """Whether it is judged segment by segment."""
        return getattr(self.spec, "segments", "everybody") != "everybody"


@dataclass(frozen=True)
class Watch:
    """The triggers of a rollout's plan in its stage, and the stretch of time that is shown of them.

    ``step`` is what one drawn point stands for: a window, or more where the stretch is long. ``words`` are
    triggers that nothing measures; ``elsewhere`` are keys of those in force in other stages only. Where most
    of the stretch passed before anything was counted, charts begin at ``data_since``, and the page says so.
    """

    since: datetime
    until: datetime
    step: timedelta
    measured: tuple[Watched, ...] = ()
    words: tuple[WordsTrigger, ...] = ()
    elsewhere: tuple[str, ...] = ()
    data_since: datetime | None = None

    @property
    def drawn_since(self) -> datetime:
        """Where charts begin."""
        return self.data_since or self.since

    @property
    def is_empty(self) -> bool:
        """Whether no trigger is in force."""
        return not self.measured and not self.words

    @property
    def rows(self) -> list[tuple[Spec, TriggerStatus]]:
        """Every row with its trigger."""
        return [(one.spec, row) for one in self.measured for row in one.rows]


def watch_of(facts: RolloutFacts) -> Watch:
    """What is stored of the triggers of the present stage; of a rollout that has ended, of its last."""
    named = triggers_of(facts.deployment.revision.rollback_plan)
    keys = set(facts.here.stage.triggers)
    in_force = [one for one in named if one.key and one.key in keys]
    since, until = shown_span(facts)
    rows = list(
        listed_triggers()
        .defer(None)
        .defer("memory__kept")
        .filter(deployment=facts.deployment, key__in=keys)
        .order_by("key", "segment")
    )
    data_since = _data_since(rows, since, until)
    drawn = (data_since or since, until)
    return Watch(
        since,
        until,
        step_of(*drawn),
        tuple(_watched([one for one in in_force if not isinstance(one, WordsTrigger)], rows, since, drawn)),
        tuple(one for one in in_force if isinstance(one, WordsTrigger)),
        tuple(sorted(one.key for one in named if one.key and one.key not in keys)),
        data_since,
    )


def _data_since(rows: Sequence[TriggerStatus], since: datetime, until: datetime) -> datetime | None:
    """When the first window with data began, where more than half of the stretch had passed by then."""
    drawn = [row.pk for row in rows if row.kind in DRAWN]
    first = _within(drawn, since, until).aggregate(first=Min("at"))["first"] if drawn else None
    return first - WINDOW if first is not None and first - WINDOW - since > (until - since) / 2 else None


def shown_span(facts: RolloutFacts) -> tuple[datetime, datetime]:
    """From the beginning of the stage until now, or until the rollout ended; a week at most."""
    until = facts.now if facts.is_open else facts.deployment.state_changed_at
    return max(entered(facts.deployment), until - LONGEST), until


def step_of(since: datetime, until: datetime, most: int = MOST_POINTS) -> timedelta:
    """The shortest stretch, in whole windows, of which no more than ``most`` are drawn."""
    return max(1, math.ceil((until - since) / (most - 1) / WINDOW)) * WINDOW


def _watched(
    specs: Sequence[Spec],
    rows: Sequence[TriggerStatus],
    since: datetime,
    span: tuple[datetime, datetime],
) -> Iterable[Watched]:
    """``span`` is what is drawn of the stretch."""
    until = span[1]
    drawn = [row.pk for row in rows if row.segment == EVERYBODY and row.kind in DRAWN]
    readings, counted = points_of(drawn, *span), _counted(drawn, since, until)
    newest = _newest([row.pk for row in rows], since, until)
    for spec in specs:
        own = tuple(row for row in rows if row.key == spec.key)
        whole = next((row.pk for row in own if row.segment == EVERYBODY), None)
        yield Watched(
            spec,
            own,
            {row.pk: newest[row.pk] for row in own if row.pk in newest},
            tuple(readings[whole]) if whole else (),
            counted.get(whole, Counted()) if whole else Counted(),
        )


def _within(ids: Sequence[UUID], since: datetime, until: datetime) -> QuerySet[TriggerReading]:
    """Readings of the rows; a judgement of now belongs to the window that is still open."""
    return TriggerReading.objects.filter(status__in=ids, at__gt=since, at__lte=until + WINDOW)


def points_of(
    ids: Sequence[UUID], since: datetime, until: datetime, most: int = MOST_POINTS
) -> dict[UUID, list[TriggerReading]]:
    """At most ``most`` readings of each row by time: of each stretch its worst, a breach before all else."""
    seconds = step_of(since, until, most).total_seconds()
    place = Ceil(Cast(Extract("at", "epoch"), FloatField()) / Value(seconds), output_field=FloatField())
    breach = ExpressionWrapper(Q(judgement=Judgement.BREACH.value), output_field=BooleanField())
    rows = _within(ids, since, until).annotate(place=place, breach=breach)
    worst = rows.order_by("status_id", "place", "-breach", F("value").desc(nulls_last=True), "-at")
    found: dict[UUID, list[TriggerReading]] = defaultdict(list)
    for one in worst.distinct("status_id", "place"):
        found[one.status_id].append(one)
    return found


def _newest(ids: Sequence[UUID], since: datetime, until: datetime) -> dict[UUID, TriggerReading]:
    rows = _within(ids, since, until).order_by("status_id", "-at").distinct("status_id")
    return {one.status_id: one for one in rows}


def _counted(ids: Sequence[UUID], since: datetime, until: datetime) -> dict[UUID, Counted]:
    breaches = Count("id", filter=Q(judgement=Judgement.BREACH.value))
    rows = _within(ids, since, until).values("status").annotate(windows=Count("id"), breaches=breaches)
    return {row["status"]: Counted(row["windows"], row["breaches"]) for row in rows}
