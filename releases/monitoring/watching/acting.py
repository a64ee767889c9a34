"""What is done about what a look found, by the verbs of rollouts: take back, hold, let go on, ask people.

Each verb asks again under the rollout's lock, so that whoever was quicker is not undone. What is inconclusive
stays where it is: it neither goes on nor is it taken back.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from governance.actors import Actor
from governance.ledger.canonical import canonical_bytes, plain
from releases.monitoring.triggers.vocabulary import Action, Evaluated, Firing
from releases.rollouts.advancing import advance_by_itself, goes_by_itself
from releases.rollouts.asking import ask_for_decision
from releases.rollouts.models import Deployment, DeploymentState, StageReading
from releases.rollouts.progress import hold_watched_rollout
from releases.rollouts.queries import rollback_target
from releases.rollouts.readings import Check, CheckState, Reading, document_of
from releases.rollouts.services import roll_back
from releases.rollouts.stages import ON_ITS_WAY, advance_at, current_step, next_step

TAKEN_BACK = "taken back"
MOST_SAID, LONGEST_SENTENCE = 3, 500
MOST_NAMED = 40
ROOM_FOR_EVIDENCE = 8 * 1024
"""Bytes of evidence in the entry of an act."""


def act_on_triggers(actor: Actor, deployment: Deployment, evaluated: Evaluated) -> str:
    """Do what firing triggers ask for; answers what was done, for the log: empty for nothing.

    This comes before all that is counted, so that nothing which fails there keeps a release from being taken
    back. What asks to be taken back and has nothing to go back to is held.
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
    if not firing or deployment.state != DeploymentState.ROLLING_OUT:
        return ""
    _hold(actor, deployment, [_sentences(firing)], _documents(firing))
    return "held"


def _can_go_back(deployment: Deployment) -> bool:
    """Whether there is something to go back to: beside what is on its way something is live."""
    return deployment.state in ON_ITS_WAY or rollback_target(deployment) is not None


def act_on(actor: Actor, deployment: Deployment, reading: Reading, at: datetime) -> str:
    """Do what the reading asks for, where no trigger asked for anything; answers what was done."""
    if deployment.state != DeploymentState.ROLLING_OUT:
        return ""
    failed = [one for one in reading.checks if one.state is CheckState.FAILED and one.check != "triggers"]
    if failed:
        _hold(actor, deployment, [_said(one) for one in failed], [{"reading": document_of(reading)}])
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
    documents, room = [], ROOM_FOR_EVIDENCE
    for one in firings[:MOST_NAMED]:
        short = {"key": one.key, "segment": one.segment, "action": one.action, "digest": one.digest}
        whole = {
            **short,
            "sentence": one.sentence,
            "because": one.because,
            "since": one.since,
            "evidence": one.evidence,
        }
        size = len(canonical_bytes(plain(whole)))
        documents.append(whole if size <= room else short)
        room -= size if size <= room else 0
    return documents


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
    return f"{named}{check.sentence}"


def _go_on(actor: Actor, deployment: Deployment, reading: Reading, at: datetime) -> str:
    """Let it go on where its plan says so, or tell people that it is their turn."""
    step, following = current_step(deployment), next_step(deployment)
    is_turn = step.needs_reading and at >= advance_at(deployment)
    if following is None or not is_turn or (step.stage.measures and not reading.is_shown):
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
    return StageReading.objects.filter(deployment=deployment, asked_digest=digest).exists()
