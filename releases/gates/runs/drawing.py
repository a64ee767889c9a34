"""The figures that a run's pictures are drawn from, computed once by the worker and kept with the run.

They are evidence to look at and decide nothing: a run whose figures cannot be computed has its verdict all
the same. A later run of the release on the same tables, such as one after an attestation, takes them over.
"""

import logging
from dataclasses import dataclass
from typing import Any

from governance.ledger.canonical import canonical_bytes, digest_of, digest_of_bytes
from governance.ledger.entries import store_blob
from releases.gates.attestations.figures import measured_calibration
from releases.gates.drawn import FIGURES, figures_shown
from releases.gates.figures.whole import SCHEMA, figures_of
from releases.gates.judging.context import Context
from releases.gates.models import EvaluationStatus, GateEvaluation
from releases.gates.queries import criteria_of
from releases.gates.runs.provenance import environment

logger = logging.getLogger(__name__)

UNSEEN = ("facts", "attestations")
"""Parts of a run's identity on which no figure depends."""


@dataclass(frozen=True)
class Drawing:
    """Figures as bytes, and the digest of everything that they depend on."""

    key: str
    body: bytes

    @property
    def digest(self) -> str:
        """What the run names them by."""
        return digest_of_bytes(self.body)


def stored(drawing: Drawing | None) -> dict[str, Any]:
    """Put into the store; answers how the stored result names the figures. Without any, nothing."""
    return {FIGURES: {"key": drawing.key, "digest": store_blob(drawing.body)}} if drawing else {}


def figures_named(drawing: Drawing | None) -> dict[str, str]:
    """How the entry of a run refers to them."""
    return {FIGURES: drawing.digest} if drawing else {}


def drawing_of(evaluation: GateEvaluation, context: Context) -> Drawing | None:
    """The run's figures, taken over from an earlier run or computed; None where that failed."""
    criteria = criteria_of(evaluation.policy) if evaluation.policy else []
    identity = context.inputs.identity()
    key = digest_of(
        {
            "schema": SCHEMA,
            "inputs": {name: identity[name] for name in identity if name not in UNSEEN},
            "criteria": [criterion.digest for criterion in criteria],
            "environment": environment(),
        }
    )
    earlier = _earlier(evaluation, key)
    if earlier is not None:
        return Drawing(key, canonical_bytes(earlier))
    try:
        figures = {**figures_of(context, criteria), "calibration": measured_calibration(evaluation)}
    except Exception:  # a picture that fails costs the picture, never the verdict
        logger.exception("the figures of the evaluation %s could not be computed", evaluation.id)
        return None
    return Drawing(key, canonical_bytes(figures))


def _earlier(evaluation: GateEvaluation, key: str) -> dict[str, Any] | None:
    same = {f"result__{FIGURES}__key": key}
    runs = GateEvaluation.objects.filter(
        release=evaluation.release_id, status=EvaluationStatus.COMPLETED, **same
    )
    found = runs.first()
    return figures_shown(found) if found else None
