"""The scores of one stack with the decisions that its threshold policy gives on them, capture by capture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from releases.scores.bands import Bands, decision_columns
from releases.scores.outcomes import Outcome
from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.scan import ScoredTable

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]

OUTCOMES = (Outcome.ACCEPT, Outcome.RETRY, Outcome.REJECT)


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Scores of one class or species that were answered and decided; ``outcomes`` are places in OUTCOMES."""

    scores: Numbers
    outcomes: Codes


@dataclass(frozen=True, eq=False)
class StackScores:
    """What one stack said: genuine users, and attacks by species in the order of their names.

    Attacks without a species are in ``unnamed``; ``left_out`` captures have no score or no decision.
    """

    bands: Bands
    bona_fide: ClassScores
    species: dict[str, ClassScores]
    unnamed: ClassScores
    left_out: int

    @property
    def attacks(self) -> ClassScores:
        """All attacks together: for a histogram, never for a rate."""
        parts = [*self.species.values(), self.unnamed]
        return ClassScores(
            np.concatenate([one.scores for one in parts]), np.concatenate([one.outcomes for one in parts])
        )


def read_scores(tables: Sequence[ScoredTable]) -> StackScores:
    """Read the tables of one stack, of which every capture stands in one."""
    with polars_errors_refused("read"):
        rows = pl.concat([_decided(one) for one in tables]).collect()
    used = rows.filter(pl.col("score").is_finite() & pl.col("outcome").is_not_null())
    attacks = used.filter(pl.col("attack"))
    named = attacks.filter(pl.col("species").is_not_null())
    parts = named.partition_by("species", as_dict=True)
    return StackScores(
        bands=tables[0].bands,
        bona_fide=_class(used.filter(~pl.col("attack"))),
        species={str(key[0]): _class(parts[key]) for key in sorted(parts, key=lambda key: str(key[0]))},
        unnamed=_class(attacks.filter(pl.col("species").is_null())),
        left_out=rows.height - used.height,
    )


def _decided(table: ScoredTable) -> pl.LazyFrame:
    columns = table.rows.collect_schema().names()
    outcome = (
        pl.when(pl.col("accepted"))
        .then(OUTCOMES.index(Outcome.ACCEPT))
        .when(pl.col("accepted_or_retry"))
        .then(OUTCOMES.index(Outcome.RETRY))
        .when(pl.col("accepted_or_retry").is_not_null())
        .then(OUTCOMES.index(Outcome.REJECT))
    )
    return table.rows.with_columns(*decision_columns(table.bands, columns)).select(
        pl.when(pl.col("answered")).then(pl.col("score")).alias("score"),
        (pl.col("label") == "attack").alias("attack"),
        pl.col("species").cast(pl.Categorical),
        outcome.cast(pl.UInt8).alias("outcome"),
    )


def _class(rows: pl.DataFrame) -> ClassScores:
    return ClassScores(rows["score"].to_numpy(), rows["outcome"].to_numpy())
