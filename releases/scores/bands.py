"""The numbers of a threshold policy, and the decision they give on a score.

A band is a pair of bounds on one score: accept, and behind it retry (which a policy need not have); all else
is reject. Bands may be stated per use case, channel and segment. The one with most conditions applies to a
row; among equally many, a segment counts before a channel and a channel before a use case. A row that no band
fits has no decision (``no_band``), and so has one that two equally specific bands fit (``ambiguous_band``).
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import and_

import polars as pl

from governance.registry.predicates import Predicate
from releases.scores.selection import selection
from releases.statistics.thresholds import AtThreshold, Polarity


@dataclass(frozen=True, slots=True)
class Band:
    """``accept`` and ``retry`` are scores; the conditions are None where the band does not depend on them."""

    accept: float
    retry: float | None = None
    use_case: str | None = None
    channel: str | None = None
    segment: Predicate | None = None

    @property
    def conditions(self) -> tuple[str | None, str | None, Predicate | None]:
        return self.use_case, self.channel, self.segment

    @property
    def rank(self) -> tuple[int, bool, bool, bool]:
        """How specific the band is; the largest applies."""
        stated = (self.segment is not None, self.channel is not None, self.use_case is not None)
        return (sum(stated), *stated)


@dataclass(frozen=True, slots=True)
class Bands:
    """All bands of a policy. ``at_threshold`` says what a score that equals a bound is taken for; with
    ``higher_is_attack`` and ``bona_fide`` a row is accepted unless its score is above ``accept``.
    ``attempts_allowed`` counts only for tables that name transactions.
    """

    polarity: Polarity
    at_threshold: AtThreshold
    bands: tuple[Band, ...]
    attempts_allowed: int = 1

    def __post_init__(self) -> None:
        if not self.bands:
            raise ValueError("bands is empty: state at least one band")
        if self.attempts_allowed < 1:
            raise ValueError(f"attempts_allowed is {self.attempts_allowed}: state 1 or more")
        conditions = [band.conditions for band in self.bands]
        if any(one in conditions[:index] for index, one in enumerate(conditions)):
            raise ValueError("two bands have the same use case, channel and segment: keep one of them")
        for band in self.bands:
            self._check(band)

    def _check(self, band: Band) -> None:
        retry = band.accept if band.retry is None else band.retry
        if not math.isfinite(band.accept) or not math.isfinite(retry):
            raise ValueError(f"a bound of {band} is not finite")
        stricter = retry < band.accept if self.polarity is Polarity.HIGHER_IS_ATTACK else retry > band.accept
        if stricter:
            raise ValueError(f"retry {retry} lies inside accept {band.accept}: it must be the laxer bound")


def single_threshold(threshold: float, polarity: Polarity, at_threshold: AtThreshold) -> Bands:
    """A policy of one number for everything."""
    return Bands(Polarity(polarity), AtThreshold(at_threshold), (Band(accept=threshold),))


def decision_columns(bands: Bands, columns: Collection[str]) -> list[pl.Expr]:
    """``accepted`` and ``accepted_or_retry`` (null without an answer or a band), and ``band_problem``."""
    ranked = sorted(bands.bands, key=lambda band: band.rank, reverse=True)
    fits = [(band, _fits(band, columns)) for band in ranked]
    accept: pl.Expr = pl.lit(None, dtype=pl.Float64)
    laxer: pl.Expr = pl.lit(None, dtype=pl.Float64)
    for band, fit in reversed(fits):
        accept = pl.when(fit).then(pl.lit(band.accept)).otherwise(accept)
        laxer = pl.when(fit).then(pl.lit(band.accept if band.retry is None else band.retry)).otherwise(laxer)
    problem = _problem(fits)
    decided = pl.col("answered") & problem.is_null()
    return [
        pl.when(decided).then(_within(bands, accept)).alias("accepted"),
        pl.when(decided).then(_within(bands, laxer)).alias("accepted_or_retry"),
        problem.alias("band_problem"),
    ]


def accept_bound(bands: Bands, columns: Collection[str]) -> pl.Expr:
    """The accept bound of the band that applies to a row; null where none does."""
    bound: pl.Expr = pl.lit(None, dtype=pl.Float64)
    for band in sorted(bands.bands, key=lambda band: band.rank):
        bound = pl.when(_fits(band, columns)).then(pl.lit(band.accept)).otherwise(bound)
    return bound


def _fits(band: Band, columns: Collection[str]) -> pl.Expr:
    conditions: list[pl.Expr] = [pl.lit(True)]
    if band.use_case is not None:
        conditions.append(pl.col("use_case") == band.use_case)
    if band.channel is not None:
        conditions.append(pl.col("channel") == band.channel)
    if band.segment is not None:
        conditions.append(selection(band.segment, columns))
    return reduce(and_, conditions).fill_null(value=False)


def _problem(fits: list[tuple[Band, pl.Expr]]) -> pl.Expr:
    """Null where exactly one band of the most specific kind that fits at all fits."""
    problem: pl.Expr = pl.lit("no_band")
    kinds = [[fit for _, fit in group] for _, group in groupby(fits, key=lambda one: one[0].rank)]
    for kind in reversed(kinds):
        count = pl.sum_horizontal([fit.cast(pl.Int32) for fit in kind])
        alone = pl.lit(None, dtype=pl.String)
        problem = (
            pl.when(count == 1).then(alone).when(count > 1).then(pl.lit("ambiguous_band")).otherwise(problem)
        )
    return problem


def _within(bands: Bands, bound: pl.Expr) -> pl.Expr:
    score = pl.col("score")
    ties = bands.at_threshold is AtThreshold.BONA_FIDE
    if bands.polarity is Polarity.HIGHER_IS_ATTACK:
        return score <= bound if ties else score < bound
    return score >= bound if ties else score > bound
