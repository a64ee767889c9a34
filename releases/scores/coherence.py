"""Rows that cannot all be true: these refuse a file whole, because choosing among them would be guessing."""

import polars as pl

from releases.scores.reading import ROW
from releases.scores.refusals import RowsContradict

SHOWN = 5


def check_samples(typed: pl.DataFrame) -> None:
    """Every sample id stands once, refused rows included."""
    repeated = (
        typed.lazy()
        .filter(pl.col("sample").is_not_null())
        .group_by("sample")
        .agg(
            pl.len().alias("count"),
            pl.col(ROW).sort().head(2).alias("rows"),
            pl.col(ROW).min().alias("first"),
        )
        .filter(pl.col("count") > 1)
        .sort("first")
        .collect()
    )
    if repeated.is_empty():
        return
    shown = repeated.head(SHOWN)
    named = "; ".join(
        f"{sample[:200]!r} {count} times (first in rows {rows[0]} and {rows[1]})"
        for sample, count, rows, _ in shown.iter_rows()
    )
    raise RowsContradict(
        f"{repeated.height:,} sample ids stand more than once: {named}{_more(repeated)}.",
        next_step="Make each sample id unique, or add a filter that leaves one row of each.",
        rows=tuple(sorted(row for rows in shown["rows"].to_list() for row in rows)),
    )


def check_transactions(good: pl.DataFrame) -> None:
    """The attempts of a transaction have different numbers, and are all of one kind of presentation."""
    attempts = good.lazy().filter(pl.col("transaction").is_not_null())
    whole = attempts.group_by("transaction").agg(
        pl.col(ROW).min().alias("first"),
        (pl.col("attempt").n_unique() < pl.len()).alias("repeats"),
        *((pl.col(name).n_unique() > 1).alias(name) for name in ("label", "species", "subject")),
    )
    mixed = pl.col("label") | pl.col("species") | pl.col("subject")
    wrong = whole.filter(pl.col("repeats") | mixed).sort("first").collect()
    if wrong.is_empty():
        return
    named = ", ".join(repr(name[:200]) for name in wrong["transaction"].head(SHOWN))
    raise RowsContradict(
        f"{wrong.height:,} transactions repeat an attempt number or mix labels, species or subjects: "
        f"{named}{_more(wrong)}.",
        next_step="Number the attempts of each transaction 1, 2, … and keep it to one subject and one label.",
        rows=tuple(wrong["first"].head(SHOWN)),
    )


def _more(found: pl.DataFrame) -> str:
    return "" if found.height <= SHOWN else f" and {found.height - SHOWN:,} more"
