"""Attempts to transactions: a transaction is accepted if one of its allowed attempts is.

Only attempts up to the number that the threshold policy allows count. A transaction without an allowed
attempt that was answered is not answered. A retry was asked if an allowed attempt lies in the retry band. An
allowed attempt without exactly one band leaves the whole transaction without a decision: which way it would
have gone is not known.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from releases.scores.encoding import Encoder
from releases.scores.outcomes import PRESENT
from releases.scores.refusals import TablesDisagree, TablesOverlap

SHOWN = 5
MUST_AGREE = ("label", "species", "subject", "instrument", "source_set", "channel", "use_case")


def coded_attempts(rows: pl.DataFrame, encoders: Mapping[str, Encoder]) -> pl.DataFrame:
    """Attempts with their facts as codes, which is how they wait for the rest of their transactions."""
    codes = [pl.Series(name, encoder.coded(rows[name])) for name, encoder in encoders.items()]
    return rows.select("transaction", "attempt", "state").with_columns(codes)


def whole_transactions(
    attempts: Sequence[pl.DataFrame], encoders: Mapping[str, Encoder], attempts_allowed: int
) -> pl.DataFrame:
    """One row per transaction, sorted: ``unit``, the facts as texts, ``state``.

    Raises TablesOverlap for an attempt that stands twice, and TablesDisagree for attempts that state
    different facts; within one table the import refuses both, so only attempts in several tables come here.
    """
    rows = pl.concat(attempts).sort("transaction", "attempt", maintain_order=True)
    rows = rows.with_columns(pl.when(pl.col(name) >= 0).then(name).alias(name) for name in encoders)
    _check(rows)
    allowed = pl.col("attempt") <= attempts_allowed
    whole = rows.group_by("transaction", maintain_order=True).agg(
        *(pl.col(name).drop_nulls().first() for name in encoders),
        (pl.col("state").filter(allowed).bitwise_or().fill_null(0) | PRESENT).alias("state"),
    )
    texts = [encoder.values.gather(whole[name]).alias(name) for name, encoder in encoders.items()]
    return whole.select(pl.col("transaction").alias("unit"), *texts, "state")


def _check(rows: pl.DataFrame) -> None:
    differs = {name: pl.col(name).drop_nulls().n_unique() > 1 for name in MUST_AGREE}
    found = rows.group_by("transaction", maintain_order=True).agg(
        (pl.col("attempt").n_unique() < pl.len()).alias("attempt"),
        *(differing.alias(name) for name, differing in differs.items()),
    )
    if found["attempt"].any():
        wrong = found.filter("attempt")["transaction"]
        raise TablesOverlap(
            f"{len(wrong):,} transactions have one attempt number in two tables of a stack: {_listed(wrong)}."
        )
    for name in MUST_AGREE:
        wrong = found.filter(name)["transaction"]
        if len(wrong):
            raise TablesDisagree(
                f"The tables of one stack state different {name} within {len(wrong):,} transactions: "
                f"{_listed(wrong)}."
            )


def _listed(names: pl.Series) -> str:
    shown = ", ".join(repr(str(name)[:200]) for name in names.head(SHOWN))
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN:,} more"
