"""Heartbeats: silence of the decision service, or an instance that runs what should not be live, trips.

It catches a rollback that did not land. Silence is judged by our clock. One instance may go away, as
instances do; the channel is silent when all are. A channel that never had a heartbeat is without data.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from releases.bundles.triggers import HeartbeatTrigger
from releases.monitoring.triggers.judgements import Figures, Judged, Judgement


@dataclass(frozen=True, slots=True)
class Pulse:
    """The newest beat of an instance; ``revision`` is '' for a digest that belongs to none of ours."""

    instance: str
    revision: str
    received_at: datetime


def judge(
    spec: HeartbeatTrigger,
    pulses: Sequence[Pulse],
    *,
    due: Collection[str],
    changed_at: datetime,
    at: datetime,
) -> Judged | None:
    """None where nobody ever reported. ``due`` are the revisions that may answer now, since ``changed_at``.

    A beat that came within the settling time after a change says nothing about the change.
    """
    if not pulses:
        return None
    newest = max(pulse.received_at for pulse in pulses)
    silent = (at - newest).total_seconds()
    if silent > spec.silence_seconds:
        return Judged(
            at,
            Judgement.BREACH,
            Figures(value=silent, limit=float(spec.silence_seconds), subjects=0),
            f"No heartbeat for {silent / 60:.0f} minutes; the last came at {newest:%H:%M:%S} UTC.",
            detail={"silent_seconds": round(silent), "last_at": newest.isoformat()},
        )
    alive = [p for p in pulses if (at - p.received_at).total_seconds() <= spec.silence_seconds]
    settled = changed_at + timedelta(seconds=spec.settle_seconds)
    wrong = sorted(p.instance for p in alive if p.revision not in due and p.received_at >= settled)
    figures = Figures(value=float(len(wrong)), limit=0.0, subjects=len(alive))
    if wrong:
        named = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        said = f"{len(wrong)} of {len(alive)} instances run a digest that is not live here: {named}."
        return Judged(at, Judgement.BREACH, figures, said, detail={"wrong": wrong[:50], "alive": len(alive)})
    said = f"{len(alive)} {'instance runs' if len(alive) == 1 else 'instances run'} what is live here."
    return Judged(at, Judgement.CLEAR, figures, said, detail={"alive": len(alive)})
