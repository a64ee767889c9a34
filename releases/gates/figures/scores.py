"""The scores of one stack with the decisions that its threshold policy gives on them, capture by capture."""

from collections.abc import Iterator, Sequence
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

Key = tuple[bool, str | None]
KEY = ("attack", "species")
PIECE_ROWS = 200_000

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
    def attacks(self) -> tuple[ClassScores, ...]:
        """The attacks of every species: for a histogram, never for a rate."""
        return (*self.species.values(), self.unnamed)


def read_scores(tables: Sequence[ScoredTable]) -> StackScores:
    """Read the tables of one stack, of which every capture stands in one, a bounded piece at a time."""
    kept: dict[Key, list[ClassScores]] = {}
    left_out = 0
    with polars_errors_refused("read"):
        for piece in (piece for table in tables for piece in _pieces(table)):
            used = piece.filter(pl.col("score").is_finite() & pl.col("outcome").is_not_null())
            left_out += piece.height - used.height
            for (attack, species), rows in used.partition_by(*KEY, as_dict=True, include_key=False).items():
                kept.setdefault((bool(attack), species if attack else None), []).append(_class(rows))
    names = sorted(species for _, species in kept if species is not None)
    return StackScores(
        bands=tables[0].bands,
        bona_fide=_whole(kept.pop((False, None), [])),
        species={name: _whole(kept.pop((True, name))) for name in names},
        unnamed=_whole(kept.pop((True, None), [])),
        left_out=left_out,
    )


def _pieces(table: ScoredTable) -> Iterator[pl.DataFrame]:
    start, rows = 0, _decided(table)
    while True:
        piece = rows.slice(start, PIECE_ROWS).collect()
        yield piece
        start += PIECE_ROWS
        if piece.height < PIECE_ROWS:
            return


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
        "species",
        outcome.cast(pl.UInt8).alias("outcome"),
    )


def _class(rows: pl.DataFrame) -> ClassScores:
    """A copy, so that the rows which it was taken from can go."""
    return ClassScores(rows["score"].to_numpy().copy(), rows["outcome"].to_numpy().copy())


def _whole(parts: Sequence[ClassScores]) -> ClassScores:
    scores, outcomes = [one.scores for one in parts], [one.outcomes for one in parts]
    return ClassScores(
        np.concatenate(scores or [np.zeros(0)]), np.concatenate(outcomes or [np.zeros(0, dtype=np.uint8)])
    )
