"""What is done about what a look found, by the verbs of rollouts: take back, hold, let go on, ask people.

Each verb asks again under the rollout's lock, so that whoever was quicker is not undone. What is inconclusive
stays where it is: it neither goes on nor is it taken back.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from governance.actors import Actor
from governance.ledger.canonical import digest_of
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Firing
from releases.rollouts.advancing import advance_by_itself, goes_by_itself
from releases.rollouts.asking import ask_for_decision
from releases.rollouts.left_to_people import leave_to_people, quiet_again
from releases.rollouts.models import Deployment, DeploymentState, StageReading
from releases.rollouts.progress import hold_watched_rollout
from releases.rollouts.queries import rollback_target
from releases.rollouts.readings import Check, CheckState, Reading, document_of, fitting
from releases.rollouts.services import roll_back
from releases.rollouts.stages import ON_ITS_WAY, advance_at, current_step, next_step, written_triggers

TAKEN_BACK = "taken back"
MOST_SAID, LONGEST_SENTENCE = 3, 500
MOST_NAMED = 40
ROOM_FOR_EVIDENCE = 8 * 1024
"""Bytes of evidence in the entry of an act."""

NOTHING_TO_GO_BACK_TO = "there is no release before it to go back to"
NOTHING_TO_HOLD = "it answers everybody already, so there is nothing to hold"


def act_on_triggers(actor: Actor, deployment: Deployment, evaluated: Evaluated) -> str:
    """Do what firing triggers ask for; answers what was done, for the log: empty for nothing.

    This comes before all that is counted, so that nothing which fails there keeps a release from being taken
    back. What asks to be taken back and has nothing to go back to is held; of what is live, which nothing can
    hold, people are told that nothing is done by itself.
    """
    back = evaluated.asks_for(Action.ROLLBACK)
    if back and _can_go_back(deployment):
        roll_back(
            actor,
            channel=deployment.channel,
            deployment=deployment,
            reason=f"Taken back by a trigger. {_sentences(back)}",
            triggers=_documents(back),
        )
        return TAKEN_BACK
    firing = (*back, *evaluated.asks_for(Action.HOLD))
    if deployment.state == DeploymentState.LIVE:
        if firing:
            return _leave_to_people(actor, deployment, firing)
        return _leave_alone(deployment) if evaluated.is_quiet else ""
    if not firing or deployment.state != DeploymentState.ROLLING_OUT:
        return ""
    _hold(actor, deployment, [_sentences(firing)], _documents(firing))
    return "held"


def _leave_to_people(actor: Actor, deployment: Deployment, firings: Sequence[Firing]) -> str:
    """Tell people of what is live and fires, once for what it rests on, and again once an override that went
    past it is over."""
    digest = digest_of([list(_name(one).values()) for one in firings])
    if _was_asked(deployment, digest):
        return ""
    goes_back = any(one.action is Action.ROLLBACK for one in firings)
    keys = {one.key for one in firings}
    leave_to_people(
        actor,
        deployment=deployment,
        digest=digest,
        why=NOTHING_TO_GO_BACK_TO if goes_back else NOTHING_TO_HOLD,
        sentence=f"{_sentences(firings)}{_ended(firings)}",
        evidence=_documents(firings),
        owners=_owners(deployment, keys),
    )
    return "left to people"


def _ended(firings: Sequence[Firing]) -> str:
    past = sorted({one.key for one in firings if one.after_override})
    return f" What went past {', '.join(past)[:LONGEST_SENTENCE]} is over." if past else ""


def _leave_alone(deployment: Deployment) -> str:
    """Nothing asks for an act, not even what is overridden: whoever was asked to act need not any more."""
    reading: StageReading | None = getattr(deployment, "reading", None)
    if reading is None or not reading.asked_digest:
        return ""
    quiet_again(deployment)
    return "quiet again"


def _owners(deployment: Deployment, keys: set[str]) -> list[str]:
    """Whom the plan names for the triggers."""
    named = written_triggers(deployment.revision)
    return sorted({one["owner"] for one in named if one["key"] in keys and one.get("owner")})


def _can_go_back(deployment: Deployment) -> bool:
    """Whether there is something to go back to: beside what is on its way something is live."""
    return deployment.state in ON_ITS_WAY or rollback_target(deployment) is not None


def act_on(actor: Actor, deployment: Deployment, reading: Reading, at: datetime) -> str:
    """Do what the reading asks for, where no trigger asked for anything; answers what was done."""
    if deployment.state != DeploymentState.ROLLING_OUT:
        return ""
    failed = [one for one in reading.checks if one.state is CheckState.FAILED and one.check != "triggers"]
    if failed:
        said = [_said(one) for one in failed[:MOST_SAID]]
        more = [f"And {len(failed) - MOST_SAID} more."] if len(failed) > MOST_SAID else []
        _hold(actor, deployment, [*said, *more], [{"reading": document_of(reading)}])
        return "held"
    return _go_on(actor, deployment, reading, at)


def _sentences(firings: Sequence[Firing]) -> str:
    """Why, in the words of the first few."""
    said = " ".join(f"{one.key}: {one.sentence}"[:LONGEST_SENTENCE] for one in firings[:MOST_SAID])
    left = len(firings) - MOST_SAID
    return f"{said} And {left} more." if left > 0 else said


def _documents(firings: Sequence[Firing]) -> list[dict[str, Any]]:
    """What fired. An entry holds 32 KiB and must be written however much fires, or nothing is taken back: the
    evidence stands in the trigger's own entry, which names the same digest, and here while there is room.
    """
    pairs = [
        (
            _name(one),
            {
                "sentence": one.sentence,
                "because": one.because,
                "since": one.since,
                "evidence": one.evidence,
            },
        )
        for one in firings[:MOST_NAMED]
    ]
    return fitting(pairs, ROOM_FOR_EVIDENCE)


def _name(one: Firing) -> dict[str, str]:
    named = {"key": one.key, "segment": one.segment, "action": one.action.value, "digest": one.digest}
    return {**named, "after_override": str(one.after_override)} if one.after_override else named


def _hold(
    actor: Actor, deployment: Deployment, sentences: Sequence[str], evidence: Sequence[dict[str, Any]]
) -> None:
    hold_watched_rollout(
        actor,
        deployment=deployment,
        stage_number=deployment.stage_number,
        reason=f"Held by monitoring. {' '.join(sentences)}",
        evidence=evidence,
    )


def _said(check: Check) -> str:
    named = f"{check.key}: " if check.key else ""
    return f"{named}{check.sentence}"[:LONGEST_SENTENCE]


def _go_on(actor: Actor, deployment: Deployment, reading: Reading, at: datetime) -> str:
    """Let it go on where its plan says so, or tell people that it is their turn."""
    step, following = current_step(deployment), next_step(deployment)
    is_turn = step.needs_reading and at >= advance_at(deployment)
    if following is None or not is_turn or reading.open_among(step.asks_for):
        return ""
    if goes_by_itself(deployment, at):
        moved = advance_by_itself(actor, deployment=deployment, to_stage=following.number)
        if moved.stage_number == following.number:
            return "advanced"
    if _was_asked(deployment, reading.digest):
        return ""
    ask_for_decision(actor, deployment=deployment, digest=reading.digest)
    return "asked"


def _was_asked(deployment: Deployment, digest: str) -> bool:
    """By what was read when the rollout was taken; the verb asks again under its lock."""
    reading: StageReading | None = getattr(deployment, "reading", None)
    return reading is not None and reading.asked_digest == digest
