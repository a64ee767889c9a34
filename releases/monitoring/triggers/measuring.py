"""Judge one trigger on what its room measured: windows, incidents, heartbeats, drift. Reads only."""

from collections.abc import Iterator
from datetime import timedelta

from releases.bundles.triggers import DriftTrigger, EventTrigger, HeartbeatTrigger
from releases.monitoring.drift.measuring import Reference, score_drift
from releases.monitoring.heartbeats.queries import beats_of
from releases.monitoring.triggers.counted import judge_counted
from releases.monitoring.triggers.judgements import Judged, Judgement, NothingToCompareWith
from releases.monitoring.triggers.kinds import drift, event, heartbeat
from releases.monitoring.triggers.known import Found, Known
from releases.monitoring.triggers.reader import Reader
from releases.monitoring.triggers.scene import Place, Scene
from releases.monitoring.triggers.series import EPOCH

HEARTBEATS_SINCE = timedelta(days=2)
DRIFT_STEPS = 24
"""Drift is measured so many times in its window: it is slow to move and costs a scan."""

REFERENCES = {
    Reference.FIRST_DAY: "its first day here",
    Reference.GATE: "what its gate saw",
    Reference.NONE: "nothing",
}


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
        return judge_counted(reader, place, spec, known)
    except NothingToCompareWith as nothing:
        return Found((Judged(scene.at, Judgement.WAITING, sentence=str(nothing)),), known)


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
        changed_at=scene.assignment.serves if scene.assignment else scene.began,
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
        people=figures.current_subjects,
        reference_people=figures.reference_subjects,
    )
    yield drift.judge(spec, found, until)
