"""Rows that cannot all be true: these refuse a file whole, because choosing among them would be guessing."""

import polars as pl

from releases.scores.refusals import RowsContradict
from releases.scores.tables_as_text import ROW

SHOWN = 5
MIXED = {
    "label": "labels",
    "species": "species",
    "subject": "subjects",
    "instrument": "instruments",
    "source_set": "source sets",
    "channel": "channels",
    "use_case": "use cases",
}
ONE_PER_TRANSACTION = tuple(MIXED)


def check_samples(typed: pl.DataFrame, counting: str = "") -> None:
    """Every sample id stands once, refused rows included. ``counting`` says how rows are counted."""
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
        f"{repeated.height:,} sample ids stand more than once: {named}{_more(repeated)}.{counting}",
        next_step="Make each sample id unique, or add a filter that leaves one row of each.",
        rows=tuple(sorted(row for rows in shown["rows"].to_list() for row in rows)),
    )


def check_transactions(good: pl.DataFrame, counting: str = "") -> None:
    """The attempts of a transaction have different numbers, and are all of one kind of presentation."""
    attempts = good.lazy().filter(pl.col("transaction").is_not_null())
    whole = attempts.group_by("transaction").agg(
        pl.col(ROW).min().alias("first"),
        (pl.col("attempt").n_unique() < pl.len()).alias("repeats"),
        *((pl.col(name).n_unique() > 1).alias(name) for name in ONE_PER_TRANSACTION),
    )
    wrong = whole.filter(pl.any_horizontal("repeats", *ONE_PER_TRANSACTION)).sort("first").collect()
    if wrong.is_empty():
        return
    mixed = [MIXED[name] for name in ONE_PER_TRANSACTION if wrong[name].any()]
    reasons = ["repeat an attempt number"] if wrong["repeats"].any() else []
    reasons += [f"mix {', '.join(mixed)}"] if mixed else []
    named = ", ".join(
        f"{name[:200]!r} (first in row {row})"
        for name, row in wrong.select("transaction", "first").head(SHOWN).iter_rows()
    )
    raise RowsContradict(
        f"{wrong.height:,} transactions {' or '.join(reasons)}: {named}{_more(wrong)}.{counting}",
        next_step="Number the attempts of each transaction 1, 2, … and keep it to one subject and one label.",
        rows=tuple(wrong["first"].head(SHOWN)),
    )


def said_of_gaps(good: pl.DataFrame, counting: str = "") -> str:
    """Which transactions lack an attempt before one that is there; empty if none does.

    That is no contradiction: another table of the same report may bring it. Where none does, it counts as an
    attempt without an answer, and whoever sent the file should know.
    """
    attempts = good.lazy().filter(pl.col("transaction").is_not_null())
    whole = attempts.group_by("transaction").agg(
        pl.col(ROW).min().alias("first"), (pl.col("attempt").max() > pl.len()).alias("gap")
    )
    found = whole.filter("gap").sort("first").collect()
    if found.is_empty():
        return ""
    rows = ", ".join(str(row) for row in found["first"].head(SHOWN))
    many = f"{found.height:,} transactions lack" if found.height > 1 else "1 transaction lacks"
    return (
        f"{many} an attempt before one that is there (first in rows {rows}){_more(found)}: unless another "
        f"table of the report brings it, it counts as an attempt without an answer.{counting}"
    )


def _more(found: pl.DataFrame) -> str:
    return "" if found.height <= SHOWN else f" and {found.height - SHOWN:,} more"
