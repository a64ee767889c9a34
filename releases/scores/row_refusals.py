"""Why single rows are left out: one reason per row, the first that applies in the order below."""

from dataclasses import dataclass

import polars as pl

from releases.scores import cells
from releases.scores.mapping import TableMeta
from releases.scores.tables_as_text import ROW

FIRST_ROWS = 5

SENTENCES = {
    "missing_sample": "The sample id is empty.",
    "missing_source_set": "The source set is empty, so the ids of the row could be those of another set.",
    "missing_label": "The label is empty.",
    "unknown_label": "The label is neither a bona fide nor an attack value of the mapping.",
    "attack_without_species": "The row is an attack without a species.",
    "unknown_response": "The response is none of yes, no, true, false, 1, 0.",
    "score_not_a_number": "The score is no decimal number and no declared missing value.",
    "score_out_of_range": "The score lies outside the declared range.",
    "sub_score_not_a_number": "A sub-score is no decimal number and no declared missing value.",
    "latency_not_a_number": "The latency is no decimal number of at least 0.",
    "transaction_without_attempt": "The row has a transaction but no attempt number of 1 or more.",
    "transaction_incomplete": "Another attempt of the row's transaction was refused.",
}


@dataclass(frozen=True, slots=True)
class RowRefusal:
    """``count`` rows left out for one ``reason``; ``first_rows`` as a spreadsheet counts them."""

    reason: str
    sentence: str
    count: int
    first_rows: tuple[int, ...]

    def said(self) -> str:
        """``40 rows, the first 2, 3, 4, 5, 6``."""
        many = f"{self.count:,} row{'' if self.count == 1 else 's'}"
        return f"{many}, the first {', '.join(map(str, self.first_rows))}"


def first_reason(meta: TableMeta) -> pl.Expr:
    """The first reason that applies to a typed row, or null."""
    chain: pl.Expr = pl.lit(None, dtype=pl.String)
    for reason, condition in reversed(_conditions(meta)):
        chain = pl.when(condition.fill_null(value=False)).then(pl.lit(reason)).otherwise(chain)
    return chain


def collect_refusals(typed: pl.DataFrame, counting: str = "") -> tuple[RowRefusal, ...]:
    """Refused rows by reason, in the order of the reasons. ``counting`` says how rows are counted."""
    refused = typed.lazy().filter(pl.col("reason").is_not_null()).group_by("reason")
    counted = refused.agg(
        pl.len().alias("count"), pl.col(ROW).sort().head(FIRST_ROWS).alias("rows")
    ).collect()
    found = {reason: (count, tuple(rows)) for reason, count, rows in counted.iter_rows()}
    return tuple(
        RowRefusal(reason, f"{sentence}{counting}", *found[reason])
        for reason, sentence in SENTENCES.items()
        if reason in found
    )


def _conditions(meta: TableMeta) -> list[tuple[str, pl.Expr]]:
    score, latency = pl.col("score_text"), pl.col("latency_text")
    present = pl.col("missing").is_null() & score.is_not_null()
    conditions = [
        ("missing_sample", pl.col("sample").is_null()),
        ("missing_source_set", pl.lit(meta.mapping.source_set is not None) & pl.col("source_set").is_null()),
        ("missing_label", pl.col("label_text").is_null()),
        ("unknown_label", pl.col("label").is_null()),
        ("attack_without_species", (pl.col("label") == "attack") & pl.col("own_species").is_null()),
        ("unknown_response", pl.col("responded").is_null()),
        ("score_not_a_number", present & ~cells.is_number(score)),
        ("score_out_of_range", _out_of_range(meta)),
        *(("sub_score_not_a_number", _bad_sub_score(meta, name)) for name in meta.mapping.sub_scores),
        ("latency_not_a_number", latency.is_not_null() & ~(pl.col("latency_ms") >= 0).fill_null(value=False)),
        ("transaction_without_attempt", pl.col("transaction").is_not_null() & pl.col("attempt").is_null()),
    ]
    if {reason for reason, _ in conditions} - set(SENTENCES):
        raise AssertionError("a reason has no sentence")
    return conditions


def _out_of_range(meta: TableMeta) -> pl.Expr:
    if meta.score_range is None:
        return pl.lit(False)
    return ~pl.col("score").is_between(*meta.score_range)


def _bad_sub_score(meta: TableMeta, name: str) -> pl.Expr:
    found = pl.col(f"text.{name}")
    missing = cells.is_not_finite(found) | cells.is_sentinel(
        found, meta.missing_texts(), meta.missing_numbers()
    )
    return found.is_not_null() & ~missing & ~cells.is_number(found)
