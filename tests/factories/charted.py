"""Rollouts whose page has something to show: triggers of every kind, and hours of windows."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from releases.bundles.arms import Arm
from releases.monitoring.vocabulary.series import Metric
from releases.monitoring.vocabulary.sketches import sketch_of
from releases.monitoring.windows.models import Window
from releases.rollouts.models import Deployment
from tests.factories.approvals import World
from tests.factories.gates import segment
from tests.factories.looked import GENERAL, MEASURED, beaten, hear, measured
from tests.factories.watched import Place, closed, place_of, write

BY = {"owner": "release_manager"}
RETRY: dict[str, Any] = {
    **BY,
    "key": "retry_spike",
    "kind": "vs_control",
    "metric": "retry",
    "min_subjects": 100,
    "description": "Retries against the control arm rise by more than 2 points.",
}
SEGMENTS: dict[str, Any] = {
    **BY,
    "key": "segment_degrades",
    "kind": "vs_control",
    "metric": "refused",
    "segments": "protected",
    "min_subjects": 50,
    "severity": "critical",
    "description": "People of a protected segment are refused more often than in the control arm.",
}
LATENCY: dict[str, Any] = {
    **BY,
    "key": "p95_latency",
    "kind": "quantile",
    "test": "immediate",
    "limit": 400.0,
    "clear_limit": 380.0,
    "breaches": 3,
    "of_windows": 4,
    "keep_firing_for": 1800,
    "action": "hold",
    "description": "The p95 latency is above 400 ms.",
}
EVENT: dict[str, Any] = {**BY, "key": "spoof_acceptance", "kind": "event", "description": "A spoof passed."}
HEARTBEAT: dict[str, Any] = {**BY, "key": "heartbeat", "kind": "heartbeat", "description": "Silence."}
DRIFT: dict[str, Any] = {**BY, "key": "score_drift", "kind": "drift", "description": "Scores moved."}
WORDS: dict[str, Any] = {"key": "complaints", "description": "People complain about being refused."}
ALL = (LATENCY, RETRY, SEGMENTS, EVENT, HEARTBEAT, DRIFT)


def charted(
    here: World,
    triggers: Iterable[dict[str, Any]] = ALL,
    *,
    tag: str = "2",
    channel: str = "android",
    plan: dict[str, Any] | None = None,
    **stage: Any,
) -> Deployment:
    """A release in a guarded stage with these triggers in force, and one that is words."""
    named = [*triggers, WORDS]
    keys = [one["key"] for one in named]
    guarded = {**MEASURED, "min_subjects": 5000, "min_duration_seconds": 86_400, "triggers": keys, **stage}
    return measured(
        here, guarded, {**GENERAL, "triggers": keys}, triggers=named, tag=tag, channel=channel, **(plan or {})
    )


def protected(here: World) -> list[str]:
    """Three protected segments, which are in force for what is frozen afterwards."""
    return [segment(here.cast, "skin_tone", value).key for value in ("2", "5", "6")]


def watch_hours(
    deployment: Deployment,
    places: Iterable[int],
    *,
    segments: Iterable[str] = (),
    slow_from: int | None = None,
    worse_from: int | None = None,
) -> datetime:
    """Windows at these places: of both arms, of each segment, and of latency; answers when all are closed.

    From ``slow_from`` on the candidate answers slowly, from ``worse_from`` on it asks more people to retry.
    """
    last, segments, there = 0, list(segments), place_of(deployment)
    rows: list[Window] = []
    for place in places:
        last, wave = place, math.sin(place / 3)
        retried = 14.0 if worse_from is None or place < worse_from else 40.0
        rows += there.windows(place, (100, retried + 3 * wave), (100, 14 - 2 * wave))
        rows += there.windows(place, (200, 0), arm=Arm.STABLE)
        for number, key in enumerate(segments):
            refused = 2.0 + number + wave
            rows += there.windows(
                place, (12, refused / 4), (12, refused / 3), metric=Metric.REFUSED, segment=key
            )
        pace = 300.0 if slow_from is None or place < slow_from else 420.0
        rows += _answered(there, place, [pace + 8 * wave - 0.5 * step for step in range(100)])
        rows += _answered(there, place, [290 - 6 * wave - 0.5 * step for step in range(100)], Arm.CONTROL)
    write(deployment, rows)
    at = closed(deployment, last)
    hear(deployment.channel, at)
    return at


def _answered(there: Place, place: int, values: list[float], arm: Arm = Arm.CANDIDATE) -> Iterator[Window]:
    everybody, nobody = (len(values), 0), (0, 0)
    ours, control = (everybody, nobody) if arm is Arm.CANDIDATE else (nobody, everybody)
    for row in there.windows(place, ours, control, metric=Metric.LATENCY):
        row.sketch = sketch_of(values)
        yield row


def beating(here: World, deployment: Deployment, at: datetime) -> None:
    """Two instances that run what is live, heard shortly before."""
    assignment = deployment.assignments.get(period__upper_inf=True)
    for instance in ("decide-1", "decide-2"):
        beaten(
            here,
            deployment.channel,
            instance,
            assignment.stable.manifest_digest,
            at - timedelta(seconds=20),
        )
