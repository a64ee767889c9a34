"""What answers on a channel as plain values, as the interface answers it: arms, stage, and one sentence."""

from datetime import datetime
from typing import Any

from governance.registry.models import Channel
from releases.bundles.arms import Arm
from releases.bundles.documents import StageKind
from releases.bundles.models import Assignment, Revision

LIVE = (
    "live",
    "release",
    "revision",
    "revision_id",
    "manifest_digest",
    "stage",
    "stage_number",
    "rollout",
    "candidate",
    "since",
    "ledger_index",
    "adopted",
    "pending_seal",
)
"""What is null where nothing is live."""

PENDING = " A change is recorded and serves once a signed checkpoint of the ledger covers it."


def live_answer(channel: Channel, at: datetime, assignment: Assignment | None) -> dict[str, Any]:
    """What answers on the channel at ``at``. While a candidate is on its way, stage and rollout are the
    candidate's, and ``release`` is still the one that answers everybody else.

    ``assignment`` comes from :func:`releases.bundles.queries.assignments_at`, or is None.
    """
    if assignment is None:
        sentence = f"Nothing that is on record was live on {channel} at that time."
        nothing = dict.fromkeys(LIVE)
        return {**nothing, "channel": channel.id, "at": at, "sentence": sentence, "arms": []}
    stable = assignment.stable
    leaf = getattr(assignment.entry, "leaf", None)
    return {
        "channel": channel.id,
        "at": at,
        "live": _name(stable),
        "sentence": live_sentence(channel, assignment) + (PENDING if assignment.pending_seal else ""),
        "release": stable.release_id,
        "revision": stable.number,
        "revision_id": stable.id,
        "manifest_digest": stable.manifest_digest,
        "stage": assignment.stage,
        "stage_number": assignment.stage_number,
        "rollout": assignment.deployment_id,
        "candidate": _candidate(assignment),
        "arms": _arms(assignment),
        "since": assignment.serves,
        "ledger_index": leaf.index if leaf is not None else None,
        "adopted": stable.adopted,
        "pending_seal": assignment.pending_seal,
    }


def _name(revision: Revision) -> str:
    return f"{revision.release.name} revision {revision.number}"


def live_sentence(channel: Channel, assignment: Assignment) -> str:
    """Who answers whom."""
    stable = _name(assignment.stable)
    adopted = " It was adopted: no gate and no approval stand behind it." if assignment.stable.adopted else ""
    if assignment.candidate is None:
        kept = _kept_sentence(assignment)
        return f"{stable} answers on {channel}, stage {assignment.stage}.{adopted}{kept}"
    candidate, share = _name(assignment.candidate), f"{assignment.treatment_share * 100:.4g} %"
    keys = len(assignment.internal_keys)
    if assignment.treatment_share:
        beside = f"{candidate} answers {share} of the subjects; {share} are its control"
    elif keys:
        beside = f"{candidate} answers {keys} named key{'' if keys == 1 else 's'} beside it"
    elif assignment.stage == StageKind.SHADOW and not assignment.is_pause:
        beside = f"{candidate} is scored beside it and answers nobody"
    else:
        beside = f"{candidate} is paused and answers nobody"
    stage = assignment.stage.replace("_", " ")
    return f"{stable} answers on {channel}.{adopted} In stage {assignment.stage_number}, {stage}: {beside}."


def _kept_sentence(assignment: Assignment) -> str:
    if assignment.control is None:
        return ""
    share = f"{assignment.control_share * 100:.4g} %"
    return f" {share} of the subjects keep {_name(assignment.control)} as a control."


def _candidate(assignment: Assignment) -> dict[str, Any] | None:
    """What is on its way, if something is; with the number of single keys that it answers."""
    found = assignment.candidate
    if found is None:
        return None
    return {
        "release": found.release_id,
        "name": found.release.name,
        "revision": found.number,
        "revision_id": found.id,
        "manifest_digest": found.manifest_digest,
        "internal_keys": len(assignment.internal_keys),
    }


def _arms(assignment: Assignment) -> list[dict[str, Any]]:
    """The arms that anybody is in, with their shares; the control arm and everybody else are answered by the
    stable release. Single keys are no arm."""
    rest = round(1 - assignment.treatment_share - assignment.control_share, 12)
    arms = [(Arm.STABLE, rest, assignment.stable)]
    if assignment.candidate is not None and assignment.treatment_share:
        arms += [
            (Arm.CANDIDATE, assignment.treatment_share, assignment.candidate),
            (Arm.CONTROL, assignment.control_share, assignment.stable),
        ]
    elif assignment.control is not None:
        arms.append((Arm.CONTROL, assignment.control_share, assignment.control))
    return [
        {
            "arm": arm.value,
            "share": share,
            "release": revision.release_id,
            "revision": revision.number,
            "manifest_digest": revision.manifest_digest,
        }
        for arm, share, revision in arms
    ]
