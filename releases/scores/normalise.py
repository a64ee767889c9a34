"""From columns of text to the canonical frame: one row per capture, with typed values and known meaning.

Three kinds of trouble are kept apart. A file that contradicts itself (two rows with one sample id) is refused
whole. A row whose content cannot be used is left out and reported by reason, with its count and first row
numbers. A missing score is no trouble at all: it is a non-response, and stays in the table as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from releases.scores import cells
from releases.scores.coherence import check_samples, check_transactions, said_of_gaps
from releases.scores.mapping import Source, TableMeta
from releases.scores.polars_boundary import polars_errors_refused
from releases.scores.refusals import NoRowsLeft, ScoreTableRefused
from releases.scores.row_refusals import RowRefusal, collect_refusals, first_reason
from releases.scores.tables_as_text import ROW, TextTable

CORE_COLUMNS = (
    "sample",
    "subject",
    "instrument",
    "label",
    "species",
    "score",
    "answered",
    "latency_ms",
    "transaction",
    "attempt",
    "channel",
    "use_case",
    "source_set",
)
ATTRIBUTE_PREFIX = "attr."
SUB_SCORE_PREFIX = "sub."
VALUES_SHOWN = 10


@dataclass(frozen=True)
class NormalisedTable:
    """The canonical frame and what happened to the rows of the file.

    ``frame`` has CORE_COLUMNS, then ``sub.<name>`` (doubles), then ``attr.<name>`` (text), each group sorted
    by name, and is sorted by sample. ``score`` is null exactly where ``answered`` is false.
    ``rows_read`` = ``rows_filtered_out`` + refused rows + rows of the frame.
    ``missing_scores`` counts the kept non-responses by cause; ``attempts_note`` says where attempts lack.
    """

    frame: pl.DataFrame
    rows_read: int
    rows_filtered_out: int
    refusals: tuple[RowRefusal, ...]
    missing_scores: dict[str, int]
    attempts_note: str = ""


def normalise(table: TextTable, meta: TableMeta) -> NormalisedTable:
    """Apply the mapping. Raises ScoreTableRefused and its kinds for files refused whole."""
    with polars_errors_refused("brought into its canonical form"):
        kept = _filtered(table, meta)
        typed = _typed(kept, meta, _Columns(table))
        check_samples(typed, table.counting)
        _check_species_mapped(typed, meta)
        refusals = collect_refusals(typed, table.counting)
        good = typed.filter(pl.col("reason").is_null())
        _check_rows_left(typed, good, refusals)
        check_transactions(good, table.counting)
        causes = good.filter(pl.col("missing").is_not_null()).group_by("missing").len().sort("missing")
        return NormalisedTable(
            frame=_canonical(good),
            rows_read=table.frame.height,
            rows_filtered_out=table.frame.height - kept.height,
            refusals=refusals,
            missing_scores=dict(causes.iter_rows()),
            attempts_note=said_of_gaps(good, table.counting) if meta.mapping.transaction else "",
        )


@dataclass(frozen=True)
class _Columns:
    table: TextTable

    def raw(self, name: str) -> pl.Expr:
        return pl.col(self.table.positions[name])

    def text(self, name: str | None) -> pl.Expr:
        return pl.lit(None, dtype=pl.String) if name is None else cells.text(self.raw(name))

    def value(self, source: Source | None) -> pl.Expr:
        if source is None or source.constant is None:
            return self.text(source.column if source else None)
        return pl.lit(source.constant)


def _filtered(table: TextTable, meta: TableMeta) -> pl.DataFrame:
    columns = _Columns(table)
    conditions = [columns.raw(name).is_in(list(values)) for name, values in meta.filter.items()]
    kept = table.frame.filter(*conditions) if conditions else table.frame
    if not kept.is_empty():
        return kept
    found = "; ".join(f"{name!r} has {_values_of(table, name)}" for name in meta.filter)
    raise NoRowsLeft(
        f"The filter leaves no row of {table.frame.height:,}: {found}.",
        next_step="Correct the filter and send again.",
    )


def _values_of(table: TextTable, name: str) -> str:
    values = table.frame[table.positions[name]].unique().sort().head(VALUES_SHOWN).to_list()
    return ", ".join(repr(value[:80]) for value in values)


def _typed(kept: pl.DataFrame, meta: TableMeta, columns: _Columns) -> pl.DataFrame:
    """Values beside the reason for which a row is refused, and the cause for which a score is missing."""
    mapping = meta.mapping
    frame = kept.lazy().select(
        pl.col(ROW),
        columns.text(mapping.sample).alias("sample"),
        columns.value(mapping.source_set).alias("source_set"),
        columns.value(mapping.subject).alias("own_subject"),
        columns.value(mapping.instrument).alias("own_instrument"),
        columns.value(mapping.species).alias("own_species"),
        _label(meta, columns).alias("label"),
        columns.value(mapping.label).alias("label_text"),
        columns.text(mapping.score).alias("score_text"),
        _responded(meta, columns).alias("responded"),
        *_optional(meta, columns),
    )
    return (
        frame.with_columns(
            subject=_within_source_set("own_subject"),
            transaction=_within_source_set("own_transaction"),
            instrument=pl.when(pl.col("label") == "attack").then(_within_source_set("own_instrument")),
            species=pl.when(pl.col("label") == "attack").then(pl.col("own_species")),
            missing=_missing_cause(meta),
        )
        .with_columns(
            score=pl.when(pl.col("missing").is_null()).then(cells.number(pl.col("score_text"))),
            answered=pl.col("missing").is_null(),
        )
        .with_columns(reason=first_reason(meta))
        .with_columns(reason=_of_whole_transactions())
        .collect(engine="streaming")
        .sort(ROW)
    )


def _of_whole_transactions() -> pl.Expr:
    """A transaction of which an attempt is refused is refused whole: who knows what that attempt was."""
    reason, named = pl.col("reason"), pl.col("transaction").is_not_null()
    broken = reason.is_not_null().any().over("transaction")
    return pl.when(reason.is_null() & named & broken).then(pl.lit("transaction_incomplete")).otherwise(reason)


def _optional(meta: TableMeta, columns: _Columns) -> list[pl.Expr]:
    mapping = meta.mapping
    return [
        columns.text(mapping.latency_ms).alias("latency_text"),
        cells.number(columns.text(mapping.latency_ms)).alias("latency_ms"),
        columns.text(mapping.transaction).alias("own_transaction"),
        cells.attempt(columns.text(mapping.attempt)).alias("attempt"),
        columns.value(mapping.channel).alias("channel"),
        columns.value(mapping.use_case).alias("use_case"),
        *(columns.text(column).alias(f"text.{name}") for name, column in mapping.sub_scores.items()),
        *(
            _sub_score(meta, columns.text(column)).alias(f"sub.{name}")
            for name, column in mapping.sub_scores.items()
        ),
        *(columns.value(one).alias(f"{ATTRIBUTE_PREFIX}{one.name}") for one in mapping.attributes),
    ]


def _sub_score(meta: TableMeta, found: pl.Expr) -> pl.Expr:
    missing = cells.is_sentinel(found, meta.missing_texts(), meta.missing_numbers())
    return pl.when(~missing).then(cells.number(found))


def _label(meta: TableMeta, columns: _Columns) -> pl.Expr:
    """bona_fide, attack, or null where the value is neither.

    Without a list of attack values every other value is an attack, but not one that only differs from a bona
    fide value in case or spaces: that is a slip, and would count a genuine person as an attack.
    """
    label = meta.mapping.label
    found = columns.value(label)
    if label.constant is not None:
        return found
    bona_fide = found.is_in(list(label.bona_fide or ()))
    attack = (
        found.is_in(list(label.attack))
        if label.attack
        else ~bona_fide & ~cells.equals_but_for_writing(found, label.bona_fide or ())
    )
    return pl.when(bona_fide).then(pl.lit("bona_fide")).when(attack).then(pl.lit("attack"))


def _responded(meta: TableMeta, columns: _Columns) -> pl.Expr:
    """Whether the response column says that the stack answered; null where it says nothing usable."""
    response = meta.mapping.response
    if response is None:
        return pl.lit(True)
    found = columns.text(response.column)
    if response.answered is not None:
        return found.is_in(list(response.answered)).fill_null(value=False)
    return pl.when(found.is_null()).then(False).otherwise(cells.yes_or_no(found))


def _missing_cause(meta: TableMeta) -> pl.Expr:
    found = pl.col("score_text")
    sentinel = cells.is_sentinel(found, meta.missing_texts(), meta.missing_numbers())
    return (
        pl.when(~pl.col("responded"))
        .then(pl.lit("no_response"))
        .when(found.is_null())
        .then(pl.lit("empty"))
        .when(sentinel)
        .then(pl.lit("sentinel"))
        .when(cells.is_not_finite(found))
        .then(pl.lit("not_finite"))
    )


def _within_source_set(name: str) -> pl.Expr:
    """The id behind its source set, escaped, so that "s1" of two sets stays two subjects."""
    encoded = (
        pl.col("source_set")
        .str.replace_all("%", "%25", literal=True)
        .str.replace_all("/", "%2F", literal=True)
    )
    prefixed = pl.concat_str(encoded, pl.lit("/"), pl.col(name))
    return pl.when(pl.col("source_set").is_null()).then(pl.col(name)).otherwise(prefixed)


def _check_rows_left(typed: pl.DataFrame, good: pl.DataFrame, refusals: Sequence[RowRefusal]) -> None:
    """Some row is left, and no class lies wholly outside the declared range: then the range is wrong."""
    why = " ".join(f"{one.sentence} ({one.said()})" for one in refusals)
    rows = tuple(sorted(row for one in refusals for row in one.first_rows)[:VALUES_SHOWN])
    if good.is_empty():
        raise NoRowsLeft(f"No row of the table can be used. {why}", rows=rows)
    if not any(one.reason == "score_out_of_range" for one in refusals):
        return
    outside = (
        typed.lazy()
        .group_by("label")
        .agg(pl.col("reason").eq_missing("score_out_of_range").all().alias("outside"))
    ).filter(pl.col("outside").fill_null(value=False) & pl.col("label").is_not_null())
    for label in outside.collect()["label"].sort():
        whose = "attack" if label == "attack" else "bona fide presentation"
        raise NoRowsLeft(
            f"Every {whose} lies outside the declared score_range, so none would be left. {why}",
            next_step="Correct score_range in the description, or the scores, and send again.",
            rows=rows,
        )


def _check_species_mapped(typed: pl.DataFrame, meta: TableMeta) -> None:
    if meta.mapping.species is None and (typed["label"] == "attack").any():
        raise ScoreTableRefused(
            "The table holds attacks, but the mapping names no species.",
            next_step="Map species to a column, or to a constant if all attacks are of one species.",
        )


def _canonical(good: pl.DataFrame) -> pl.DataFrame:
    extra = sorted(name for name in good.columns if name.startswith((ATTRIBUTE_PREFIX, SUB_SCORE_PREFIX)))
    subs = [name for name in extra if name.startswith(SUB_SCORE_PREFIX)]
    attributes = [name for name in extra if name.startswith(ATTRIBUTE_PREFIX)]
    return good.select(*CORE_COLUMNS, *subs, *attributes).sort("sample")
