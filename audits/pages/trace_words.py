"""A trace as the sentences and rows of its page. Pure but for what the trace itself holds."""

from dataclasses import dataclass
from typing import Any

from audits.pages.band_axis import BandAxis, band_axis, number
from audits.trace.facts import Placed, Trace
from releases.bundles.arms import Arm
from releases.bundles.documents import StageKind
from releases.monitoring.decisions.models import DecisionOutcome
from releases.monitoring.replaying.replay import ACCEPT, RETRY, Replay
from releases.rollouts.models import DeploymentState
from releases.statistics.thresholds import Polarity

OUTCOMES = {
    "accept": ("open", "check_circle", "Accepted"),
    "retry": ("open", "replay", "Asked to try again"),
    "reject": ("open", "do_not_disturb_on", "Refused"),
    "error": ("held", "error", "Ended with an error"),
}
NOT_REPORTED = ("void", "unknown_document", "No decision reported")
REPLAYS = {
    True: ("pass", "check_circle", "Replay: same outcome"),
    False: ("fail", "dangerous", "Replay: another outcome"),
    None: ("inc", "contrast", "Not replayed"),
}
SLOTS = {
    "model": "model",
    "fusion": "fusion",
    "threshold_policy": "threshold policy",
    "sdk": "SDK",
    "dataset": "dataset",
    "evaluation_report": "report",
}
SINCE = {
    DeploymentState.HELD: ("held", "pause_circle", "held"),
    DeploymentState.ROLLED_BACK: ("fail", "undo", "rolled back"),
    DeploymentState.SUPERSEDED: ("void", "history", "superseded"),
    DeploymentState.LIVE: ("live", "sensors", "live"),
    DeploymentState.ROLLING_OUT: ("live", "stairs", "rolling out"),
}


@dataclass(frozen=True)
class ReplayRow:
    """One line of the comparison; ``is_same`` is None where nothing was recomputed."""

    what: str
    recorded: str
    replayed: str
    is_same: bool | None


@dataclass(frozen=True)
class Story:
    """All that the page says about a trace."""

    outcome: tuple[str, str, str]
    replay: tuple[str, str, str]
    why: str
    support: tuple[str, ...]
    axis: BandAxis | None
    band_note: str
    slots: tuple[dict[str, Any], ...]
    rows: tuple[ReplayRow, ...]
    stage: str
    u: float | None
    since: tuple[str, str, str] | None


def story(trace: Trace) -> Story:
    """The page of a trace."""
    decision, replay = trace.decision, trace.replay
    axis = None
    if replay.fits is not None and replay.score is not None and trace.policy is not None:
        axis = band_axis(replay.fits, Polarity(trace.policy.attributes["polarity"]), replay.score)
    return Story(
        outcome=OUTCOMES[decision.outcome] if decision else NOT_REPORTED,
        replay=REPLAYS[replay.same],
        why=_why(trace) if decision else _was_to_answer(trace),
        support=_support(trace),
        axis=axis,
        band_note=_band_note(trace),
        slots=_slots(trace),
        rows=_rows(trace),
        stage=_stage(trace.placed),
        u=round(100 * trace.placed.u, 2) if trace.placed and trace.placed.u is not None else None,
        since=_since(trace),
    )


def _was_to_answer(trace: Trace) -> str:
    """Who was to answer, in a sentence, where nothing was reported."""
    placed = trace.placed
    if placed is None or trace.revision is None:
        return "nothing on record was live there, so nobody can say what decided."
    name = f"{trace.revision.release.name} revision {trace.revision.number}"
    if placed.assignment.candidate_id is None:
        return f"{name} answered everybody there."
    return f"{name} was to answer this subject, who falls into the {_arm(placed)}."


def _why(trace: Trace) -> str:
    """Why this outcome, in half a sentence; what is missing, where it cannot be said."""
    replay = trace.replay
    if trace.revision is None:
        return "its stamp belongs to no release on record."
    if replay.fits is None or replay.score is None:
        return f"it {replay.problem}"
    where = f"the score {number(replay.score)} {_against(trace, replay)} of {trace.policy}"
    if replay.same is False:
        return f"{where}, so it should have been {_should(replay)}."
    return f"{where}."


def _against(trace: Trace, replay: Replay) -> str:
    band = replay.fits
    assert band is not None
    attack_high = trace.policy is None or trace.policy.attributes["polarity"] == Polarity.HIGHER_IS_ATTACK
    beyond, within = ("above", "within") if attack_high else ("below", "within")
    if replay.band == ACCEPT:
        return f"is {within} the accept limit {number(band.accept)}"
    if replay.band == RETRY and band.retry is not None:
        return (
            f"is {beyond} the accept limit {number(band.accept)} and {within} the retry limit "
            f"{number(band.retry)}"
        )
    if band.retry is not None:
        return f"is {beyond} the retry limit {number(band.retry)}"
    return f"is {beyond} the accept limit {number(band.accept)}"


def _should(replay: Replay) -> str:
    return DecisionOutcome(replay.outcome).label.lower()


def _support(trace: Trace) -> tuple[str, ...]:
    lines = [_belongs(trace)] if trace.revision is not None and trace.decision is not None else []
    # The page says first, and in bold, that the release was not to decide then.
    lines += trace.notes[1:] if trace.untimely else trace.notes
    if trace.sdk.not_of_release:
        own = str(trace.sdk.of_release) if trace.sdk.of_release else "none"
        lines.append(
            f"It ran the SDK {trace.sdk.reported}, which is not of this release ({own} is): an SDK in users' "
            "hands cannot be switched from here."
        )
    shadow = trace.decision.shadow if trace.decision else None
    if shadow:
        outcome = DecisionOutcome(shadow["outcome"]).label.lower()
        lines.append(f"The candidate in shadow looked at the same capture: {outcome}.")
    return tuple(lines)


def _belongs(trace: Trace) -> str:
    assert trace.revision is not None
    name = f"{trace.revision.release.name} revision {trace.revision.number}"
    placed = trace.placed
    if placed is None or placed.assignment.candidate_id is None:
        return f"The decision was made by {name}."
    candidate = placed.assignment.candidate
    stage = placed.stage.replace("_", " ")
    return (
        f"The decision was made by {name}. The subject was in the {_arm(placed)} of the {stage} stage of "
        f"{candidate.release.name if candidate else ''} on {trace.moment.channel.name}."
    )


def _arm(placed: Placed) -> str:
    return "group outside both arms" if placed.arm is Arm.STABLE else f"{placed.arm.value} arm"


def _band_note(trace: Trace) -> str:
    band = trace.replay.fits
    if band is None:
        return ""
    parts = [
        str(trace.policy),
        f"use case {band.use_case}" if band.use_case else "any use case",
        f"channel {band.channel}" if band.channel else "any channel",
        *(["for a segment"] if band.segment is not None else []),
    ]
    return ", ".join(parts)


def _slots(trace: Trace) -> tuple[dict[str, Any], ...]:
    order = list(SLOTS)
    decided = trace.policy if trace.decision else None
    here = [
        slot for slot in trace.slots if slot.channel_id is None or slot.channel_id == trace.moment.channel_id
    ]
    return tuple(
        {
            "place": SLOTS.get(slot.slot, slot.slot),
            "component": slot.component,
            "decided": decided is not None and slot.component_id == decided.id,
        }
        for slot in sorted(here, key=lambda one: order.index(one.slot) if one.slot in order else 9)
    )


def _rows(trace: Trace) -> tuple[ReplayRow, ...]:
    decision, replay = trace.decision, trace.replay
    if decision is None or replay.score is None:
        return ()
    band_same = decision.band == replay.band if decision.band in {"accept", "retry", "reject"} else None
    return (
        ReplayRow("score", _scores(decision.scores), number(replay.score), None),
        ReplayRow("band", decision.band or "not reported", replay.band, band_same),
        ReplayRow("outcome", decision.outcome, replay.outcome, decision.outcome == replay.outcome),
    )


def _scores(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {number(value)}" for name, value in sorted(scores.items()))


def _stage(placed: Placed | None) -> str:
    if placed is None:
        return "Nothing on record was live on this channel at that time."
    assignment = placed.assignment
    name = placed.stage.replace("_", " ").capitalize()
    if assignment.candidate is None:
        return f"No rollout was under way; {assignment.stable.release.name} answered everybody."
    if assignment.is_pause:
        return f"{name}, paused: {assignment.stable.release.name} answered everybody."
    if placed.stage == StageKind.SHADOW:
        return f"{name}: {assignment.stable.release.name} answered, the candidate only looked on."
    if placed.stage == StageKind.INTERNAL_TESTING:
        return f"{name}: the candidate answered the keys of the plan's list and nobody else."
    share = f"{assignment.treatment_share * 100:.4g} %"
    return f"{name} {share}. The hash of the subject falls into the {_arm(placed)}."


def _since(trace: Trace) -> tuple[str, str, str] | None:
    deployment = trace.deployment
    if deployment is None or deployment.state_changed_at <= trace.moment.at:
        return None
    return SINCE.get(DeploymentState(deployment.state))
