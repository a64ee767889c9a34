"""Whether an evaluation still speaks of a channel: was the candidate compared with what is live there?

A run compares the candidate with each distinct release that was live on a touched channel when its inputs
were frozen. What counts is the stack: another revision of the same stack would give the same scores.
"""

from typing import Any

from governance.registry.models import Channel
from releases.bundles.models import Revision
from releases.gates.models import GateEvaluation


def compared_with(evaluation: GateEvaluation, live: Revision) -> bool:
    """Whether the run compared the candidate with the stack of ``live`` as something that was live.

    On which channel it was live is no matter: every distinct baseline is compared on all the rows. A release
    that the policy pins is compared by some criteria only, and does not count.
    """
    return any(one["stack_digest"] == live.stack_digest for one in _live_references(evaluation))


def baseline_on(evaluation: GateEvaluation, channel: Channel) -> str | None:
    """What was live on the channel when the run's inputs were frozen, by name; None if nothing was."""
    for one in _live_references(evaluation):
        if any(found["id"] == str(channel.id) for found in one["live_on"]):
            return f"{one['name']} revision {one['number']}"
    return None


def _live_references(evaluation: GateEvaluation) -> list[dict[str, Any]]:
    return [one for one in evaluation.inputs.get("references", []) if one.get("live_on")]
