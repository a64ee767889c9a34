"""The calibration figures that a reviewer looks at: reliability, ECE and Brier score of both stacks.

Only scores that are declared to lie in [0, 1] are read as probabilities; of others the figures say why there
are none, and the review states how calibration was judged instead. The document is the same for the same
tables, and its digest is what a review names.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from governance.ledger.canonical import digest_of, plain
from releases.gates.drawn import figures_shown
from releases.gates.models import GateEvaluation
from releases.gates.vocabulary.inputs import DatasetInput, Inputs, ReferenceInput, TableInput
from releases.scores.models import ScoreTable
from releases.scores.queries import load_frame
from releases.statistics.reliability import BINS, Reliability, reliability
from releases.statistics.thresholds import Polarity

PROBABILITY = [0.0, 1.0]


def calibration_figures(evaluation: GateEvaluation) -> dict[str, Any]:
    """The figures of the run's candidate and of what is live, per test dataset, with their digest.

    They are those that the run kept; a run from before runs kept any has its tables read again.
    """
    kept: dict[str, Any] | None = (figures_shown(evaluation) or {}).get("calibration")
    return kept or measured_calibration(evaluation)


def measured_calibration(evaluation: GateEvaluation) -> dict[str, Any]:
    """The figures from the score tables themselves."""
    inputs = Inputs.model_validate(evaluation.inputs)
    live = {one.revision: one for one in inputs.references if one.live_on}
    figures: Any = plain({"bins": BINS, "datasets": [_dataset(one, live) for one in inputs.datasets]})
    shown = any(arm["ece"] is not None for dataset in figures["datasets"] for arm in dataset["arms"][:1])
    return {**figures, "digest": digest_of(figures), "has_figures": shown}


def _dataset(dataset: DatasetInput, live: dict[str, ReferenceInput]) -> dict[str, Any]:
    """``revision`` is the number of a live one: two of one release may be live at the same time."""
    baselines = [
        {**_arm(live[revision].name, dataset.reference_tables(revision)), "revision": live[revision].number}
        for revision in sorted(dataset.references)
        if revision in live
    ]
    candidate = _arm("Candidate", dataset.candidate_tables())
    return {"dataset": dataset.name, "digest": dataset.digest, "arms": [candidate, *baselines]}


def _arm(name: str, tables: list[TableInput]) -> dict[str, Any]:
    found = {row.pk: row for row in ScoreTable.objects.filter(id__in=[table.id for table in tables])}
    rows = list(found.values())
    nothing = {"name": name, "n": 0, "ece": None, "brier": None, "curve": [], "of": "", "tables": []}
    if not rows:
        return {**nothing, "why": "There is no score table of it."}
    if any(list(row.meta.get("score_range") or []) != PROBABILITY for row in rows):
        return {**nothing, "why": "Its scores are not declared as probabilities (score_range [0, 1])."}
    polarity = Polarity(rows[0].polarity)
    result = reliability_of([load_frame(row) for row in rows], polarity)
    return {
        "name": name,
        "n": result.presentations,
        "ece": result.ece,
        "brier": result.brier,
        "curve": [asdict(point) for point in result.bins],
        "of": "attack" if polarity is Polarity.HIGHER_IS_ATTACK else "bona_fide",
        "tables": sorted(row.canonical_digest for row in rows),
        "why": "",
    }


def reliability_of(tables: Sequence[pl.LazyFrame], polarity: Polarity) -> Reliability:
    """How the answered scores of a stack's tables hold as probabilities of what they speak of."""
    answered = pl.concat([_answered(rows) for rows in tables], rechunk=True)
    outcomes = answered["is_attack"] == (polarity is Polarity.HIGHER_IS_ATTACK)
    return reliability(answered["score"].to_numpy(), outcomes.cast(pl.Float64).to_numpy(), bins=BINS)


def _answered(rows: pl.LazyFrame) -> pl.DataFrame:
    """The scores in their order; labels are read piece by piece and never held as texts."""
    is_attack = (pl.col("label") == "attack").alias("is_attack")
    return rows.filter(pl.col("answered")).select("score", is_attack).collect(engine="streaming")
