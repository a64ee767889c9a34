"""Reads what was counted, once for all triggers of a deployment."""

from collections.abc import Sequence, Set
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncHour

from governance.ledger.models import Entry
from releases.monitoring.incidents.queries import incident_counts
from releases.monitoring.replaying.models import ReplayWindow
from releases.monitoring.replaying.windows import replay_windows
from releases.monitoring.triggers.known import hour_of
from releases.monitoring.triggers.scene import Scene
from releases.monitoring.vocabulary.series import EVERYBODY, OF_REPLAYS, WINDOW, Metric, WindowCounts
from releases.monitoring.windows.models import Observation, RollUp, Window
from releases.monitoring.windows.queries import counts_of

Marks = dict[tuple[str, str], dict[int, str]]
"""By metric and segment: hours with a mark each."""

WHOLE_EVERY = timedelta(seconds=30)
"""So often all hours of a stage are compared with their marks; those of the last hours whenever anything is
new, since most of what is late is not very late."""

RECENT = timedelta(hours=2)
REPLAYED = Metric.REPLAY_MISMATCH.value


class Reader:
    """Reads windows of one deployment once for all of its triggers.

    ``inputs`` changes whenever a window of the channel was counted, reported or replayed. It is read before
    all else, so that whatever comes while the rest is read is seen to have come.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.metrics = {getattr(place.spec, "metric", "") for place in scene.places} - {""}
        self.segments = {place.segment for place in scene.places}
        self.inputs = self._inputs() if self.metrics else ""
        self._rows: dict[tuple[datetime, tuple[str, str] | None], list[WindowCounts]] = {}
        self._marks: dict[tuple[datetime, datetime], Marks] = {}

    def rows(self, since: datetime, metric: str, segment: str) -> list[WindowCounts]:
        """Counts from ``since`` on of what the triggers are about; of a longer time of this place alone."""
        one = None if self.scene.at - since <= RECENT else (metric, segment)
        if (since, one) not in self._rows:
            self._rows[since, one] = self._read(since, *(({metric}, {segment}) if one else ()))
        return self._rows[since, one]

    def _read(
        self, since: datetime, metrics: Set[str] | None = None, segments: Set[str] | None = None
    ) -> list[WindowCounts]:
        scene, metrics = self.scene, metrics or self.metrics
        rows = counts_of(
            scene.deployment,
            since=since,
            until=scene.at,
            at=scene.at,
            metrics=metrics,
            segments=segments or self.segments,
            settled=scene.counted_to,
        )
        if metrics.isdisjoint(OF_REPLAYS):
            return rows
        replays = replay_windows(scene.deployment, since=since, until=scene.at, settled=scene.replayed_to)
        return [*rows, *replays]

    @property
    def has_moved(self) -> bool:
        """Whether anything was counted since this reader began: what it read may be of two moments then."""
        return self._inputs() != self.inputs

    def _inputs(self) -> str:
        channel = self.scene.deployment.channel
        entries = Entry.objects.filter(stream=channel.stream()).order_by("-stream_seq")
        head = entries.values_list("stream_seq", flat=True).first()
        counted = RollUp.objects.filter(channel=channel).values_list("stream_seq", "rolled_up_at").first()
        replayed = self._replays.aggregate(found=Sum("sampled"))["found"] if self._has_replays else None
        return f"{head}/{counted}/{replayed}"

    def marks(self, since: datetime, until: datetime) -> Marks:
        """Of windows that begin in [``since``, ``until``): the mark of each hour changes when they do."""
        if (since, until) not in self._marks:
            self._marks[since, until] = self._read_marks(since, until)
        return self._marks[since, until]

    @property
    def first(self) -> datetime:
        """Where the windows of the stage begin at the earliest."""
        return self.scene.began - WINDOW

    def _read_marks(self, since: datetime, until: datetime) -> Marks:
        within = {"starts_at__gte": since, "starts_at__lt": until}
        about = {"metric__in": self.metrics, "segment__in": self.segments, **within}
        marks: Marks = {}
        for rows, sums in (
            (Window.objects, ("version", "subjects", "captures", "capture_events")),
            (Observation.objects, ("n",)),
        ):
            found = rows.filter(deployment=self.scene.deployment, **about)
            _mark(marks, found, ("metric", "segment"), sums)
        if self._has_replays:
            counts = ("sampled", "mismatched", "not_replayable")
            _mark(marks, self._replays.filter(**within), (), counts)
        return marks

    @property
    def _has_replays(self) -> bool:
        return not self.metrics.isdisjoint(OF_REPLAYS)

    @property
    def _replays(self) -> Any:
        channel = self.scene.deployment.channel_id
        return ReplayWindow.objects.filter(channel=channel, starts_at__gte=self.first).order_by()

    @cached_property
    def incidents(self) -> tuple[int, int]:
        """Suspected and confirmed ones that the release decided since it began to answer here."""
        deployment = self.scene.deployment
        counts = incident_counts(
            deployment.channel,
            revision=deployment.revision,
            since=deployment.started_at,
            until=self.scene.at,
        )
        return counts.suspected, counts.confirmed


def _mark(marks: Marks, rows: Any, by: Sequence[str], sums: Sequence[str]) -> None:
    """Add the counts of each hour to its mark. Replays are of one metric, and about everybody."""
    hours = rows.order_by().values(*by, hour=TruncHour("starts_at", tzinfo=UTC))
    names = {f"sum_{name}": Sum(name) for name in sums}
    for row in hours.annotate(rows=Count("id"), **names):
        place = (row.get("metric", REPLAYED), row.get("segment", EVERYBODY))
        figures = "/".join(str(row[name]) for name in ("rows", *names))
        of_place, hour = marks.setdefault(place, {}), hour_of(row["hour"])
        of_place[hour] = f"{of_place.get(hour, '')}|{figures}"
