"""Counts from the published scores of gradgpad (shared beside the project): rows in, per-subject counts out.

A higher score means attack; a presentation is rejected iff its score is above the threshold. An error is a
rejected bona fide presentation or an accepted attack. Thresholds come from the rows of ``dev``, counts from
those of ``test``. Attacks name no instrument, so the subject clusters all strata.
"""

from functools import cache
from pathlib import Path

import polars as pl

from releases.statistics.paired import PairedCounts
from releases.statistics.rates import RateCounts
from releases.statistics.thresholds import AtThreshold, OperatingPoint, Polarity, closest_errors_threshold

SCORES = Path(__file__).parents[4] / "shared/data/gradgpad/gradgpad_grandtest.csv.gz"
BONA_FIDE = pl.col("label") == "bona_fide"
COARSE = ("print", "replay")


@cache
def table(subset: str) -> pl.DataFrame:
    return pl.read_csv(SCORES, infer_schema_length=None).filter(pl.col("subset") == subset)


@cache
def operating_point(system: str) -> OperatingPoint:
    score = pl.col(f"score_{system}")
    answered = table("dev").filter(score.is_not_null())
    return closest_errors_threshold(
        bona_fide=answered.filter(BONA_FIDE).select(score).to_series().to_numpy(),
        attacks=answered.filter(~BONA_FIDE).select(score).to_series().to_numpy(),
        polarity=Polarity.HIGHER_IS_ATTACK,
        at_threshold=AtThreshold.BONA_FIDE,
    )


def stratum(name: str) -> pl.Expr:
    """``bona_fide``, ``skin_tone 6``, ``sex female``, a species, or a coarse group of species."""
    if name == "bona_fide":
        return BONA_FIDE
    attribute, _, value = name.partition(" ")
    if value:
        return BONA_FIDE & (pl.col(attribute).cast(pl.String) == value)
    return pl.col("pai_coarse" if name in COARSE else "pai_fine") == name


def rate_counts(system: str, name: str) -> RateCounts:
    rows = table("test").filter(stratum(name)).with_columns(error=_error(system)).filter(_answered(system))
    known, without = _by_subject(rows, "error")
    return RateCounts(known["error"], known["rows"], without["error"], without["rows"])


def paired_counts(baseline: str, candidate: str, name: str) -> PairedCounts:
    rows = table("test").filter(stratum(name) & _answered(baseline) & _answered(candidate))
    return _pairs(rows, candidate=_error(candidate), baseline=_error(baseline))


def paired_non_response(baseline: str, candidate: str, name: str) -> PairedCounts:
    """As ``paired_counts``, an error being a presentation without a score, over all rows."""
    rows = table("test").filter(stratum(name))
    return _pairs(rows, candidate=~_answered(candidate), baseline=~_answered(baseline))


def _answered(system: str) -> pl.Expr:
    return pl.col(f"score_{system}").is_not_null()


def _error(system: str) -> pl.Expr:
    rejected = pl.col(f"score_{system}") > operating_point(system).threshold
    return pl.when(BONA_FIDE).then(rejected).otherwise(~rejected)


def _pairs(rows: pl.DataFrame, *, candidate: pl.Expr, baseline: pl.Expr) -> PairedCounts:
    cells = rows.with_columns(
        both=candidate & baseline, worse=candidate & ~baseline, better=baseline & ~candidate
    )
    known, without = _by_subject(cells, "both", "worse", "better")
    return PairedCounts(
        known["rows"],
        known["both"],
        known["worse"],
        known["better"],
        without["rows"],
        without["both"],
        without["worse"],
        without["better"],
    )


def _by_subject(rows: pl.DataFrame, *columns: str) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    sums = [pl.len().alias("rows"), *(pl.col(column).cast(pl.Int64).sum() for column in columns)]
    named = pl.col("subject_id").is_not_null()
    known = rows.filter(named).group_by("subject_id").agg(sums)
    without = rows.filter(~named).select(sums).row(0, named=True)
    return {column: tuple(known[column].to_list()) for column in ("rows", *columns)}, without
