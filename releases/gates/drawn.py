"""What a completed run's pictures are drawn from, as it was kept with the run; no page reads score tables."""

import json
from typing import Any

from governance.ledger.models import Blob
from governance.ledger.queries import blob_bytes
from releases.gates.models import GateEvaluation

FIGURES = "figures"
"""Where the stored result names them: their digest, and the key of everything that they depend on."""


def figures_digest(evaluation: GateEvaluation) -> str:
    """The digest of the run's figures; empty where it has none."""
    return str(evaluation.result.get(FIGURES, {}).get("digest", ""))


def is_from_before(evaluation: GateEvaluation) -> bool:
    """Whether the run is from before figures were kept; one whose figures failed names them without any."""
    return FIGURES not in evaluation.result


def figures_shown(evaluation: GateEvaluation) -> dict[str, Any] | None:
    """The figures; None where the run has none, or the store has lost them."""
    digest = figures_digest(evaluation)
    if not digest:
        return None
    try:
        found: dict[str, Any] = json.loads(blob_bytes(digest))
    except Blob.DoesNotExist:
        return None
    return found
