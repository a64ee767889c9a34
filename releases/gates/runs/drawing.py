"""The figures that a run's pictures are drawn from, computed once by the worker and kept with the run.

They are evidence to look at and decide nothing: a run whose figures cannot be computed has its verdict all
the same, and says that it has no pictures. A later run of the release that would draw the same, such as one
after an attestation, takes them over.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from governance.ledger.canonical import canonical_bytes, digest_of, digest_of_bytes
from governance.ledger.entries import store_blob
from releases.gates.attestations.figures import measured_calibration
from releases.gates.drawn import FIGURES, figures_shown
from releases.gates.figures.whole import SCHEMA, figures_of
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.models import EvaluationStatus, GateEvaluation
from releases.gates.queries import criteria_of
from releases.gates.runs.criterion_inputs import drawn_from
from releases.gates.runs.provenance import environment
from releases.gates.vocabulary.inputs import Inputs
from releases.scores.models import ScoreTable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Drawing:
    """Figures as bytes, and the digest of everything that they depend on; no bytes where drawing failed."""

    key: str
    body: bytes

    @property
    def digest(self) -> str:
        """What the run names them by; empty where there are none."""
        return digest_of_bytes(self.body) if self.body else ""


def stored(drawing: Drawing | None) -> dict[str, Any]:
    """Put into the store; answers how the stored result names the figures, also that there are none."""
    if drawing is None:
        return {}
    return {FIGURES: {"key": drawing.key, "digest": store_blob(drawing.body) if drawing.body else ""}}


def figures_named(drawing: Drawing | None) -> dict[str, str]:
    """How the entry of a run refers to them."""
    return {FIGURES: drawing.digest} if drawing and drawing.body else {}


def drawing_of(evaluation: GateEvaluation, context: Context, *, attempt: int = 0) -> Drawing:
    """The run's figures, taken over from an earlier run or computed; without bytes where that failed.

    Only the first attempt computes any. A worker that was killed while drawing, for want of memory, would be
    killed again, and the verdict with it.
    """
    key = ""
    try:
        criteria = criteria_of(evaluation.policy) if evaluation.policy else []
        key = _key(context.inputs, criteria)
        found = _earlier(evaluation, key)
        if found is None and attempt > 1:
            logger.error("the evaluation %s is run again: its figures are not computed", evaluation.id)
            return Drawing(key, b"")
        if found is None:
            found = {**figures_of(context, criteria), "calibration": measured_calibration(evaluation)}
        return Drawing(key, canonical_bytes(found))
    # A picture that fails costs the picture, never the verdict; a panic of polars is no Exception.
    except (Exception, pl.exceptions.PanicException):
        logger.exception("the figures of the evaluation %s could not be computed", evaluation.id)
        return Drawing(key, b"")


def _key(inputs: Inputs, criteria: Sequence[Criterion]) -> str:
    return digest_of(
        {
            "schema": SCHEMA,
            "inputs": drawn_from(inputs),
            "score_ranges": _score_ranges(inputs),
            "criteria": [criterion.digest for criterion in criteria],
            "environment": environment(),
        }
    )


def _score_ranges(inputs: Inputs) -> list[Any]:
    """What each table declares its scores to be: the same file may be registered anew as probabilities."""
    tables = [
        table
        for dataset in inputs.datasets
        for stack in (
            dataset.candidate_tables(),
            *(dataset.reference_tables(revision) for revision in sorted(dataset.references)),
        )
        for table in stack
    ]
    metas = dict(ScoreTable.objects.filter(id__in=[one.id for one in tables]).values_list("id", "meta"))
    declared = {str(pk): meta.get("score_range") for pk, meta in metas.items()}
    return [declared.get(one.id) for one in tables]


def _earlier(evaluation: GateEvaluation, key: str) -> dict[str, Any] | None:
    same = {f"result__{FIGURES}__key": key}
    runs = GateEvaluation.objects.filter(
        release=evaluation.release_id, status=EvaluationStatus.COMPLETED, **same
    )
    found = runs.exclude(**{f"result__{FIGURES}__digest": ""}).first()
    return figures_shown(found) if found else None
