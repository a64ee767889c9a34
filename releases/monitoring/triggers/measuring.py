"""Judge one trigger on what its room measured: windows, incidents, heartbeats, drift. Reads only.

Windows that were judged before are not read again: their sums are remembered, with a fingerprint of what
they held. When late data changed one of them the fingerprint differs, and the stage is judged from its
beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Count, Sum

from releases.bundles.triggers import (
    CountedTrigger,
    DriftTrigger,
    EventTrigger,
    HeartbeatTrigger,
    QuantileTrigger,
    ThresholdTrigger,
    VsControlTrigger,
)
from releases.monitoring.drift.measuring import Reference, score_drift
from releases.monitoring.heartbeats.queries import beats_of
from releases.monitoring.incidents.queries import incident_counts
from releases.monitoring.replaying.windows import replay_windows
from releases.monitoring.triggers.comparing import compared_with
from releases.monitoring.triggers.given import NOTHING, Given, Interval, Sums
from releases.monitoring.triggers.judgements import Judged, Judgement, NothingToCompareWith
from releases.monitoring.triggers.kinds import drift, event, heartbeat, quantile, threshold, vs_control
from releases.monitoring.triggers.scene import Place, Scene
from releases.monitoring.triggers.series import EPOCH, Cut, windows_of
from releases.monitoring.triggers.series import Window as SeenWindow
from releases.monitoring.vocabulary.series import OF_REPLAYS, WINDOW, WindowCounts
from releases.monitoring.windows.models import Observation, Window
from releases.monitoring.windows.queries import counts_of

HEARTBEATS_SINCE = timedelta(days=2)
DRIFT_STEPS = 24
"""Drift is measured so many times in its window: it is slow to move and costs a scan."""

REFERENCES = {
    Reference.FIRST_DAY: "its first day here",
    Reference.GATE: "what its gate saw",
    Reference.NONE: "nothing",
}


@dataclass(frozen=True)
class Known:
    """What an evaluation before this one remembered of the trigger in this stage."""

    judged_to: datetime | None = None
    sums: Sums = NOTHING
    fingerprint: str = ""
    compared: Interval | None = None


@dataclass(frozen=True)
class Found:
    """Judgements since then, and what to remember."""

    judged: tuple[Judged, ...]
    known: Known = field(default_factory=Known)
    tests: int = 1
    afresh: bool = False


class Reader:
    """Reads windows of one deployment once for all of its triggers."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._rows: dict[datetime, list[WindowCounts]] = {}
        self._fingerprints: dict[datetime, str] = {}

    def rows(self, since: datetime) -> list[WindowCounts]:
        """Counts from ``since`` on."""
        if since not in self._rows:
            scene, span = self.scene, {"since": since, "until": self.scene.at, "at": self.scene.at}
            rows = counts_of(scene.deployment, **span)
            if any(getattr(place.spec, "metric", "") in OF_REPLAYS for place in scene.places):
                rows = [*rows, *replay_windows(scene.deployment, **span)]
            self._rows[since] = rows
        return self._rows[since]

    def fingerprint(self, until: datetime) -> str:
        """Changes whenever what was counted in this stage before ``until`` does."""
        if until not in self._fingerprints:
            began, here = self.scene.began, {"deployment": self.scene.deployment, "starts_at__lt": until}
            counted = Window.objects.filter(**here, starts_at__gte=began - WINDOW).aggregate(
                windows=Count("id"),
                versions=Sum("version"),
                all_captures=Sum("captures"),
                all_events=Sum("capture_events"),
            )
            reported = Observation.objects.filter(**here, starts_at__gte=began - WINDOW).aggregate(
                windows=Count("id"), subjects=Sum("n")
            )
            figures = (*counted.values(), *reported.values())
            self._fingerprints[until] = "/".join(str(one or 0) for one in figures)
        return self._fingerprints[until]

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


def measured(reader: Reader, place: Place, known: Known) -> Found:
    """What the trigger finds now.

    Raises:
        CannotJudge: what it needs contradicts itself, or is not there.
    """
    spec, scene = place.spec, reader.scene
    if isinstance(spec, EventTrigger):
        suspected, confirmed = reader.incidents
        return Found((event.judge(spec, suspected=suspected, confirmed=confirmed, at=scene.at),), known)
    if isinstance(spec, HeartbeatTrigger):
        return Found(tuple(_beats(spec, scene)), known)
    if isinstance(spec, DriftTrigger):
        return Found(tuple(_drift(spec, scene, known)), known)
    try:
        return _counted(reader, place, spec, known)
    except NothingToCompareWith as nothing:
        return Found((Judged(scene.at, Judgement.WAITING, sentence=str(nothing)),), known)


def _counted(reader: Reader, place: Place, spec: CountedTrigger, known: Known) -> Found:
    scene, cut = reader.scene, _cut(reader.scene, place, spec)
    sums, since = known.sums, scene.began
    goes_on = sums.to is not None and reader.fingerprint(sums.to) == known.fingerprint
    if goes_on:
        since = max(since, sums.since or since)
    else:
        sums = NOTHING
    windows = windows_of(reader.rows(since), cut, scene.at)
    compared = known.compared or compared_with(scene, place)
    judged, after = _judge(spec, windows, Given(scene.tests, compared, sums))
    after = _marked(after, windows, spec, cut.settled_to(scene.at))
    fingerprint = reader.fingerprint(after.to) if after.to else ""
    return Found(
        tuple(judged), Known(known.judged_to, after, fingerprint, compared), scene.tests, afresh=not goes_on
    )


def _marked(after: Sums, windows: list[SeenWindow], spec: CountedTrigger, settled_to: datetime) -> Sums:
    """The sums with how far they go, also where nothing was counted, and what is needed again."""
    since = windows[max(0, len(windows) - spec.of_windows)].starts_at if windows else after.since
    newest = windows[-1].ends_at if windows else settled_to
    to = max(newest, settled_to, after.to or settled_to)
    return replace(after, to=to, since=since or to)


def _cut(scene: Scene, place: Place, spec: CountedTrigger) -> Cut:
    return Cut(
        metric=spec.metric,
        segment=place.segment,
        width=timedelta(seconds=spec.window_seconds),
        lateness=timedelta(seconds=spec.allowed_lateness_seconds),
        label_lag=timedelta(seconds=spec.label_lag_seconds),
        ours=scene.is_ours,
    )


def _judge(spec: CountedTrigger, windows: list[SeenWindow], given: Given) -> tuple[list[Judged], Sums]:
    fresh = [one for one in windows if given.sums.to is None or one.ends_at > given.sums.to]
    if isinstance(spec, QuantileTrigger):
        return quantile.judge(spec, windows, given)
    if isinstance(spec, ThresholdTrigger):
        return threshold.judge(spec, fresh if spec.test == "e_process" else windows, given)
    assert isinstance(spec, VsControlTrigger)
    return vs_control.judge(spec, fresh if spec.test == "e_process" else windows, given)


def _beats(spec: HeartbeatTrigger, scene: Scene) -> Iterator[Judged]:
    newest: dict[str, heartbeat.Pulse] = {}
    for beat in beats_of(scene.deployment.channel, since=scene.at - HEARTBEATS_SINCE):
        if beat.received_at <= scene.at:
            pulse = heartbeat.Pulse(beat.instance, str(beat.revision_id or ""), beat.received_at)
            newest.setdefault(beat.instance, pulse)
    found = heartbeat.judge(
        spec,
        list(newest.values()),
        due=frozenset(str(one) for one in scene.due),
        changed_at=scene.assignment.period.lower if scene.assignment else scene.began,
        at=scene.at,
    )
    if found is not None:
        yield found


def _drift(spec: DriftTrigger, scene: Scene, known: Known) -> Iterator[Judged]:
    """Once in a part of its window, on what was decided in the window before."""
    width = timedelta(seconds=spec.window_seconds)
    until = EPOCH + (scene.at - EPOCH) // (width / DRIFT_STEPS) * (width / DRIFT_STEPS)
    if until <= scene.began or (known.judged_to is not None and until <= known.judged_to):
        return
    figures = score_drift(scene.deployment, since=max(scene.began, until - width), until=until)
    if figures.psi is None or figures.psi_limit is None:
        return
    found = drift.Moved(
        psi=figures.psi,
        psi_limit=figures.psi_limit,
        size=figures.current_size,
        reference_size=figures.reference_size,
        reference=REFERENCES[figures.reference],
    )
    yield drift.judge(spec, found, until)
