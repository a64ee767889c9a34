"""An answer as a pure function of a channel's open assignment and the subject's key, so that any past answer
can be recomputed.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from releases.bundles.arms import arm_of
from releases.bundles.documents import GENERAL, StageKind
from releases.bundles.models import Assignment


def has_arms(assignment: Assignment) -> bool:
    """Whether subjects may get different releases now: neither in a shadow stage nor during a pause."""
    shared = assignment.treatment_share > 0 or assignment.control_share > 0
    is_split = assignment.candidate_id is not None or assignment.control_id is not None
    return is_split and (shared or bool(assignment.internal_keys))


def evaluation(
    key: str, assignment: Assignment, policies: Mapping[UUID, str], subject: str
) -> dict[str, Any]:
    """The answer for a subject; ``policies`` are names of threshold policies by revision."""
    arm = arm_of(assignment, subject)
    candidate = assignment.candidate
    answers = assignment.answering(arm)
    beside = candidate is not None and answers is assignment.stable
    metadata: dict[str, Any] = {"stage": assignment.stage, "arm": arm.value}
    if assignment.deployment_id is not None:
        metadata["rollout"] = str(assignment.deployment_id)
    leaf = getattr(assignment.entry, "leaf", None)
    if leaf is not None:
        metadata["ledger_index"] = leaf.index
    if candidate is not None and assignment.stage == StageKind.SHADOW and not assignment.is_pause:
        metadata["shadow"] = candidate.manifest_digest
    return {
        "key": key,
        "value": {
            "release": answers.release.name,
            "digest": answers.manifest_digest,
            "threshold_policy": policies.get(answers.id, ""),
            "stage": GENERAL if beside else assignment.stage,
        },
        "variant": arm.value,
        "reason": "SPLIT" if has_arms(assignment) else "STATIC",
        "metadata": metadata,
    }


def code_default(key: str, channel: str) -> dict[str, Any]:
    """The answer where nothing is live: the client uses its default, and knows that nothing went wrong."""
    return {
        "key": key,
        "variant": "none",
        "reason": "DEFAULT",
        "metadata": {"channel": channel, "live": False},
    }
