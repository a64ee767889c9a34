"""How a trigger stands, in a word with an icon, and what it will do. Pure but for the rows it is given.

Quiet is said only of what was looked at lately and had enough to judge: absent data are never quiet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audits.pages.trigger_facts import NOT_LOOKED_AT, Watch
from releases.bundles.triggers import (
    EventTrigger,
    HeartbeatTrigger,
    QuantileTrigger,
    Spec,
    ThresholdTrigger,
    VsControlTrigger,
    WordsTrigger,
)
from releases.monitoring.triggers.judgements import Judgement
from releases.monitoring.triggers.models import TriggerReading, TriggerStatus
from releases.monitoring.triggers.presets import presets
from releases.monitoring.triggers.queries import shown_sentence, shown_state
from releases.monitoring.triggers.vocabulary import State
from releases.monitoring.triggers.wording import number, percent
from releases.rollouts.progress_queries import lasting

ACTS = {"rollback": "rolls back", "hold": "holds", "notify": "tells people"}
ON_NO_DATA = {"hold": "holds", "rollback": "rolls back", "warn": "tells people"}


@dataclass(frozen=True)
class Stands:
    """A word with its icon and look; ``rank`` puts the worst first. ``is_solid``: it is shown in a box."""

    rank: int
    look: str
    icon: str
    word: str
    is_solid: bool = False


FIRES = Stands(0, "fail", "notifications_active", "Firing", is_solid=True)
ERROR = Stands(1, "inc", "error", "Cannot be judged", is_solid=True)
NO_DATA = Stands(1, "void", "cloud_off", "No data", is_solid=True)
UNSEEN = Stands(1, "inc", "visibility_off", "Nobody looks", is_solid=True)
TELLS = Stands(2, "held", "notifications_active", "Firing, tells people", is_solid=True)
OBSERVED = Stands(2, "held", "notifications_active", "Would fire, observed only", is_solid=True)
OVERRIDDEN = Stands(2, "held", "key", "Overridden", is_solid=True)
RECOVERS = Stands(2, "held", "healing", "Recovers, still asks", is_solid=True)
PENDING = Stands(2, "inc", "hourglass_top", "Over its limit, not firing yet", is_solid=True)
NOTHING_YET = Stands(3, "void", "cloud_off", "No data yet")
TOO_FEW = Stands(3, "open", "hourglass_empty", "Too few to judge")
QUIET = Stands(4, "pass", "check_circle", "Quiet")
FIRED = Stands(0, "fail", "notifications_active", "Fired", is_solid=True)
OVER = Stands(5, "void", "history", "Not watched any more")

VERBS = {State.FIRING: "fires", State.NO_DATA: "has no data", State.ERROR: "cannot be judged"}

OF_STATE = {
    State.FIRING: FIRES,
    State.RECOVERING: RECOVERS,
    State.PENDING: PENDING,
    State.NO_DATA: NO_DATA,
    State.ERROR: ERROR,
    State.OVERRIDDEN: OVERRIDDEN,
}


@dataclass(frozen=True)
class When:
    """The moment of the page, since when the stage is shown, and whether it is still watched."""

    now: datetime
    since: datetime
    is_watched: bool


def stands_of(spec: Spec, row: TriggerStatus, newest: TriggerReading | None, when: When) -> Stands:
    """How one row stands."""
    state = shown_state(row, when.now)
    if state is State.FIRING and spec.mode == "observe":
        return OBSERVED
    if state is State.FIRING and row.action == "notify":
        return TELLS
    if state is not State.INACTIVE:
        return OF_STATE[state]
    memory = getattr(row, "memory", None)
    if when.is_watched and (memory is None or when.now - memory.evaluated_at > NOT_LOOKED_AT):
        return NOTHING_YET if memory is None else UNSEEN
    if newest is None and (memory is None or memory.judged_to is None or memory.judged_to <= when.since):
        return NOTHING_YET
    if newest is not None and newest.judgement == Judgement.WAITING.value:
        return TOO_FEW
    return QUIET


def worst_of(found: Iterable[Stands], when: When) -> Stands:
    """How several rows stand together; of a rollout that has ended, only what fired is still told."""
    worst = min(found, key=lambda stands: stands.rank, default=NOTHING_YET)
    if when.is_watched:
        return worst
    return FIRED if worst is FIRES else OVER


@dataclass(frozen=True)
class Asking:
    """A trigger that asks to act, and nobody goes past it. ``verb``: fires, has no data, cannot be judged."""

    title: str
    verb: str
    sentence: str
    action: str


def asking_of(watch: Watch, now: datetime) -> tuple[Asking, ...]:
    """Enforced triggers that ask for a rollback or a hold now: what fires first, the strongest of it."""
    found = [_asking(spec, row, now) for spec, row in watch.rows if _asks(spec, row, now)]
    return tuple(sorted(found, key=lambda one: (one.verb != VERBS[State.FIRING], one.action != "rollback")))


def _asks(spec: Spec, row: TriggerStatus, now: datetime) -> bool:
    acts = spec.mode == "enforce" and row.action in {"rollback", "hold"}
    return acts and shown_state(row, now) is not State.OVERRIDDEN


def _asking(spec: Spec, row: TriggerStatus, now: datetime) -> Asking:
    among = f" ({in_words(row.segment)})" if row.segment else ""
    verb = VERBS.get(shown_state(row, now), VERBS[State.FIRING])
    return Asking(f"{title_of(spec)}{among}", verb, shown_sentence(row), row.action)


def title_of(spec: Spec | WordsTrigger) -> str:
    """Its name: that of the preset it was made from, else its key in words."""
    kind = getattr(spec, "kind", "")
    for one in presets():
        if one.key == spec.key and one.document["kind"] == kind:
            return one.title
    return in_words(spec.key)


def in_words(key: str) -> str:
    """``skin_tone_6`` → ``Skin tone 6``."""
    said = key.replace("_", " ").replace("-", " ").strip()
    return f"{said[:1].upper()}{said[1:]}"


def does(spec: Spec) -> str:
    """What it does when it fires, and what comes of silence."""
    acts = ACTS[spec.action]
    parts = [f"{acts} when it fires" if spec.mode == "enforce" else f"observed only, else it {acts}"]
    if isinstance(spec, EventTrigger) and spec.suspected_action != "none":
        parts.append(f"a suspected one {ACTS[spec.suspected_action]}")
    if not isinstance(spec, EventTrigger) and spec.no_data_grace_seconds:
        parts.append(f"no data for {lasting(spec.no_data_grace_seconds)}: {ON_NO_DATA[spec.on_no_data]}")
    parts.append(f"owner {spec.owner}" if spec.owner else "no owner")
    return " · ".join(parts)


def asked_of(spec: Spec, control: str) -> str:
    """What it is held against: ``limit 400 ms in 2 of 2 windows of 5 minutes``."""
    if isinstance(spec, QuantileTrigger):
        return f"limit {number(spec.limit)} ms{_windows(spec)}"
    if isinstance(spec, ThresholdTrigger):
        limit = "what the gate measured at most" if spec.limit == "gate" else percent(float(spec.limit))
        return f"limit {limit}{_windows(spec)}"
    if isinstance(spec, VsControlTrigger):
        return f"against {control} plus {spec.effect_floor * 100:.4g} points{_windows(spec)}"
    if isinstance(spec, HeartbeatTrigger):
        return f"silent after {lasting(spec.silence_seconds)}"
    return ""


def _windows(spec: Any) -> str:
    if spec.test == "e_process":
        return ""
    several = f"{spec.breaches} of {spec.of_windows} windows" if spec.of_windows > 1 else "one window"
    risk = f", each at {percent(spec.alpha)} risk" if spec.test == "bound" else ""
    return f" in {several} of {lasting(spec.window_seconds)}{risk}"
